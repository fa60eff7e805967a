"""What waits for whom, read from the engine: the triage desk and the confirmation calls."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from viewflow.workflow.models import Task

from agencies.models import Referral
from intake.models import Application
from sla.models import Firing

from .flows import ApplicationFlow, ReferralFlow
from .nodes import WAITING
from .steps import DESK, TRIAGE


def _waiting(queue: str, node: object) -> QuerySet[Task]:
    # Not the engine's own queue(): that one forgets every filter put before it.
    tasks: QuerySet[Task] = Task.objects.filter(
        owner_permission=queue, flow_task_type="HUMAN", status__in=WAITING, flow_task=node
    )
    return tasks


def triage_applications() -> QuerySet[Application]:
    """Applications a person has to route, the longest waiting first."""
    tasks = _waiting(TRIAGE, ApplicationFlow.triage)
    return Application.objects.filter(process__in=tasks.values("process")).order_by("due_at", "id")


def returned() -> QuerySet[Referral]:
    """Returned referrals that need another unit."""
    tasks = _waiting(TRIAGE, ReferralFlow.reroute)
    return Referral.objects.filter(process__in=tasks.values("process")).order_by("due_at", "id")


def returned_of(application: UUID) -> QuerySet[Referral]:
    return returned().filter(application=application)


def confirmations() -> QuerySet[Application]:
    """Answered applications whose citizens have to be called."""
    tasks = _waiting(DESK, ApplicationFlow.confirm)
    return Application.objects.filter(process__in=tasks.values("process")).order_by("due_at", "id")


def escalations() -> QuerySet[Firing]:
    """Breaches whose supervisor's task is still to be done, the oldest first."""
    return Firing.objects.filter(task__status__in=WAITING).order_by("due_at", "id")
