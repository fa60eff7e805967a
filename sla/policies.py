"""The policies in force, and publishing the next version of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from agencies.models import Reason
from events import clock
from events.errors import Invalid
from intake.models import Subtopic, Topic

from . import policy
from .models import PolicyVersion
from .policy import Policies, Policy, PolicyError
from .versions import digest_of, next_number

PUBLISHING = 0x534C41  # "SLA": one publication at a time


def in_force() -> Policies:
    """The newest version: asked of the database each time, so that a published one counts at once.

    Raises ``LookupError`` where none was ever published (``load_reference``).
    """
    number = PolicyVersion.objects.values_list("number", flat=True).first()
    if number is None:
        raise LookupError("no policies are published: run load_reference")
    return version(number)


@lru_cache(maxsize=32)
def version(number: int) -> Policies:
    """The policies of a version, read once: it never changes."""
    return policy.read(number, PolicyVersion.objects.get(pk=number).policies)


def of(number: int, code: str) -> Policy:
    """The policy that a clock started under, whatever is in force now."""
    return version(number).named(code)


def forget() -> None:
    """Read everything anew; in tests that take a version back."""
    version.cache_clear()


def digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same for the same policies."""
    return digest_of(rows)


@transaction.atomic
def publish(
    *, rows: Sequence[Mapping[str, Any]], actor: Any = None, note: str = "", expected: int | None = None
) -> PolicyVersion:
    """Publish the next version; running clocks keep theirs.

    ``expected`` is the number the caller worked from, 0 for none. Raises ``Invalid`` for policies
    that cannot be right and ``StaleVersion`` when somebody published meanwhile.
    """
    number = next_number(PolicyVersion, PUBLISHING, expected)
    _check_codes(check(number, rows))
    return PolicyVersion.objects.create(
        number=number,
        policies=list(rows),
        digest=digest(rows),
        note=note,
        published_at=clock.now(),
        by=actor,
    )


SENTENCES = {
    "no_policies": _("There is no policy. Write at least one without conditions."),
    "crisis_sleeps": _("A crisis (P0) is promised in min or h, round the clock, and never waits."),
    "unknown_value": _("There is no such priority, topic, subtopic or reason to wait."),
    "not_readable": _("The policies are not written as they should be. Compare with those in force."),
    "no_id": _("A policy has no name. Give each an id of at most 40 characters."),
    "twice": _("Two policies have the same name. Rename one."),
    "unknown_key": _("A policy has a field that does not exist. Correct its name."),
    "unknown_condition": _("A condition is priority, topic, subtopic or resolve."),
    "unknown_measure": _("A target is for a measure that does not exist."),
    "no_target": _("A policy needs targets for the promise (resolution) and for the unit (resolve)."),
    "not_a_target": _("A target is an amount of time such as 15 min, 2 h, 8 wh or 7 wd, and not zero."),
    "not_a_level": _("A warning is a whole per cent between 1 and 99."),
    "levels_do_not_rise": _("Give at least one warning level, the smaller first, each once."),
    "not_a_wait": _("A wait needs a party (citizen or third) and the longest time it may last."),
    "pauses_for_another": _("Only waiting for the citizen may pause a clock."),
    "not_an_extension": _("An extension is “to” or “add” an amount of time, with the article it rests on."),
    "unknown_consequence": _("A clock can notify, raise or task; nothing else."),
    "hides_the_rest": _("A policy without conditions hides those after it. Put it last."),
    "no_default": _("The last policy must have no conditions, so that nobody is without a promise."),
}


def _check_codes(known: Policies) -> None:
    """Every topic, subtopic and reason that the policies name has to exist."""
    exist = {
        "topic": set(Topic.objects.values_list("code", flat=True)),
        "subtopic": set(Subtopic.objects.values_list("code", flat=True)),
    }
    reasons = set(Reason.objects.filter(kind="on_hold").values_list("code", flat=True))
    for it in known.policies:
        named = [code for name, codes in exist.items() for code in it.when.get(name, ()) if code not in codes]
        for code in [*named, *sorted(set(it.waits) - reasons)]:
            raise _refused(PolicyError("unknown_value", it.id, code))


def check(number: int, rows: Sequence[Mapping[str, Any]]) -> Policies:
    """The policies, read. Raises ``Invalid`` with the sentence and the policy's name."""
    try:
        return policy.read(number, rows)
    except PolicyError as error:
        raise _refused(error) from error


def _refused(error: PolicyError) -> Invalid:
    place = " ".join(part for part in (error.policy, error.what) if part)
    sentence = SENTENCES[error.code]
    return Invalid.field("policies", f"{place}: {sentence}" if place else str(sentence), code=error.code)
