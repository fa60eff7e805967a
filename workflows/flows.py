"""The two processes. A class body reads as its BPMN diagram; ``docs/processes`` holds the drawings.

Node names are an API (rows in flight store them): a test freezes them, and a breaking change
comes as a V2 class beside the old one. Clocks hang on the activities during which a promise or a
share runs; what their breach leads to beside the escalation is policy (``sla.policy``).
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from . import steps
from .locks import ProcessLock
from .models import ApplicationProcess, ReferralProcess
from .nodes import Choice, End, HumanTask, OnClock, Rule, Spawn, Start

WARNED, BREACHED = _("Time runs out"), _("Time is up")


class ReferralFlow(flow.Flow):
    """What one agency does for an application"""

    process_class = ReferralProcess
    lock_impl = ProcessLock()

    start = Start(this.on_start).Annotation(title=_("Requested")).Next(this.work)
    work = HumanTask(steps.unit_queue).Annotation(title=_("Agency works on it")).Next(this.outcome)
    outcome = (
        Choice().Annotation(title=_("Answered?")).Case(this.reroute, steps.is_returned).Default(this.end)
    )
    reroute = HumanTask(steps.triage_queue).Annotation(title=_("Triage finds another unit")).Next(this.end)
    end = End().Annotation(title=_("Referral over"))

    work_warned = OnClock(this.work, breach=False).Annotation(title=WARNED)
    work_breached = OnClock(this.work, breach=True).Annotation(title=BREACHED).Next(this.escalation)
    escalation = HumanTask(steps.supervisor_queue).Annotation(title=_("Supervisor steps in"))

    def on_start(self, activation: Any, referral: Any) -> Any:
        referral.process = activation.process
        return activation.process


class ApplicationFlow(flow.Flow):
    """From the call to the confirmed answer"""

    process_class = ApplicationProcess
    lock_impl = ProcessLock()

    start = Start(this.on_start).Annotation(title=_("Registered")).Next(this.route)
    route = Rule(steps.route).Annotation(title=_("Routing decides")).Next(this.routed)
    routed = (
        Choice()
        .Annotation(title=_("Agencies found?"))
        .Case(this.triage, steps.goes_to_triage)
        .Default(this.refer)
    )
    triage = HumanTask(steps.triage_queue).Annotation(title=_("A person decides")).Next(this.refer)
    refer = (
        Spawn(
            ReferralFlow.start,
            items=steps.unstarted_referrals,
            satisfied=steps.is_answered,
            started=steps.link,
        )
        .Annotation(title=_("Agencies work"))
        .Next(this.settle)
    )
    settle = Rule(steps.settle).Annotation(title=_("Answers gathered")).Next(this.answered)
    answered = (
        Choice()
        .Annotation(title=_("Any answer?"))
        .Case(this.triage, steps.goes_to_triage)
        .Default(this.confirm)
    )
    confirm = HumanTask(steps.desk_queue).Annotation(title=_("Confirm with the citizen")).Next(this.confirmed)
    confirmed = (
        Choice().Annotation(title=_("Confirmed?")).Case(this.refer, steps.is_disputed).Default(this.end)
    )
    end = End().Annotation(title=_("Closed"))

    triage_warned = OnClock(this.triage, breach=False).Annotation(title=WARNED)
    triage_breached = OnClock(this.triage, breach=True).Annotation(title=BREACHED).Next(this.escalation)
    refer_warned = OnClock(this.refer, breach=False).Annotation(title=WARNED)
    refer_breached = OnClock(this.refer, breach=True).Annotation(title=BREACHED).Next(this.escalation)
    confirm_warned = OnClock(this.confirm, breach=False).Annotation(title=WARNED)
    confirm_breached = OnClock(this.confirm, breach=True).Annotation(title=BREACHED).Next(this.escalation)
    escalation = HumanTask(steps.supervisor_queue).Annotation(title=_("Supervisor steps in"))

    reopen = Start(this.on_start).Annotation(title=_("Reopened")).Next(this.refer)

    def on_start(self, activation: Any, application: Any) -> Any:
        application.process = activation.process
        return activation.process
