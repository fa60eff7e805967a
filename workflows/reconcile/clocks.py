"""Repairs of time: clocks, their levels and what follows a breach, and waits.

A promise is never reset by a repair: what runs again runs from when it began, and is reckoned anew from
the records.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from access.permissions import may
from access.policy import Action
from agencies import services as referrals
from agencies.lifecycle import ReferralState
from agencies.models import Hold, Referral
from events import clock
from events.catalog import Kind
from events.models import Event
from events.publish import publish
from intake import services as intake
from intake.models import Application
from sla import services as sla
from sla.models import Clock, Firing
from sla.plans import attach, plan
from sla.policy import SHARES
from sla.sweep import Fired
from workflows import actions, boundaries, firing, timing, work
from workflows.actions.locking import lock as lock_part
from workflows.flows import ReferralFlow
from workflows.locks import lock_process
from workflows.news import clock_news, referral_news
from workflows.nodes import WAITING, OnClock

from .audit import Finding
from .engine import application_of, number
from .rebuild import cancel, locked_parts, stand

REACHED = {ReferralState.REQUESTED: (), ReferralState.ACCEPTED: ("accept",)}  # later: all but the answer


def locked(finding: Finding) -> Application | None:
    """The application that a finding is about, locked first as in every command."""
    application = application_of(finding.record)
    return intake.lock(application) if application else None


# --- running and stopping -----------------------------------------------------------------------------


@transaction.atomic
def stop(finding: Finding) -> bool:
    """Stop the clocks of what is over when it ended, or now where that is not known."""
    row = locked(finding)
    for it in Clock.objects.filter(application=row, stopped_at=None).select_related("referral"):
        record = it.referral or row
        if record is None or record.is_open:
            continue
        ended = it.referral.finished_at if it.referral else row and row.closed_at
        it.stopped_at, it.next_at, it.paused_until = ended or clock.now(), None, None
        it.save(update_fields=["stopped_at", "next_at", "paused_until"])
    return row is not None


@transaction.atomic
def run_on(finding: Finding) -> bool:
    """Let the promise, or a unit's share, run: the one that was stopped, else one from its beginning."""
    row = locked(finding)
    if row is None:
        return False
    part = next((it for it in locked_parts(row) if str(it.pk) == finding.record), None)
    running = Clock.objects.filter(application=row, referral=part, stopped_at=None)
    if not (part or row).is_open or running.filter(measure__in=("resolution", "resolve")).exists():
        return False
    if part is None:
        stopped = Clock.objects.filter(application=row, measure="resolution").order_by("-instance", "-pk")
        if not _restart(stopped.first()):
            _promise(row)
    elif not _restart(Clock.objects.filter(referral=part, measure="resolve").first()):
        _share(row, part)
    _reckon(row)
    return True


def _restart(it: Clock | None) -> bool:
    if it is None:
        return False
    it.stopped_at = None
    it.next_at = it.instants[it.level] if it.level < len(it.instants) else None
    it.save(update_fields=["stopped_at", "next_at"])
    return True


def _promise(row: Application) -> None:
    """Without a trace of it, the promise counts from the registration, or from the last reopening."""
    reopenings = Event.objects.filter(application=row.pk, kind=Kind.APPLICATION_REOPENED)
    reopened = reopenings.order_by("-id").first()
    since = reopened.at if reopened else row.registered_at
    own = plan(row, resolve=row.subtopic.resolve, priority=row.priority, start=since)
    Clock.objects.bulk_create(attach([own.resolution], row))


def _share(row: Application, part: Referral) -> None:
    """The shares that the unit still owes, from when it was asked."""
    reached = REACHED.get(ReferralState(part.state), SHARES[:-1])
    own = plan(row, resolve=row.subtopic.resolve, priority=row.priority, start=part.requested_at)
    known = set(Clock.objects.filter(referral=part).values_list("measure", flat=True))
    wanted = [it for it in own.shares(part.unit.path, row.due_at) if it.measure not in known.union(reached)]
    sla.start_shares(row, [(part, wanted)])


def _reckon(row: Application) -> None:
    """Reckon all running clocks from the records, and show in the lists what they say."""
    sla.refresh(row)
    show(row)


