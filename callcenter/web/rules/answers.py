"""The answers of a question in a form: lines of a value and its words, and some that are still empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .notation import listed
from .speech import LANGUAGES, NAMED_FIELDS, Speech, answers

PARTS = ("value", *LANGUAGES)
SPARE = 3  # empty lines behind the others
MOST = 40 + SPARE  # lines that are read; the rule set takes 40 answers
LONGEST = {"value": 60, **dict.fromkeys(LANGUAGES, 300)}  # characters

HEADINGS: Mapping[str, Any] = {
    "value": gettext_lazy("Value"),
    **{language: NAMED_FIELDS[language] for language in LANGUAGES},
}

Answer = Mapping[str, str]  # value, az, en, ru, as typed


class AnswersInput(forms.Widget):
    """The lines and the spare ones. Its value are the lines as typed, or answers as JSON from a record."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Answer] | str:
        return str(data[name]) if name in data else list(_typed(data, name))

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        empty: Answer = dict.fromkeys(PARTS, "")
        lines = [*_lines(value), *[empty] * SPARE]
        drawn = [[(part, HEADINGS[part], line[part], LONGEST[part]) for part in PARTS] for line in lines]
        context = {"name": name, "headings": HEADINGS.values(), "lines": drawn}
        return render_to_string("rules/_answers.html", context)

    def id_for_label(self, id_: str | None) -> str:
        return "options-0-value"


def _typed(data: QueryDict, name: str) -> Iterator[Answer]:
    """The lines that a form sent; those left empty are no answers."""
    for place in range(MOST):
        line = {part: data.get(f"{name}-{place}-{part}", "").strip() for part in PARTS}
        if any(line.values()):
            yield line


def _lines(value: Any) -> list[Answer]:
    """Answers as typed, whether they come from a form or from a record."""
    rows = listed(value) if isinstance(value, str) else value or ()
    return [{part: str(row.get(part, "")) for part in PARTS} for row in rows]


class AnswersField(forms.Field):
    """Answers with everything said in every language. What values are good depends on the question."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=AnswersInput(), required=False, **options)

    def to_python(self, value: Any) -> list[Answer]:
        return _lines(value)

    def validate(self, value: Sequence[Answer]) -> None:
        for number, answer in enumerate(value, 1):
            if not all(answer.values()):
                said = _("Answer %(number)s: write its value and its words in all three languages.")
                raise ValidationError(said, params={"number": number})
            if any(len(answer[part]) > longest for part, longest in LONGEST.items()):
                raise ValidationError(_("Answer %(number)s is too long."), params={"number": number})
        values = [answer["value"] for answer in value]
        if twice := next((each for each in values if values.count(each) > 1), None):
            raise ValidationError(_("%(value)s stands twice."), params={"value": twice})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(initial) != _lines(data)

    def said(self, speech: Speech, value: Any) -> str:
        """Answers in one line, from the record or as they were read."""
        return answers(_lines(value))
