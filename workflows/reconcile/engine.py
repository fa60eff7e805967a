"""Repairs of single rows of the engine, so that it can be read again; ``rebuild`` does the rest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from agencies.models import Referral
from events import clock
from intake.models import Application
from workflows.flows import ApplicationFlow, ReferralFlow
from workflows.locks import lock_process
from workflows.nodes import OnClock

from .audit import FLOWS, Finding
from .rebuild import ACTIVE, clear, end


def number(record: str) -> int:
    """The key in "task 12" or "process 12"."""
    return int(record.split()[-1])


def application_of(record: str) -> UUID | None:
    """The application that a finding is about, whichever way it names it; None when it is of none."""
    kind, _space, key = record.rpartition(" ")
    if kind == "task":
        process: Any = Task.objects.filter(pk=key).values("process")
    elif kind == "process":
        process = [int(key)]
    else:
        of_part = Referral.objects.filter(pk=record).values_list("application", flat=True).first()
        return of_part or Application.objects.filter(pk=record).values_list("pk", flat=True).first()
    whole = Application.objects.filter(process__in=process).values_list("pk", flat=True).first()
    return whole or Referral.objects.filter(process__in=process).values_list("application", flat=True).first()


@transaction.atomic
def name_the_flow(finding: Finding) -> bool:
    """A process is of the flow of its record; one of nobody is a child or not."""
    process = lock_process(number(finding.record))
    if Application.objects.filter(process=process).exists():
        flow: Any = ApplicationFlow
    elif Referral.objects.filter(process=process).exists() or process.parent_task_id is not None:
        flow = ReferralFlow
    else:
        flow = ApplicationFlow
    process.flow_class = flow
    process.save(update_fields=["flow_class"])
    return True


@transaction.atomic
def name_the_node(finding: Finding) -> bool:
    """Only one node of its flow may fit between the step before and the steps after: then it is that one.

    Otherwise False: the code that knows the node has to come back, or a migration has to rename it.
    """
    task = Task.objects.select_related("process").get(pk=number(finding.record))
    lock_process(task.process_id)
    flow = task.process.flow_class
    if flow not in FLOWS:
        return False
    before = [step.flow_task for step in task.previous.all()]
    after = [step.flow_task for step in task.leading.all()]
    fits = [
        node
        for node in flow.instance.nodes()
        if node.task_type == task.flow_task_type
        and all(_leads(step, node) for step in before)
        and all(_leads(node, step) for step in after)
        and (before or after)
    ]
    if len(fits) != 1:
        return False
    task.flow_task = fits[0]
    task.save(update_fields=["flow_task"])
    return True


def _leads(node: Any, following: Any) -> bool:
    if isinstance(following, OnClock):
        return bool(following.host == node)
    return node is not None and any(edge.dst == following for edge in node._outgoing())


@transaction.atomic
def move_home(finding: Finding) -> bool:
    """Put a task into the process of the step that it came from; without one it is cancelled if it waits."""
    task = Task.objects.select_related("process").get(pk=number(finding.record))
    homes = {step.process_id for step in task.previous.all()}
    if len(homes) == 1 and homes != {task.process_id}:
        Task.objects.filter(pk=task.pk).update(process=homes.pop())
    elif task.status in ACTIVE and task.flow_task.flow_class is not task.process.flow_class:
        Task.objects.filter(pk=task.pk).update(status=STATUS.CANCELED, finished=clock.now())
    else:
        return False
    return True


@transaction.atomic
def clear_failure(finding: Finding) -> bool:
    """What went on after a failed step shows that it was done; where the process stopped, it is cancelled."""
    task = Task.objects.select_related("process").get(pk=number(finding.record))
    lock_process(task.process_id)
    if task.status != STATUS.ERROR:
        return False
    human = task.flow_task_type == "HUMAN"
    went_on = task.leading.exists() or isinstance(task.flow_task, OnClock)
    done = went_on or (task.process.finished is not None and not human)
    task.status = STATUS.DONE if done else STATUS.CANCELED
    task.finished = task.finished or clock.now()
    task.save(update_fields=["status", "finished"])
    return True


def forget_facts(finding: Finding) -> bool:
    """Empty what a task or process remembers: nothing reads it, and it may name a person."""
    model: Any = Task if finding.record.startswith("task") else Process
    return bool(model.objects.filter(pk=number(finding.record)).exclude(data={}).update(data={}))


@transaction.atomic
def end_process(finding: Finding) -> bool:
    """End a running process that is nobody's, with its children, and what waits in one that is over."""
    process = lock_process(number(finding.record))
    if process.finished is None and _is_owned(process):
        return False  # of an application or referral after all: rebuilt, not ended
    if process.finished is None:
        end(process)
    else:
        clear(process)
    return True


def _is_owned(process: Process) -> bool:
    return (
        Application.objects.filter(process=process).exists()
        or Referral.objects.filter(process=process).exists()
    )