def show(row: Application) -> None:
    timing.show(row, Clock.objects.filter(application=row, stopped_at=None).order_by("pk"))


@transaction.atomic
def copy_due(finding: Finding) -> bool:
    """Show in lists what the running clocks say, by the ordinary verb and with its event."""
    row = locked(finding)
    if row is not None:
        show(row)
    return row is not None


# --- levels -------------------------------------------------------------------------------------------


@transaction.atomic
def count_levels(finding: Finding) -> bool:
    """Let each clock count what it fired. More levels than it has are for a person."""
    row = locked(finding)
    clocks = list(Clock.objects.select_for_update(no_key=True).filter(application=row).order_by("pk"))
    if any(it.firings.count() > len(it.levels) for it in clocks):
        return False
    for it in clocks:
        fired = list(it.firings.order_by("pk"))
        wrong = [(one, level) for one, level in zip(fired, it.levels, strict=False) if one.level != level]
        # Aside first: a level is there once, also while two of them change places.
        Firing.objects.filter(pk__in=[one.pk for one, _ in wrong]).update(level=F("level") + 1000)
        for one, level in wrong:
            Firing.objects.filter(pk=one.pk).update(level=level)
        if it.level != len(fired):
            it.level = len(fired)
            it.save(update_fields=["level"])
    return set_next(finding)


@transaction.atomic
def set_next(finding: Finding) -> bool:
    """Let each running clock say when its next level comes, from instants that are reckoned anew."""
    row = locked(finding)
    if row is None:
        return False
    for it in Clock.objects.select_for_update(no_key=True).filter(application=row, stopped_at=None):
        it.next_at = it.instants[it.level] if it.level < len(it.instants) else None
        it.due_at = it.instants[-1]
        it.save(update_fields=["next_at", "due_at"])
    _reckon(row)
    return True


def fire(finding: Finding) -> bool:
    """Fire what is due, as the loop would: all of it, since one that waits means that nobody sweeps."""
    fired = 0
    while some := firing.fire():
        fired += some
    return fired > 0


@transaction.atomic
def draw(finding: Finding) -> bool:
    """Give each level that fired its row in the process of what its clock is of, where that is at work."""
    row = locked(finding)
    if row is None:
        return False
    locked_parts(row)
    rows = Firing.objects.filter(clock__application=row, boundary__isnull=False).order_by("pk")
    for it in rows.select_related("clock__application", "clock__referral", "boundary"):
        process = (it.clock.referral or it.clock.application).process_id
        runs = it.clock.referral_id is not None or it.clock.stopped_at is None
        if it.boundary is not None and runs and it.boundary.process_id != process:
            it.boundary = _own_row(it, process)
            if it.boundary is None:
                boundaries.write([Fired(it, it.clock, ())])
            it.save(update_fields=["boundary"])
        if it.boundary is not None and it.boundary.status != STATUS.DONE:
            Task.objects.filter(pk=it.boundary_id).update(status=STATUS.DONE, finished=it.fired_at)
    return True


def _own_row(it: Firing, process: int | None) -> Task | None:
    """The row that was written for a level, if it is still there and nobody else's."""
    rows = Task.objects.filter(process=process, flow_task_type="BOUNDARY", created=it.due_at)
    others = Firing.objects.filter(boundary__in=rows).exclude(pk=it.pk).values("boundary")
    fits = (row for row in rows.exclude(pk__in=others).order_by("pk") if isinstance(row.flow_task, OnClock))
    return next((row for row in fits if row.flow_task.breach == it.is_breach), None)


# --- what follows a breach ----------------------------------------------------------------------------


def follow_up(finding: Finding) -> bool:
    """Do what the breaches of an application lead to, by the ordinary action."""
    application = application_of(finding.record)
    pending = Firing.objects.filter(pending=True, clock__application=application).order_by("pk")
    done = [actions.escalate(pk) for pk in pending.values_list("pk", flat=True)]
    return any(done)


