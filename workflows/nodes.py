"""Our node classes: the engine's shapes, with our guarantees.

* Everything happens in the command's transaction. A failing step propagates and rolls the whole
  command back; it is never stored as an ``ERROR`` task with the frame's local variables in it.
* A task row is written once when the step is over (automatic steps) or when it starts to wait.
* ``Spawn`` and ``ChildEnd`` join child processes to their parent without callbacks after commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from viewflow import this
from viewflow.workflow import flow, nodes
from viewflow.workflow.activation import Activation, process_not_cancelled
from viewflow.workflow.base import Node
from viewflow.workflow.models import Process, Task
from viewflow.workflow.nodes import mixins
from viewflow.workflow.status import PROCESS, STATUS

from events import clock

Links = Task.previous.through
WAITING = (STATUS.NEW, STATUS.ASSIGNED)
BESIDE = "waiting_beside"  # on a process: its waiting tasks beside the one that is being done
_unwritten: ContextVar[list[Any] | None] = ContextVar("unwritten_links", default=None)


@contextmanager
def links_together() -> Iterator[None]:
    """Write the links between the tasks of one walk through a diagram in one statement, at its end."""
    if _unwritten.get() is not None:
        yield
        return
    links: list[Any] = []
    token = _unwritten.set(links)
    try:
        yield
    finally:
        _unwritten.reset(token)
    Links.objects.bulk_create(links)


class OneRow:
    """Mixin: one insert per task; the links of a whole walk are one more."""

    task: Task
    create_next: Callable[[], Any]
    _activate_next: Callable[[set[Any]], None]
    came_from: Task | None = None

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> Any:
        task = flow_task.flow_class.task_class(
            process=prev_activation.process,
            flow_task=flow_task,
            token=token,
            data=data or {},
            created=clock.now(),
        )
        activation: Any = cls(task)  # type: ignore[call-arg]
        activation.came_from = prev_activation.task
        return activation

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)  # the engine keeps activations in sets before their rows have a key

    def insert(self) -> None:
        self.task.save(force_insert=True)
        links = _unwritten.get()
        if self.came_from is not None and links is not None:
            links.append(Links(from_task=self.task, to_task=self.came_from))

    @Activation.status.transition(source=STATUS.DONE)
    def activate_next(self) -> None:
        with links_together():
            self._activate_next(set(self.create_next()))

    def finish(self) -> None:
        """Write the finished task, whichever of insert and update it takes."""
        self.task.finished = clock.now()
        if self.task.pk is None:
            self.insert()
        else:
            self.task.save(update_fields=["status", "owner", "assigned", "started", "finished"])


class StartActivation(OneRow, nodes.StartActivation):
    @Activation.status.transition(source=STATUS.NEW)
    def execute(self) -> None:
        self.process.created = clock.now()
        self.process.save(force_insert=True)
        self.task.process = self.process
        self.complete()
        self.activate_next()

    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> Any:
        process = flow_task.flow_class.process_class(flow_class=flow_task.flow_class)
        present = clock.now()
        return cls(
            flow_task.flow_class.task_class(
                flow_task=flow_task, process=process, data={}, created=present, started=present
            )
        )

    @Activation.status.transition(source=STATUS.NEW, target=STATUS.DONE)
    def complete(self) -> None:
        self.finish()


class Start(flow.StartHandle):
    """A process begins because a command says so."""

    activation_class = StartActivation


class StepActivation(OneRow, nodes.FunctionActivation):
    @Activation.status.super()
    def activate(self) -> None:
        self.task.started = clock.now()
        self.flow_task._func(self)

    @Activation.status.super()
    def complete(self) -> None:
        self.finish()


class Rule(flow.BusinessRule):
    """An automatic step that decides."""

    activation_class = StepActivation


class ChoiceActivation(OneRow, nodes.SwitchActivation):
    @Activation.status.super()
    def activate(self) -> None:
        self.next_task = next(
            (node for node, holds in self.flow_task._branches if holds is None or holds(self)), None
        )
        if self.next_task is None:
            raise LookupError(f"{self.flow_task.name}: no branch fits")

    @Activation.status.super()
    def complete(self) -> None:
        self.finish()


class Choice(flow.Switch):
    """An exclusive gateway."""

    activation_class = ChoiceActivation


class HumanActivation(OneRow, nodes.ViewActivation):
    @classmethod
    def create(
        cls, flow_task: Any, prev_activation: Any, token: Any, data: Any = None, seed: Any = None
    ) -> Any:
        activation = super().create(flow_task, prev_activation, token, data, seed)
        activation.task.owner_permission = flow_task.calc_owner_permission(activation)
        activation.insert()
        return activation

    def prepare_revived_task(self, task: Task) -> None:
        # The stock revive forgets the queue, which would open the task to every agency.
        task.owner_permission = self.task.owner_permission

    @Activation.status.super()
    def assign(self, user: Any) -> None:
        self.task.owner = user
        self.task.assigned = clock.now()
        self.task.save(update_fields=["status", "owner", "assigned"])

    @Activation.status.super()
    def unassign(self) -> None:
        self.task.owner = None
        self.task.assigned = None
        self.task.save(update_fields=["status", "owner", "assigned"])

    @Activation.status.super()
    def complete(self) -> None:
        self.finish()

    @Activation.status.super()
    def cancel(self) -> None:
        self.finish()

    def do(self, user: Any) -> None:
        """``user`` did it: the task is theirs, done, and the process goes on."""
        if self.task.owner_id != user.pk:
            self.task.owner, self.task.assigned = user, clock.now()
        self.task.status = STATUS.ASSIGNED
        self.start(None)
        self.execute()

    @Activation.status.super()
    def start(self, request: Any) -> None:
        self.task.started = clock.now()


def no_page(*args: Any, **kwargs: Any) -> None:
    """Tasks have no page of the engine's; people act through ``workflows.actions``."""
    raise NotImplementedError("act through workflows.actions")


