"""Values and tests of rules in FEEL, the expression language of DMN 1.3 (clause 10). Plain Python.

FEEL's equality is two-valued: ``not("A")`` holds for an unknown value too. A condition of ours is not met by
what is unknown, so every negation names ``null``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import inf
from typing import Any

from .rules.facts import Kind
from .rules.forms import Cell

IRRELEVANT = "-"
TYPES = {Kind.CODE: "string", Kind.NUMBER: "number", Kind.FLAG: "boolean"}
KEYWORDS = frozenset(
    {"and", "between", "else", "every", "external", "false", "for", "function", "if", "in", "instance"}
    | {"not", "null", "of", "or", "return", "satisfies", "some", "then", "true"}
)


def name(code: str) -> str:
    """A name that FEEL can read, another one for every code: a keyword gets an underscore more."""
    return f"{code}_" if code.rstrip("_") in KEYWORDS else code


def literal(value: Any) -> str:
    """Null, a text, a number, yes or no, or a list of them."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(int(value))
        case str():
            return json.dumps(value, ensure_ascii=False)
    return f"[{_joined(value)}]"


def tests(cell: Cell | None, kind: Kind) -> str:
    """The unary tests that hold for exactly the values of a cell; ``-`` where there is none."""
    if cell is None:
        return IRRELEVANT
    if cell.unknown:
        return "null"
    return _of_list(cell) if kind == Kind.CODES else _of_value(cell)


def _of_value(cell: Cell) -> str:
    if cell.within is not None:
        return _joined(value for value in cell.within if cell & Cell(within=frozenset({value})))
    below = [] if cell.low == -inf else [f"< {literal(cell.low)}"]
    above = [] if cell.high == inf else [f"> {literal(cell.high)}"]
    if cell.out_of or not (below or above):
        never = ["null", *_literals(cell.out_of), *below, *above]
        return f"not({', '.join(never)})"
    if below and above:
        return f"[{literal(cell.low)}..{literal(cell.high)}]"
    return f">= {literal(cell.low)}" if below else f"<= {literal(cell.high)}"


def _of_list(cell: Cell) -> str:
    """An expression about ``?``, the list: each set met by one of its items, and none of those kept out."""
    met = sorted(_any_of(wanted - cell.out_of) for wanted in cell.meets)
    kept_out = [f"not(list contains(?, {value}))" for value in _literals(cell.out_of)]
    return " and ".join(["? != null", *met, *kept_out])


def _any_of(wanted: Iterable[Any]) -> str:
    each = [f"list contains(?, {value})" for value in _literals(wanted)]
    return each[0] if len(each) == 1 else f"({' or '.join(each)})"


def _joined(values: Iterable[Any]) -> str:
    """Lists keep their order; of a set it is always the same."""
    return ", ".join(map(literal, values) if isinstance(values, list) else _literals(values))


def _literals(values: Iterable[Any]) -> list[str]:
    return sorted(map(literal, values))
