"""Finding and locking the open task of a record: the engine's side of every command."""

from __future__ import annotations

from typing import Any

from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from agencies.models import Referral
from events.errors import Conflict


def open_task(process: Process | None, *nodes: Any) -> Any:
    """The activation of the one waiting human task of ``process``, which the caller has locked.

    With ``nodes`` the task has to be of one of them. Raises ``Conflict`` when there is none.
    """
    task = (
        Task.objects.filter(process=process, status__in=[STATUS.NEW, STATUS.ASSIGNED]).first()
        if process
        else None
    )
    if task is None or (nodes and task.flow_task not in nodes):
        raise Conflict(code="no_open_task")
    task.process = process
    return task.flow_task.activation_class(task)


def process_of(referral: Referral) -> Any:
    """The process of a referral that ``agencies.services.lock`` read: that one has a process."""
    if referral.process is None:
        raise LookupError(f"referral {referral.pk} has no process")
    return referral.process


def hold(activation: Any, actor: Any) -> None:
    """Make ``actor`` the owner of the task, whoever had it."""
    if activation.task.owner_id is None:
        activation.assign(actor)
    elif activation.task.owner_id != actor.pk:
        activation.reassign(actor)


def do(activation: Any, actor: Any) -> None:
    """``actor`` did the task; the process goes on to the next human task."""
    activation.do(actor)


def spawn(parent_task: int, asked: list[Referral]) -> None:
    """Start the processes of referrals that join a round already under way."""
    task = Task.objects.select_related("process").get(pk=parent_task)
    task.flow_task.activation_class(task).spawn([{"referral": referral} for referral in asked])
