"""Registering an application, confirming its answer, and ending or reopening it."""

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
from agencies.lifecycle import ReferralState
from agencies.models import Reason, Referral
from agencies.selectors import counting
from events import clock
from events.catalog import Kind
from events.errors import IllegalMove, Invalid
from events.publish import publish
from feedback import services as feedback
from feedback.models import Verdict
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application, Contact, Subtopic
from people.models import Person
from routing import services as routing
from sla import services as sla
from sla.plans import Plan, plan
from workflows import steps, timing, work
from workflows.flows import ApplicationFlow
from workflows.news import application_news, referral_news
from workflows.nodes import cancel_process

from .locking import lock_to_confirm


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
    routing.check_answers(intake.clean_facts({} if facts is None else facts))
    application = intake.register(
        actor_id=actor.pk,
        person=person,
        contact=contact,
        subtopic=subtopic,
        text=text,
        facts={} if facts is None else facts,
        synthetic=synthetic,
    )
    for unit in application.facts.get("consents") or []:  # a consent to nobody must not be kept
        referrals.unit_by_code(unit, field="facts")
    publish([application_news(Kind.APPLICATION_REGISTERED, application, actor=actor)])
    with clock.at(application.registered_at):  # the promise counts from the registration, to the microsecond
        ApplicationFlow.start.run(application=application)
    return application


@transaction.atomic
def confirm(*, actor: User, application: UUID, text: str = "", version: int | None = None) -> Application:
    """The citizen says: yes, I got it. The application closes."""
    row = lock_to_confirm(actor, application, version)
    feedback.record(application=row, actor=actor, verdict=Verdict.CONFIRMED, text=text)
    intake.move(row, ApplicationState.CLOSED)
    sla.stop(row)
    publish([application_news(Kind.APPLICATION_CONFIRMED, row, actor=actor)])
    work.do(work.open_task(row.process, ApplicationFlow.confirm), actor)
    return row


@transaction.atomic
def dispute(
    *, actor: User, application: UUID, text: str, referral: UUID | None = None, version: int | None = None
) -> Application:
    """The citizen says: no. The agency concerned gets a replacement referral, the clock goes on."""
    row = lock_to_confirm(actor, application, version)
    answered = _answered(row, referral)
    feedback.record(application=row, actor=actor, verdict=Verdict.DISPUTED, text=text, referral=answered)
    intake.move(row, ApplicationState.ROUTED)
    _ask_again(row, answered, actor, note=text)
    publish([application_news(Kind.APPLICATION_DISPUTED, row, actor=actor)])
    work.do(work.open_task(row.process, ApplicationFlow.confirm), actor)
    return row


@transaction.atomic
def unreachable(*, actor: User, application: UUID, text: str = "", version: int | None = None) -> Application:
    """The citizen was not reached. Noted; the confirmation stays in the desk's queue."""
    row = lock_to_confirm(actor, application, version)
    feedback.record(application=row, actor=actor, verdict=Verdict.UNREACHABLE, text=text)
    intake.move(row, ApplicationState.AWAITING_CONFIRMATION)
    publish([application_news(Kind.APPLICATION_UNREACHABLE, row, actor=actor)])
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
    if row.state != ApplicationState.CLOSED:
        raise IllegalMove("application", row.state, ApplicationState.ROUTED)
    answered = _answered(row, referral)
    feedback.record(application=row, actor=actor, verdict=Verdict.DISPUTED, text=text, referral=answered)
    promised = plan(row, resolve=row.subtopic.resolve, priority=row.priority, start=clock.now())
    _ask_again(row, answered, actor, note=text, promised=promised)
    ApplicationFlow.reopen.run(application=row)
    due_at, warn_at = steps.times([promised.resolution])
    intake.move(
        row, ApplicationState.ROUTED, process=row.process, due_at=due_at, warn_at=warn_at, closed_at=None
    )
    publish([application_news(Kind.APPLICATION_REOPENED, row, actor=actor)])
    return row


def _ask_again(
    row: Application, answered: Referral, actor: User, *, note: str, promised: Plan | None = None
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
    asked = steps.ask_agencies(row, replace(decision, parts=(part,)), promised=promised, replaces=answered)
    publish([referral_news(Kind.REFERRAL_REQUESTED, referral, actor=actor) for referral in asked])


def _answered(row: Application, wanted: UUID | None) -> Referral:
    """The referral whose answer is disputed: the one named, else the lead's."""
    rows = [referral for referral in counting(row.pk).select_related("unit") if not referral.is_open]
    for referral in rows:
        if referral.pk == wanted or (wanted is None and referral.is_lead):
            return referral
    raise Invalid.field("referral", _("Say whose answer did not hold."), code="unknown_referral")


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
        referrals.advance(referral, ReferralState.CANCELLED, by=actor, reason=reason, note=note)
        news.append(referral_news(Kind.REFERRAL_CANCELLED, referral, actor=actor, reason=reason.code))
    if timing.has_waited(row.pk):  # the waits have ended now: what is kept of the clocks has to say so
        sla.refresh(row)
    sla.stop(row)
    publish(news)
    if row.process is not None and row.process.finished is None:
        cancel_process(row.process)
    return row
