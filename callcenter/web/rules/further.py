"""Further conditions in a form: lines of a fact, how it is looked at, and values chosen by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.rules.conditions import Tree
from routing.rules.facts import Kind

from .choosing import Choices, encoded
from .conditions import HOWS, Condition, Line, same
from .notation import listed
from .speech import Speech

MOST = 40  # lines of one form, as many as a condition may have parts
HOW_WORDS: Mapping[str, str | Promise] = {
    "in": gettext_lazy("is one of"),
    "not_in": gettext_lazy("is none of"),
    "between": gettext_lazy("is between"),
    "unknown": gettext_lazy("is not known"),
    "known": gettext_lazy("is known"),
}
_NUMBERED = re.compile(r"(\d{1,2})-fact")


@dataclass(frozen=True)
class Drawn:
    """A line with everything that it can choose from."""

    place: int
    line: Line
    choices: Choices

    @property
    def facts(self) -> list[tuple[str, list[tuple[str, str]]]]:
        return self.choices.facts

    @property
    def hows(self) -> list[tuple[str, str | Promise]]:
        """The ways to look at this fact; a bare number has no list, and only a number a range."""
        kind = self._kind
        left_out = set() if kind == Kind.NUMBER else {"between"}
        if kind == Kind.NUMBER and not self.groups:
            left_out |= {"in", "not_in"}
        return [(how, HOW_WORDS[how]) for how in HOWS if how not in left_out]

    @property
    def _kind(self) -> Kind | None:
        fact = self.choices.catalogue.get(self.line.fact)
        return fact.kind if fact else None

    @property
    def is_number(self) -> bool:
        return self._kind == Kind.NUMBER

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Values by heading: (encoded value, name, is it chosen)."""
        fact = self.choices.catalogue.get(self.line.fact)
        if fact is None:
            return []
        chosen = {encoded(value) for value in self.line.values}
        listed = self.choices.values(fact)
        grouped = listed if listed and isinstance(listed[0][1], list) else [("", listed)] if listed else []
        return [
            (heading, [(value, name, value in chosen) for value, name in pairs]) for heading, pairs in grouped
        ]


class FurtherInput(forms.Widget):
    """The lines and one that is still empty. ``address`` answers with a line whose fact was chosen.

    Its value are the lines as typed, or conditions as JSON where they come from a record.
    """

    def __init__(self, choices: Choices, address: str) -> None:
        super().__init__()
        self.choices, self.address = choices, address

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Line] | str:
        return str(data[name]) if name in data else list(lines_in(data, name))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        lines = self._lines(value) if isinstance(value, str) else value or []
        drawn = [Drawn(place, line, self.choices) for place, line in enumerate([*lines, Line()])]
        context = {"name": name, "lines": drawn, "next": len(drawn), "address": self.address}
        return render_to_string("rules/_further.html", context)

    def _lines(self, text: str) -> list[Line]:
        found = (Line.of(part, self.choices.catalogue) for part in listed(text))
        return [line for line in found if line]

    def id_for_label(self, id_: str | None) -> str:
        return "further-0-fact"


def lines_in(data: QueryDict, name: str) -> Iterator[Line]:
    """The lines that a form sent, in their order; those without a fact are left out."""
    places = sorted(
        int(found[1]) for key in data if (found := _NUMBERED.fullmatch(key.removeprefix(f"{name}-")))
    )
    for place in places[:MOST]:
        line = line_in(data, f"{name}-{place}")
        if line.fact:
            yield line


def line_in(data: QueryDict, prefix: str) -> Line:
    how = data.get(f"{prefix}-how", "")
    return Line(
        fact=data.get(f"{prefix}-fact", "")[:40],
        how=how if how in HOWS else "in",
        values=tuple(_decoded(data.getlist(f"{prefix}-values"))),
        low=data.get(f"{prefix}-low", "")[:12],
        high=data.get(f"{prefix}-high", "")[:12],
    )


def _decoded(values: Sequence[str]) -> Iterator[str | int | bool]:
    """The values that a form could have offered; anything else is nobody's choice."""
    for value in values[:200]:
        if len(value) > 100:
            continue
        try:
            found = json.loads(value)
        except ValueError:
            continue
        if isinstance(found, int) or (isinstance(found, str) and found.isprintable()):
            yield found


class FurtherField(forms.Field):
    """Lines as conditions; a line that says nothing is told by its fact."""

    def __init__(self, choices: Choices, address: str, **options: Any) -> None:
        super().__init__(widget=FurtherInput(choices, address), required=False, **options)
        self.known = choices

    def to_python(self, value: Any) -> list[Tree]:
        if isinstance(value, str):
            return list(listed(value))
        return [self._tree(line) for line in value or ()]

    def _tree(self, line: Line) -> Tree:
        if line.fact not in self.known.catalogue:
            raise ValidationError(_("There is no such fact."))
        try:
            return line.tree()
        except ValueError:
            said = _("%(fact)s: choose a value, or write a whole number.")
            raise ValidationError(said, params={"fact": self.known.speech.label(line.fact)}) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """``initial`` are conditions already where the form sent along what it showed."""
        before = listed(initial) if isinstance(initial, str) else initial or ()
        try:
            return not same(Condition({}, tuple(before)), Condition({}, tuple(self.to_python(data))))
        except ValidationError:
            return True

    def said(self, speech: Speech, value: Any) -> str:
        """The lines in words, from the record or as they were read."""
        return speech.condition({"and": listed(value) if isinstance(value, str) else value})
