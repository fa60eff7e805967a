"""The forms of a question and of a term, and both as the forms say them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callcenter.web.forms import Seen
from routing.errors import sentence
from routing.rules.check import Problem
from routing.rules.facts import Kind

from .answers import AnswersField
from .choosing import Choices
from .forms import in_order, typed
from .notation import NotationField, written
from .speech import KINDS, LANGUAGES, NAMED_FIELDS

LABELS: Mapping[str, Any] = NAMED_FIELDS
WHOLE = re.compile(r"-?[0-9]{1,7}")  # as far as a condition counts


def _code(label: Any) -> forms.RegexField:
    return forms.RegexField(
        label=label,
        regex=r"^[a-z][a-z0-9_]{0,39}$",
        max_length=40,
        help_text=gettext_lazy("Small letters, digits and _: lives_alone. It never changes."),
        error_messages={
            "invalid": gettext_lazy("Write small letters, digits and _ only, a letter first."),
        },
    )


def _words(language: str) -> forms.CharField:
    return forms.CharField(label=LABELS[language], max_length=300)


def _why() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Why you change it"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Whoever reads the rules later sees this sentence."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class NamedForm(Seen):
    """What both forms share: they know what can be chosen, and tell problems of the whole rule set."""

    blamed = ""  # the field at which it is told that another row cannot do with this one

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices

    def place(self, problems: Iterable[Problem]) -> bool:
        """Tell problems of this row at their fields, else those it makes for others; false without any."""
        found = list(problems)
        own = [problem for problem in found if self._is_own(problem)]
        for problem in own or found:
            said = str(sentence(problem))
            if own:
                self.add_error(self._field(problem), said)
            else:
                self.add_error(self._known(self.blamed), f"{problem.row}: {said}")
        return bool(found)

    def _is_own(self, problem: Problem) -> bool:
        raise NotImplementedError

    def _field(self, problem: Problem) -> str | None:
        raise NotImplementedError

    def _known(self, name: str) -> str | None:
        return name if name in self.fields else None


# A question -------------------------------------------------------------------------------------------------


class QuestionForm(NamedForm):
    """A fact that is asked in the call. Its code and its kind are those of ``before`` for good."""

    blamed = "options"

    code = _code(gettext_lazy("Code"))
    kind = forms.ChoiceField(
        label=LABELS["kind"],
        choices=list(KINDS.items()),
        help_text=gettext_lazy("It never changes: rules look at the answers in their own way for each kind."),
    )
    az, en, ru = (_words(language) for language in LANGUAGES)
    topics = forms.MultipleChoiceField(
        label=LABELS["topics"],
        required=False,
        help_text=gettext_lazy("It is asked for these alone; when none is chosen: for any subject"),
        widget=forms.CheckboxSelectMultiple,
    )
    options = AnswersField(
        label=LABELS["options"],
        help_text=gettext_lazy(
            "In the order in which they are shown. A line left empty is no answer; more empty lines come "
            "with saving."
        ),
    )
    why = _why()

    def __init__(self, *args: Any, before: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = before or {}
        topics: Any = self.fields["topics"]
        topics.choices = self.choices.topics
        if before:
            del self.fields["code"], self.fields["kind"]
            if before["kind"] == Kind.FLAG and not before.get("options"):
                del self.fields["options"]

    def clean_options(self) -> Any:
        """New answers have to fit the question's kind; the desk asks without a list by a tick alone."""
        answers, kind = self.cleaned_data["options"], self._kind
        if self.before and "options" not in self.changed_data:
            return answers
        if kind == Kind.FLAG and answers:
            raise ValidationError(_("“Yes or no” needs no list of answers."))
        if kind in (Kind.CODE, Kind.NUMBER) and len(answers) < 2:
            raise ValidationError(_("Write at least two answers."))
        wrong = [n for n, answer in enumerate(answers, 1) if not WHOLE.fullmatch(answer["value"])]
        if kind == Kind.NUMBER and wrong:
            said = _("Answer %(number)s: its value has to be a whole number.")
            raise ValidationError(said, params={"number": wrong[0]})
        return answers

    @property
    def _kind(self) -> str:
        return str(self.before.get("kind") or self.cleaned_data.get("kind", ""))

    def question(self) -> dict[str, Any]:
        """The question as it was with what was changed in the form."""
        said = typed(self, shown_question(self.before))
        question = {
            **self.before,
            "code": self.before.get("code") or said["code"],
            "kind": self._kind,
            **{language: said[language] for language in LANGUAGES},
        }
        topics = in_order(said["topics"], self.before.get("topics", ()))
        _say(question, "topics", topics)
        _say(question, "options", [self._option(answer) for answer in said.get("options", ())])
        return question

    def _option(self, answer: Mapping[str, str]) -> dict[str, Any]:
        value = answer["value"]
        return {**answer, "value": int(value) if self._kind == Kind.NUMBER else value}

    def _is_own(self, problem: Problem) -> bool:
        return problem.row == self.question()["code"] and not problem.part.startswith("when")

    def _field(self, problem: Problem) -> str | None:
        """The field of a part such as ``topics`` or, where its form is wrong, ``questions.3.az``."""
        part = problem.part.split(".")
        name = part[2] if part[0] == "questions" and len(part) > 2 else part[0]
        return self._known("code" if name == "id" else name)


def _say(row: dict[str, Any], name: str, values: list[Any]) -> None:
    """Keep a list; an empty one only where it was said to be empty before."""
    if values or row.get(name) == []:
        row[name] = values
    else:
        row.pop(name, None)


def shown_question(question: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a question."""
    return {
        **{language: question.get(language, "") for language in LANGUAGES},
        "topics": list(question.get("topics", ())),
        "options": json.dumps(question.get("options", []), ensure_ascii=False),
        "why": "",
    }


# A term -----------------------------------------------------------------------------------------------------


class TermForm(NamedForm):
    """A condition with a name, in the notation of the rule set."""

    blamed = "when"

    name = _code(gettext_lazy("Code"))
    az = _words("az")
    when = NotationField(label=gettext_lazy("Condition"))
    why = _why()

    def __init__(self, *args: Any, before: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = before
        self.fields["when"].widget.attrs["rows"] = 12
        if before:
            del self.fields["name"]

    @property
    def code(self) -> str:
        return self.before or str(self.cleaned_data["name"])

    @property
    def in_words(self) -> str:
        """The condition as it stands in the field, in words; nothing while it cannot be read."""
        try:
            return self.choices.speech.condition(self.fields["when"].to_python(self["when"].value()))
        except ValidationError:
            return ""

    def term(self, now: Mapping[str, Any]) -> dict[str, Any]:
        """The term ``now`` with what was changed in the form."""
        said = typed(self, shown_term(now))
        return {**now, "az": said["az"], "when": said["when"]}

    def _is_own(self, problem: Problem) -> bool:
        return problem.row == self.code and problem.part.startswith("when")

    def _field(self, problem: Problem) -> str | None:
        return "when"


def shown_term(term: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a term."""
    return {
        "az": term.get("az", ""),
        "when": written([term["when"]]) if "when" in term else "",
        "why": "",
    }
