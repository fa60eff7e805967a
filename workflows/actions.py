"""What people do to a running application: every command in one place.

Each is one transaction: lock (application, then referral and process, then task), check rights
and version, change the domain, move the engine, write the events. A refusal changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import services as referrals
from agencies.errors import AlreadyAsked, Taken
from agencies.lifecycle import JoinPolicy, ReferralState
from agencies.models import Reason, Referral, Unit
from agencies.selectors import counting, in_queue_of
from events import clock
from events.catalog import Kind
from events.errors import IllegalMove, Invalid
from events.publish import publish
from feedback import services as feedback
from feedback.models import Verdict
from intake import services as intake
from intake.lifecycle import APPLICATION, ApplicationState
from intake.models import Application, Contact, Subtopic
from people.models import Person
from routing import services as routing
from routing.decide import Decision
from sla import selectors as sla_selectors
from sla import services as sla
from sla.arithmetic import Due

from . import queue, steps, work
from .flows import ApplicationFlow, ReferralFlow
from .news import application_news, referral_news
from .nodes import cancel_process, resume

STEP_KIND = {
    ReferralState.ACCEPTED: Kind.REFERRAL_ACCEPTED,
    ReferralState.IN_PROGRESS: Kind.REFERRAL_STARTED,
    ReferralState.COMPLETED: Kind.REFERRAL_COMPLETED,
    ReferralState.FAILED: Kind.REFERRAL_FAILED,
    ReferralState.REJECTED: Kind.REFERRAL_REJECTED,
}


@transaction.atomic
def register(
    *,
    actor: User,
    person: Person,
    contact: Contact | None,
    subtopic: Subtopic,
    text: str,
    facts: dict[str, Any] | None = None,
    synthetic: bool = False,
) -> Application:
    """Register an application and route it. The agencies see it as soon as this commits."""
    require(actor, Action.APPLICATION_REGISTER)
    application = intake.register(
        actor_id=actor.pk,
        person=person,
        contact=contact,
        subtopic=subtopic,
        text=text,
        facts=facts or {},
        synthetic=synthetic,
    )
    publish([application_news(Kind.APPLICATION_REGISTERED, application, actor=actor)])
    with clock.at(application.registered_at):  # the promise counts from the registration, to the microsecond
        ApplicationFlow.start.run(application=application)
    return application


@transaction.atomic
def claim(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """Take a referral. Raises ``Taken`` with the winner's name for everybody who comes later."""
    row = _lock_alone(referral, version)
    require(actor, Action.REFERRAL_WORK, row)
    referrals.claim(row, actor=actor)
    work.open_task(row.process, ReferralFlow.work).assign(actor)
    publish([referral_news(Kind.REFERRAL_CLAIMED, row, actor=actor)])
    return row


