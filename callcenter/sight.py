"""What an actor sees of a record: the one place where need-to-know becomes fields.

Doors render these, never models: a field that is withheld is not there to be leaked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from access.disclosure import readable, reads_answer, reads_note
from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE, Role
from access.visibility import works_in
from agencies.lifecycle import REFERRAL, ReferralState, path
from agencies.models import Answer, Referral
from events.errors import IllegalMove
from intake.lifecycle import ApplicationState
from intake.models import Application
from people.models import Person, Phone
from sla.models import Clock
from sla.selectors import accept_state_of, promises, share_of, time_state, with_share


@dataclass(frozen=True)
class PersonSight:
    """A person as far as the actor may see. Empty fields are withheld or unknown."""

    id: UUID
    full_name: str
    initials: str = ""
    phones: tuple[str, ...] = ()
    district: str = ""
    district_name: str = ""
    fin: str = ""
    birth_date: date | None = None
    address: str = ""
    categories: tuple[str, ...] = ()
    safety_note: str = ""
    synthetic: bool = False


@dataclass(frozen=True)
class AnswerSight:
    outcome: str
    outcome_name: str
    text: str
    at: datetime


@dataclass(frozen=True)
class ReferralSight:
    """One referral. ``own`` says it lies in the actor's queue; ``verbs`` what he may do with it now."""

    id: UUID
    application: UUID
    number: str
    unit: str
    unit_name: str
    unit_short: str
    agency: str
    is_lead: bool
    state: str
    version: int
    subtopic: str
    subtopic_name: str
    priority: str
    requested_at: datetime
    due: datetime | None
    warn_at: datetime | None
    time_state: str
    assignee: str
    assignee_name: str
    own: bool
    why: str = ""
    reason: str = ""
    reason_name: str = ""
    note: str = ""
    suggested_unit: str = ""
    replaces: UUID | None = None
    answer: AnswerSight | None = None
    person_line: str = ""
    verbs: tuple[str, ...] = ()
    disclosed: tuple[str, ...] = ()
    finished_at: datetime | None = None
    target: str = ""
    paused_until: datetime | None = None
    path: tuple[str, ...] = ()
    accept_state: str = "none"


@dataclass(frozen=True)
class ApplicationSight:
    """An application with its referrals. ``withheld`` names what exists but is not this actor's to read."""

    id: UUID
    number: str
    state: str
    version: int
    topic: str
    topic_name: str
    subtopic: str
    subtopic_name: str
    priority: str
    policy: str
    registered_at: datetime
    due: datetime | None
    warn_at: datetime | None
    time_state: str
    closed_at: datetime | None
    tracking_code: str = ""
    person: PersonSight | None = None
    text: str | None = None
    facts: dict[str, Any] | None = None
    documents: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    referrals: tuple[ReferralSight, ...] = ()
    verbs: tuple[str, ...] = ()
    synthetic: bool = False
    contact: UUID | None = None
    target: str = ""
    promised_at: datetime | None = None
    provisional: bool = False
    paused_until: datetime | None = None


REFERRAL_TARGETS = {
    "accept": ReferralState.ACCEPTED,
    "start": ReferralState.IN_PROGRESS,
    "hold": ReferralState.ON_HOLD,
    "reject": ReferralState.REJECTED,
    "complete": ReferralState.COMPLETED,
    "fail": ReferralState.FAILED,
}


def with_parts(rows: QuerySet[Application]) -> QuerySet[Application]:
    """Everything ``application`` needs, in a constant number of statements for any number of rows."""
    referrals = (
        with_share(Referral.objects.all())
        .select_related("unit", "agency", "assignee", "reason", "subtopic")
        .order_by("-is_lead", "requested_at", "id")
    )
    return rows.select_related("subtopic__topic", "person__district").prefetch_related(
        Prefetch("referrals", queryset=referrals),
        Prefetch("referrals__answers", queryset=Answer.objects.select_related("outcome").order_by("-id")),
        Prefetch("person__phones", queryset=Phone.objects.order_by("position", "id")),
        Prefetch("clocks", queryset=promises()),
    )


