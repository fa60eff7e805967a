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


TIME_STATES = "ontime, soon, late, paused or none"
PLANNED_END = "While its clock is paused: when it goes on by itself."


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
    time_state = s.CharField(help_text=TIME_STATES)
    paused_until = s.DateTimeField(allow_null=True, help_text=PLANNED_END)
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
    time_state = s.CharField(help_text=TIME_STATES)
    paused_until = s.DateTimeField(allow_null=True, help_text=PLANNED_END)
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


class Proposal(s.Serializer):
    """Where the rules would send it if no person had to look first."""

    lead = s.CharField()
    joint = s.ListField(child=s.CharField())


class Hint(s.Serializer):
    """What an answer that is not known yet would change."""

    fact = s.CharField()
    values = s.JSONField()
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    adds = s.ListField(child=s.CharField())
    drops = s.ListField(child=s.CharField())
    priority = s.CharField(help_text="the other priority, if it would change")


class Near(s.Serializer):
    """A rule that came near, with the first of its conditions that failed."""

    rule = s.CharField()
    fact = s.CharField()
    wanted = s.JSONField()
    found = s.JSONField()
    sentence = s.CharField()


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
    documents = s.ListField(child=s.CharField(), help_text="codes of documents to bring")
    consents = s.ListField(child=s.CharField(), help_text="units that see health details only by consent")
    notices = s.ListField(child=s.CharField(), help_text="deceased, duplicate, repeated")
    proposal = Proposal(allow_null=True)
    incident = s.CharField(help_text="the rule that failed; then a person decides")
    hints = Hint(many=True)
    trace = s.JSONField()


class Suggestion(s.Serializer):
    subtopic = s.CharField()
    confidence = s.FloatField()


class Suggestions(s.Serializer):
    suggestions = Suggestion(many=True)
    distress = s.ChoiceField(choices=["crisis", "emergency"], allow_null=True)
    model = s.IntegerField(allow_null=True, help_text="number of the model; null: the taxonomy's own words")


class Why(s.Serializer):
    """One recorded decision, with the facts and the trace where the actor may read them."""

    source = s.CharField()  # type: ignore[assignment]
    ruleset = s.IntegerField(allow_null=True)
    lead = s.CharField()
    joint = s.ListField(child=s.CharField())
    policy = s.CharField()
    priority = s.CharField()
    facts = s.JSONField(allow_null=True)
    notices = s.ListField(child=s.CharField())
    proposal = Proposal(allow_null=True)
    incident = s.CharField()
    trace = s.JSONField()
    sentences = s.ListField(child=s.CharField(), help_text="the trace in the reader's language")
    nearest = Near(many=True)
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


class Span(s.Serializer):
    """A piece of a clock's time."""

    start = s.DateTimeField()
    end = s.DateTimeField()
    kind = s.CharField(help_text="counted, night (outside the hours of a day), weekend, holiday or paused")
    name = s.CharField(help_text="Of the holiday, or what is waited for.")
    seconds = s.IntegerField(help_text="That count.")
    reason = s.CharField(help_text="Of a pause, as a code.")


class Party(s.Serializer):
    """Whose time it was. A wait during which the clock runs on is nonetheless another party's."""

    party = s.CharField(help_text="CALL_CENTRE, CITIZEN, THIRD_PARTY or an agency")
    name = s.CharField()
    seconds = s.IntegerField(help_text="Of working time, from the start to now or to the end.")


class Firing(s.Serializer):
    """A level that was reached: a warning, or the breach."""

    id = s.IntegerField()
    level = s.IntegerField(help_text="Per cent of the target.")
    due = s.DateTimeField()
    fired_at = s.DateTimeField()
    late_detected = s.BooleanField(help_text="Seen more than a minute after it was due.")
    breach = s.BooleanField()
    contested_at = s.DateTimeField(allow_null=True)
    contest = s.CharField()
    escalated = s.BooleanField()
    waiting = s.BooleanField(help_text="For the supervisor.")
    settled_at = s.DateTimeField(allow_null=True)
    settlement = s.CharField()
    verbs = s.ListField(child=s.CharField())


class Change(s.Serializer):
    """New terms of a clock."""

    kind = s.CharField(help_text="extended or calendar")
    at = s.DateTimeField()
    target_before = s.CharField()
    target = s.CharField()
    due_before = s.DateTimeField()
    due_after = s.DateTimeField()
    reason = s.CharField()
    text = s.CharField(help_text="What the citizen is told.")


class Clock(s.Serializer):
    """A promise to the citizen, a limit set by law, or the share of one unit.

    What counts of the spans, from the start to the due instant, is the target.
    """

    id = s.IntegerField()
    kind = s.CharField(help_text="promise, law or share")
    measure = s.CharField()
    instance = s.IntegerField(help_text="Counts the promises of an application that was reopened.")
    referral = s.UUIDField(allow_null=True)
    unit = s.CharField()
    unit_short = s.CharField()
    hours = s.CharField(
        help_text="The week that is worked, as in calendar/: office unless the unit has its own."
    )
    policy = s.CharField()
    policy_version = s.IntegerField()
    calendar_version = s.IntegerField()
    target = s.CharField(help_text="min and h run round the clock, wh and wd in working time.")
    round_the_clock = s.BooleanField()
    started_at = s.DateTimeField()
    warn_at = s.DateTimeField()
    due = s.DateTimeField()
    provisional = s.BooleanField(help_text="Lies beyond the published calendar.")
    ends_with_promise = s.BooleanField(help_text="May be shorter than its target.")
    paused_until = s.DateTimeField(allow_null=True, help_text=PLANNED_END)
    stopped_at = s.DateTimeField(allow_null=True)
    state = s.CharField(help_text="running, paused, met or broken")
    left = s.IntegerField(help_text="Seconds, working ones unless round the clock; negative when over.")
    plain = s.CharField(help_text="For the citizen, in one sentence; only of the newest promise.")
    spans = Span(many=True)
    parties = Party(many=True)
    firings = Firing(many=True)
    changes = Change(many=True)


