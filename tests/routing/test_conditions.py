"""Three-valued conditions: Kleene's tables, the first that fails, and the normal form that says the same."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rules.conditions import Cycle, failing, predicate, resolved
from routing.rules.facts import Fact, Kind
from routing.rules.forms import Cell, Row, Setting, TooManyAlternatives, hides, meet, rows

T: dict[str, Any] = {"fact": "yes", "in": [True]}
F: dict[str, Any] = {"fact": "no", "in": [True]}
U: dict[str, Any] = {"fact": "gap", "in": [True]}
KNOWN = {"yes": True, "no": False}
NAMES = {"T": T, "F": F, "U": U}
VALUE = {"T": True, "F": False, "U": None}


@pytest.mark.parametrize(("a", "b"), list(product("TFU", repeat=2)))
def test_kleenes_strong_tables(a: str, b: str) -> None:
    both, either = ({name: [NAMES[a], NAMES[b]]} for name in ("and", "or"))
    order = "FUT"

    assert predicate(both)(KNOWN) is VALUE[min(a, b, key=order.index)]
    assert predicate(either)(KNOWN) is VALUE[max(a, b, key=order.index)]
    assert predicate({"not": NAMES[a]})(KNOWN) is {"T": False, "F": True, "U": None}[a]


@pytest.mark.parametrize(
    ("tree", "facts", "truth"),
    [
        ({"and": []}, {}, True),
        ({"fact": "age", "between": [18, 65]}, {"age": 18}, True),
        ({"fact": "age", "between": [18, 65]}, {"age": 65}, True),
        ({"fact": "age", "between": [18, 65]}, {"age": 66}, False),
        ({"fact": "age", "between": [None, 17]}, {"age": 0}, True),
        ({"fact": "age", "between": [18, None]}, {}, None),
        ({"fact": "age", "unknown": True}, {}, True),
        ({"fact": "age", "unknown": True}, {"age": 0}, False),
        ({"not": {"fact": "age", "unknown": True}}, {}, False),
        ({"fact": "cats", "in": ["A", "B"]}, {"cats": ["C", "B"]}, True),
        ({"fact": "cats", "in": ["A", "B"]}, {"cats": ["C"]}, False),
        ({"fact": "cats", "in": ["A"]}, {}, None),
    ],
)
def test_leaves(tree: Any, facts: dict[str, Any], truth: bool | None) -> None:
    assert predicate(tree)(facts) is truth


def test_the_first_condition_that_fails_is_told() -> None:
    tree = {"and": [T, {"or": [F, {"not": T}]}, U]}

    found = failing(tree, KNOWN)

    assert found is not None
    assert (found.fact, found.wanted, found.found) == ("no", {"in": [True]}, False)
    assert failing(T, KNOWN) is None
    negated = failing({"not": T}, KNOWN)
    assert negated is not None
    assert negated.wanted == {"not": {"in": [True]}}


def test_terms_are_replaced_and_may_not_define_themselves() -> None:
    terms = {"a": {"and": [T, {"term": "b"}]}, "b": F, "x": {"not": {"term": "y"}}, "y": {"term": "x"}}

    assert resolved({"or": [{"term": "a"}, U]}, terms) == {"or": [{"and": [T, F]}, U]}
    with pytest.raises(Cycle):
        resolved({"term": "x"}, terms)
    with pytest.raises(KeyError):
        resolved({"term": "nobody"}, terms)


# The normal form --------------------------------------------------------------------------------------------

SETTING = Setting(
    {
        "color": Fact("color", Kind.CODE),
        "size": Fact("size", Kind.NUMBER),
        "tags": Fact("tags", Kind.CODES),
        "flag": Fact("flag", Kind.FLAG),
    }
)
leaf = st.one_of(
    st.lists(st.sampled_from("rgb"), min_size=1, max_size=2, unique=True).map(
        lambda values: {"fact": "color", "in": values}
    ),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True).map(
        lambda values: {"fact": "tags", "in": values}
    ),
    st.tuples(st.integers(0, 3), st.integers(0, 3)).map(
        lambda ends: {"fact": "size", "between": sorted(ends)}
    ),
    st.integers(0, 3).map(lambda low: {"fact": "size", "between": [low, None]}),
    st.booleans().map(lambda value: {"fact": "flag", "in": [value]}),
    st.sampled_from(["color", "size", "tags", "flag"]).map(lambda fact: {"fact": fact, "unknown": True}),
)
trees = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"and": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"or": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "color": st.sampled_from("rgb"),
        "size": st.integers(-1, 4),
        "tags": st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True),
        "flag": st.booleans(),
    },
)


def accepts(row: Row, known: dict[str, Any]) -> bool:
    """Do these facts belong to the alternative? The meaning of cells, written once more."""
    return all(_accepts(cell, known.get(code)) for code, cell in row.cells.items())


def _accepts(cell: Cell, value: Any) -> bool:
    if value is None or cell.unknown:
        return cell.unknown and value is None
    if isinstance(value, list):
        return not cell.out_of & set(value) and all(wanted & set(value) for wanted in cell.meets)
    within = cell.within is None or value in cell.within
    bounded = isinstance(value, bool) or not isinstance(value, int) or cell.low <= value <= cell.high
    return within and value not in cell.out_of and bounded


@given(trees, facts)
def test_the_normal_form_holds_when_the_condition_does(tree: Any, known: dict[str, Any]) -> None:
    try:
        form = rows(tree, SETTING)
    except TooManyAlternatives:
        return
    assert any(accepts(row, known) for row in form) == (predicate(tree)(known) is True)
    assert (failing(tree, known) is None) == (predicate(tree)(known) is True)


@given(trees, trees, facts)
def test_meeting_and_hiding_never_lie(one: Any, other: Any, known: dict[str, Any]) -> None:
    try:
        ours, theirs = rows(one, SETTING), rows(other, SETTING)
    except TooManyAlternatives:
        return
    both = predicate(one)(known) is True and predicate(other)(known) is True
    if both:
        assert meet(ours, theirs) is not None
    if hides(ours, theirs) and predicate(other)(known) is True:
        assert predicate(one)(known) is True


def test_topics_and_regions_are_read_as_what_lies_below_them() -> None:
    setting = Setting(
        {"subtopic": Fact("subtopic", Kind.CODE), "topic": Fact("topic", Kind.CODE)},
        {"topic": ("subtopic", {"PSY": frozenset({"P1", "P2"}), "PRO": frozenset({"Q"})})},
    )
    topic, subtopic = ({"fact": "topic", "in": ["PSY"]}, {"fact": "subtopic", "in": ["P1"]})

    assert meet(rows(topic, setting), rows(subtopic, setting)) is not None
    assert hides(rows(topic, setting), rows(subtopic, setting))
    assert not hides(rows(subtopic, setting), rows(topic, setting))
    assert meet(rows({"fact": "topic", "in": ["PRO"]}, setting), rows(subtopic, setting)) is None
