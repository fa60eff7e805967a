"""Clocks that fire enter their process: a row on the edge of the activity at which it stands.

None of them is armed before, and none interrupts anything: nothing is to be disarmed when the activity
ends, and a process in which no promise runs out has no row too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from sla.models import Firing
from sla.sweep import Fired

from .flows import ApplicationFlow, ReferralFlow
from .locks import lock_process
from .nodes import Links, OnClock

ACTIVE = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


@cache
def _by_host() -> dict[tuple[Any, bool], OnClock]:
    """The clock's node by the activity it hangs on, and by whether it is the breach."""
    nodes = [node for flow in (ApplicationFlow, ReferralFlow) for node in flow.instance.nodes()]
    return {(node.host, node.breach): node for node in nodes if isinstance(node, OnClock)}


def write(fired: Sequence[Fired]) -> None:
    """Write the rows of many clocks, and say in each firing which is its own: three statements.

    A process that stands at no activity with a clock (it has just ended) gets none.
    """
    standing = _standing({_process_of(it) for it in fired} - {None})
    nodes, made = _by_host(), list[tuple[Fired, Task, Task]]()
    for it in fired:
        host = standing.get(_process_of(it))
        if host is not None:
            made.append((it, host, _row(nodes[host.flow_task, it.firing.is_breach], host, it)))
    Task.objects.bulk_create([task for _, _, task in made])
    Links.objects.bulk_create([Links(from_task=task, to_task=host) for _, host, task in made])
    for it, _, task in made:
        it.firing.boundary = task


def _process_of(it: Fired) -> int | None:
    owner = it.clock.referral or it.clock.application
    return owner.process_id


def _standing(processes: Iterable[Any]) -> dict[Any, Task]:
    """The activity at which each process stands, of those that a clock hangs on."""
    hosts = {host for host, _ in _by_host()}
    rows = Task.objects.filter(process__in=list(processes), status__in=ACTIVE, flow_task__in=hosts)
    return {row.process_id: row for row in rows.order_by("id").only("process_id", "flow_task", "token")}


def _row(node: OnClock, host: Task, it: Fired) -> Task:
    at = it.firing.fired_at
    return Task(
        process_id=host.process_id,
        flow_task=node,
        flow_task_type=node.task_type,
        token=host.token,
        status=STATUS.DONE,
        created=it.firing.due_at,
        started=at,
        finished=at,
        data={},
    )


def open_escalation(firing: Firing) -> bool:
    """Let the process go on from the breach to the supervisor's task. False when it has ended meanwhile."""
    if firing.boundary is None:
        return False
    task = firing.boundary
    task.process = lock_process(task.process_id)
    if task.process.finished is not None:
        return False
    task.flow_task.activation_class(task).activate_next()
    firing.task = Task.objects.filter(previous=task).get()
    firing.save(update_fields=["task"])
    return True


def settle(firing: Firing, actor: Any) -> None:
    """``actor`` did the task of an escalation."""
    task = firing.task
    if task is None:
        raise LookupError(f"firing {firing.pk} was not escalated")
    task.process = lock_process(task.process_id)
    task.flow_task.activation_class(task).do(actor)
