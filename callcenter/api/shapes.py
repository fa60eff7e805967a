"""Shapes that go out: what ``callcenter.sight`` lets the actor see, as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers as s


def page(of: type[s.Serializer]) -> Any:
    """The shape of a list of ``of``: itself one object."""
    members = {
        "next": s.URLField(allow_null=True),
        "previous": s.URLField(allow_null=True),
        "results": of(many=True),
    }
    return extend_schema_serializer(many=False)(type(f"{of.__name__}Page", (s.Serializer,), members))


class Person(s.Serializer):
    id = s.UUIDField()
    full_name = s.CharField()
    phones = s.ListField(child=s.CharField(), help_text="E.164")
    district = s.CharField()
    district_name = s.CharField()
    fin = s.CharField(help_text="Empty when unknown or withheld.")
    birth_date = s.DateField(allow_null=True)
    address = s.CharField()
    categories = s.ListField(child=s.CharField())
    safety_note = s.CharField()
    synthetic = s.BooleanField()


class WholePerson(Person):
    """A person by id: the parts of the name and the version to edit it with."""

    family_name = s.CharField()
    given_name = s.CharField()
    patronymic = s.CharField()
    sex = s.CharField()
    language = s.CharField()
    version = s.IntegerField()


class Answer(s.Serializer):
    outcome = s.CharField()
    outcome_name = s.CharField()
    text = s.CharField()
    at = s.DateTimeField()


class Referral(s.Serializer):
    id = s.UUIDField()
    application = s.UUIDField()
    number = s.CharField()
    unit = s.CharField()
    unit_name = s.CharField()
    agency = s.CharField()
    is_lead = s.BooleanField()
    state = s.CharField()
    version = s.IntegerField()
    subtopic = s.CharField()
    subtopic_name = s.CharField()
    priority = s.CharField()
    requested_at = s.DateTimeField()
    due = s.DateTimeField(allow_null=True)
    time_state = s.CharField(help_text="ontime, soon, late or none")
    assignee = s.CharField(help_text="User name, empty when nobody has it or it is not yours to know.")
    reason = s.CharField()
    note = s.CharField()
    suggested_unit = s.CharField()
    replaces = s.UUIDField(allow_null=True)
    answer = Answer(allow_null=True)
    verbs = s.ListField(child=s.CharField())


class DecisionShape(s.Serializer):
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    policy = s.CharField()
    priority = s.CharField()
    ruleset = s.IntegerField(allow_null=True)


class Application(s.Serializer):
    id = s.UUIDField()
    number = s.CharField()
    tracking_code = s.CharField(help_text="Empty for agencies.")
    state = s.CharField()
    version = s.IntegerField()
    topic = s.CharField()
    subtopic = s.CharField()
    subtopic_name = s.CharField()
    priority = s.CharField()
    policy = s.CharField()
    registered_at = s.DateTimeField()
    due = s.DateTimeField(allow_null=True)
    time_state = s.CharField()
    closed_at = s.DateTimeField(allow_null=True)
    person = Person(allow_null=True)
    contact = s.UUIDField(allow_null=True)
    text = s.CharField(allow_null=True)
    facts = s.JSONField(allow_null=True)
    withheld = s.ListField(child=s.CharField())
    decision = DecisionShape(allow_null=True)
    referrals = Referral(many=True)
    verbs = s.ListField(child=s.CharField())
    synthetic = s.BooleanField()


class Contact(s.Serializer):
    id = s.UUIDField()
    channel = s.CharField()
    direction = s.CharField()
    state = s.CharField()
    caller = s.UUIDField(source="caller_id", allow_null=True)
    concerning = s.UUIDField(source="concerning_id", allow_null=True)
    number = s.CharField()
    verification = s.IntegerField()
    notes = s.CharField()
    disposition = s.CharField(source="disposition_id", allow_null=True)
    started_at = s.DateTimeField()
    finalised_at = s.DateTimeField(allow_null=True)
    version = s.IntegerField()


class Part(s.Serializer):
    unit = s.CharField()
    is_lead = s.BooleanField()
    disclosed = s.ListField(child=s.CharField())


class Preview(s.Serializer):
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    policy = s.CharField()
    priority = s.CharField()
    target = s.CharField()
    rule = s.CharField()
    ruleset = s.IntegerField()
    to_triage = s.BooleanField()
    due = s.DateTimeField()
    parts = Part(many=True)
    trace = s.JSONField()


class Suggestion(s.Serializer):
    subtopic = s.CharField()
    confidence = s.FloatField()


class Suggestions(s.Serializer):
    suggestions = Suggestion(many=True)
    distress = s.ChoiceField(choices=["crisis", "emergency"], allow_null=True)


class Why(s.Serializer):
    """One recorded decision, with the facts and the trace where the actor may read them."""

    source = s.CharField()  # type: ignore[assignment]
    ruleset = s.IntegerField(allow_null=True)
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    policy = s.CharField()
    priority = s.CharField()
    facts = s.JSONField(allow_null=True)
    trace = s.JSONField()
    at = s.DateTimeField()


class Entry(s.Serializer):
    """One thing that happened. Empty members are unknown or withheld."""

    at = s.DateTimeField()
    kind = s.CharField()
    words = s.CharField()
    referral = s.UUIDField(allow_null=True)
    unit = s.CharField()
    unit_name = s.CharField()
    actor_name = s.CharField()
    reason = s.CharField()
    reason_name = s.CharField()
    text = s.CharField()


class Snapshot(s.Serializer):
    """A live topic as it is now: ids, versions, states and due instants."""

    op = s.CharField()
    topic = s.CharField()
    cursor = s.CharField(help_text="Stream on from here.")
    rows = s.ListField(child=s.DictField())
    digest = s.CharField(help_text="Of the ids and versions of the rows.")


class Reference(s.Serializer):
    code = s.CharField(source="pk")
    az = s.CharField()
    en = s.CharField()
    ru = s.CharField()
    mark = s.CharField()


class AgencyReference(Reference):
    scope = s.CharField()
    abbr = s.CharField()
    hotline = s.ListField(child=s.CharField())


class UnitReference(Reference):
    agency = s.CharField(source="agency_id")
    parent = s.CharField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    path = s.ListField(child=s.CharField())
    health = s.BooleanField()


class SubtopicReference(Reference):
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    urgency = s.CharField()
    first = s.CharField()
    resolve = s.CharField()
    documents = s.ListField(child=s.CharField())


class TopicReference(Reference):
    health = s.BooleanField()
    subtopics = SubtopicReference(many=True)


class DistrictReference(Reference):
    kind = s.CharField()


class RegionReference(Reference):
    districts = DistrictReference(many=True)


class ReasonReference(Reference):
    kind = s.CharField()
    effect = s.CharField()
    needs_note = s.BooleanField()


class DispositionReference(Reference):
    group = s.CharField()
    next_action = s.CharField()