@transaction.atomic
def escalate(finding: Finding) -> bool:
    """Let supervisors see each breach that is to be settled, and none that is."""
    if finding.record.startswith("task"):
        task = Task.objects.get(pk=number(finding.record))
        breach = Firing.objects.filter(task=task).first() or _breach_behind(task)
    else:
        task, breach = None, Firing.objects.get(pk=number(finding.record))
    if breach is None:
        return _drop(task)
    row = intake.lock(breach.clock.application_id)
    breach = Firing.objects.select_for_update(no_key=True).get(pk=breach.pk)
    if breach.settled_at is not None and breach.settled_by is None:
        breach.settled_at = None  # nobody has stepped in
        breach.save(update_fields=["settled_at"])
    if breach.settled_at is not None:
        return _close(breach)
    if task is not None and breach.task_id is None:
        breach.task = task
        breach.save(update_fields=["task"])
    return _ask(breach, row)


def _breach_behind(task: Task) -> Firing | None:
    """The breach that a task without one came from: its row says so."""
    return Firing.objects.filter(boundary__in=task.previous.all(), task=None).first()


def _drop(task: Task | None) -> bool:
    if task is not None:
        process = lock_process(task.process_id)
        cancel(task, process)
    return task is not None


def _close(breach: Firing) -> bool:
    """It is settled: its task is done by whoever settled it."""
    task = breach.task
    if task is not None and task.status in WAITING:
        boundaries.settle(breach, breach.settled_by)
    elif task is not None:
        Task.objects.filter(pk=task.pk).update(status=STATUS.DONE, finished=breach.settled_at)
    return True


def _ask(breach: Firing, row: Application) -> bool:
    """Open the supervisor's task again, from the row of the breach in the running process."""
    record = breach.clock.referral or row
    task = breach.task
    if task is not None and task.status in WAITING:
        if task.process_id == record.process_id and task.process.finished is None:
            return True
        _drop(task)
    if record.is_open:
        breach.task = None
        if breach.boundary is None:
            boundaries.write([Fired(breach, breach.clock, ())])
        breach.save(update_fields=["task", "boundary"])
        _open(breach, row)
    return True


def _open(breach: Firing, row: Application) -> None:
    edge = breach.boundary
    if edge is None:
        return
    edge.process = lock_process(edge.process_id)
    if edge.process.finished is None:
        breach.task = stand(edge.flow_task.flow_class.escalation, edge.flow_task.activation_class(edge))
        breach.save(update_fields=["task"])
        publish([clock_news(Kind.ESCALATION_OPENED, breach, row)])


# --- waiting ------------------------------------------------------------------------------------------


@transaction.atomic
def end_hold(finding: Finding) -> bool:
    """A wait whose time is up ends at its planned end, by the ordinary action."""
    found = Hold.objects.filter(referral=UUID(finding.record), ended_at=None).first()
    return found is not None and actions.end_wait(found)


@transaction.atomic
def agree_on_wait(finding: Finding) -> bool:
    """Without a wait that would end nothing is on hold; and what is not on hold does not wait."""
    part = lock_part(UUID(finding.record))
    if (part.state == ReferralState.ON_HOLD) == part.holds.filter(ended_at=None).exists():
        return False
    if part.state == ReferralState.ON_HOLD:
        referrals.advance(part, ReferralState.IN_PROGRESS)
        publish([referral_news(Kind.REFERRAL_RESUMED, part)])
    else:
        Hold.objects.filter(referral=part, ended_at=None).update(ended_at=_ended(part))
    timing.refresh(part.application_id, row=part)
    return True


def _ended(part: Referral) -> datetime:
    return part.finished_at or clock.now()


@transaction.atomic
def take_back(finding: Finding) -> bool:
    """What is held by somebody who may not act goes back to its queue, as if it had been released."""
    if finding.record.startswith("task"):
        task: Any = Task.objects.get(pk=number(finding.record))
        task.process = lock_process(task.process_id)
        task.status = STATUS.ASSIGNED  # it has an owner, whatever it says
        task.flow_task.activation_class(task).unassign()
        return True
    part = lock_part(UUID(finding.record))
    if part.assignee is None or may(part.assignee, Action.REFERRAL_WORK, part):
        return False
    referrals.release(part)
    work.open_task(part.process, ReferralFlow.work).unassign()
    publish([referral_news(Kind.REFERRAL_RELEASED, part)])
    return True
