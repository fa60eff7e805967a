"""Deciding and recording the decision."""

from __future__ import annotations

from typing import Any

from events import clock
from intake.models import Application

from . import selectors
from .decide import Decision, Part, decide, disclosed_to
from .models import Decision as DecisionRecord


def facts_of(application: Application) -> dict[str, Any]:
    """The facts rules may ask for: the application's own answers and what its records say."""
    person = application.person if application.person_id else None
    contact = application.contact
    place = person.district if person else None
    return {
        **application.facts,
        "subtopic": application.subtopic_id,
        "topic": application.subtopic.topic_id,
        "district": place.pk if place else None,
        "region": place.region_id if place else None,
        "categories": person.categories if person else [],
        "channel": contact.channel if contact else None,
        "verification": contact.verification if contact else None,
    }


def preview(facts: dict[str, Any]) -> Decision:
    """What production would decide on these facts now. Writes nothing."""
    return decide(facts, selectors.published().rules, selectors.directory())


def route(*, application: Application) -> Decision:
    """Decide by the published rules and record facts, rule set and trace."""
    ruleset = selectors.published()
    facts = facts_of(application)
    decision = decide(facts, ruleset.rules, selectors.directory())
    DecisionRecord.objects.create(
        application=application,
        source="rules",
        ruleset=ruleset,
        facts=facts,
        lead=decision.lead,
        joint=list(decision.joint),
        policy=decision.policy,
        priority=decision.priority,
        target=decision.target,
        trace=decision.trace_as_data(),
        at=clock.now(),
    )
    return decision


def record_choice(
    *,
    application: Application,
    actor_id: int,
    source: str,
    lead: str,
    joint: list[str],
    policy: str,
    note: str,
) -> Decision:
    """Record where a person sent the application, with what each unit may see of it."""
    facts = facts_of(application)
    directory = selectors.directory()
    health = application.subtopic.topic.health
    parts = tuple(
        Part(code, code == lead, disclosed_to(directory[code], health, facts)) for code in (lead, *joint)
    )
    DecisionRecord.objects.create(
        application=application,
        source=source,
        facts=facts,
        lead=lead,
        joint=joint,
        policy=policy,
        priority=application.priority,
        target=application.subtopic.resolve,
        note=note,
        by_id=actor_id,
        at=clock.now(),
    )
    return Decision(
        lead=lead,
        joint=tuple(joint),
        policy=policy,
        priority=application.priority,
        target=application.subtopic.resolve,
        parts=parts,
    )
