"""A person decides what the rules could not, or who takes over a returned referral."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import services as referrals
from agencies.errors import AlreadyAsked
from agencies.lifecycle import JoinPolicy
from agencies.models import Referral
from agencies.selectors import counting
from events.catalog import Kind
from events.errors import IllegalMove, Invalid
from events.publish import publish
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application
from routing import services as routing
from routing.decide import Decision
from sla import services as sla
from workflows import queue, steps, timing, work
from workflows.flows import ApplicationFlow, ReferralFlow
from workflows.news import application_news, referral_news


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
    units = [_unit_for(row, lead, field="lead")]
    units += [_unit_for(row, code, field="joint") for code in dict.fromkeys(joint or []) if code != lead]
    if policy not in list(JoinPolicy):
        raise Invalid.field("policy", _("The policy is all, lead or any."), code="unknown_policy")
    _check_not_asked(row, units)
    returned = _returned(row, referral)
    if returned is None and row.state != ApplicationState.TRIAGE:
        raise IllegalMove("application", row.state, ApplicationState.ROUTED)
    present = _present_lead(row) if returned is not None and not returned.is_lead else None
    decision = routing.record_choice(
        application=row,
        actor_id=actor.pk,
        source="triage",
        lead=present or units[0],
        joint=units if present else units[1:],
        policy=policy,
        note=note,
    )
    decision = replace(decision, parts=tuple(part for part in decision.parts if part.unit in units))
    if returned is not None:
        _replace(row, returned, decision, actor)
    else:
        _settle(row, decision, actor, policy)
    if not queue.returned_of(row.pk).exists():
        sla.meet(row, ["legal_forward"])
    if timing.has_waited(row.pk):
        timing.refresh(row.pk, actor=actor)
    return row


def _present_lead(row: Application) -> str | None:
    """The unit that leads: a joint part that finds another unit does not change who it is. None when the
    lead was cancelled."""
    return counting(row.pk).filter(is_lead=True).values_list("unit", flat=True).first()


def _settle(row: Application, decision: Decision, actor: User, policy: str) -> None:
    """Triage of the application as a whole: its waiting triage task is done, the agencies are asked."""
    intake.move(row, ApplicationState.ROUTED, policy=policy)
    asked = steps.ask_agencies(row, decision)
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
    asked = steps.ask_agencies(row, replace(decision, parts=(first,)), replaces=returned)
    if rest:
        others = tuple(replace(other, is_lead=False) for other in rest)
        asked += steps.ask_agencies(row, replace(decision, parts=others))
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


def _unit_for(row: Application, code: str, *, field: str) -> str:
    """The unit's code, unless it is the body complained about or belongs to it: that would be an offence."""
    unit = referrals.unit_by_code(code, field=field)
    if row.facts.get("complained_about") in unit.path:
        raise Invalid.field(
            field, _("The complaint is about this body. Choose another one."), code="complained_about"
        )
    return unit.code


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
