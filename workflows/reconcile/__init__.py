"""Does everything agree? Invariants across application, referral, engine, clock and journal.

``audit`` asks, ``invariants`` say what holds, ``repairs`` put right what can be decided: the records are
the truth (``truth``), the engine's rows follow from them (``rebuild``), copies from their owners
(``clocks``), and the journal tells of it (``journal``). ``docs/runbook.md`` says it for people.
"""

from . import invariants
from .audit import INVARIANTS, Finding, checked, invariant, run
from .repairs import FAILED, FOR_PEOPLE, REPAIRS, repair

__all__ = [
    "FAILED",
    "FOR_PEOPLE",
    "INVARIANTS",
    "REPAIRS",
    "Finding",
    "checked",
    "invariant",
    "invariants",
    "repair",
    "run",
]
