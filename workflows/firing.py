"""What time does by itself: levels fire, breaches escalate, waits end, and a new calendar takes hold.

Any number of these loops run side by side, on any hosts. Each turn does a bounded amount of work in
transactions of its own, so that a process killed anywhere leaves nothing half done and nothing twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from viewflow.workflow.exceptions import FlowLockFailed

from agencies.models import Hold
from events import clock
from events.catalog import Kind
from events.publish import publish
from sla import services as sla
from sla import sweep
from sla.models import Firing

from . import actions, boundaries
from .news import clock_news

log = logging.getLogger(__name__)

BATCH = 200  # levels fired in one transaction
TURN = 50  # escalations, ended waits and moved applications in one turn, one transaction each
TOGETHER = timedelta(seconds=5)  # played time is not cut finer than this
IDLE = 1.0  # seconds between two looks when nothing was due
SPELL = 1.0  # seconds after which one kind of work lets the others have their turn
SHORT = "200ms"  # how long a row that a command has in hand is waited for


@transaction.atomic
def fire(limit: int = BATCH, now: datetime | None = None) -> int:
    """Fire what has come: into the process, the record and the journal together. How many there were."""
    fired = sweep.fire(limit, now)
    if fired:
        boundaries.write(fired)
        sweep.record(fired)
        publish([_news(it) for it in fired])
    return len(fired)


def _news(it: sweep.Fired) -> Any:
    kind = Kind.CLOCK_BREACHED if it.firing.is_breach else Kind.CLOCK_WARNED
    told = clock_news(kind, it.firing, it.clock.application)
    told.data["notify"] = int(it.notifies)
    return told


def catch_up(now: datetime | None = None) -> int:
    """Batch after batch until nothing is left, or for a spell."""
    whole, end = 0, time.monotonic() + SPELL
    while done := fire(now=now):
        whole += done
        if done < BATCH or time.monotonic() > end:
            break
    return whole


def escalate() -> int:
    """Do what breaches lead to, the oldest first."""
    pending = Firing.objects.filter(pending=True).order_by("id").values_list("id", flat=True)
    return _each(pending[:TURN], actions.escalate)


def end_waits(now: datetime | None = None) -> int:
    """End the waits whose time is up."""
    over = Hold.objects.filter(ended_at=None, until__lte=now or clock.now()).order_by("until", "id")
    return _each(over[:TURN], actions.end_wait)


def recalendar() -> int:
    """Let clocks that still run by an earlier calendar run by the one in force."""
    return _each(sla.outdated(TURN), actions.recalendar)


def _each(items: Any, act: Callable[[Any], bool]) -> int:
    """One after the other, for a spell. What fails, as a busy row does, is said and left for a later turn."""
    done, end = 0, time.monotonic() + SPELL
    for item in items:
        try:
            done += _alone(act, item)
        except (DatabaseError, FlowLockFailed) as error:
            log.warning("%s is put off: %s", act.__name__, type(error).__name__)
        except Exception:  # a single record that cannot be right must not stop the clocks of all others
            log.exception("%s is put off", act.__name__)
        if time.monotonic() > end:
            break
    return done


@transaction.atomic
def _alone(act: Callable[[Any], bool], item: Any) -> bool:
    """In a transaction that gives way to people: what waits here makes every other clock late."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{SHORT}'")
    return act(item)


def turn(now: datetime | None = None) -> int:
    """One turn of everything; how much was done. Waits end first: what fires then knows of their end."""
    return end_waits(now) + catch_up(now) + escalate() + recalendar()


def play(until: datetime) -> None:
    """Let played time do what it would have done up to ``until``, each thing at its own time.

    What somebody else has in hand is left for the next time.
    """
    while (at := _next_instant()) is not None and at <= until:
        present = min(at + TOGETHER, until)
        with clock.at(present):
            if not turn(present):
                return


def _next_instant() -> datetime | None:
    """When something comes next: a level, or the end of a wait."""
    waits = Hold.objects.filter(ended_at=None).order_by("until").values_list("until", flat=True)
    return min(filter(None, (sweep.next_instant(), waits.first())), default=None)


class Loop:
    """Turns until stopped. Whatever fails, it goes on with a new connection: nobody would notice its end."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        try:
            while not self._stop.is_set():
                if not self._turn():
                    self._stop.wait(IDLE)
        finally:
            connection.close()

    def _turn(self) -> int:
        try:
            return turn()
        except Exception:
            log.exception("the clocks start over")
            connection.close()
            return 0
