"""Shapes of rule sets: what comes in to work on a draft, and what goes out."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from routing.editing import WHY
from routing.lifecycle import RuleSetStatus
from routing.sheet.reading import MOST_BYTES

from .bodies import Strict, Versioned

LARGEST = 2**31 - 1

# In ---------------------------------------------------------------------------------------------------------


class Reason(s.CharField):
    """Why, in one line; whether it says anything is the domain's question."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            trim_whitespace=False, allow_blank=True, help_text=f"At most {WHY} characters.", **options
        )


class Document(s.JSONField):
    """A rule set by the schema of ``schema/ruleset/``. Whatever its depth, it is looked at only there."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class StartBody(Strict):
    source = s.IntegerField(  # type: ignore[assignment]
        min_value=1, max_value=LARGEST, help_text="The rule set to begin from."
    )
    note = Reason()


class RewriteBody(Versioned):
    document = Document()
    why = Reason()


class RehearseBody(Strict):
    days = s.IntegerField(min_value=1, max_value=3660)


class WhyBody(Versioned):
    why = Reason()


@extend_schema_field(OpenApiTypes.BINARY)
class Workbook(s.FileField):
    """A file; whether it is a workbook is found out by reading it."""

    def __init__(self) -> None:
        super().__init__(
            max_length=200, allow_empty_file=True, help_text=f"XLSX, at most {MOST_BYTES} bytes."
        )


class SheetBody(Versioned):
    """A form with a file."""

    file = Workbook()
    why = Reason()


# Out --------------------------------------------------------------------------------------------------------


class RuleSet(s.Serializer):
    """A version of the rules, without them."""

    number = s.IntegerField()
    status = s.ChoiceField(choices=[str(status) for status in RuleSetStatus])
    digest = s.CharField(help_text="SHA-256 of the rules.")
    base = s.IntegerField(allow_null=True, help_text="What was in force when it was begun.")
    note = s.CharField()
    author = s.CharField(allow_null=True)
    created_at = s.DateTimeField()
    changed_at = s.DateTimeField()
    submitted_by = s.CharField(allow_null=True)
    submitted_at = s.DateTimeField(allow_null=True)
    published_by = s.CharField(allow_null=True)
    published_at = s.DateTimeField(allow_null=True)
    retired_at = s.DateTimeField(allow_null=True)
    rehearsed = s.BooleanField(help_text="Is the rehearsal one of these very rules?")
    version = s.IntegerField()


class RuleProblem(s.Serializer):
    """What forbids publishing, or is a caution."""

    row = s.CharField(help_text="The rule, question or term; empty: the whole document.")
    part = s.CharField()
    code = s.CharField()
    sentence = s.CharField()


class FailingCase(s.Serializer):
    """A golden case that comes out otherwise."""

    rule = s.CharField()
    case = s.CharField()
    az = s.CharField()
    expect = s.JSONField()
    got = s.JSONField()
    by = s.CharField(help_text="The rule that concluded.")


class RuleEdit(s.Serializer):
    """A change of one row; ``before`` or ``after`` is null where there was or is none."""

    row = s.CharField()
    before = s.JSONField(allow_null=True)
    after = s.JSONField(allow_null=True)
    why = s.CharField()
    by = s.CharField(source="by.username")
    at = s.DateTimeField()


class WholeRuleSet(RuleSet):
    """A version of the rules with all that is known of it."""

    document = s.JSONField()
    rehearsal = s.JSONField(allow_null=True)
    problems = RuleProblem(many=True)
    cautions = RuleProblem(many=True, help_text="Allowed, and seldom meant; told once there is no problem.")
    failing = FailingCase(many=True)
    edits = RuleEdit(many=True)
