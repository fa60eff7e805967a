"""What the clients were told. The checker starts from here, never from the database. Plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Told:
    """One acknowledged operation on one record."""

    intent: str
    operation: str
    record: str
    who: str
    version: int = 0


@dataclass
class History:
    """Of one phase. The keys of ``applications``, ``people`` and ``contacts`` are intents."""

    planned: set[str] = field(default_factory=set)
    applications: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    people: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    contacts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unknown: set[str] = field(default_factory=set)  # asked once, not answered: stored or not
    unfinished: dict[str, str] = field(default_factory=dict)  # intents given up, and why
    not_asked: int = 0  # intents whose time had passed, on a slow machine
    told: list[Told] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # answers that nobody should get here
    unanswered: Counter[str] = field(default_factory=Counter)  # by status or class of the error
    operations: int = 0
    attempts: int = 0
    latency: list[float] = field(default_factory=list)  # from the first attempt to the answer

    def last(self) -> dict[str, Told]:
        """The last word on each record."""
        return {it.record: it for it in self.told}


def percentile(values: list[float], share: float) -> float:
    """0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def spread(values: list[float], unit: float = 1.0) -> dict[str, float]:
    """Median, 99 of a hundred, and the greatest."""
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(percentile(values, share) * unit, 2) for name, share in shares.items()}
