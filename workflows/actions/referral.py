"""What a unit does with its referral, and what takes one away from it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import services as referrals
from agencies.errors import Taken
from agencies.lifecycle import ANSWERED, ReferralState
from agencies.models import Hold, Referral, Unit
from agencies.selectors import in_queue_of
from events import clock
from events.catalog import Kind
from events.errors import IllegalMove
from events.publish import publish
from intake import services as intake
from intake.lifecycle import ApplicationState
from sla import services as sla
from sla.policy import SHARES
from workflows import steps, timing, work
from workflows.flows import ReferralFlow
from workflows.news import application_news, referral_news
from workflows.nodes import cancel_process
from workflows.nodes import resume as wake

from .locking import has_waited, lock, lock_to_work

STEP_KIND = {
    ReferralState.ACCEPTED: Kind.REFERRAL_ACCEPTED,
    ReferralState.IN_PROGRESS: Kind.REFERRAL_STARTED,
    ReferralState.ON_HOLD: Kind.REFERRAL_HELD,
    ReferralState.COMPLETED: Kind.REFERRAL_COMPLETED,
    ReferralState.FAILED: Kind.REFERRAL_FAILED,
    ReferralState.REJECTED: Kind.REFERRAL_REJECTED,
}


@transaction.atomic
def claim(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """Take a referral. Raises ``Taken`` with the winner's name for everybody who comes later."""
    row = referrals.lock(referral)
    require(actor, Action.REFERRAL_WORK, row)
    referrals.claim(row, actor=actor, version=version)
    work.open_task(row.process, ReferralFlow.work).assign(actor)
    publish([referral_news(Kind.REFERRAL_CLAIMED, row, actor=actor)])
    return row


