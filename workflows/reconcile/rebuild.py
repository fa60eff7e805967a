"""The engine's rows of one application, put where its records say.

Whose turn it is follows from where an application and its referrals stand. What is missing is started
through the flow's own nodes, what belongs is kept with its owner, what does not is cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from viewflow import this
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import PROCESS, STATUS

from agencies.models import Referral
from events import clock
from events.catalog import Kind
from events.publish import publish
from intake import services as intake
from intake.lifecycle import ApplicationState
from intake.models import Application
from workflows.flows import ApplicationFlow, ReferralFlow
from workflows.news import application_news, referral_news
from workflows.nodes import WAITING, close, links_together, resume

from . import truth

ACTIVE = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED, STATUS.SCHEDULED)
ESCALATIONS = (ApplicationFlow.escalation, ReferralFlow.escalation)


@transaction.atomic
def rebuild(application: UUID, reason: str) -> bool:
    """Put an application right, with all of its parts, and tell of what changed; ``reason`` says why."""
    row = intake.lock(application)
    parts = locked_parts(row)
    touched = truth.settle(row, parts) | Placing(row, parts).place()
    if not touched:
        return False
    fresh = Application.objects.get(pk=row.pk)  # the engine may have moved it on another object
    kept = list(Referral.objects.select_related("unit").filter(pk__in=touched).order_by("pk"))
    changed: list[truth.Record] = [fresh, *kept]
    for record in changed:
        truth.outrank(record)
    news = [application_news(Kind.APPLICATION_RECONCILED, fresh, reason=reason)] * (row.pk in touched)
    publish([*news, *(referral_news(Kind.REFERRAL_RECONCILED, part, reason=reason) for part in kept)])
    return True


def locked_parts(row: Application) -> list[Referral]:
    """The referrals of a locked application, locked in the order of every command, then all processes."""
    locked = Referral.objects.select_for_update(no_key=True, of=("self",)).select_related("unit", "reason")
    parts = list(locked.filter(application=row).order_by("pk"))
    records: list[truth.Record] = [row, *parts]
    wanted = [record.process_id for record in records if record.process_id is not None]
    rows = Process.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    processes = {process.pk: process for process in rows}
    for record in records:
        if record.process_id is not None:
            record.process = processes[record.process_id]
    return parts


class Placing:
    """One walk over the processes of an application; ``touched`` are the records of which any changed."""

    def __init__(self, row: Application, parts: Sequence[Referral]) -> None:
        self.row, self.parts = row, parts
        self.returned = truth.returned(row, parts)
        self.touched: set[UUID] = set()

    def place(self) -> set[UUID]:
        node = self._stands_at()
        stand = self._hold(self.row, ApplicationFlow.start, node) if node is not None else None
        for part in self.parts:
            self._place_part(part, stand)
        if stand is None:
            self._end(self.row)
            return self.touched
        self._clear(self.row, stand)
        if node is ApplicationFlow.refer and self._go_on(stand):
            self.touched.add(self.row.pk)
        return self.touched

    def _stands_at(self) -> Any:
        """The node at which the application's process stands; None when it is over."""
        if not self.row.is_open:
            return None
        if self.row.state == ApplicationState.AWAITING_CONFIRMATION:
            return ApplicationFlow.confirm
        waits = truth.opened(self.parts) or self.returned or self.row.state == ApplicationState.ROUTED
        return ApplicationFlow.refer if waits else ApplicationFlow.triage

    def _place_part(self, part: Referral, parent: Task | None) -> None:
        node = ReferralFlow.reroute if part in self.returned else ReferralFlow.work
        if not (part.is_open or part in self.returned):
            self._end(part)
            return
        task = self._hold(part, ReferralFlow.start, node, parent)
        self._clear(part, task)
        if node is ReferralFlow.work and give(task, part.process, part):
            self.touched.add(part.pk)

    def _hold(self, record: Any, start: Any, node: Any, parent: Task | None = None) -> Task:
        """The task of ``node`` that waits in the record's process: kept, or made."""
        process = record.process
        last = _last(process, start.flow_class)
        if last is None:
            last = begin(start, record, parent)
            record.save(update_fields=["process"])
            process = last.process
        elif parent is not None and process.parent_task_id != parent.pk:
            process.parent_task = parent
            process.save(update_fields=["parent_task"])
            self.touched.add(record.pk)
        task = _waiting_at(process, node, getattr(record, "assignee_id", None))
        if task is None:
            task = stand(node, last)
            self.touched.add(record.pk)
        elif node is not ApplicationFlow.refer and queue(task, process):
            self.touched.add(record.pk)
        return task

    def _clear(self, record: Any, kept: Task) -> None:
        """Cancel what else is active, but for escalations: those are their breach's."""
        for task in record.process.task_set.filter(status__in=ACTIVE).exclude(pk=kept.pk).order_by("pk"):
            if task.flow_task not in ESCALATIONS or task.status not in WAITING:
                cancel(task, record.process)
                self.touched.add(record.pk)

    def _end(self, record: Any) -> None:
        if record.process is not None and record.process.finished is None:
            end(record.process)
            self.touched.add(record.pk)

    def _go_on(self, stand: Task) -> bool:
        """Let the round end when it is over. With nobody left to wait for it is, whatever the policy."""
        if Process.objects.filter(parent_task=stand, finished=None).exists():
            if self.row.state == ApplicationState.ROUTED:
                resume(stand.pk)
        else:
            stand.process = self.row.process
            activation = stand.flow_task.activation_class(stand)
            activation.round = (True, [])
            activation.complete()
            activation.activate_next()
        stand.refresh_from_db(fields=["status"])
        return bool(stand.status == STATUS.DONE)


