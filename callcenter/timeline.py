"""What happened to an application, in words, as far as the actor may know."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from access.disclosure import readable, reads_answer, reads_note
from access.models import User
from access.roles import AGENCY, CALL_CENTRE, Role
from access.visibility import works_in
from agencies.models import Hold, Referral
from events.catalog import Kind
from events.models import Event
from feedback.models import Confirmation
from intake.models import Application
from routing.models import Decision
from sla.models import Change, Firing

from . import words
from .dates import due_words
from .plain import GROUNDS

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
FIRED = {Kind.CLOCK_WARNED, Kind.CLOCK_BREACHED}
AFTER_A_BREACH = {Kind.CLOCK_CONTESTED, Kind.ESCALATION_OPENED, Kind.ESCALATION_SETTLED}
RECONCILED = {Kind.APPLICATION_RECONCILED, Kind.REFERRAL_RECONCILED}
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
        self.time = Happenings(application, events)

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
        if event.kind == Kind.REFERRAL_HELD:
            return event.reason, self.time.reasons.get(event.reason, "")
        if event.kind == Kind.APPLICATION_EXTENDED:
            return event.reason, words.of(GROUNDS, event.reason)
        if not event.reason or referral is None or referral.reason is None:
            return event.reason, ""
        return event.reason, referral.reason.name if referral.reason_id == event.reason else ""

    def _text(self, event: Event, referral: Referral | None) -> str:
        if event.kind in FIRED:
            return fired(event)
        if event.kind in RECONCILED:
            return _("The record and what was on the desks did not agree.")
        if event.kind in AFTER_A_BREACH:
            return self._after_a_breach(event, referral)
        if event.kind == Kind.APPLICATION_EXTENDED:
            return self.time.letters.get(event.reason, "") if self.inside else ""
        if event.kind == Kind.REFERRAL_HELD:
            hold = self.time.hold(event)
            return hold.note if hold and referral and reads_note(self.actor, referral) else ""
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

    def _after_a_breach(self, event: Event, referral: Referral | None) -> str:
        """Which clock it is about, and what was said: an objection also to the unit, a settlement inside."""
        said = self.time.said(event)
        if not self.inside and (event.kind != Kind.CLOCK_CONTESTED or not self._own(referral)):
            said = ""
        return ". ".join(filter(None, [words.of(words.MEASURES, event.data.get("measure", "")), said]))

    def _call(self) -> str:
        """The citizen's words: to the call centre, and to the unit whose answer they are about."""
        call = next(self.calls, None)
        if call is None:
            return ""
        about = self.referrals.get(call.referral_id) if call.referral_id else None
        return call.text if self.inside or (self._own(about) and "text" in self.fields) else ""


class Happenings:
    """What events of time do not carry themselves: waits, extensions, and what was said about breaches."""

    def __init__(self, application: Application, events: list[Event]) -> None:
        kinds = {event.kind for event in events}
        held, breached = Kind.REFERRAL_HELD in kinds, bool(kinds & AFTER_A_BREACH)
        holds = Hold.objects.filter(referral__application=application).select_related("reason").order_by("id")
        self.holds = list(holds) if held else []
        self.reasons = {hold.reason_id: hold.reason.name for hold in self.holds}
        extended = Change.objects.filter(clock__application=application, kind="extended").order_by("id")
        self.letters = (
            {change.reason: change.text for change in extended} if Kind.APPLICATION_EXTENDED in kinds else {}
        )
        firings = Firing.objects.filter(clock__application=application).select_related("clock")
        self.firings = {_firing_key(it): it for it in firings} if breached else {}

    def hold(self, event: Event) -> Hold | None:
        """The wait that an event began: the last one of its referral that had begun by then."""
        begun = (it for it in self.holds if it.referral_id == event.referral and it.started_at <= event.at)
        return next(reversed(list(begun)), None)

    def said(self, event: Event) -> str:
        """The words of an objection or of a settlement."""
        firing = self.firings.get((event.referral, event.data.get("measure"), event.data.get("due")))
        if firing is None or event.kind == Kind.ESCALATION_OPENED:
            return ""
        return firing.contest if event.kind == Kind.CLOCK_CONTESTED else firing.settlement


def _firing_key(firing: Firing) -> tuple[UUID | None, str, str]:
    return firing.clock.referral_id, firing.clock.measure, firing.due_at.isoformat()


def fired(event: Event) -> str:
    """ "Answer of the unit: 75% of the time had passed on 24 noyabr, 15:44", and if that was noticed late."""
    data = event.data
    due = datetime.fromisoformat(data["due"]) if data.get("due") else event.at
    told = {
        "measure": words.of(words.MEASURES, data.get("measure", "")),
        "level": data.get("level", ""),
        "at": due_words(due),
    }
    if event.kind == Kind.CLOCK_BREACHED:
        sentence = _("%(measure)s: the time ran out on %(at)s.") % told
    else:
        sentence = _("%(measure)s: %(level)s%% of the time had passed on %(at)s.") % told
    if not data.get("late_detected"):
        return sentence
    return f"{sentence} {_('Noticed late, on %(at)s.') % {'at': due_words(event.at)}}"
