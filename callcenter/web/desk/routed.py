"""Where an application goes, in words: who acts, by when, and what each may see of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from agencies.models import Unit
from callcenter import words
from events import clock
from routing.decide import HEALTH, OPENLY, Part
from sla import selectors as sla

ALL_FIELDS = (*OPENLY, *HEALTH)
CLOSING = {
    "all": (gettext_noop("All have to answer"), gettext_noop("Both have to answer")),
    "lead": (gettext_noop("The lead's answer is enough"), gettext_noop("The lead's answer is enough")),
    "any": (gettext_noop("One answer is enough"), gettext_noop("One answer is enough")),
}


@dataclass(frozen=True)
class Goes:
    """One agency of a decision. ``asks_consent``: health details reach it only when the citizen agrees."""

    unit: Unit
    is_lead: bool
    sees: tuple[str, ...]
    hidden: tuple[str, ...]
    asks_consent: bool
    consented: bool


@dataclass(frozen=True)
class Promise:
    """An instant with the target it comes from. ``firm`` is false beyond the confirmed calendar."""

    at: datetime
    target: str
    firm: bool


def goes(parts: Iterable[Part], *, health: bool, consents: Iterable[str] = ()) -> list[Goes]:
    """The parts of a decision with their units: one statement."""
    parts, given = list(parts), set(consents)
    units = Unit.objects.select_related("agency").in_bulk([part.unit for part in parts])
    return [
        Goes(
            unit=units[part.unit],
            is_lead=part.is_lead,
            sees=_named(code for code in ALL_FIELDS if code in part.disclosed),
            hidden=_named(code for code in ALL_FIELDS if code not in part.disclosed),
            asks_consent=health and not units[part.unit].health,
            consented=not given.isdisjoint(units[part.unit].path),
        )
        for part in parts
        if part.unit in units
    ]


def promise(target: str) -> Promise:
    """What would be promised if the application were registered now."""
    due = sla.due(clock.now(), target)
    return Promise(
        due.due_at, words.target(target) if target != "0 min" else _("at once"), not due.provisional
    )


def closing(policy: str, agencies: int) -> str:
    """When the application counts as answered."""
    if agencies == 1:
        return _("This agency has to answer")
    many, two = CLOSING.get(policy, CLOSING["all"])
    return _(two if agencies == 2 else many)


def _named(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(words.of(words.FIELDS, code) for code in codes)
