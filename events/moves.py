"""A state table: which moves a record may make. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Generic, TypeVar

from .errors import IllegalMove

S = TypeVar("S", bound=StrEnum)


class Moves(Generic[S]):
    """The table of one kind of record. Every state is a key; what is not listed is refused."""

    def __init__(self, record: str, table: Mapping[S, Set[S]]) -> None:
        self.record = record
        self.table = {state: frozenset(targets) for state, targets in table.items()}

    def allowed(self, state: S, target: S) -> bool:
        return target in self.table[state]

    def check(self, state: S, target: S) -> None:
        """Raise ``IllegalMove`` unless ``state -> target`` is in the table."""
        if not self.allowed(state, target):
            raise IllegalMove(self.record, state, target)

    def pairs(self) -> list[tuple[S, S, bool]]:
        """All ordered pairs of states with their verdict, for tests and documentation."""
        return [(a, b, self.allowed(a, b)) for a in self.table for b in self.table]
