"""What a node does or asks: one or two calls of domain verbs each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agencies import selectors as agencies
from agencies import services as referrals
from agencies.lifecycle import ANSWERED, JoinPolicy, ReferralState, policy_met
from agencies.models import Effect, Reason, Referral, Unit
from agencies.services import Asked
from events import clock
from events.catalog import Kind
from events.publish import publish
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application
from routing import services as routing
from routing.decide import Decision
from sla import services as sla
from sla.models import Clock
from sla.plans import Plan, plan

from .news import application_news, referral_news

TRIAGE = "triage"
DESK = "desk"
SUPERVISOR = "supervisor"


def application_of(activation: Any) -> Application:
    application: Application = activation.process.application
    return application


def referral_of(activation: Any) -> Referral:
    referral: Referral = activation.process.referral
    return referral


def unit_queue(activation: Any) -> str:
    return f"queue:{referral_of(activation).unit_id}"


def triage_queue(activation: Any) -> str:
    return TRIAGE


def desk_queue(activation: Any) -> str:
    return DESK


def supervisor_queue(activation: Any) -> str:
    return SUPERVISOR


def route(activation: Any) -> None:
    """Decide, and ask the agencies or send to triage; the promise to the citizen starts either way."""
    application = application_of(activation)
    decision = routing.route(application=application)
    promised = plan(application, resolve=decision.target, priority=decision.priority, start=clock.now())
    changes: dict[str, Any] = {
        "process": activation.process,
        "due_at": promised.resolution.due_at,
        "warn_at": promised.resolution.warn_at,
        "priority": decision.priority,
        "policy": decision.policy,
    }
    if decision.to_triage:
        intake.move(application, ApplicationState.TRIAGE, **changes)
        sla.start(promised, application)
        sla.start_forwarding(promised, application)
        publish([application_news(Kind.APPLICATION_SENT_TO_TRIAGE, application)])
        return
    intake.move(application, ApplicationState.ROUTED, **changes)
    asked = ask_agencies(application, decision, promised=promised)
    publish(
        [
            application_news(Kind.APPLICATION_ROUTED, application),
            *(referral_news(Kind.REFERRAL_REQUESTED, referral) for referral in asked),
        ]
    )


def ask_agencies(
    application: Application,
    decision: Decision,
    *,
    promised: Plan | None = None,
    replaces: Referral | None = None,
) -> list[Referral]:
    """Create the referrals of a decision with their shares. Their processes start in ``Spawn``.

    With ``promised`` the promise to the citizen starts too. Without it the promise goes on, and a
    unit asked now has no more time than the citizen was told.
    """
    units = Unit.objects.in_bulk([part.unit for part in decision.parts])
    own = promised or plan(
        application, resolve=decision.target, priority=application.priority, start=clock.now()
    )
    ceiling = None if promised else application.due_at
    shares = {part.unit: own.shares(units[part.unit].path, ceiling) for part in decision.parts}
    asked = referrals.request(
        application=application,
        parts=[
            Asked(units[part.unit], part.is_lead, part.disclosed, *times(shares[part.unit]))
            for part in decision.parts
        ],
        why=decision.rule,
        replaces=replaces,
    )
    theirs = [(referral, shares[referral.unit_id]) for referral in asked]
    if promised:
        sla.start(promised, application, theirs)
    else:
        sla.start_shares(application, theirs)
    application.__dict__["unstarted"] = asked
    return asked


def times(shares: list[Clock]) -> tuple[datetime, datetime]:
    """What the lists show of a unit's share: when its answer is due, and when that is soon."""
    return shares[-1].due_at, shares[-1].warn_at


def unstarted_referrals(activation: Any) -> list[dict[str, Any]]:
    """The referrals just asked, to be linked to the processes that start now."""
    return [{"referral": referral} for referral in application_of(activation).__dict__.pop("unstarted", [])]


def link(items: list[dict[str, Any]]) -> None:
    """Write the process of each referral that was just started, in one statement."""
    Referral.objects.bulk_update([item["referral"] for item in items], ["process"])


def is_answered(activation: Any) -> tuple[bool, list[Any]]:
    """Is the join policy met in this round, and which referrals' processes are still open?

    A returned referral counts as open until triage has settled it; a reasoned refusal is an answer.
    """
    application = application_of(activation)
    rows = agencies.counting(application.pk).filter(process__parent_task=activation.task)
    round_ = list(rows.select_related("process", "reason"))
    running = {row.pk: row.process for row in round_ if row.process and not row.process.finished}
    parts = [(row.is_lead, _counts_as(row, running=row.pk in running)) for row in round_]
    return policy_met(JoinPolicy(application.policy), parts), list(running.values())


def _counts_as(row: Referral, *, running: bool) -> ReferralState:
    if running:
        return ReferralState.REQUESTED
    return ReferralState.FAILED if is_reasoned_refusal(row) else ReferralState(row.state)


def settle(activation: Any) -> None:
    """The round is over: call back what nobody waits for any more, then confirm or look for a lead."""
    application = application_of(activation)
    rows = list(
        Referral.objects.filter(application=application, replaced_by=None).select_related("reason", "unit")
    )
    call_back([row for row in rows if row.is_open])
    if any(row.state in ANSWERED or is_reasoned_refusal(row) for row in rows):
        if application.state == ApplicationState.TRIAGE:  # one part was returned; another was answer enough
            intake.move(application, ApplicationState.ROUTED)
            sla.meet(application, ["legal_forward"])
        intake.move(application, ApplicationState.AWAITING_CONFIRMATION)
        publish([application_news(Kind.APPLICATION_ANSWERED, application)])
    else:
        intake.move(application, ApplicationState.TRIAGE)
        start_forwarding(application)
        publish([application_news(Kind.APPLICATION_SENT_TO_TRIAGE, application)])


def start_forwarding(application: Application) -> None:
    """It has to be sent on: the law's clock for that starts."""
    target = application.subtopic.resolve
    own = plan(application, resolve=target, priority=application.priority, start=clock.now())
    sla.start_forwarding(own, application)


def call_back(unneeded: list[Referral]) -> None:
    """Cancel the referrals that the join policy no longer needs."""
    if not unneeded:
        return
    reason = Reason.objects.get(pk="policy_met")
    waited = any(referral.state == ReferralState.ON_HOLD for referral in unneeded)
    for referral in unneeded:
        referrals.advance(referral, ReferralState.CANCELLED, reason=reason)
    if waited:
        sla.refresh(unneeded[0].application)
    sla.stop(unneeded[0].application_id, unneeded)
    publish([referral_news(Kind.REFERRAL_CANCELLED, row, reason=reason.code) for row in unneeded])


def goes_to_triage(activation: Any) -> bool:
    return application_of(activation).state == ApplicationState.TRIAGE


def is_reasoned_refusal(referral: Referral) -> bool:
    """A rejection that is itself an answer to the citizen: reasoned, not eligible."""
    return (
        referral.state == ReferralState.REJECTED
        and referral.reason is not None
        and referral.reason.effect == Effect.NOT_ELIGIBLE
    )


def needs_another_unit(referral: Referral) -> bool:
    """Returned or failed for a reason that sends it back to triage."""
    return (
        referral.state in (ReferralState.REJECTED, ReferralState.FAILED)
        and referral.reason is not None
        and referral.reason.effect == Effect.TRIAGE
    )


def is_returned(activation: Any) -> bool:
    return needs_another_unit(referral_of(activation))


def is_disputed(activation: Any) -> bool:
    return application_of(activation).state == ApplicationState.ROUTED