def application(actor: User, row: Application) -> ApplicationSight:
    """What ``actor`` sees of an application loaded through ``with_parts``."""
    rows = list(row.referrals.all())
    fields = readable(actor, row, rows)
    promise = next(reversed(row.clocks.all()), None)
    person = person_in(row, fields)
    return ApplicationSight(
        id=row.pk,
        number=row.number,
        state=row.state,
        version=row.version,
        topic=row.subtopic.topic_id,
        topic_name=row.subtopic.topic.name,
        subtopic=row.subtopic_id,
        subtopic_name=row.subtopic.name,
        priority=row.priority,
        policy=row.policy,
        registered_at=row.registered_at,
        due=row.due_at,
        warn_at=row.warn_at,
        time_state=_time_state(row, promise),
        paused_until=promise.paused_until if promise and row.is_open else None,
        closed_at=row.closed_at,
        tracking_code=row.tracking_code if actor.role in CALL_CENTRE else "",
        person=person,
        text=row.text if "text" in fields else None,
        facts=row.facts if "facts" in fields else None,
        documents=tuple(row.subtopic.documents),
        withheld=tuple(name for name in ("text", "facts") if name not in fields),
        referrals=tuple(referral(actor, part, row, person) for part in rows),
        verbs=application_verbs(actor, row),
        synthetic=row.synthetic,
        contact=row.contact_id if "contact" in fields else None,
        target=promise.target if promise else "",
        promised_at=promise.started_at if promise else None,
        provisional=bool(promise and promise.provisional),
    )


def person_in(row: Application, fields: frozenset[str]) -> PersonSight | None:
    """The person of an application, as far as the referral discloses him."""
    return person_sight(row.person, fields) if "identity" in fields else None


def person_sight(row: Person, fields: frozenset[str]) -> PersonSight:
    return PersonSight(
        id=row.pk,
        full_name=row.full_name,
        initials=row.initials,
        phones=tuple(phone.number for phone in row.phones.all()) if "phone" in fields else (),
        district=row.district_id or "" if "district" in fields else "",
        district_name=row.district.name if row.district and "district" in fields else "",
        fin=row.fin or "" if "fin" in fields else "",
        birth_date=row.birth_date if "fin" in fields else None,
        address=row.address if "address" in fields else "",
        categories=tuple(row.categories) if "contact" in fields else (),
        safety_note=row.safety_note if "safety" in fields else "",
        synthetic=row.synthetic,
    )


def referral(actor: User, row: Referral, whole: Application, person: PersonSight | None) -> ReferralSight:
    """One referral: its own unit and the call centre see all of it, partners its stage and clock."""
    own = works_in(actor, row.unit)
    inside = own or actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN
    answer = next(iter(row.answers.all()), None)
    share = share_of(row)
    return ReferralSight(
        id=row.pk,
        application=row.application_id,
        number=whole.number,
        unit=row.unit_id,
        unit_name=row.unit.name,
        unit_short=row.unit.short,
        agency=row.agency_id,
        is_lead=row.is_lead,
        state=row.state,
        version=row.version,
        subtopic=row.subtopic_id,
        subtopic_name=row.subtopic.name,
        priority=row.priority,
        requested_at=row.requested_at,
        due=row.due_at,
        warn_at=row.warn_at,
        time_state=_time_state(row, share),
        paused_until=share.paused_until if share and row.is_open else None,
        assignee=row.assignee.username if row.assignee and inside else "",
        assignee_name=row.assignee.display if row.assignee and inside else "",
        own=own,
        why=row.why if inside else "",
        reason=row.reason_id or "",
        reason_name=row.reason.name if row.reason else "",
        note=row.note if reads_note(actor, row) else "",
        suggested_unit=row.suggested_unit_id or "" if inside else "",
        replaces=row.replaces_id,
        answer=_answer(answer, words=reads_answer(actor, row)) if answer else None,
        person_line=person.full_name if person else "",
        verbs=referral_verbs(actor, row),
        disclosed=tuple(row.disclosed) if inside else (),
        finished_at=row.finished_at,
        target=share.target if share else "",
        path=tuple(row.unit.path),
        accept_state=accept_state_of(row),
    )


