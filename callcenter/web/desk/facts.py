"""What the desk has to ask: only the facts that the published rules look at, in people's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from callcenter.web.forms import Question, Word
from intake.models import Subtopic
from routing.decide import Rule

# Read from the records (routing.services.facts_of) or asked in a place of their own.
KNOWN = frozenset(
    {"subtopic", "topic", "district", "region", "categories", "channel", "verification"}
    | {"unclear", "consents", "complained_about"}
)
LABELS: Mapping[str, Word] = {
    "disability_degree": _("Disability degree"),
    "lives_alone": _("Lives alone"),
    "amputee": _("Has an amputation"),
    "spinal_injury": _("Has a spinal injury"),
    "minor": _("Is under 18"),
    "pregnant": _("Is pregnant"),
    "third_repeat": _("Asks for the third time"),
    "risk_flag": _("There is a sign of danger"),
    "medicine_days_left": _("Medicine lasts for"),
    "complained_about": _("Complaint is about"),
    "unclear": _("Unclear: let triage decide"),
    "verification": _("Identity level"),
    "district": _("District"),
    "region": _("Region"),
    "categories": _("Category"),
    "channel": _("Channel"),
    "consents": _("Consent"),
    "subtopic": _("Subject"),
    "topic": _("Subject"),
    "unit": _("Agency"),
}
# All answers to offer where the rules name only the ones that change something.
OPTIONS: Mapping[str, tuple[tuple[Any, Word], ...]] = {
    "disability_degree": (
        ("1", _("I degree")),
        ("2", _("II degree")),
        ("3", _("III degree")),
        ("0", _("No disability set")),
    ),
    "medicine_days_left": (
        (0, _("It has run out")),
        (1, _("1 day")),
        (2, _("2 days")),
        (3, _("3 days")),
        (4, _("More than 3 days")),
    ),
}
# A question that has no sense elsewhere [D].
ONLY_FOR: Mapping[str, frozenset[str]] = {"medicine_days_left": frozenset({"RX", "PSY"})}


def questions(rules: Iterable[Rule], subtopic: Subtopic | None) -> list[Question]:
    """The facts that rules about this subject, or about any, look at; choices first, then ticks."""
    wanted: dict[str, list[Any]] = {}
    for rule in rules:
        if subtopic is not None and _concerns(rule, subtopic):
            for fact, value in rule["when"].items():
                wanted.setdefault(fact, []).extend(value if isinstance(value, list) else [value])
    asked = [
        Question(fact, label(fact), _options(fact, values))
        for fact, values in wanted.items()
        if fact not in KNOWN
        and (subtopic is None or subtopic.topic_id in ONLY_FOR.get(fact, {subtopic.topic_id}))
    ]
    return sorted(asked, key=lambda question: not question.options)


def label(fact: str) -> Word:
    return LABELS.get(fact, fact)


def answer_words(fact: str, value: Any) -> str:
    """The value of a fact in words, for the reasons of a decision."""
    if isinstance(value, list):
        return ", ".join(answer_words(fact, item) for item in value)
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if value in (None, ""):
        return str(_("not known"))
    return str(dict(OPTIONS.get(fact, ())).get(value, value))


def _concerns(rule: Rule, subtopic: Subtopic) -> bool:
    """Can the rule come to anything for this subject?"""
    own = {"subtopic": subtopic.code, "topic": subtopic.topic_id}
    conditions = rule["when"]
    return all(
        name not in conditions
        or value in (conditions[name] if isinstance(conditions[name], list) else [conditions[name]])
        for name, value in own.items()
    )


def _options(fact: str, values: list[Any]) -> tuple[tuple[Any, Word], ...]:
    if fact in OPTIONS:
        return OPTIONS[fact]
    if all(isinstance(value, bool) for value in values):
        return ()
    return tuple((value, str(value)) for value in dict.fromkeys(values))