@transaction.atomic
def release(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """Give a referral back to its queue: one's own, or anybody's for who leads the unit."""
    row = referrals.lock(referral)
    own = row.assignee_id == actor.pk
    require(actor, Action.REFERRAL_WORK if own else Action.REFERRAL_RELEASE_ANY, row)
    referrals.check_version(row, version)
    referrals.release(row)
    work.open_task(row.process, ReferralFlow.work).unassign()
    publish([referral_news(Kind.REFERRAL_RELEASED, row, actor=actor)])
    return row


def accept(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """The unit takes the referral on; the actor holds it from now on."""
    return _advance(actor, referral, version, ReferralState.ACCEPTED)


def start(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """Work has begun."""
    return _advance(actor, referral, version, ReferralState.IN_PROGRESS)


@transaction.atomic
def _advance(actor: User, referral: UUID, version: int | None, target: ReferralState) -> Referral:
    row = referrals.lock(referral)
    require(actor, Action.REFERRAL_WORK, row)
    referrals.check_version(row, version)
    if row.state == ReferralState.ON_HOLD:
        raise IllegalMove("referral", row.state, target)  # its time stands still: that is what resume is for
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(row, target, **taken)
    sla.meet(row.application_id, REACHED[target], row)
    if taken:
        work.hold(work.open_task(row.process, ReferralFlow.work), actor)
    _tell(row, actor, walked, taken=bool(taken))
    return row


REACHED = {ReferralState.ACCEPTED: sla.TAKEN_ON, ReferralState.IN_PROGRESS: sla.BEGUN}


@transaction.atomic
def hold(
    *,
    actor: User,
    referral: UUID,
    reason: str,
    until: datetime | None = None,
    text: str = "",
    version: int | None = None,
) -> Referral:
    """Wait for somebody else: for a coded reason, and up to an end. Clocks pause only where policy says so.

    Without ``until`` the wait lasts as long as the policy allows. It ends by itself then.
    """
    row = lock_to_work(actor, referral, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "on_hold", note=note)
    taken = referrals.hold_by(row, actor=actor)
    end = sla.end_of_wait(row, why.code, until)
    walked = referrals.hold(row, actor=actor, reason=why, until=end, note=note, **taken)
    sla.meet(row.application_id, sla.BEGUN, row)
    if taken:
        work.hold(work.open_task(row.process, ReferralFlow.work), actor)
    _tell(row, actor, walked, taken=bool(taken), reason=why.code)
    timing.refresh(row.application_id, actor=actor, row=row)
    return row


@transaction.atomic
def resume(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """What was waited for has come: the clocks go on from this instant."""
    row = lock(referral)
    require(actor, Action.REFERRAL_RESUME, row)
    referrals.check_version(row, version)
    _resume(row, actor)
    return row


def _resume(row: Referral, actor: User | None) -> None:
    if row.state != ReferralState.ON_HOLD:
        raise IllegalMove("referral", row.state, ReferralState.IN_PROGRESS)
    referrals.advance(row, ReferralState.IN_PROGRESS, by=actor)
    publish([referral_news(Kind.REFERRAL_RESUMED, row, actor=actor)])
    timing.refresh(row.application_id, actor=actor, row=row)


@transaction.atomic
def end_wait(hold: Hold) -> bool:
    """The time of a wait is up: it ends at its planned end, also when that is noticed later."""
    row = lock(hold.referral_id)
    current = row.holds.filter(ended_at=None).first()
    if current is None or current.pk != hold.pk or row.state != ReferralState.ON_HOLD:
        return False  # somebody ended it meanwhile
    with clock.at(hold.until):
        _resume(row, None)
    return True


@transaction.atomic
def complete(*, actor: User, referral: UUID, outcome: str, text: str, version: int | None = None) -> Referral:
    """Answer the referral. When the join policy is met the application waits for confirmation."""
    row = lock_to_work(actor, referral, version)
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.answer(row, actor=actor, outcome=outcome, text=text, **taken)
    _finish(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def reject(
    *,
    actor: User,
    referral: UUID,
    reason: str,
    text: str = "",
    suggested_unit: str | None = None,
    version: int | None = None,
) -> Referral:
    """Return a referral that is not the unit's, with a coded reason; the reason carries its effect."""
    row = lock_to_work(actor, referral, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "rejected", note=note)
    unit = referrals.unit_by_code(suggested_unit, field="suggested_unit") if suggested_unit else None
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(
        row, ReferralState.REJECTED, by=actor, reason=why, note=note, suggested_unit=unit, **taken
    )
    _finish(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def fail(*, actor: User, referral: UUID, reason: str, text: str = "", version: int | None = None) -> Referral:
    """It could not be done, with a coded reason."""
    row = lock_to_work(actor, referral, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "failed", note=note)
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(row, ReferralState.FAILED, by=actor, reason=why, note=note, **taken)
    _finish(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def cancel(
    *, actor: User, referral: UUID, reason: str, text: str = "", version: int | None = None
) -> Referral:
    """Take a referral away from a unit. Without the last one the application goes back to triage."""
    row = lock(referral)
    require(actor, Action.REFERRAL_CANCEL, row)
    referrals.check_version(row, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "cancelled", note=note)
    referrals.advance(row, ReferralState.CANCELLED, by=actor, reason=why, note=note)
    if has_waited(row):
        timing.refresh(row.application_id, actor=actor, row=row)
    sla.stop(row.application_id, [row])
    news = [referral_news(Kind.REFERRAL_CANCELLED, row, actor=actor, reason=why.code)]
    if row.is_lead and (heir := referrals.hand_lead_on(row.application_id)) is not None:
        news.append(referral_news(Kind.REFERRAL_LEADS, heir, actor=actor))
    publish(news)
    process = work.process_of(row)
    cancel_process(process)
    wake(process.parent_task_id)
    if has_waited(row):
        timing.refresh(row.application_id, actor=actor)
    return row


@transaction.atomic
def take_next(*, actor: User, unit: Unit) -> Referral | None:
    """Hand out the most pressing referral nobody has, a different one to each of many workers.

    Most pressing is the earliest due instant, then the priority. None when the queue is empty.
    """
    require(actor, Action.REFERRAL_WORK, unit)
    waiting = in_queue_of(
        Referral.objects.filter(state=ReferralState.REQUESTED, assignee=None), unit
    ).order_by("due_at", "priority", "id")
    while True:
        # Lock the application first, as every command does; others skip it and get the next one.
        found = waiting.select_for_update(skip_locked=True, no_key=True, of=("application",))
        candidate = found.select_related("application").first()
        if candidate is None:
            return None
        try:
            with transaction.atomic():
                return claim(actor=actor, referral=candidate.pk)
        except Taken:  # claimed between our snapshot and our lock
            continue


def _finish(row: Referral, actor: User, walked: list[ReferralState], *, taken: bool) -> None:
    """A referral's last word: stop its clocks, tell, and let its process (and the parent) go on.

    Where something waited, the clocks are reckoned before they stop, since the wait has ended now,
    and again when the process has gone on, since it may have called back others.
    """
    waited = has_waited(row)
    if waited:
        timing.refresh(row.application_id, actor=actor, row=row)
    answered = row.state in ANSWERED or steps.is_reasoned_refusal(row)
    sla.meet(row.application_id, (*SHARES, "first_answer") if answered else SHARES, row)
    _tell(row, actor, walked, taken=taken, reason=row.reason_id or "")
    if steps.needs_another_unit(row):
        steps.start_forwarding(row.application)
        if row.is_lead:
            intake.move(row.application, ApplicationState.TRIAGE)
            publish([application_news(Kind.APPLICATION_SENT_TO_TRIAGE, row.application, actor=actor)])
    work.do(work.open_task(row.process, ReferralFlow.work), actor)
    if waited:
        timing.refresh(row.application_id, actor=actor)


def _tell(row: Referral, actor: User, walked: list[ReferralState], *, taken: bool, reason: str = "") -> None:
    kinds = ([Kind.REFERRAL_CLAIMED] if taken else []) + [STEP_KIND[state] for state in walked]
    publish([referral_news(kind, row, actor=actor, reason=reason) for kind in kinds])
