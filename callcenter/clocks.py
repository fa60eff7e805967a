"""What an actor sees of the clocks: when each is due, why, whose the time was, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE, Role
from access.visibility import works_in
from agencies.models import Referral
from events import clock
from intake.models import Application
from sla import calendars, histories, ledger
from sla.arithmetic import Reckoning, Stretch, is_round_the_clock
from sla.ledger import Pause
from sla.models import Change, Clock, Firing
from workflows.nodes import WAITING

ORDER = {name: place for place, name in enumerate(
    ("resolution", "first_answer", "legal_answer", "legal_forward", "resolve", "accept", "first_action")
)}  # fmt: skip


@dataclass(frozen=True)
class PartySight:
    """A party and the working seconds it held; ``CALL_CENTRE``, ``CITIZEN``, ``THIRD_PARTY`` or an agency."""

    party: str
    seconds: int


@dataclass(frozen=True)
class FiringSight:
    """A level that was reached. ``verbs`` is what this actor may do about it."""

    id: int
    level: int
    due: datetime
    fired_at: datetime
    late_detected: bool
    breach: bool
    contested_at: datetime | None
    contest: str
    escalated: bool
    waiting: bool
    settled_at: datetime | None
    settlement: str
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeSight:
    """New terms: what was promised before and after, and why. ``text`` is what the citizen is told."""

    kind: str
    at: datetime
    target_before: str
    target: str
    due_before: datetime
    due_after: datetime
    reason: str
    text: str


@dataclass(frozen=True)
class ClockSight:
    """One clock. ``spans`` run from its start to its due instant; what counts in them is the target.

    ``state`` is ``running``, ``paused``, ``met`` or ``broken``; ``left`` are the seconds that it still
    has (negative when it is over), working ones unless it runs round the clock. ``hours`` names the
    week in which they are worked, ``path`` the unit from its root down whose hours they are.
    """

    id: int
    kind: str
    measure: str
    instance: int
    referral: UUID | None
    unit: str
    unit_short: str
    path: tuple[str, ...]
    hours: str
    policy: str
    policy_version: int
    calendar_version: int
    target: str
    started_at: datetime
    warn_at: datetime
    due: datetime
    provisional: bool
    ends_with_promise: bool
    paused_until: datetime | None
    stopped_at: datetime | None
    state: str
    left: int
    spans: tuple[Stretch, ...]
    parties: tuple[PartySight, ...]
    firings: tuple[FiringSight, ...]
    changes: tuple[ChangeSight, ...]

    @property
    def round_the_clock(self) -> bool:
        return is_round_the_clock(self.target)


def of_application(actor: User, row: Application) -> list[ClockSight]:
    """The application's own clocks, then those of its referrals, in a constant number of statements."""
    return _seen(actor, Clock.objects.filter(application=row), histories.referrals_of(row))


def of_referral(actor: User, row: Referral) -> list[ClockSight]:
    """The share of one referral, its answer first."""
    referrals = list(histories.with_holds(Referral.objects.filter(pk=row.pk)))
    return _seen(actor, Clock.objects.filter(referral=row), referrals)


def _seen(actor: User, rows: QuerySet[Clock], referrals: Sequence[Referral]) -> list[ClockSight]:
    loaded = rows.prefetch_related(
        Prefetch("changes", queryset=Change.objects.order_by("id")),
        Prefetch("firings", queryset=Firing.objects.select_related("task").order_by("id")),
    )
    found = [_sight(actor, row, referrals) for row in loaded]
    return sorted(
        found, key=lambda it: (it.referral is not None, str(it.referral), it.instance, ORDER[it.measure])
    )


