"""Letting all stories happen in the order of time, in one process or in several side by side."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count
from multiprocessing import get_context
from typing import Any, cast

from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from access.models import User
from callcenter.accounts import ACCOUNTS
from events import clock
from workflows import firing

from .acts import Company, Performance, attempt
from .cast import Invented
from .material import Material
from .plan import Plan, Story

Step = Callable[[], None]
Tell = Callable[[int, int], None]  # steps done, applications registered

AHEAD = 6 * 3600.0  # how far, in played seconds, a process may be before the slowest one
STEP_STATE = 3  # numbers each process shares: steps done, applications registered, played instant


class Failed(Exception):
    """A process of the play ended badly; its own words are on stderr."""


def play(plan: Plan, material: Material, tell: Tell = lambda steps, registered: None) -> None:
    """Carry out the plan in this process. Any refusal is a defect of the plan and ends the play."""
    registered = 0
    steps = _in_order(plan, _company(plan, material), firing.play)
    for number, (_, verb, step) in enumerate(steps, start=1):
        step()
        registered += verb == "register"
        tell(number, registered)
    firing.play(clock.now())


def play_together(plan: Plan, material: Material, tell: Tell, *, processes: int) -> None:
    """Carry out the plan in several processes that keep the played time together.

    Whoever belongs to one household is played in one process, so nothing has to be shared but the
    database; the registration numbers therefore differ from run to run in the last digits. The clocks
    fire in this process, up to where the slowest one is: those ahead may stop one before it fires.
    """
    context = get_context("fork")
    shared = context.Array("d", STEP_STATE * processes, lock=False)
    connections.close_all()
    cast(DatabaseWrapper, connections["default"]).close_pool()  # its threads do not survive the fork
    children = [
        context.Process(target=_child, args=(part, material, shared, place), daemon=True)
        for place, part in enumerate(split(plan, processes))
    ]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        time.sleep(0.1)
        _fire_until(min(shared[2::STEP_STATE]))
        tell(int(sum(shared[0::STEP_STATE])), int(sum(shared[1::STEP_STATE])))
        if any(child.exitcode for child in children):
            break
    _end(children)
    firing.play(clock.now())


def _fire_until(seconds: float) -> None:
    """``seconds`` are the played instant; 0 before the play has begun, infinite after its end."""
    if 0 < seconds < float("inf"):
        firing.play(datetime.fromtimestamp(seconds, UTC))


def _end(children: Sequence[Any]) -> None:
    for child in children:
        if child.is_alive():
            child.terminate()
        child.join()
    if any(child.exitcode for child in children):
        raise Failed


def _child(plan: Plan, material: Material, shared: Any, place: int) -> None:
    """One process of the play: its part of the stories, in step with the others."""
    parent, own = os.getppid(), STEP_STATE * place
    others = [STEP_STATE * other + 2 for other in range(len(shared) // STEP_STATE) if other != place]
    try:
        for _, verb, step in _in_order(
            plan, _company(plan, material), partial(_keep_pace, shared, own + 2, others)
        ):
            step()
            shared[own] += 1
            shared[own + 1] += verb == "register"
            if os.getppid() != parent:
                os._exit(1)
        shared[own + 2] = float("inf")
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


def _keep_pace(shared: Any, own: int, others: list[int], instant: datetime) -> None:
    shared[own] = instant.timestamp()
    while any(shared[other] + AHEAD < shared[own] for other in others):
        time.sleep(0.002)


def split(plan: Plan, parts: int) -> list[Plan]:
    """The plan in parts, by household."""
    homes = _households(plan.people)
    return [
        Plan(
            plan.people,
            [story for story in plan.stories if homes[story.person] % parts == part],
            [call for call in plan.calls if homes[call.person or 0] % parts == part],
        )
        for part in range(parts)
    ]


def _households(people: list[Invented]) -> list[int]:
    homes: list[int] = []
    for place, one in enumerate(people):
        homes.append(homes[one.relation[0]] if one.relation else place)
    return homes


def steps_of(plan: Plan) -> int:
    return len(plan.calls) + sum(len(story.acts) for story in plan.stories)


def _company(plan: Plan, material: Material) -> Company:
    users = User.objects.filter(username__in=[account.username for account in ACCOUNTS])
    return Company(material, plan.people, {user.username: user for user in users})


def _in_order(
    plan: Plan, company: Company, pace: Callable[[datetime], None] = lambda instant: None
) -> Iterator[tuple[datetime, str, Step]]:
    """Everything in the order of time, each with the clock at its instant.

    Every story waits in the heap with its next act only.
    """
    order = count()  # decides between acts of the same instant
    heap: list[tuple[datetime, int, Iterator[tuple[datetime, str, Step]], str, Step]] = []

    def wait(steps: Iterator[tuple[datetime, str, Step]]) -> None:
        if following := next(steps, None):
            instant, verb, step = following
            heappush(heap, (instant, next(order), steps, verb, step))

    for story in plan.stories:
        wait(_steps(story, company))
    for call in plan.calls:
        wait(iter([(call.at, "call", partial(attempt, call, company))]))
    while heap:
        instant, _, steps, verb, step = heappop(heap)
        pace(instant)
        with clock.at(instant):
            yield instant, verb, step
        wait(steps)


def _steps(story: Story, company: Company) -> Iterator[tuple[datetime, str, Step]]:
    performance = Performance(story, company)
    for instant, act in story.acts:
        yield instant, act.verb, partial(getattr(performance, act.verb), *act.args)