def begin(start: Any, record: Any, parent: Task | None) -> Any:
    """A process of its own for a record: begun, and standing nowhere yet."""
    activation = start.activation_class.create(start, None, None)
    activation.process.parent_task = parent
    this.resolve(start.flow_class.instance, start._func)(activation, record)
    activation.process.created = clock.now()
    activation.process.save(force_insert=True)
    activation.task.process = activation.process
    activation.complete()
    return activation


def stand(node: Any, came_from: Any) -> Task:
    """Let a process stand at ``node``, after the step that it came from."""
    with links_together():
        made = node._create(came_from, came_from.task.token)
        if made.task.pk is None:  # what waits for children is written when it begins
            made.activate()
    task: Task = made.task
    return task


def give(task: Task, process: Process, part: Referral) -> bool:
    """Make who holds the part (or nobody) the owner of its task; False when that is so already."""
    owned = STATUS.NEW if part.assignee_id is None else STATUS.ASSIGNED
    if (task.owner_id, task.status) == (part.assignee_id, owned):
        return False
    task.process = process
    activation = task.flow_task.activation_class(task)
    if part.assignee is None:
        task.status = STATUS.ASSIGNED  # of the two that are half written this one has a way out
        activation.unassign()
    else:
        task.status = STATUS.NEW
        activation.assign(part.assignee)
    return True


def queue(task: Task, process: Process) -> bool:
    """Put a waiting task into the queue in which it belongs; False when it lies there."""
    task.process = process
    wanted = task.flow_task.calc_owner_permission(task.flow_task.activation_class(task))
    if task.owner_permission == wanted:
        return False
    task.owner_permission = wanted
    task.save(update_fields=["owner_permission"])
    return True


def cancel(task: Task, process: Process) -> None:
    """Cancel an active task, also one that its node cannot cancel or whose node is not known."""
    node, activation = task.flow_task, None
    if node is not None and node.flow_class is process.flow_class:
        task.process = process
        activation = node.activation_class(task)
    may_cancel = getattr(activation, "cancel", None)
    if may_cancel is not None and node.task_type != "OBSOLETE" and may_cancel.can_proceed():
        may_cancel()
    else:
        Task.objects.filter(pk=task.pk).update(status=STATUS.CANCELED, finished=clock.now())


def end(process: Process) -> None:
    """End a process that nobody needs: done when it had come to its end, else cancelled."""
    clear(process)
    ends = [flow.end for flow in (ApplicationFlow, ReferralFlow)]
    over = process.task_set.filter(flow_task__in=ends, status=STATUS.DONE).exists()
    close(process, PROCESS.DONE if over else PROCESS.CANCELED)


def clear(process: Process) -> None:
    """Cancel whatever is active in a process."""
    for task in process.task_set.filter(status__in=ACTIVE).order_by("pk"):
        cancel(task, process)


def _last(process: Process | None, flow: Any) -> Any:
    """The last step of a running process of this flow; None when there is no such process."""
    if process is None or process.finished is not None or process.flow_class is not flow:
        return None
    known = process.task_set.filter(flow_task__in=list(flow.instance.nodes())).order_by("-pk")
    last = known.exclude(flow_task_type="BOUNDARY").exclude(flow_task__in=ESCALATIONS).first()
    if last is None:
        return None
    last.process = process
    return last.flow_task.activation_class(last)


def _waiting_at(process: Process, node: Any, owner: Any) -> Task | None:
    """The task that waits at a node, the owner's before others."""
    statuses = [STATUS.STARTED] if node is ApplicationFlow.refer else list(WAITING)
    found = list(process.task_set.filter(flow_task=node, status__in=statuses).order_by("pk"))
    return min(found, key=lambda task: (task.owner_id != owner, task.pk), default=None)
