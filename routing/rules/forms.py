"""The normal form of conditions: alternatives of cells, one cell per fact.

A condition holds for exactly the facts of its alternatives, also when something is unknown, so overlaps and
shadows can be found without trying facts, and each alternative is a row of a decision table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import inf
from typing import Any

from .conditions import Tree
from .facts import Fact, Kind

MOST = 256  # alternatives of one condition; more is no table anybody could read


class TooManyAlternatives(ValueError):
    """A condition with more than ``MOST`` alternatives."""


@dataclass(frozen=True)
class Cell:
    """What one fact has to be. Without any limit: known, whatever it is.

    ``within`` and ``out_of`` bound a single value; of a fact with several values each set of ``meets``
    has to be met by one of them, and none may be in ``out_of``. ``low`` and ``high`` are inclusive.
    """

    unknown: bool = False
    within: frozenset[Any] | None = None
    out_of: frozenset[Any] = frozenset()
    meets: frozenset[frozenset[Any]] = frozenset()
    low: float = -inf
    high: float = inf

    def __and__(self, other: Cell) -> Cell | None:
        """Both at once; None when no value can be both."""
        if self.unknown or other.unknown:
            return self if self.unknown and other.unknown else None
        both = [cell for cell in (self.within, other.within) if cell is not None]
        out_of = self.out_of | other.out_of
        joined = Cell(
            within=frozenset.intersection(*both) - out_of if both else None,
            out_of=frozenset() if both else out_of,
            meets=self.meets | other.meets,
            low=max(self.low, other.low),
            high=min(self.high, other.high),
        )
        return joined if joined.is_possible() else None

    def is_possible(self) -> bool:
        """Can any value be so?"""
        if self.low > self.high or any(not (wanted - self.out_of) for wanted in self.meets):
            return False
        return self.within is None or any(self._in_bounds(value) for value in self.within)

    def _in_bounds(self, value: Any) -> bool:
        bounded = self.low > -inf or self.high < inf
        return not bounded or (isinstance(value, int) and self.low <= value <= self.high)

    def covers(self, other: Cell) -> bool:
        """Is every value of ``other`` one of ours? May miss a cover, never invents one."""
        if self.unknown or other.unknown:
            return self.unknown and other.unknown
        if other.within is not None:
            return all(
                self._in_bounds(value)
                and value not in self.out_of
                and (self.within is None or value in self.within)
                for value in other.within
                if other._in_bounds(value)
            )
        met = all(any(theirs - other.out_of <= ours for theirs in other.meets) for ours in self.meets)
        return (
            self.within is None
            and met
            and self.out_of <= other.out_of
            and self.low <= other.low
            and other.high <= self.high
        )


@dataclass(frozen=True)
class Row:
    """One alternative: every fact named has to be as its cell says, the others do not matter."""

    cells: Mapping[str, Cell] = field(default_factory=dict)

    def __and__(self, other: Row) -> Row | None:
        cells = dict(self.cells)
        for code, cell in other.cells.items():
            joined = cells[code] & cell if code in cells else cell
            if joined is None:
                return None
            cells[code] = joined
        return Row(cells)

    def covers(self, other: Row) -> bool:
        return all(
            code in other.cells and cell.covers(other.cells[code]) for code, cell in self.cells.items()
        )


@dataclass(frozen=True)
class Setting:
    """What is known of the facts: their kinds, and which codes lie under which (subtopics, districts)."""

    catalogue: Mapping[str, Fact]
    under: Mapping[str, tuple[str, Mapping[str, frozenset[str]]]] = field(default_factory=dict)
    """By the wider fact: the narrower one and its codes by the wider code (topic -> subtopic)."""


def rows(tree: Tree, setting: Setting) -> list[Row]:
    """The alternatives under which a resolved tree holds. Raises ``TooManyAlternatives``."""
    return _rows(tree, setting, wanted=True)


def _rows(tree: Tree, setting: Setting, *, wanted: bool) -> list[Row]:
    match tree:
        case {"not": part}:
            return _rows(part, setting, wanted=not wanted)
        case {"and": parts} | {"or": parts}:
            each = [_rows(part, setting, wanted=wanted) for part in parts]
            return _all_of(each) if ("and" in tree) == wanted else _any_of(each)
    return _leaf(tree, setting, wanted=wanted)


def _any_of(each: Iterable[list[Row]]) -> list[Row]:
    return _bounded([row for one in each for row in one])


def _all_of(each: list[list[Row]]) -> list[Row]:
    result = [Row()]
    for alternatives in each:
        joined = [left & right for left, right in product(result, alternatives)]
        result = _bounded([row for row in joined if row is not None])
    return result


def _bounded(found: list[Row]) -> list[Row]:
    if len(found) > MOST:
        raise TooManyAlternatives
    return found


def _leaf(tree: Tree, setting: Setting, *, wanted: bool) -> list[Row]:
    code = tree["fact"]
    if tree.get("unknown"):
        narrow, _below = setting.under.get(code, (code, {}))  # both are known, or neither
        return [Row({narrow: Cell(unknown=wanted)})]
    if "between" in tree:
        low, high = tree["between"]
        return _between(code, low, high, wanted=wanted)
    values = frozenset(tree["in"])
    if code in setting.under:
        code, below = setting.under[code]
        values = frozenset(narrow for wide in values for narrow in below.get(wide, ()))
    if setting.catalogue[code].kind == Kind.CODES:
        cell = Cell(meets=frozenset({values})) if wanted else Cell(out_of=values)
    else:
        cell = Cell(within=values) if wanted else Cell(out_of=values)
    return [Row({code: cell})] if cell.is_possible() else []


def _between(code: str, low: int | None, high: int | None, *, wanted: bool) -> list[Row]:
    if wanted:
        cell = Cell(low=-inf if low is None else low, high=inf if high is None else high)
        return [Row({code: cell})] if cell.is_possible() else []
    below = [Row({code: Cell(high=low - 1)})] if low is not None else []
    above = [Row({code: Cell(low=high + 1)})] if high is not None else []
    return below + above


def meet(one: Iterable[Row], other: Iterable[Row]) -> Row | None:
    """Facts that both conditions hold for, if there are any."""
    return next((both for a, b in product(one, other) if (both := a & b) is not None), None)


def hides(one: Iterable[Row], other: Iterable[Row]) -> bool:
    """Does ``one`` hold whenever ``other`` does? May miss it, never invents it."""
    ours = list(one)
    return all(any(row.covers(theirs) for row in ours) for theirs in other)
