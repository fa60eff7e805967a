"""A rule's condition taken apart into what a table and a form show, and put together again. Plain Python.

Subjects, places and categories stand in columns of their own. A group of subjects and single subjects, or
regions and districts, are one choice: it holds when one of them fits. Everything else is the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.rules.conditions import Tree
from routing.rules.facts import Fact, Kind

Chosen = Mapping[str, tuple[str, ...]]  # codes by fact

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "subject": ("topic", "subtopic"),
    "place": ("region", "district"),
    "people": ("categories",),
}
CHOSEN = tuple(fact for facts in COLUMNS.values() for fact in facts)


@dataclass(frozen=True)
class Condition:
    """What is chosen in the columns, and the other parts, all of which have to hold."""

    chosen: Chosen
    rest: tuple[Tree, ...] = ()


def taken_apart(tree: Tree | None) -> Condition:
    """The condition by column. What cannot stand in a column, or only a second time, is the rest."""
    chosen: dict[str, tuple[str, ...]] = {}
    rest = []
    for part in all_of(tree):
        found = _choice(part)
        if found and chosen.keys().isdisjoint(_beside(found)):
            chosen.update(found)
        else:
            rest.append(part)
    return Condition(chosen, tuple(rest))


def all_of(tree: Tree | None) -> Sequence[Tree]:
    """The parts that all have to hold."""
    match tree:
        case None:
            return ()
        case {"and": parts}:
            return tuple(parts)
    return (tree,)


def _choice(part: Tree) -> dict[str, tuple[str, ...]]:
    """The codes chosen by one part; empty when the part is no choice of a single column."""
    leaves = part.get("or", [part])
    found = {leaf["fact"]: tuple(leaf["in"]) for leaf in leaves if leaf.keys() == {"fact", "in"}}
    alike = any(found.keys() <= set(facts) for facts in COLUMNS.values())
    return found if found and alike and len(found) == len(leaves) else {}


def _beside(found: Mapping[str, Any]) -> set[str]:
    """All facts of the column that these facts belong to."""
    return {fact for facts in COLUMNS.values() if not found.keys().isdisjoint(facts) for fact in facts}


def put_together(condition: Condition) -> Tree | None:
    """The whole condition; None when it always holds."""
    parts = [*_of_columns(condition.chosen), *condition.rest]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"and": parts}


def _of_columns(chosen: Chosen) -> Iterator[Tree]:
    for facts in COLUMNS.values():
        leaves = [{"fact": fact, "in": list(chosen[fact])} for fact in facts if chosen.get(fact)]
        if leaves:
            yield leaves[0] if len(leaves) == 1 else {"or": leaves}


def same(one: Condition, other: Condition) -> bool:
    """Do both say the same, in whatever order?"""
    return bool(_bare(one) == _bare(other))


def _bare(condition: Condition) -> Any:
    chosen = {fact: frozenset(codes) for fact, codes in condition.chosen.items() if codes}
    return chosen, sorted(_spelled(part) for part in condition.rest)


def _spelled(part: Tree) -> str:
    """One spelling of a part, whatever the order of its values."""
    match part:
        case {"in": list(values)}:
            part = {**part, "in": sorted(values, key=repr)}
        case {"not": dict(inner)}:
            part = {"not": _spelled(inner)}
    return json.dumps(part, sort_keys=True)


# One line of a form -----------------------------------------------------------------------------------------

HOWS = ("in", "not_in", "between", "unknown", "known")


@dataclass(frozen=True)
class Line:
    """One further condition as a form shows it: a fact, how it is looked at, and its values as typed."""

    fact: str = ""
    how: str = "in"
    values: tuple[Any, ...] = ()
    low: str = ""
    high: str = ""

    @classmethod
    def of(cls, part: Tree, catalogue: Mapping[str, Fact]) -> Line | None:
        """The part as a line; None when it is nested or has values that the form cannot offer."""
        inner = part.get("not", part)
        turned = inner is not part
        fact = catalogue.get(inner.get("fact", ""))
        if fact is None:
            return None
        match inner:
            case {"unknown": True}:
                return cls(fact.code, "known" if turned else "unknown")
            case {"between": [low, high]} if not turned:
                return cls(fact.code, "between", low=_written(low), high=_written(high))
            case {"in": values} if fact.kind != Kind.NUMBER or _among(values, fact):
                return cls(fact.code, "not_in" if turned else "in", tuple(values))
        return None

    def tree(self) -> Tree:
        """The line as a condition; raises ``ValueError`` when no value was chosen or no number typed."""
        match self.how:
            case "unknown":
                return self._leaf({"unknown": True})
            case "known":
                return {"not": self._leaf({"unknown": True})}
            case "between":
                return self._leaf({"between": [_read(self.low), _read(self.high)]})
        if not self.values:
            raise ValueError("no value")
        leaf = self._leaf({"in": list(self.values)})
        return {"not": leaf} if self.how == "not_in" else leaf

    def _leaf(self, wanted: Tree) -> Tree:
        return {"fact": self.fact, **wanted}


def _among(values: Sequence[Any], fact: Fact) -> bool:
    return set(values) <= {option.value for option in fact.options}


def _written(bound: int | None) -> str:
    return "" if bound is None else str(bound)


def _read(text: str) -> int | None:
    return int(text) if text.strip() else None


def as_lines(rest: Sequence[Tree], catalogue: Mapping[str, Fact]) -> tuple[list[Line], list[Tree]]:
    """The rest of a condition: what a form shows in lines, and what only its notation can say."""
    lines, nested = [], []
    for part in rest:
        line = Line.of(part, catalogue)
        if line is None:
            nested.append(part)
        else:
            lines.append(line)
    return lines, nested
