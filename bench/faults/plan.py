"""What the clients are going to ask: one life per application, drawn from a seed. Plain Python."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# All their units belong to agencies that have an account.
SUBJECTS = (
    *("INS-STATUS", "RX-QUAL", "PRO-REPAIR", "PSY-COUNS", "SOC-DEBT", "MED-EXAM", "INS-CHARGE", "SOC-STIP"),
    *("SOC-ALLOW", "MED-DOC", "REH-HOME", "MED-TELE"),
)
URGENT = "MED-EMERG"  # its clocks run out within a minute, and nothing about it may wait
URGENTLY = 0.2
TWICE = 20  # every so manyth intent is submitted twice on purpose
NEW_CALLER = 0.25
IMPATIENT = 0.05


class Way(StrEnum):
    """How the life of an application goes."""

    LEFT = "left"  # registered, and nobody has done anything yet
    WAITING = "waiting"  # put on hold, and left so
    WHOLE = "whole"  # claimed, accepted, answered, confirmed
    HELD = "held"  # the same with a wait in between
    RELEASED = "released"  # claimed, given back, claimed by somebody else
    RETURNED = "returned"  # the lead sends it back, triage asks it again
    WITHDRAWN = "withdrawn"


OPEN_ENDED = (Way.LEFT, Way.WAITING)
WAITS = (Way.WAITING, Way.HELD)
ENDED = {Way.WHOLE: 40, Way.HELD: 12, Way.RELEASED: 12, Way.RETURNED: 12, Way.WITHDRAWN: 24}
BRIEF = {Way.WHOLE: 16, Way.HELD: 4, Way.RELEASED: 4, Way.RETURNED: 4, Way.WITHDRAWN: 72}  # by the thousand


class Twice(StrEnum):
    """A submission that comes twice with the same key."""

    NO = ""
    AFTER = "after"  # once more when the first is acknowledged
    AT_ONCE = "at once"  # to both processes in the same instant


@dataclass(frozen=True)
class Intent:
    """One application that somebody wants. ``name`` stands in its text, so that it can be counted."""

    name: str
    way: Way
    subject: str
    at: float  # seconds after the start, not earlier
    new_caller: bool = False
    twice: Twice = Twice.NO
    patient: bool = True  # asks until it is answered; otherwise once, and may never know


def draw(
    seed: int,
    name: str,
    count: int,
    *,
    seconds: float,
    stay_open: int,
    ended: Mapping[Way, int] = ENDED,
) -> list[Intent]:
    """``count`` intents spread over ``seconds``; about ``stay_open`` of them are never brought to an end,
    the others as ``ended`` weighs it."""
    dice = random.Random(f"{seed} {name} plan")
    left = min(0.25, stay_open / max(1, count))
    ways = list(ended), list(ended.values())
    return [_one(dice, name, number, seconds * number / max(1, count), left, ways) for number in range(count)]


def _one(
    dice: random.Random,
    name: str,
    number: int,
    at: float,
    left: float,
    ways: tuple[list[Way], list[int]],
) -> Intent:
    patient = dice.random() >= IMPATIENT
    if not patient or dice.random() < left:
        way = dice.choice(OPEN_ENDED) if patient else Way.LEFT
    else:
        way = dice.choices(ways[0], weights=ways[1])[0]
    twice = {0: Twice.AFTER, TWICE // 2: Twice.AT_ONCE}.get(number % TWICE, Twice.NO)
    return Intent(
        name=f"r-{name}-{number:06}",
        way=way,
        subject=URGENT if dice.random() < URGENTLY and way not in WAITS else dice.choice(SUBJECTS),
        at=round(at, 3),
        new_caller=dice.random() < NEW_CALLER,
        twice=twice if patient else Twice.NO,
        patient=patient,
    )


def names(intents: Sequence[Intent]) -> set[str]:
    return {intent.name for intent in intents}
