"""Which part is hurt when, and for how long: drawn from a seed before it happens. Plain Python."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Every way in which a part is hurt."""

    KILL_WEB = "kill web"
    KILL_RELAY = "kill relay"
    KILL_CLOCKS = "kill clocks"
    KILL_JOBS = "kill jobs"
    KILL_VALKEY = "kill valkey"
    KILL_POSTGRES = "kill postgres"
    FREEZE_WEB = "freeze web"
    FREEZE_RELAY = "freeze relay"
    FREEZE_CLOCKS = "freeze clocks"
    FREEZE_JOBS = "freeze jobs"
    TERMINATE = "terminate backends"
    CUT = "cut connections"
    STALL = "stall connections"
    HALF_OPEN = "half-open connections"
    FLUSH = "flush valkey"


ALONE = {Kind.KILL_VALKEY: "valkey", Kind.KILL_POSTGRES: "postgres", Kind.TERMINATE: "postgres"}
ALONE |= {Kind.FLUSH: "valkey"}
# Seconds a part stays away, frozen or silent.
LASTS = {Kind.KILL_WEB: (0.3, 1.0), Kind.KILL_VALKEY: (1.0, 1.0), Kind.KILL_POSTGRES: (0.5, 1.0)}
LASTS |= {kind: (3.0, 10.0) for kind in Kind if kind.startswith("freeze")}
LASTS |= {Kind.STALL: (3.0, 6.0), Kind.HALF_OPEN: (3.0, 6.0)}
# What shows that a missing key doubles and that a missing cursor loses.
OF_CONTROL = (Kind.HALF_OPEN, Kind.CUT, Kind.KILL_WEB, Kind.STALL, Kind.FREEZE_WEB, Kind.KILL_VALKEY)


@dataclass(frozen=True)
class Fault:
    """One planned fault. ``target`` is a part's name; ``at`` counts from the start of the nemesis."""

    number: int
    at: float
    kind: Kind
    target: str
    seconds: float

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def draw(
    seed: int, name: str, count: int, *, gap: tuple[float, float], kinds: tuple[Kind, ...] = tuple(Kind)
) -> list[Fault]:
    """``count`` faults, every kind once before any comes again; a gap may be shorter than a fault lasts."""
    dice = random.Random(f"{seed} {name} nemesis")
    order = list(kinds)
    dice.shuffle(order)
    order = [*order, *dice.choices(list(kinds), k=max(0, count - len(order)))][:count]
    faults, at = [], 0.0
    for number, kind in enumerate(order, 1):
        at += dice.uniform(*gap)
        seconds = dice.uniform(*LASTS.get(kind, (0.0, 0.0)))
        faults.append(Fault(number, round(at, 2), kind, _target(dice, kind), round(seconds, 2)))
    return faults


def _target(dice: random.Random, kind: Kind) -> str:
    number = dice.choice((1, 2))
    if kind in ALONE:
        return ALONE[kind]
    part = kind.split()[1] if kind.startswith(("kill", "freeze")) else "proxy"
    return f"{part} {number}"
