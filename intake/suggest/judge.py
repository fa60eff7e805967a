"""How good suggestions and signs of distress are.

Of suggestions: how often the right subtopic is first or shown, and what a confidence is worth. Of signs: how
often they are missed, or met where there is none. Measured is what the operator would see, after the
thresholds: what is not shown is not right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from intake.distress import sign

from .labelled import Labelled
from .words import Found

BINS = 10

CALM = "calm"
"""How labels of texts begin in which nobody is in danger."""


class Judged(NamedTuple):
    """The subtopic a text is about beside what was suggested for it."""

    code: str
    found: Found

    @property
    def first(self) -> bool:
        return self.found[:1] != [] and self.found[0][0] == self.code

    @property
    def shown(self) -> bool:
        return any(code == self.code for code, _confidence in self.found)


@dataclass(frozen=True)
class Accuracy:
    """Shares of ``texts`` whose subtopic is first (``top1``) or shown (``top3``); ``silent``: nothing is."""

    texts: int
    top1: float
    top3: float
    silent: float


def accuracy(judged: Sequence[Judged]) -> Accuracy:
    """Shares over ``judged``, of which there is at least one."""
    total = len(judged)
    return Accuracy(
        texts=total,
        top1=round(sum(it.first for it in judged) / total, 3),
        top3=round(sum(it.shown for it in judged) / total, 3),
        silent=round(sum(not it.found for it in judged) / total, 3),
    )


def parts(named: Iterable[tuple[str, Judged]]) -> dict[str, Accuracy]:
    """The accuracy of each part, such as a topic, in the order of their names."""
    gathered: dict[str, list[Judged]] = defaultdict(list)
    for name, it in named:
        gathered[name].append(it)
    return {name: accuracy(gathered[name]) for name in sorted(gathered)}


def calibration_error(judged: Iterable[Judged]) -> float:
    """Expected calibration error over everything shown, in ten bins of confidence; 0 when nothing is shown.

    The mean distance between the confidence told and the share that was right (Naeini et al. 2015).
    """
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for it in judged:
        for code, confidence in it.found:
            bins[min(int(confidence * BINS), BINS - 1)].append((confidence, code == it.code))
    shown = sum(map(len, bins.values()))
    gaps = sum(abs(sum(told - right for told, right in one)) for one in bins.values())
    return round(gaps / shown, 3) if shown else 0.0


@dataclass(frozen=True)
class Signs:
    """How many texts are of danger and how many are calm, and the ids of those taken for the other."""

    danger: int
    calm: int
    misses: list[str]
    false_alarms: list[str]


def signs(texts: Sequence[Labelled]) -> Signs:
    """Signs of distress against labels. Crisis and emergency raise the same card: either one is found."""
    danger = [it for it in texts if not it.label.startswith(CALM)]
    calm = [it for it in texts if it.label.startswith(CALM)]
    return Signs(
        danger=len(danger),
        calm=len(calm),
        misses=[it.id for it in danger if sign(it.text) is None],
        false_alarms=[it.id for it in calm if sign(it.text) is not None],
    )