class EscalatedApplication(s.Serializer):
    id = s.UUIDField()
    number = s.CharField()


class Escalation(s.Serializer):
    """A breach that waits for the supervisor."""

    id = s.IntegerField(help_text="Of the firing.")
    application = EscalatedApplication()
    referral = s.UUIDField(allow_null=True, help_text="Whose share it is; null for a promise.")
    unit = s.CharField()
    measure = s.CharField()
    due = s.DateTimeField()
    fired_at = s.DateTimeField()
    late_detected = s.BooleanField()
    subtopic = s.CharField()
    priority = s.CharField()


class Likely(s.Serializer):
    """An application that will probably be late."""

    id = s.UUIDField(help_text="Of the application.")
    number = s.CharField()
    subtopic = s.CharField()
    subtopic_name = s.CharField()
    agency = s.CharField(help_text="That leads.")
    due = s.DateTimeField()
    left = s.IntegerField(help_text="Working seconds.")
    probability = s.FloatField(allow_null=True, help_text="0 to 1; null beyond all that was seen.")
    beyond = s.BooleanField(help_text="Has taken longer than nearly all that it could be compared with.")
    basis = s.ListField(child=s.CharField(), help_text="Compared with: topic, subject, agency.")
    n = s.IntegerField(help_text="How many there were to compare with.")


class CalibrationBin(s.Serializer):
    """Forecasts from ``low`` to ``high`` and what came of them."""

    low = s.FloatField()
    high = s.FloatField()
    n = s.IntegerField()
    predicted = s.FloatField(help_text="Mean of the forecasts.")
    observed = s.FloatField(help_text="Share that was late.")
    interval = s.ListField(child=s.FloatField(), help_text="95 % around observed: low, high.")


class Calibration(s.Serializer):
    """How good earlier forecasts would have been."""

    n = s.IntegerField()
    brier = s.FloatField(help_text="Mean squared error, 0 at best.")
    base_rate = s.FloatField()
    base_brier = s.FloatField(help_text="Of who always says the base rate.")
    bins = CalibrationBin(many=True)


class Beyond(s.Serializer):
    """Of those beyond all that was seen, how many were late in the end."""

    late = s.IntegerField()
    n = s.IntegerField()


class Forecast(s.Serializer):
    hours = s.IntegerField(help_text="Working hours looked ahead.")
    rows = Likely(many=True)
    compared = s.IntegerField(help_text="Promises in the history.")
    calibration = Calibration(allow_null=True)
    beyond = Beyond()


class Snapshot(s.Serializer):
    """A live topic as it is now: ids, versions, states and due instants."""

    op = s.CharField()
    topic = s.CharField()
    cursor = s.CharField(help_text="Stream on from here.")
    rows = s.ListField(child=s.DictField())
    complete = s.BooleanField(help_text="False when there are more rows than are told.")
    digest = s.CharField(help_text="Of the ids and versions of the rows.", allow_null=True)


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


class Service(s.Serializer):
    """What a unit does, where, and with how much room."""

    id = s.UUIDField()
    version = s.IntegerField()
    unit = s.CharField()
    agency = s.CharField()
    subtopics = s.ListField(child=s.CharField())
    districts = s.ListField(child=s.CharField(), help_text="The catchment; empty: the whole country.")
    status = s.CharField(help_text="open, full or closed: does it take new referrals?")
    capacity = s.IntegerField(
        allow_null=True, help_text="Referrals that can be open at once; null: no limit."
    )
    used = s.IntegerField(
        allow_null=True, help_text="Open referrals at present; null where the queue is not yours to see."
    )
    alert = s.CharField(help_text="What has to be known before one sends somebody, as it was typed.")
    confirmed_on = s.DateField(allow_null=True, help_text="When somebody last vouched for the whole row.")
    stale = s.BooleanField(help_text="Not confirmed in the last 90 days.")


class CalendarDay(s.Serializer):
    """A day that is not plain."""

    date = s.DateField()
    kind = s.CharField(
        help_text="off: holiday, mourning, moved_off, cabinet_off; worked: cabinet_work, shortened"
    )
    name = s.CharField()
    shortened = s.BooleanField(help_text="Worked, and an hour shorter (Labour Code, article 108).")


class CalendarYear(s.Serializer):
    year = s.IntegerField()
    confirmed = s.BooleanField(help_text="Published; otherwise what the law says without it.")
    working_days = s.ListField(child=s.IntegerField(), help_text="Of each month, January first.")
    days = CalendarDay(many=True)


class CalendarHours(s.Serializer):
    code = s.CharField()
    name = s.CharField()
    week = s.ListField(
        child=s.ListField(child=s.CharField()),
        help_text="Seven days from Monday, shifts such as 09:00-13:00.",
    )


class CalendarUnit(s.Serializer):
    unit = s.CharField()
    hours = s.CharField(help_text="Code of the hours of this unit and of all below it.")


class WorkingCalendar(s.Serializer):
    """The calendar in force; who is not in ``units`` works the hours ``office``."""

    version = s.IntegerField()
    published_at = s.DateTimeField()
    confirmed_until = s.DateField(help_text="Promises that end later are provisional.")
    years = CalendarYear(many=True)
    hours = CalendarHours(many=True)
    units = CalendarUnit(many=True)