def _sight(actor: User, row: Clock, referrals: Sequence[Referral]) -> ClockSight:
    referral = next((it for it in referrals if it.pk == row.referral_id), None)
    inside = _reads_everything(actor) or (referral is not None and works_in(actor, referral.unit))
    path = histories.path_of(row, referrals)
    terms, waited = histories.terms_of(row, path), _waited(row, referrals)
    present = row.stopped_at or clock.now()
    reckoning = terms[-1].calendar
    return ClockSight(
        id=row.pk,
        kind=row.kind,
        measure=row.measure,
        instance=row.instance,
        referral=row.referral_id,
        unit=referral.unit_id if referral else "",
        unit_short=referral.unit.short if referral else "",
        path=tuple(path),
        hours=calendars.book(row.calendar_version_id).schedule(path),
        policy=row.policy,
        policy_version=row.policy_version_id,
        calendar_version=row.calendar_version_id,
        target=row.target,
        started_at=row.started_at,
        warn_at=row.warn_at,
        due=row.due_at,
        provisional=row.provisional,
        ends_with_promise=row.capped,
        paused_until=row.paused_until,
        stopped_at=row.stopped_at,
        state=_state(row, present),
        left=reckoning.position(row.due_at) - reckoning.position(max(present, _resumes(row, present))),
        spans=tuple(ledger.explain(terms, waited, row.due_at)),
        parties=_parties(row, referrals, referral, reckoning, present),
        firings=tuple(_firing(actor, it, referral, inside=inside) for it in row.firings.all()),
        changes=tuple(_change(it, told=_reads_letter(actor, referral)) for it in row.changes.all()),
    )


def _reads_everything(actor: User) -> bool:
    return actor.role in CALL_CENTRE or actor.role == Role.CLINICIAN


def _reads_letter(actor: User, referral: Referral | None) -> bool:
    """What the citizen is told about more time may say as much of his health as he did himself."""
    own = referral is not None and works_in(actor, referral.unit) and "text" in referral.disclosed
    return own or _reads_everything(actor)


def _waited(row: Clock, referrals: Sequence[Referral]) -> list[Pause]:
    """The pauses up to its end: a wait that begins when a clock is met moved nothing of it."""
    pauses = histories.pauses(row, referrals)
    return [it for it in pauses if row.stopped_at is None or it.start < row.stopped_at]


def _resumes(row: Clock, present: datetime) -> datetime:
    """While it waits it has as much left as when the wait ends; once time is up a wait gives none back."""
    return row.paused_until if row.paused_until is not None and present < row.due_at else present


def _state(row: Clock, present: datetime) -> str:
    if present > row.due_at:
        return "broken"
    if row.stopped_at is not None:
        return "met"
    return "paused" if row.paused_until is not None and present < row.paused_until else "running"


def _parties(
    row: Clock,
    referrals: Sequence[Referral],
    referral: Referral | None,
    reckoning: Reckoning,
    until: datetime,
) -> tuple[PartySight, ...]:
    """Whose the time from the start until now was; of a share only the waits are not the unit's own."""
    if until <= row.started_at:
        return ()
    if referral is not None:
        until = min(until, referral.finished_at or until)
    history = histories.history(row, referrals if referral is None else [referral])
    held = ledger.held(ledger.spans(history, reckoning, until))
    return tuple(PartySight(party, seconds) for party, seconds in held.items() if party != ledger.NOBODY)


def _firing(actor: User, row: Firing, referral: Referral | None, *, inside: bool) -> FiringSight:
    waiting = row.task is not None and row.task.status in WAITING
    may_contest = (
        row.is_breach and row.contested_at is None and may(actor, Action.CLOCK_CONTEST, referral or row)
    )
    return FiringSight(
        id=row.pk,
        level=row.level,
        due=row.due_at,
        fired_at=row.fired_at,
        late_detected=row.late_detected,
        breach=row.is_breach,
        contested_at=row.contested_at,
        contest=row.contest if inside else "",
        escalated=row.task is not None,
        waiting=waiting,
        settled_at=row.settled_at,
        settlement=row.settlement if _reads_everything(actor) else "",
        verbs=tuple(
            verb
            for verb, allowed in {
                "contest": may_contest,
                "settle": waiting and may(actor, Action.ESCALATION_SETTLE),
            }.items()
            if allowed
        ),
    )


def _change(row: Change, *, told: bool) -> ChangeSight:
    return ChangeSight(
        kind=row.kind,
        at=row.at,
        target_before=row.target_before,
        target=row.target,
        due_before=row.due_before,
        due_after=row.due_after,
        reason=row.reason,
        text=row.text if told else "",
    )