def referral_verbs(actor: User, row: Referral) -> tuple[str, ...]:
    """The verbs this actor may use on this referral now, by policy and state table."""
    verbs: list[str] = []
    if row.is_open and may(actor, Action.REFERRAL_WORK, row):
        if row.assignee_id is None:
            verbs.append("claim")
        if row.assignee_id in (None, actor.pk):
            verbs += [verb for verb, target in REFERRAL_TARGETS.items() if _reachable(row, target)]
    if row.state == ReferralState.ON_HOLD and may(actor, Action.REFERRAL_RESUME, row):
        verbs.append("resume")
    if row.is_open and row.assignee_id is not None:
        own = row.assignee_id == actor.pk
        if may(actor, Action.REFERRAL_WORK if own else Action.REFERRAL_RELEASE_ANY, row):
            verbs.append("release")
    if row.is_open and may(actor, Action.REFERRAL_CANCEL, row):
        verbs.append("cancel")
    return tuple(verbs)


def _reachable(row: Referral, target: ReferralState) -> bool:
    state = ReferralState(row.state)
    if target in (ReferralState.ACCEPTED, ReferralState.REJECTED):
        return REFERRAL.allowed(state, target)
    if state == target or (state, target) == (ReferralState.ON_HOLD, ReferralState.IN_PROGRESS):
        return False  # what waits is resumed, not begun
    try:
        return bool(path(state, target))
    except IllegalMove:
        return False


def application_verbs(actor: User, row: Application) -> tuple[str, ...]:
    """The verbs this actor may use on the application now."""
    state = ApplicationState(row.state)
    waiting = state == ApplicationState.AWAITING_CONFIRMATION
    over = state in (ApplicationState.WITHDRAWN, ApplicationState.ENTERED_IN_ERROR)
    table = {
        "triage": state == ApplicationState.TRIAGE and may(actor, Action.APPLICATION_TRIAGE),
        "confirm": waiting and may(actor, Action.APPLICATION_CONFIRM),
        "dispute": waiting and may(actor, Action.APPLICATION_CONFIRM),
        "unreachable": waiting and may(actor, Action.APPLICATION_CONFIRM),
        "reopen": state == ApplicationState.CLOSED and may(actor, Action.APPLICATION_REOPEN),
        "extend": row.is_open and may(actor, Action.APPLICATION_EXTEND),
        "withdraw": row.is_open and may(actor, Action.APPLICATION_WITHDRAW),
        "annul": not over and may(actor, Action.APPLICATION_ANNUL),
    }
    return tuple(verb for verb, allowed in table.items() if allowed)


def queue_rows(actor: User, rows: QuerySet[Referral]) -> list[ReferralSight]:
    """Rows of a queue page: three statements whatever their number."""
    loaded = (
        with_share(rows)
        .select_related("unit", "agency", "assignee", "reason", "subtopic", "application__person")
        .prefetch_related("answers__outcome")
    )
    return [_queue_row(actor, row) for row in loaded]


def _queue_row(actor: User, row: Referral) -> ReferralSight:
    inside = actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN
    sees = inside or (works_in(actor, row.unit) and "identity" in row.disclosed)
    person = row.application.person
    line = PersonSight(person.pk, person.full_name) if sees else None
    return referral(actor, row, row.application, line)


def _time_state(row: Application | Referral, of_record: Clock | None) -> str:
    if not row.is_open:
        return "none"
    return time_state(row.due_at, row.warn_at, of_record.paused_until if of_record else None)


def _answer(row: Answer, *, words: bool) -> AnswerSight:
    return AnswerSight(row.outcome_id, row.outcome.name, row.text if words else "", row.at)


def people(rows: Iterable[Person], fields: frozenset[str]) -> list[PersonSight]:
    return [person_sight(row, fields) for row in rows]