class HumanTask(flow.View):
    """A person's turn. ``queue`` names whose: a function of the activation returning a queue code."""

    activation_class = HumanActivation

    def __init__(self, queue: Callable[[Any], str]) -> None:
        super().__init__(no_page)
        self.Permission(queue)


class SpawnActivation(OneRow, mixins.NextNodeActivationMixin, Activation):
    """Starts a child process per item and waits until enough of them have ended."""

    round: tuple[bool, list[Process]] | None = None

    @Activation.status.super()
    def activate(self) -> None:
        self.task.started = clock.now()
        self.task.status = STATUS.STARTED
        self.insert()
        self.spawn(self.flow_task.items(self))

    def spawn(self, items: list[dict[str, Any]]) -> None:
        """Start one child per item; also later, while this task waits."""
        for item in items:
            self.flow_task.child_start.run(_parent_task=self.task, **item)
        if items:
            self.flow_task.started(items)

    def is_satisfied(self) -> bool:
        if self.round is None:  # asked once, though the engine asks before the move and in it
            self.round = self.flow_task.satisfied(self)
        return self.round[0]

    @Activation.status.transition(source=STATUS.STARTED, target=STATUS.DONE, conditions=[is_satisfied])
    def complete(self) -> None:
        _, leftover = self.round or (True, [])
        for child in leftover:
            cancel_process(child)
        self.finish()

    @Activation.status.transition(
        source=[STATUS.NEW, STATUS.STARTED], target=STATUS.CANCELED, conditions=[process_not_cancelled]
    )
    def cancel(self) -> None:
        cancel_children(self.task)
        self.finish()


