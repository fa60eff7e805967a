"""The expert's field: a condition in the notation of the rule set, for what no line can say."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from jsonschema import Draft202012Validator

from routing.rules.check import DEEPEST, schema
from routing.rules.conditions import Tree

from .speech import Speech

AROUND = 8  # levels of a rule set around a condition
LONGEST = 8000  # characters; more is no condition anybody could read
LONGEST_LIST = 100_000  # characters of conditions or answers that a form sends along


@cache
def _condition() -> Draft202012Validator:
    return Draft202012Validator({"$ref": "#/$defs/condition", "$defs": schema()["$defs"]})


class NotationField(forms.Field):
    """JSON of one condition; empty for none. Its codes are checked with the whole rule set."""

    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "num", "maxlength": LONGEST})

    def to_python(self, value: Any) -> Tree | None:
        text = str(value or "")
        return read(text) if text.strip() else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """``initial`` is a condition already where the form sent along what it showed."""
        try:
            before = self.to_python(initial) if isinstance(initial, str) else initial
            return bool(before != self.to_python(data))
        except ValidationError:
            return True

    def said(self, speech: Speech, value: Any) -> str:
        """The condition in words, from the record or as it was read; a text that says none as it stands."""
        try:
            return speech.condition(self.to_python(value) if isinstance(value, str) else value)
        except ValidationError:
            return str(value)


def read(text: str) -> Tree:
    """The condition that a text says; raises ``ValidationError`` when it says none."""
    if len(text) > LONGEST:
        raise ValidationError(_("This condition is too long. Split the rule."))
    try:
        found = loaded(text)
        if _nested(found) > DEEPEST * 2 - AROUND:
            raise RecursionError
        wrong = next(_condition().iter_errors(found), None)
    except RecursionError:
        raise ValidationError(_("Conditions are nested too deeply.")) from None
    except ValueError:
        raise ValidationError(
            _("This is not JSON: a bracket, a comma or a quotation mark is amiss.")
        ) from None
    if wrong is not None:
        raise ValidationError(_("This is no condition. The examples below show how one is written."))
    tree: Tree = found
    return tree


def _nested(value: Any) -> int:
    """How many levels of lists and objects a value has; found without recursion."""
    deepest, waiting = 0, [(value, 0)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((each, level + 1) for each in inner)
    return deepest


def loaded(text: str) -> Any:
    """JSON that the database can keep; raises ``ValueError``, ``RecursionError`` when nested too deeply."""
    found = json.loads(text)
    spelled = json.dumps(found, ensure_ascii=False)
    spelled.encode()  # half a character is none
    if "\\u0000" in spelled:
        raise ValueError("a character that cannot be kept")
    return found


def listed(text: str) -> list[dict[str, Any]]:
    """The objects of a list written as JSON; none when the text is no such list."""
    try:
        found = loaded(text) if len(text) < LONGEST_LIST else []
    except (ValueError, RecursionError):
        return []
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def written(trees: list[Tree]) -> str:
    """Nested conditions as the field shows them: one alone, several as parts that all have to hold."""
    if not trees:
        return ""
    return json.dumps(trees[0] if len(trees) == 1 else {"and": trees}, ensure_ascii=False, indent=1)
