"""Finding and locking the open task of a record: the engine's side of every command."""

from __future__ import annotations

from typing import Any

from viewflow.workflow.models import Process, Task

from agencies.models import Referral
from events.errors import Conflict

from .nodes import BESIDE, WAITING


def open_task(process: Process | None, node: Any) -> Any:
    """The activation of the waiting task of ``node`` in ``process``, which the caller has locked.

    Raises ``Conflict`` when there is none.
    """
    waiting = list(Task.objects.filter(process=process, status__in=WAITING)) if process else []
    task = next((task for task in waiting if task.flow_task == node), None)
    if task is None or process is None:
        raise Conflict(code="no_open_task")
    process.__dict__[BESIDE] = [other for other in waiting if other is not task]
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