class Spawn(mixins.NextNodeMixin, Node):
    """BPMN call activity over several items: one child process each (the open engine has none).

    ``satisfied`` says whether the round is over and which child processes nobody waits for then.
    """

    activation_class = SpawnActivation
    task_type = "SUBPROCESS"
    bpmn_element = "callActivity"
    shape = {
        "width": 150,
        "height": 100,
        "text-align": "middle",
        "svg": """
            <rect class="task" width="150" height="100" rx="5" ry="5" stroke-width="4"/>
            <path d="M 66 92 l 0 -12 M 75 92 l 0 -12 M 84 92 l 0 -12" stroke="rgb(0, 0, 0)"/>
        """,
    }

    def __init__(
        self,
        child_start: Any,
        items: Callable[[Any], list[dict[str, Any]]],
        satisfied: Callable[[Any], tuple[bool, list[Process]]],
        started: Callable[[list[dict[str, Any]]], None],
    ) -> None:
        super().__init__()
        self.child_start = child_start
        self.items = items
        self.satisfied = satisfied
        self.started = started

    def bpmn_content(self) -> str:
        return "<bpmn:multiInstanceLoopCharacteristics/>"

    def bpmn_attrs(self) -> dict[str, str]:
        return {"calledElement": f"id_process_{self.child_start.flow_class.instance.flow_label}"}


class ClockActivation(OneRow, mixins.NextNodeActivationMixin, Activation):
    """The token of a clock that has fired: it is never armed and never waits."""

    @Activation.status.super()
    def activate(self) -> None:
        raise NotImplementedError("sla says when a clock fires; workflows.firing writes its row")


class OnClock(mixins.NextNodeMixin, Node):
    """A timer on the edge of an activity that does not interrupt it (BPMN boundary event).

    Arming the engine's own timers costs five statements per task, and they outlive what they hang
    on. Here ``sla`` knows when the time has come; only then is the row of this node written, done.
    """

    activation_class = ClockActivation
    task_type = "BOUNDARY"
    bpmn_element = "boundaryEvent"
    shape = {"width": 26, "height": 26, "svg": ""}

    def __init__(self, host: Any, *, breach: bool) -> None:
        super().__init__()
        self._attached_to = host
        self.breach = breach

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self._attached_to = this.resolve(instance, self._attached_to)

    @property
    def host(self) -> Any:
        """The activity it hangs on."""
        return self._attached_to

    def bpmn_content(self) -> str:
        return "<bpmn:timerEventDefinition/>"

    def bpmn_attrs(self) -> dict[str, str]:
        return {"attachedToRef": f"id_node_{self.host.name}", "cancelActivity": "false"}


class EndActivation(OneRow, nodes.EndActivation):
    @Activation.status.super()
    def activate(self) -> None:
        self.task.started = clock.now()
        for task in waiting_beside(self.process):
            task.process = self.process
            task.flow_task.activation_class(task).cancel()
        close(self.process, PROCESS.DONE)

    @Activation.status.super()
    def complete(self) -> None:
        self.finish()
        if self.process.parent_task_id is not None:
            resume(self.process.parent_task_id)


class End(flow.End):
    """The process is over; a parent that waits for it is looked at in the same transaction."""

    activation_class = EndActivation


def waiting_beside(process: Process) -> list[Task]:
    """What still waits when a process ends: escalations, which nobody needs any more then.

    ``work.open_task`` has read them already with the task whose end is the end of the process.
    """
    known: list[Task] | None = process.__dict__.get(BESIDE)
    if known is None:
        known = list(Task.objects.filter(process=process, status__in=WAITING))
    return known


def close(process: Process, status: str) -> None:
    process.status = status
    process.finished = clock.now()
    process.save(update_fields=["status", "finished"])


def resume(parent_task: int) -> None:
    """Let a waiting ``Spawn`` go on if it is satisfied now. Harmless when it already went on."""
    process = Process.objects.select_for_update(no_key=True).get(task=parent_task)
    task = Task.objects.get(pk=parent_task)  # read after the lock: it may have gone on meanwhile
    task.process = process
    activation = task.flow_task.activation_class(task)
    if activation.complete.can_proceed():
        activation.complete()
        activation.activate_next()


def cancel_process(process: Process) -> None:
    """Cancel a process with its waiting tasks and its children (the stock cancel forgets those)."""
    for task in process.task_set.filter(finished=None).select_related("process"):
        task.flow_task.activation_class(task).cancel()
    close(process, PROCESS.CANCELED)


def cancel_children(task: Task) -> None:
    for child in Process.objects.filter(parent_task=task, finished=None).order_by("pk"):
        cancel_process(child)
