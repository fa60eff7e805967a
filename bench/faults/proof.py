"""Did a fault act? Only what was measured on the part itself counts. Plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .schedule import Fault, Kind

Evidence = Mapping[str, Any]


@dataclass
class Act:
    """A fault that was tried, and what was measured before, during and after it."""

    fault: Fault
    began: float
    ended: float = 0.0
    evidence: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def acted(self) -> bool:
        return not self.error and acted(self.fault.kind, self.evidence)

    def as_data(self) -> dict[str, Any]:
        told = {"began": round(self.began, 2), "ended": round(self.ended, 2), "acted": self.acted}
        return {**self.fault.as_data(), **told, "evidence": self.evidence, "error": self.error}


def acted(kind: Kind, evidence: Evidence) -> bool:
    """Is there proof? What was not measured is no proof."""
    match kind:
        case Kind.KILL_VALKEY:
            return _killed(evidence) and _changed(evidence, "run_id")
        case Kind.KILL_POSTGRES:
            return _killed(evidence) and _changed(evidence, "started")
        case Kind.KILL_WEB | Kind.KILL_RELAY | Kind.KILL_CLOCKS | Kind.KILL_JOBS:
            return _killed(evidence)
        case Kind.FREEZE_WEB | Kind.FREEZE_RELAY | Kind.FREEZE_CLOCKS | Kind.FREEZE_JOBS:
            return evidence.get("state_during") == "T" and evidence.get("state_after") not in (None, "T")
        case Kind.TERMINATE:
            return int(evidence.get("backends", 0)) > 0
        case Kind.CUT:
            return int(evidence.get("connections", 0)) > 0
        case Kind.STALL:
            return int(evidence.get("connections", 0)) > 0 and int(evidence.get("held_bytes", 0)) > 0
        case Kind.HALF_OPEN:
            return int(evidence.get("connections", 0)) > 0 and int(evidence.get("swallowed_bytes", 0)) > 0
        case Kind.FLUSH:
            return int(evidence.get("keys_before", 0)) > 0 and evidence.get("mark_after") == "gone"
    return False


def _killed(evidence: Evidence) -> bool:
    """It ended by signal 9, and another process runs in its place."""
    return evidence.get("signal") == 9 and evidence.get("alive") is True and _changed(evidence, "pid")


def _changed(evidence: Evidence, name: str) -> bool:
    before, after = evidence.get(f"{name}_before"), evidence.get(f"{name}_after")
    return before is not None and after is not None and before != after


def by_kind(acts: Iterable[Act]) -> dict[str, int]:
    """How many of each kind acted."""
    return dict(sorted(Counter(str(act.fault.kind) for act in acts if act.acted).items()))


def without_proof(planned: Iterable[Fault], acts: Iterable[Act]) -> list[str]:
    """Planned kinds of which not one acted: with such a kind the run proves nothing about it."""
    return sorted({str(fault.kind) for fault in planned} - set(by_kind(acts)))
