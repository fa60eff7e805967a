"""A second reader of FEEL, as far as the exported models use it: it shares no code with what writes them.

Three-valued, as DMN 1.3 says in 10.3.2.2: comparing with ``null`` is false for ``=`` and unknown for ``<``.
"""

from __future__ import annotations

import json
import re
from typing import Any

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|-?\d+|\.\.|<=|>=|!=|list contains|[a-z_]+|[<>()\[\],?-])')
ORDERS = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def value_of(text: str) -> Any:
    """The value of a literal."""
    reader = _Reader(text, None)
    found = reader.literal()
    assert not reader.tokens, text
    return found


def holds(text: str, value: Any) -> bool:
    """Are these unary tests met by the value of their input?"""
    if text == "-":
        return True
    reader = _Reader(text, value)
    found = reader.unary_tests()
    assert not reader.tokens, (text, reader.tokens)
    return found is True


class _Reader:
    def __init__(self, text: str, value: Any) -> None:
        self.value, self.tokens, place = value, [], 0
        while place < len(text):
            match = TOKEN.match(text, place)
            assert match, (text, place)
            self.tokens.append(match[1])
            place = match.end()

    def take(self, *wanted: str) -> str:
        token = self.tokens.pop(0)
        assert not wanted or token in wanted, (token, wanted)
        return token

    def next_is(self, *tokens: str) -> bool:
        return bool(self.tokens) and self.tokens[0] in tokens

    def unary_tests(self) -> Any:
        if self.next_is("not"):
            self.take()
            self.take("(")
            found = self.any_of(self.positive, ",")
            self.take(")")
            return None if found is None else not found
        return self.any_of(self.positive, ",")

    def positive(self) -> Any:
        if self.next_is("?", "list contains", "("):
            return self.conjunction()
        if self.next_is("["):
            self.take()
            low = self.literal()
            self.take("..")
            high = self.literal()
            self.take("]")
            return None if self.value is None else low <= self.value <= high
        if self.next_is(*ORDERS):
            order, bound = ORDERS[self.take()], self.literal()
            return None if self.value is None else order(self.value, bound)
        wanted = self.literal()
        return type(wanted) is type(self.value) and wanted == self.value

    def conjunction(self) -> Any:
        found = [self.primary()]
        while self.next_is("and"):
            self.take()
            found.append(self.primary())
        return False if False in found else None if None in found else True

    def primary(self) -> Any:
        token = self.take("?", "not", "list contains", "(")
        if token == "?":
            self.take("!=")
            self.take("null")
            return self.value is not None
        if token == "list contains":
            for expected in ("(", "?", ","):
                self.take(expected)
            wanted = self.literal()
            self.take(")")
            return None if self.value is None else wanted in self.value
        if token == "not":
            self.take("(")
        found = self.any_of(self.primary, "or")
        self.take(")")
        return found if token == "(" or found is None else not found

    def any_of(self, part: Any, between: str) -> Any:
        found = [part()]
        while self.next_is(between):
            self.take()
            found.append(part())
        return True if True in found else None if None in found else False

    def literal(self) -> Any:
        token = self.take()
        if token == "[":
            items = []
            while not self.next_is("]"):
                items.append(self.literal())
                if self.next_is(","):
                    self.take()
            self.take("]")
            return items
        return json.loads(token)