@transaction.atomic
def release(*, actor: User, referral: UUID, version: int | None = None) -> Referral:
    """Give a referral back to its queue: one's own, or anybody's for who leads the unit."""
    row = _lock_alone(referral, version)
    own = row.assignee_id == actor.pk
    require(actor, Action.REFERRAL_WORK if own else Action.REFERRAL_RELEASE_ANY, row)
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
    row = _lock_alone(referral, version)
    require(actor, Action.REFERRAL_WORK, row)
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(row, target, **taken)
    if taken:
        work.hold(work.open_task(row.process, ReferralFlow.work), actor)
    _tell(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def complete(*, actor: User, referral: UUID, outcome: str, text: str, version: int | None = None) -> Referral:
    """Answer the referral. When the join policy is met the application waits for confirmation."""
    row = _lock_to_work(actor, referral, version)
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
    row = _lock_to_work(actor, referral, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "rejected", note=note)
    unit = referrals.unit_by_code(suggested_unit, field="suggested_unit") if suggested_unit else None
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(
        row, ReferralState.REJECTED, reason=why, note=note, suggested_unit=unit, **taken
    )
    _finish(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def fail(*, actor: User, referral: UUID, reason: str, text: str = "", version: int | None = None) -> Referral:
    """It could not be done, with a coded reason."""
    row = _lock_to_work(actor, referral, version)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "failed", note=note)
    taken = referrals.hold_by(row, actor=actor)
    walked = referrals.advance(row, ReferralState.FAILED, reason=why, note=note, **taken)
    _finish(row, actor, walked, taken=bool(taken))
    return row


@transaction.atomic
def cancel(
    *, actor: User, referral: UUID, reason: str, text: str = "", version: int | None = None
) -> Referral:
    """Take a referral away from a unit. Without the last one the application goes back to triage."""
    row = _lock(referral, version)
    require(actor, Action.REFERRAL_CANCEL, row)
    note = intake.body("text", text)
    why = referrals.reason_of_kind(reason, "cancelled", note=note)
    referrals.advance(row, ReferralState.CANCELLED, reason=why, note=note)
    sla.stop(referrals=[row])
    publish([referral_news(Kind.REFERRAL_CANCELLED, row, actor=actor, reason=why.code)])
    process = work.process_of(row)
    cancel_process(process)
    resume(process.parent_task_id)
    return row


@transaction.atomic
def take_next(*, actor: User, unit: Unit) -> Referral | None:
    """Hand out the most pressing referral nobody has, a different one to each of many workers.

    Most pressing is the earliest due instant, then the priority. None when the queue is empty.
    """
    require(actor, Action.QUEUE_VIEW, unit)
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


@transaction.atomic
def triage(
    *,
    actor: User,
    application: UUID,
    lead: str,
    joint: list[str] | None = None,
    policy: str = JoinPolicy.ALL,
    text: str = "",
    referral: UUID | None = None,
    version: int | None = None,
) -> Application:
    """A person decides what the rules could not, or who takes over a returned referral."""
    row = intake.lock(application)
    require(actor, Action.APPLICATION_TRIAGE, row)
    intake.check_version(row, version)
    note = intake.body("text", text)
    units = [referrals.unit_by_code(lead, field="lead").code]
    units += [referrals.unit_by_code(code, field="joint").code for code in joint or [] if code != lead]
    if policy not in list(JoinPolicy):
        raise Invalid.field("policy", _("The policy is all, lead or any."), code="unknown_policy")
    _check_not_asked(row, units)
    returned = _returned(row, referral)
    if returned is None and row.state != ApplicationState.TRIAGE:
        raise IllegalMove("application", row.state, ApplicationState.ROUTED)
    decision = routing.record_choice(
        application=row,
        actor_id=actor.pk,
        source="triage",
        lead=units[0],
        joint=units[1:],
        policy=policy,
        note=note,
    )
    if returned is not None:
        _replace(row, returned, decision, actor)
    else:
        _settle(row, decision, actor, policy)
    return row


def _settle(row: Application, decision: Decision, actor: User, policy: str) -> None:
    """Triage of the application as a whole: its waiting triage task is done, the agencies are asked."""
    intake.move(row, ApplicationState.ROUTED, policy=policy)
    asked = steps.ask_agencies(row, decision, due=sla_selectors.promise(row), promise=False)
    publish(
        [
            application_news(Kind.APPLICATION_TRIAGED, row, actor=actor),
            *(referral_news(Kind.REFERRAL_REQUESTED, referral, actor=actor) for referral in asked),
        ]
    )
    work.do(work.open_task(row.process, ApplicationFlow.triage), actor)


def _replace(row: Application, returned: Referral, decision: Decision, actor: User) -> None:
    """Triage of one returned referral: the new unit takes its place, number and promise stay."""
    first, *rest = decision.parts
    part = replace(first, is_lead=returned.is_lead)
    asked = steps.ask_agencies(
        row,
        replace(decision, parts=(part,)),
        due=sla_selectors.promise(row),
        promise=False,
        replaces=returned,
    )
    if rest:
        others = tuple(replace(other, is_lead=False) for other in rest)
        asked += steps.ask_agencies(
            row, replace(decision, parts=others), due=sla_selectors.promise(row), promise=False
        )
    row.__dict__.pop("unstarted", None)
    if row.state == ApplicationState.TRIAGE:
        intake.move(row, ApplicationState.ROUTED)
    publish(
        [
            application_news(Kind.APPLICATION_TRIAGED, row, actor=actor),
            referral_news(Kind.REFERRAL_REPLACED, returned, actor=actor),
            *(referral_news(Kind.REFERRAL_REQUESTED, referral, actor=actor) for referral in asked),
        ]
    )
    work.spawn(work.process_of(returned).parent_task_id, asked)
    work.do(work.open_task(returned.process, ReferralFlow.reroute), actor)


def _check_not_asked(row: Application, units: list[str]) -> None:
    """Raise ``AlreadyAsked`` for a unit that has an open referral of this application."""
    busy = Referral.objects.filter(application=row, unit__in=units).open().values_list("unit", flat=True)
    for unit in busy:
        raise AlreadyAsked(unit)


def _returned(row: Application, wanted: UUID | None) -> Referral | None:
    """The returned referral to settle: the one named, or the only one that waits for triage."""
    waiting = [referral for referral in queue.returned_of(row.pk) if wanted in (None, referral.pk)]
    if wanted is not None and not waiting:
        raise Invalid.field("referral", _("This referral does not wait for triage."), code="not_returned")
    if len(waiting) > 1:
        raise Invalid.field("referral", _("Several referrals were returned. Name the one."), code="which")
    return referrals.lock(waiting[0].pk) if waiting else None


@transaction.atomic
def confirm(*, actor: User, application: UUID, text: str = "", version: int | None = None) -> Application:
    """The citizen says: yes, I got it. The application closes."""
    row = _lock_to_confirm(actor, application, version)
    feedback.record(application=row, actor=actor, verdict=Verdict.CONFIRMED, text=text)
    intake.move(row, ApplicationState.CLOSED)
    sla.stop(application=row)
    publish([application_news(Kind.APPLICATION_CONFIRMED, row, actor=actor)])
    work.do(work.open_task(row.process, ApplicationFlow.confirm), actor)
    return row


@transaction.atomic
def dispute(
    *, actor: User, application: UUID, text: str, referral: UUID | None = None, version: int | None = None
) -> Application:
    """The citizen says: no. The agency concerned gets a replacement referral, the clock goes on."""
    row = _lock_to_confirm(actor, application, version)
    answered = _answered(row, referral)
    feedback.record(application=row, actor=actor, verdict=Verdict.DISPUTED, text=text, referral=answered)
    intake.move(row, ApplicationState.ROUTED)
    _ask_again(row, answered, actor, note=text, due=sla_selectors.promise(row))
    publish([application_news(Kind.APPLICATION_DISPUTED, row, actor=actor)])
    work.do(work.open_task(row.process, ApplicationFlow.confirm), actor)
    return row


@transaction.atomic
def reopen(
    *,
    actor: User,
    application: UUID,
    text: str,
    referral: UUID | None = None,
    version: int | None = None,
) -> Application:
    """A closed application opens again with a new process and a new promise; the old ones stay."""
    row = intake.lock(application)
    require(actor, Action.APPLICATION_REOPEN, row)
    intake.check_version(row, version)
    APPLICATION.check(ApplicationState(row.state), ApplicationState.ROUTED)
    answered = _answered(row, referral)
    feedback.record(application=row, actor=actor, verdict=Verdict.DISPUTED, text=text, referral=answered)
    due = sla_selectors.due(clock.now(), row.subtopic.resolve)
    _ask_again(row, answered, actor, note=text, due=due, promise=True)
    ApplicationFlow.reopen.run(application=row)
    intake.move(row, ApplicationState.ROUTED, process=row.process, due_at=due.due_at, closed_at=None)
    publish([application_news(Kind.APPLICATION_REOPENED, row, actor=actor)])
    return row


def _ask_again(
    row: Application, answered: Referral, actor: User, *, note: str, due: Due, promise: bool = False
) -> None:
    """Ask the unit whose answer did not hold once more, as a replacement of its referral."""
    decision = routing.record_choice(
        application=row,
        actor_id=actor.pk,
        source="dispute",
        lead=answered.unit_id,
        joint=[],
        policy=row.policy,
        note=intake.body("text", note, required=True),
    )
    part = replace(decision.parts[0], is_lead=answered.is_lead, disclosed=tuple(answered.disclosed))
    asked = steps.ask_agencies(
        row, replace(decision, parts=(part,)), due=due, promise=promise, replaces=answered
    )
    publish([referral_news(Kind.REFERRAL_REQUESTED, referral, actor=actor) for referral in asked])


def _answered(row: Application, wanted: UUID | None) -> Referral:
    """The referral whose answer is disputed: the one named, else the lead's."""
    rows = [referral for referral in counting(row.pk).select_related("unit") if not referral.is_open]
    for referral in rows:
        if referral.pk == wanted or (wanted is None and referral.is_lead):
            return referral
    raise Invalid.field("referral", _("Say whose answer did not hold."), code="unknown_referral")


@transaction.atomic
def unreachable(*, actor: User, application: UUID, text: str = "", version: int | None = None) -> Application:
    """The citizen was not reached. Noted; the confirmation stays in the desk's queue."""
    row = _lock_to_confirm(actor, application, version)
    feedback.record(application=row, actor=actor, verdict=Verdict.UNREACHABLE, text=text)
    intake.move(row, ApplicationState.AWAITING_CONFIRMATION)
    publish([application_news(Kind.APPLICATION_UNREACHABLE, row, actor=actor)])
    return row


def withdraw(*, actor: User, application: UUID, text: str, version: int | None = None) -> Application:
    """The citizen takes the application back; every open referral and the process end."""
    return _abandon(
        actor, application, version, text, ApplicationState.WITHDRAWN, Action.APPLICATION_WITHDRAW
    )


def annul(*, actor: User, application: UUID, text: str, version: int | None = None) -> Application:
    """The application was entered in error."""
    return _abandon(
        actor, application, version, text, ApplicationState.ENTERED_IN_ERROR, Action.APPLICATION_ANNUL
    )


@transaction.atomic
def _abandon(
    actor: User,
    application: UUID,
    version: int | None,
    text: str,
    target: ApplicationState,
    action: Action,
) -> Application:
    row = intake.lock(application)
    require(actor, action, row)
    intake.check_version(row, version)
    note = intake.body("text", text, required=True)
    intake.move(row, target)
    reason = Reason.objects.get(pk=str(target))
    kind = {
        ApplicationState.WITHDRAWN: Kind.APPLICATION_WITHDRAWN,
        ApplicationState.ENTERED_IN_ERROR: Kind.APPLICATION_ENTERED_IN_ERROR,
    }[target]
    news = [application_news(kind, row, actor=actor)]
    open_rows = list(
        Referral.objects.select_for_update(no_key=True, of=("self",))
        .select_related("unit")
        .filter(application=row)
        .open()
        .order_by("pk")
    )
    for referral in open_rows:
        referrals.advance(referral, ReferralState.CANCELLED, reason=reason, note=note)
        news.append(referral_news(Kind.REFERRAL_CANCELLED, referral, actor=actor, reason=reason.code))
    sla.stop(application=row, referrals=open_rows)
    publish(news)
    if row.process is not None and row.process.finished is None:
        cancel_process(row.process)
    return row


def _lock(referral: UUID, version: int | None) -> Referral:
    """Lock application, referral and process, in that order."""
    application = intake.lock_of_referral(referral)
    row = _lock_alone(referral, version)
    row.application = application
    return row


def _lock_alone(referral: UUID, version: int | None) -> Referral:
    """Lock referral and process only: enough for what does not touch the application."""
    row = referrals.lock(referral)
    referrals.check_version(row, version)
    return row


def _lock_to_work(actor: User, referral: UUID, version: int | None) -> Referral:
    row = _lock(referral, version)
    require(actor, Action.REFERRAL_WORK, row)
    return row


def _lock_to_confirm(actor: User, application: UUID, version: int | None) -> Application:
    row = intake.lock(application)
    require(actor, Action.APPLICATION_CONFIRM, row)
    intake.check_version(row, version)
    if row.state != ApplicationState.AWAITING_CONFIRMATION:
        raise IllegalMove("application", row.state, ApplicationState.CLOSED)
    return row


def _finish(row: Referral, actor: User, walked: list[ReferralState], *, taken: bool) -> None:
    """A referral's last word: stop its clock, tell, and let its process (and the parent) go on."""
    sla.stop(referrals=[row])
    _tell(row, actor, walked, taken=taken)
    if row.is_lead and steps.needs_another_unit(row):
        intake.move(row.application, ApplicationState.TRIAGE)
        publish([application_news(Kind.APPLICATION_SENT_TO_TRIAGE, row.application, actor=actor)])
    work.do(work.open_task(row.process, ReferralFlow.work), actor)


def _tell(row: Referral, actor: User, walked: list[ReferralState], *, taken: bool) -> None:
    kinds = ([Kind.REFERRAL_CLAIMED] if taken else []) + [STEP_KIND[state] for state in walked]
    reason = row.reason_id or ""
    publish([referral_news(kind, row, actor=actor, reason=reason) for kind in kinds])
