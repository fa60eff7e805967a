"""Shapes that come in. They check types and sizes; the domain checks meaning and gives the sentences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers as s

from agencies.directory import LARGEST_CAPACITY, LONGEST_ALERT
from agencies.lifecycle import JoinPolicy
from agencies.models import Taking
from intake.models import Channel, Direction
from people.models import Sex


class Code(s.CharField):
    """A reference code; whether it exists is the domain's question."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=32, **options)


class Words(s.CharField):
    """A text as typed; the domain cleans it and counts its characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20000, trim_whitespace=False, **options)


WITH_OFFSET = _("Give date and time with their offset, such as 2026-12-01T10:00:00+04:00.")


class Instant(s.DateTimeField):
    """An instant. Without its offset a time is refused: two readers would mean two different ones."""

    default_error_messages = dict.fromkeys(("invalid", "date", "naive"), WITH_OFFSET)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("naive")
        return value


class Strict(s.Serializer):
    """Refuses members it does not know: a mistyped one must not be lost in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise s.ValidationError(
                    {str(name)[:60]: [_("There is no such member here.")] for name in unknown[:10]}
                )
        return super().to_internal_value(data)


class Versioned(Strict):
    version = s.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class PersonBody(Versioned):
    family_name = s.CharField(max_length=80)
    given_name = s.CharField(max_length=80)
    patronymic = s.CharField(max_length=80, required=False, allow_blank=True)
    fin = s.CharField(max_length=20, required=False, allow_null=True, allow_blank=True)
    phones = s.ListField(child=s.CharField(max_length=40), required=False, max_length=10)
    district = Code(required=False, allow_null=True, allow_blank=True)
    categories = s.ListField(child=Code(), required=False, max_length=20)
    birth_date = s.DateField(required=False, allow_null=True)
    sex = s.ChoiceField(choices=Sex.choices, required=False)
    address = s.CharField(max_length=300, required=False, allow_blank=True)
    language = s.ChoiceField(choices=["az", "en", "ru"], required=False)
    safety_note = s.CharField(max_length=300, required=False, allow_blank=True)


class ContactBody(Strict):
    channel = s.ChoiceField(choices=Channel.choices, required=False)
    direction = s.ChoiceField(choices=Direction.choices, required=False)
    caller = s.UUIDField(required=False, allow_null=True)
    concerning = s.UUIDField(required=False, allow_null=True)
    number = s.CharField(max_length=40, required=False, allow_blank=True)
    verification = s.IntegerField(required=False, min_value=0, max_value=3)
    notes = Words(required=False, allow_blank=True)


class ContactChange(Versioned):
    caller = s.UUIDField(required=False, allow_null=True)
    concerning = s.UUIDField(required=False, allow_null=True)
    verification = s.IntegerField(required=False, min_value=0, max_value=3)
    notes = Words(required=False, allow_blank=True)
    state = s.ChoiceField(choices=["active", "wrap_up"], required=False)


class Finalise(Strict):
    disposition = Code()
    notes = Words(required=False, allow_blank=True)


class PreviewBody(Strict):
    subtopic = Code()
    person = s.UUIDField(required=False, allow_null=True)
    contact = s.UUIDField(required=False, allow_null=True)
    facts = s.JSONField(required=False)


class SuggestBody(Strict):
    text = Words(allow_blank=True)


class ApplicationBody(Strict):
    person = s.UUIDField()
    contact = s.UUIDField(required=False, allow_null=True)
    subtopic = Code()
    text = Words()
    facts = s.JSONField(required=False)


class TriageBody(Versioned):
    lead = Code()
    joint = s.ListField(child=Code(), required=False, max_length=10)
    policy = s.ChoiceField(choices=list(JoinPolicy), required=False)
    referral = s.UUIDField(required=False, allow_null=True)
    text = Words(required=False, allow_blank=True)


class WordsBody(Versioned):
    """A verb with optional words."""

    text = Words(required=False, allow_blank=True)


class NeedsWordsBody(Versioned):
    text = Words()


class DisputeBody(NeedsWordsBody):
    referral = s.UUIDField(required=False, allow_null=True)


class PlainBody(Versioned):
    """A verb without words."""


class ReasonBody(WordsBody):
    reason = Code()


class HoldBody(ReasonBody):
    until = Instant(required=False, allow_null=True, help_text="By default as late as the policy allows.")


class RejectBody(ReasonBody):
    suggested_unit = Code(required=False, allow_null=True, allow_blank=True)


class ExtendBody(NeedsWordsBody):
    """``text`` is what the citizen is told."""

    reason = Code()


class FiringBody(Strict):
    """Words about a level that was reached. It changes no version: each may be said once."""

    firing = s.IntegerField(min_value=1, max_value=2**63 - 1)
    text = Words()


class CompleteBody(Versioned):
    outcome = Code()
    text = Words()


class CapacityBody(Versioned):
    """All of it each time: what is not said would be guessed."""

    status = s.ChoiceField(choices=Taking.choices)
    capacity = s.IntegerField(
        allow_null=True, min_value=1, max_value=LARGEST_CAPACITY, help_text="null: no limit"
    )
    alert = s.CharField(max_length=LONGEST_ALERT, allow_blank=True, trim_whitespace=False)
