"""The form of one rule, and the rule as the form says it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from callcenter import words
from callcenter.web.forms import POLICIES, Seen
from people.reference import edited
from routing.decide import LADDER
from routing.errors import sentence
from routing.rules.check import OF_SECTION, Problem

from .choosing import Choices
from .conditions import CHOSEN, Condition, all_of, as_lines, put_together, same, taken_apart
from .further import FurtherField
from .notation import NotationField, written

CONCLUSIONS = frozenset[str]().union(*OF_SECTION.values())
MARK = 40  # characters that a rule's mark may have
REASONS = {"reason_az": "az", "reason_en": "en", "reason_ru": "ru"}
TOGGLES = ("triage", "raise", "health")
TIMES = [
    ("min", _("minutes")),
    ("h", _("hours round the clock")),
    ("wh", _("working hours")),
    ("wd", _("working days")),
]


class TargetInput(forms.MultiWidget):
    """A number and a unit of time, kept as one text such as ``7 wd``."""

    template_name = "django/forms/widgets/multiwidget.html"

    def __init__(self) -> None:
        number = forms.TextInput(attrs={"inputmode": "numeric", "maxlength": 4, "class": "form-control"})
        super().__init__([number, forms.Select(choices=TIMES, attrs={"class": "form-select"})])

    def decompress(self, value: Any) -> list[str]:
        amount, _space, unit = str(value or "").partition(" ")
        return [amount, unit or "wd"]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data:
            return str(data[name])
        amount, unit = super().value_from_datadict(data, files, name)
        return f"{(amount or '').strip()} {unit}" if (amount or "").strip() else ""


def _many(label: Any, help_text: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, help_text=help_text, required=False, widget=forms.CheckboxSelectMultiple
    )


def _text(label: Any, limit: int, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=limit, required=False, **options)


class RuleForm(Seen):
    """Everything about a rule but its golden cases, which have a page of their own."""

    code = forms.RegexField(
        label=_("Code"),
        regex=r"^[A-Z][A-Z0-9.-]{0,39}$",
        help_text=_("Capital letters, digits, full stops and hyphens: R-PSY-NEW. It never changes."),
        error_messages={"invalid": _("Write capital letters, digits, full stops and hyphens only.")},
        max_length=40,
    )
    topic = _many(_("Groups of subjects"))
    subtopic = _many(_("Single subjects"), _("When nothing is chosen: any subject"))
    region = _many(_("Regions"))
    district = _many(_("Single districts"), _("When nothing is chosen: everywhere"))
    categories = _many(_("Category"), _("One of these is enough; when none is chosen: anybody"))
    expert = NotationField(label=_("Nested condition, for experts"), required=False)
    lead = forms.ChoiceField(label=_("Lead agency"), required=False)
    triage = forms.BooleanField(label=_("A person decides (triage)"), required=False)
    joint = _many(_("Joint agencies"))
    forbid = _many(_("Agencies that must not take part"))
    policy = forms.ChoiceField(
        label=_("Closing condition"), required=False, choices=[("", _("Not said")), *POLICIES]
    )
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    first = _text(_("First answer to the citizen"), 12, widget=TargetInput())
    target = _text(_("Answer to the citizen"), 12, widget=TargetInput())
    health = forms.BooleanField(label=_("The subject touches health"), required=False)
    documents = _many(_("Documents to bring"))
    consents = _many(_("See health details only with the citizen's consent"))
    reason_az = _text(_("Reason in Azerbaijani"), 300)
    reason_en = _text(_("Reason in English"), 300)
    reason_ru = _text(_("Reason in Russian"), 300)
    why = _text(
        _("Why you change it"),
        300,
        help_text=_("Whoever reads the rules later sees this sentence."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, section: str, choices: Choices, address: str, new: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.section, self.choices = section, choices
        self._add("further", FurtherField(choices, address, label=_("Further conditions")))
        self._add("raise", forms.BooleanField(label=_("Raise the priority by one class"), required=False))
        self._offer()
        for name in CONCLUSIONS - OF_SECTION[section]:
            del self.fields[name]
        if not new:
            del self.fields["code"]

    def _add(self, name: str, field: forms.Field) -> None:
        field.show_hidden_initial = self.fields["expert"].show_hidden_initial
        self.fields[name] = field

    def _offer(self) -> None:
        """Give every field its choices."""
        offered: Mapping[str, Sequence[Any]] = {
            "topic": self.choices.topics,
            "subtopic": self.choices.lists.subjects,
            "region": self.choices.regions,
            "district": self.choices.lists.places,
            "categories": self.choices.categories,
            "lead": [("", _("None")), *self.choices.units],
            "priority": [("", _("Not said")), *((code, words.URGENCY[code]) for code in LADDER)],
            "documents": self.choices.documents,
            **dict.fromkeys(("joint", "forbid", "consents"), self.choices.units),
        }
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices

    # The rule as the form says it ---------------------------------------------------------------------------

    def rule(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The rule ``before`` with what was changed in the form; the rest is left as it is written."""
        said = typed(self, shown(before, self.choices))
        reason = {language: said[name] for name, language in REASONS.items() if said[name]}
        rule = {
            **before,
            "id": before.get("id") or said["code"],
            "when": self._when(said, before.get("when")),
            "then": self._then(said, before.get("then", {})),
            "reason": reason,
        }
        if not reason:
            del rule["reason"]
        return rule if rule == before else {**rule, "mark": edited(before.get("mark", ""))[:MARK]}

    def _when(self, said: Mapping[str, Any], before: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        nested = all_of(said["expert"]) if said["expert"] else ()
        now = Condition({fact: tuple(said[fact]) for fact in CHOSEN}, (*said["further"], *nested))
        return before if same(now, taken_apart(before)) else put_together(now)

    def _then(self, said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """The conclusion: what is empty is not said, unless it was said to be empty before."""
        then = dict(before)
        for name in sorted(OF_SECTION[self.section]):
            value = said[name]
            if isinstance(value, list):
                value = in_order(value, before.get(name, ()))
            if value:
                then[name] = 1 if name == "raise" else value
            elif then.get(name):
                del then[name]
        return then

    # What is wrong, at its field ----------------------------------------------------------------------------

    def place(self, problems: Iterable[Problem]) -> bool:
        """Tell problems of the rule at their fields; false when there is none."""
        found = list(problems)
        for problem in found:
            self.add_error(self._field(problem.part), str(sentence(problem)))
        return bool(found)

    def _field(self, part: str) -> str | None:
        """The field of a part of a rule such as ``then.lead`` or ``when``; none for its other parts."""
        whole, _dot, inner = part.partition(".")
        name = inner.partition(".")[0]
        if whole == "when":  # the columns offer what exists only
            return "expert" if self.cleaned_data.get("expert") else "further"
        wanted = {"then": name or "lead", "reason": f"reason_{name or 'az'}", "id": "code"}.get(whole, "")
        return wanted if wanted in self.fields else None


def typed(form: Seen, now: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed where something was changed, and what the record says ``now`` elsewhere."""
    return {
        name: form.cleaned_data[name] if name in form.changed_data else field.to_python(now.get(name))
        for name, field in form.fields.items()
    }


def in_order(chosen: Sequence[str], before: Sequence[str]) -> list[str]:
    """What is chosen, in the order in which it stood before; new ones behind."""
    return [*(code for code in before if code in chosen), *(code for code in chosen if code not in before)]


def shown(rule: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """What the form shows of a rule."""
    condition = taken_apart(rule.get("when"))
    lines, nested = as_lines(condition.rest, choices.catalogue)
    then, reason = rule.get("then", {}), rule.get("reason", {})
    return {
        **{fact: list(condition.chosen.get(fact, ())) for fact in CHOSEN},
        "further": json.dumps([line.tree() for line in lines], ensure_ascii=False),
        "expert": written(nested),
        **{name: then.get(name, "") for name in ("lead", "policy", "priority", "first", "target")},
        **{name: list(then.get(name, ())) for name in ("joint", "forbid", "documents", "consents")},
        **{name: bool(then.get(name)) for name in TOGGLES},
        **{name: reason.get(language, "") for name, language in REASONS.items()},
        "why": "",
    }
