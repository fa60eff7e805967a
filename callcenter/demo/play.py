"""Letting all stories happen in the order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count

from access.models import User
from callcenter.accounts import ACCOUNTS
from events import clock

from .acts import Company, Performance, attempt
from .material import Material
from .plan import Plan, Story

Step = Callable[[], None]
Tell = Callable[[int, int], None]  # steps done, applications registered


def play(plan: Plan, material: Material, tell: Tell = lambda steps, registered: None) -> None:
    """Carry out the plan. Any refusal is a defect of the plan and ends the play."""
    users = {user.username: user for user in User.objects.filter(username__in=[a.username for a in ACCOUNTS])}
    company = Company(material, plan.people, users)
    registered = 0
    for number, (instant, verb, step) in enumerate(_in_order(plan, company), start=1):
        with clock.at(instant):
            step()
        registered += verb == "register"
        tell(number, registered)


def steps_of(plan: Plan) -> int:
    return len(plan.calls) + sum(len(story.acts) for story in plan.stories)


def _in_order(plan: Plan, company: Company) -> Iterator[tuple[datetime, str, Step]]:
    """Every story waits in the heap with its next act only."""
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
        yield instant, verb, step
        wait(steps)


def _steps(story: Story, company: Company) -> Iterator[tuple[datetime, str, Step]]:
    performance = Performance(story, company)
    for instant, act in story.acts:
        yield instant, act.verb, partial(getattr(performance, act.verb), *act.args)
