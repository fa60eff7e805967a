"""Golden cases of a rule: an example application by name, its facts, and where it has to go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.policy import Action
from callcenter import rulewords, words
from callcenter.web.doors import page, version_of
from callcenter.web.forms import POLICIES, Seen
from events.errors import NotVisible
from routing.decide import LADDER
from routing.errors import sentence
from routing.rules.check import Problem
from routing.rules.facts import Fact, Kind

from .choosing import Choices, encoded
from .common import done, rule_of, sight_of
from .editing import Editing, changed, problems_with, put
from .forms import TargetInput, in_order

Case = Mapping[str, Any]
DERIVED = ("topic", "urgency", "region")  # they follow from the subject and the district


class CaseForm(Seen):
    """One golden case. A fact that is left open is not known."""

    code = forms.RegexField(
        label=gettext_lazy("Code"),
        regex=r"^[A-Z0-9][A-Z0-9.-]{0,39}$",
        max_length=40,
        error_messages={
            "invalid": gettext_lazy("Write capital letters, digits, full stops and hyphens only.")
        },
    )
    az = forms.CharField(
        label=gettext_lazy("What the example is, in Azerbaijani"),
        max_length=300,
        help_text=gettext_lazy("Subject, category, district. Invented: nobody's name."),
    )
    lead = forms.ChoiceField(label=gettext_lazy("Lead agency"), required=False)
    triage = forms.BooleanField(label=gettext_lazy("A person decides (triage)"), required=False)
    joint = forms.MultipleChoiceField(
        label=gettext_lazy("Joint agencies"), required=False, widget=forms.CheckboxSelectMultiple
    )
    policy = forms.ChoiceField(label=gettext_lazy("Closing condition"), required=False)
    priority = forms.ChoiceField(label=gettext_lazy("Priority"), required=False)
    target = forms.CharField(
        label=gettext_lazy("Answer to the citizen"), max_length=12, required=False, widget=TargetInput()
    )
    why = forms.CharField(
        label=gettext_lazy("Why you change it"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, choices: Choices, new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices
        for code, fact in choices.catalogue.items():
            if code not in DERIVED:
                self.fields[f"fact_{code}"] = self._asked(fact)
        self._offer()
        if not new:
            del self.fields["code"]

    def _asked(self, fact: Fact) -> forms.Field:
        field = _field(rulewords.label(fact.code, self.choices.catalogue), fact, self.choices.values(fact))
        field.show_hidden_initial = self.fields["az"].show_hidden_initial
        return field

    def _offer(self) -> None:
        not_looked_at = ("", _("Not looked at"))
        offered: Mapping[str, Sequence[Any]] = {
            "lead": [("", _("None")), *self.choices.units],
            "joint": self.choices.units,
            "policy": [not_looked_at, *POLICIES],
            "priority": [not_looked_at, *((code, words.URGENCY[code]) for code in LADDER)],
        }
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices

    @property
    def asked(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("fact_")]

    # The case as the form says it ---------------------------------------------------------------------------

    def case(self, before: Case) -> dict[str, Any]:
        """The case ``before`` with what was changed in the form."""
        typed = self.cleaned_data
        return {
            "id": before.get("id") or typed["code"],
            "az": typed["az"] if "az" in self.changed_data else before["az"],
            "facts": self._facts(before.get("facts", {})),
            "expect": self._expect(before.get("expect", {})),
        }

    def _facts(self, before: Mapping[str, Any]) -> dict[str, Any]:
        facts = dict(before)
        for name in self.changed_data:
            if name.startswith("fact_"):
                _set(facts, name.removeprefix("fact_"), self.cleaned_data[name])
        if "fact_subtopic" in self.changed_data:
            topic, urgency = self._of_subject(facts.get("subtopic"))
            _set(facts, "topic", topic)
            _set(facts, "urgency", urgency)
        if "fact_district" in self.changed_data:
            _set(facts, "region", self._region(facts.get("district")))
        return facts

    def _of_subject(self, code: str | None) -> tuple[str, str]:
        rows = ((topic, row) for topic in self.choices.lists.topics for row in topic.subtopics.all())
        return next(((topic.code, row.urgency) for topic, row in rows if row.code == code), ("", ""))

    def _region(self, code: str | None) -> str:
        regions = self.choices.lists.regions
        return next(
            (region.code for region in regions for row in region.districts.all() if row.code == code), ""
        )

    def _expect(self, before: Mapping[str, Any]) -> dict[str, Any]:
        expect = dict(before)
        for name in ("lead", "triage", "policy", "priority", "target"):
            if name in self.changed_data:
                _set(expect, name, self.cleaned_data[name] or None)
        if "joint" in self.changed_data or "lead" in self.changed_data:
            expect["joint"] = in_order(self.cleaned_data["joint"], before.get("joint", ()))
        return expect

    def place(self, problems: Sequence[Problem]) -> bool:
        """Tell problems of the case at the top: they name the fact or the unit themselves."""
        for problem in problems:
            self.add_error(None, str(sentence(problem)))
        return bool(problems)


def _field(label: str, fact: Fact, values: Sequence[Any]) -> forms.Field:
    """The control of one fact."""
    if fact.kind == Kind.CODES:
        plain = [(json.loads(value), name) for value, name in values if isinstance(name, str)]
        plain = plain or [pair for _group, pairs in values for pair in _decoded(pairs)]
        return forms.MultipleChoiceField(
            label=label, required=False, choices=plain, widget=forms.CheckboxSelectMultiple
        )
    if values:
        return forms.TypedChoiceField(
            label=label,
            required=False,
            choices=[("", _("Not known")), *values],
            coerce=json.loads,
            empty_value=None,
        )
    return forms.IntegerField(
        label=label, required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )


def _decoded(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(json.loads(value), name) for value, name in pairs]


def _set(values: dict[str, Any], name: str, value: Any) -> None:
    """Keep a value; what says nothing is not kept."""
    if value in (None, "", []):
        values.pop(name, None)
    else:
        values[name] = value


def shown(case: Case, choices: Choices) -> dict[str, Any]:
    """What the form shows of a case."""
    facts, expect = case["facts"], case["expect"]
    return {
        "az": case["az"],
        **{name: expect.get(name, "") for name in ("lead", "policy", "priority", "target")},
        "triage": bool(expect.get("triage")),
        "joint": list(expect.get("joint", ())),
        "why": "",
        **{
            f"fact_{code}": _shown(fact, facts.get(code), bool(choices.values(fact)))
            for code, fact in choices.catalogue.items()
            if code not in DERIVED
        },
    }


def _shown(fact: Fact, value: Any, listed: bool) -> Any:
    if fact.kind == Kind.CODES:
        return list(value or ())
    return encoded(value) if listed and value is not None else value


# Pages ------------------------------------------------------------------------------------------------------


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def edit(request: HttpRequest, number: int, rule: str, case: str) -> HttpResponse:
    """One golden case of a rule of a draft."""
    sight = sight_of(request, number)
    _section, row = rule_of(sight.ruleset, rule)
    before = next((it for it in row.get("cases", ()) if it["id"] == case), None)
    if before is None:
        raise NotVisible
    return _changed(request, number, rule, before)


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def add(request: HttpRequest, number: int, rule: str) -> HttpResponse:
    """A new golden case of a rule of a draft."""
    return _changed(request, number, rule, {})


def _changed(request: HttpRequest, number: int, rule: str, before: Case) -> HttpResponse:
    sight = sight_of(request, number)
    section, row = rule_of(sight.ruleset, rule)
    choices = Choices(sight.ruleset.document)

    def with_case(form: CaseForm) -> dict[str, Any]:
        return {**row, "cases": _replaced(row.get("cases", ()), before.get("id"), form.case(before))}

    def make(data: QueryDict | None = None, **options: Any) -> CaseForm:
        return CaseForm(data, choices=choices, new=not before, **options)

    how = Editing(
        sight=sight,
        row=rule,
        template="rules/case.html",
        now=shown(before, choices) if before else None,
        form=make,
        save=lambda form, version: put(request, sight, section, with_case(form), version, replaces=rule),
        wrong=lambda form: problems_with(sight.ruleset, section, with_case(form), rule),
        back=reverse("rule", args=[number, rule]),
        context={"rule": row, "case": before},
    )
    return changed(request, how)


def _replaced(cases: Sequence[Case], code: str | None, case: Case) -> list[Case]:
    """The cases with this one in its place, or behind them when it is new."""
    if code is None:
        return [*cases, case]
    return [case if it["id"] == code else it for it in cases]


@page(Action.RULES_EDIT, methods=("POST",))
def remove(request: HttpRequest, number: int, rule: str, case: str) -> HttpResponse:
    """Take a golden case away from its rule."""
    sight = sight_of(request, number)
    section, row = rule_of(sight.ruleset, rule)
    left = [it for it in row.get("cases", ()) if it["id"] != case]

    def command() -> None:
        put(request, sight, section, {**row, "cases": left}, version_of(request), replaces=rule)

    said = _("The golden case is taken away.")
    return done(request, "rule", said, command, number=number, rule=rule)
