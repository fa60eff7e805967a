"""What happened to an application, in words, as far as the actor may know."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet

from access.disclosure import readable, reads_answer, reads_note
from access.models import User
from access.roles import AGENCY, CALL_CENTRE, Role
from access.visibility import works_in
from agencies.models import Referral
from events.catalog import Kind
from events.models import Event
from feedback.models import Confirmation
from intake.models import Application
from routing.models import Decision

from . import words

Row = TypeVar("Row", Confirmation, Decision)

LIMIT = 500

# Steps that one command walks through on its way to a later one, told by the last of them.
ON_THE_WAY = {Kind.REFERRAL_CLAIMED, Kind.REFERRAL_ACCEPTED, Kind.REFERRAL_STARTED}
# A reopening records a dispute, therefore both read the confirmations in their order.
CALLS = {
    Kind.APPLICATION_CONFIRMED,
    Kind.APPLICATION_DISPUTED,
    Kind.APPLICATION_UNREACHABLE,
    Kind.APPLICATION_REOPENED,
}
ENDED = {Kind.REFERRAL_REJECTED, Kind.REFERRAL_FAILED, Kind.REFERRAL_CANCELLED}


@dataclass(frozen=True)
class Entry:
    """One thing that happened. Empty fields are unknown or not this actor's to know."""

    at: datetime
    kind: str
    words: str
    referral: UUID | None = None
    unit: str = ""
    unit_name: str = ""
    actor_name: str = ""
    reason: str = ""
    reason_name: str = ""
    text: str = ""


def timeline(actor: User, application: Application) -> list[Entry]:
    """Entries from the oldest to the newest, for an application loaded through ``sight.with_parts``.

    Everybody who sees the application sees every step, its unit and its time. Texts go to who may
    read them, names of colleagues to the call centre and to their own unit.
    """
    newest = Event.objects.filter(application=application.pk).order_by("-id")[:LIMIT]
    events = list(_without_steps_on_the_way(reversed(newest)))
    return list(Telling(actor, application, events).entries())


def _without_steps_on_the_way(events: Iterable[Event]) -> Iterator[Event]:
    """Answering at once also takes, accepts and begins: the answer alone is told."""
    told = list(events)
    for event, following in zip(told, [*told[1:], None], strict=True):
        same = following is not None and event.referral == following.referral
        if not (event.kind in ON_THE_WAY and same and following and event.version == following.version):
            yield event


class Telling:
    """Puts the events of one application into words for one actor."""

    def __init__(self, actor: User, application: Application, events: list[Event]) -> None:
        self.actor = actor
        self.inside = actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN
        self.events = events
        self.referrals = {row.pk: row for row in application.referrals.all()}
        self.fields = readable(actor, application, self.referrals.values())
        self.people = User.objects.in_bulk({event.actor for event in events if event.actor})
        self.calls = self._as_told(Confirmation.objects.filter(application=application), CALLS)
        triaged = Decision.objects.filter(application=application, source="triage")
        self.notes = self._as_told(triaged, {Kind.APPLICATION_TRIAGED})

    def entries(self) -> Iterator[Entry]:
        for event in self.events:
            referral = self.referrals.get(event.referral) if event.referral else None
            reason, reason_name = self._reason(event, referral)
            yield Entry(
                at=event.at,
                kind=event.kind,
                words=words.of(words.EVENTS, event.kind),
                referral=event.referral,
                unit=event.unit,
                unit_name=referral.unit.name if referral else "",
                actor_name=self._name(event, referral),
                reason=reason,
                reason_name=reason_name,
                text=self._text(event, referral),
            )

    def _as_told(self, rows: QuerySet[Row], kinds: Container[str]) -> Iterator[Row]:
        """The rows that the events of these kinds wrote, one each, in the order of the events."""
        count = sum(event.kind in kinds for event in self.events)
        return reversed(rows.order_by("-id")[:count])

    def _own(self, referral: Referral | None) -> bool:
        return referral is not None and works_in(self.actor, referral.unit)

    def _name(self, event: Event, referral: Referral | None) -> str:
        """Who did it: told to the call centre, and of an agency's people to their own unit."""
        person = self.people.get(event.actor) if event.actor else None
        if person is None or not (self.inside or (self._own(referral) and person.role in AGENCY)):
            return ""
        return person.display

    def _reason(self, event: Event, referral: Referral | None) -> tuple[str, str]:
        if not event.reason or referral is None or referral.reason is None:
            return event.reason, ""
        return event.reason, referral.reason.name if referral.reason_id == event.reason else ""

    def _text(self, event: Event, referral: Referral | None) -> str:
        if event.kind in CALLS:
            return self._call()
        if event.kind == Kind.APPLICATION_TRIAGED:
            note = next(self.notes, None)
            return note.note if note and self.inside else ""
        if referral is None:
            return ""
        if event.kind == Kind.REFERRAL_COMPLETED:
            answer = next(iter(referral.answers.all()), None)
            return answer.text if answer and self._reads(referral) else ""
        return referral.note if event.kind in ENDED and reads_note(self.actor, referral) else ""

    def _reads(self, referral: Referral) -> bool:
        return reads_answer(self.actor, referral)

    def _call(self) -> str:
        """The citizen's words: to the call centre, and to the unit whose answer they are about."""
        call = next(self.calls, None)
        if call is None:
            return ""
        about = self.referrals.get(call.referral_id) if call.referral_id else None
        return call.text if self.inside or (self._own(about) and "text" in self.fields) else ""
