"""Waiting for somebody else: which reasons a referral's promise knows, and until when each may last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from agencies.models import Reason
from callcenter.clocks import ClockSight
from callcenter.dates import due_words
from events.errors import Invalid
from sla import policies
from sla.arithmetic import BAKU
from sla.policy import Policy
from sla.services import latest_ends

FORMAT = "%Y-%m-%dT%H:%M"  # of a datetime-local field


@dataclass(frozen=True)
class End:
    """A reason to wait, whether it stops the unit's clock, and the latest end of a wait that begins now."""

    reason: str
    name: str
    pauses: bool
    latest: datetime

    @property
    def label(self) -> str:
        return _("%(reason)s – %(latest)s at the latest") % {
            "reason": self.name,
            "latest": due_words(self.latest),
        }


def policy_of(share: ClockSight) -> Policy:
    return policies.of(share.policy_version, share.policy)


def ends(share: ClockSight, path: Sequence[str]) -> list[End]:
    """What the promise of a unit's share allows to wait for; nothing in a crisis."""
    policy = policy_of(share)
    names = {row.pk: row.name for row in Reason.objects.filter(kind="on_hold", active=True)}
    found = [
        End(reason, names[reason], policy.pauses(share.measure, reason), latest)
        for reason, latest in latest_ends(policy, path).items()
        if reason in names
    ]
    return sorted(found, key=lambda it: (it.latest, it.name))


def by_clock(found: Sequence[End]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices under what they do to the clock, so that the consequence is read before the choice."""
    groups = ((True, _("The clock stands still")), (False, _("The clock runs on")))
    return [
        (label, [(each.reason, each.label) for each in found if each.pauses == pauses])
        for pauses, label in groups
        if any(each.pauses == pauses for each in found)
    ]


def spelled(instant: datetime) -> str:
    """An instant as a datetime-local field has it."""
    return instant.astimezone(BAKU).strftime(FORMAT)


def instant(value: str) -> datetime | None:
    """The instant that was typed, in local time; None for none. Raises ``Invalid`` for what is no time."""
    if not value:
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=BAKU)
    except ValueError:
        raise Invalid.field("until", _("Write a day and a time."), code="not_a_time") from None
