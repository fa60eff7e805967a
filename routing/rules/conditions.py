"""Conditions: a small typed tree with three-valued logic (Kleene's strong tables).

``{"and": [...]}``, ``{"or": [...]}``, ``{"not": ...}``, ``{"term": name}`` and the leaves
``{"fact": code, "in": [values]}``, ``{"fact": code, "between": [low, high]}`` (both included, ``null`` is
open) and ``{"fact": code, "unknown": true}``. An empty ``and`` always holds. A leaf about an unknown fact
is neither true nor false, except ``unknown``, which is always one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .facts import Facts

Truth = bool | None
Test = Callable[[Facts], Truth]
Tree = Mapping[str, Any]

ALWAYS: Tree = {"and": []}


class Cycle(ValueError):
    """Terms that are defined by themselves; ``name`` is one of them."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Failing:
    """The first condition that does not hold: what was wanted of which fact, and what was found.

    ``wanted`` is the leaf without its fact, within ``{"not": ...}`` when it had to fail.
    """

    fact: str
    wanted: Mapping[str, Any]
    found: Any


Failure = Callable[[Facts], Failing | None]


def resolved(tree: Tree, terms: Mapping[str, Tree], _within: tuple[str, ...] = ()) -> Tree:
    """The tree with every term replaced by its definition. Raises ``Cycle``; ``KeyError`` for no term."""
    match tree:
        case {"term": name}:
            if name in _within:
                raise Cycle(name)
            return resolved(terms[name], terms, (*_within, name))
        case {"and": parts}:
            return {"and": [resolved(part, terms, _within) for part in parts]}
        case {"or": parts}:
            return {"or": [resolved(part, terms, _within) for part in parts]}
        case {"not": part}:
            return {"not": resolved(part, terms, _within)}
    return tree


def leaves(tree: Tree) -> Iterator[Tree]:
    """Every leaf of a resolved tree, in order."""
    match tree:
        case {"and": parts} | {"or": parts}:
            for part in parts:
                yield from leaves(part)
        case {"not": part}:
            yield from leaves(part)
        case _:
            yield tree


def predicate(tree: Tree) -> Test:
    """A function from facts to true, false or unknown (``None``) for a resolved tree."""
    match tree:
        case {"and": parts}:
            return _every([predicate(part) for part in parts])
        case {"or": parts}:
            return _some([predicate(part) for part in parts])
        case {"not": part}:
            return _reversed(predicate(part))
        case {"fact": code, "unknown": True}:
            return lambda facts: facts.get(code) is None
        case {"fact": code, "in": values}:
            return _in(code, frozenset(values))
        case {"fact": code, "between": [low, high]}:
            return _between(code, low, high)
    raise ValueError(f"no condition: {tree!r}")


def _every(tests: list[Test]) -> Test:
    def every(facts: Facts) -> Truth:
        result: Truth = True
        for one in tests:
            found = one(facts)
            if found is False:
                return False
            if found is None:
                result = None
        return result

    return tests[0] if len(tests) == 1 else every


def _some(tests: list[Test]) -> Test:
    def some(facts: Facts) -> Truth:
        result: Truth = False
        for one in tests:
            found = one(facts)
            if found:
                return True
            if found is None:
                result = None
        return result

    return some


def _reversed(one: Test) -> Test:
    def reverse(facts: Facts) -> Truth:
        found = one(facts)
        return None if found is None else not found

    return reverse


def _in(code: str, values: frozenset[Any]) -> Test:
    def contains(facts: Facts) -> Truth:
        found = facts.get(code)
        if found is None:
            return None
        return not values.isdisjoint(found) if isinstance(found, list) else found in values

    return contains


def _between(code: str, low: int | None, high: int | None) -> Test:
    def lies(facts: Facts) -> Truth:
        found = facts.get(code)
        if found is None:
            return None
        return bool((low is None or low <= found) and (high is None or found <= high))

    return lies


def failing(tree: Tree, facts: Facts) -> Failing | None:
    """The first leaf because of which a resolved tree does not hold; None when it holds."""
    return failure(tree)(facts)


def failure(tree: Tree, *, wanted: bool = True) -> Failure:
    """A function from facts to the first leaf that keeps a resolved tree from being ``wanted``."""
    match tree:
        case {"not": part}:
            return failure(part, wanted=not wanted)
        case {"and": parts} | {"or": parts}:
            each = [failure(part, wanted=wanted) for part in parts]
            return _first_of(each) if ("and" in tree) == wanted else _first_unless_any(each)
    code, holds = tree["fact"], predicate(tree)
    leaf = {name: value for name, value in tree.items() if name != "fact"}
    told = leaf if wanted else {"not": leaf}

    def fails(facts: Facts) -> Failing | None:
        return None if holds(facts) is wanted else Failing(code, told, facts.get(code))

    return fails


NOTHING = Failing("", {"in": []}, None)  # an empty "and" that had to fail


def _first_of(each: list[Failure]) -> Failure:
    """All are needed: the first that fails."""

    def fails(facts: Facts) -> Failing | None:
        return next((found for one in each if (found := one(facts)) is not None), None)

    return fails


def _first_unless_any(each: list[Failure]) -> Failure:
    """One is enough: the first that fails, if all do."""

    def fails(facts: Facts) -> Failing | None:
        found = [one(facts) for one in each]
        return None if None in found else next(iter(found), NOTHING)

    return fails
