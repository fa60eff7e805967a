"""Deciding and recording the decision."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Answer
from events import clock
from events.errors import Invalid
from intake.lifecycle import ApplicationState
from intake.models import Application, Contact
from people.models import Person

from . import selectors
from .decide import Decision, Part, decide, disclosed_to
from .models import Decision as DecisionRecord
from .models import DirectoryVersion
from .rules import facts as rules

log = logging.getLogger(__name__)

DUPLICATE_DAYS = 30
YEAR = timedelta(days=365)  # in which reasoned answers count (Law on Citizens' Appeals, 8.1.4 [S:L4])
DEATH = "person_deceased"
NEVER_MEANT = (ApplicationState.WITHDRAWN, ApplicationState.ENTERED_IN_ERROR)


def facts_of(application: Application) -> dict[str, Any]:
    """The facts rules may ask for: the application's own answers and what its records say.

    Answers cannot stand in for facts of the records. Two statements at most, one of them only where a
    unit's capacity is limited.
    """
    person = application.person if application.person_id else None
    contact = application.contact
    place = person.district if person else None
    return {
        **application.facts,
        "subtopic": application.subtopic_id,
        "topic": application.subtopic.topic_id,
        "urgency": application.subtopic.urgency,
        "district": place.pk if place else None,
        "region": place.region_id if place else None,
        "categories": (person.categories or None) if person else None,
        "age": age(person.birth_date) if person else None,
        "channel": contact.channel if contact else None,
        "verification": contact.verification if contact else None,
        **_history(application, person),
        "load": selectors.load(selectors.directory().directory),
    }


def age(born: date | None) -> int | None:
    """Whole years today in Baku."""
    if born is None:
        return None
    today = timezone.localdate(clock.now())
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _history(application: Application, person: Person | None) -> dict[str, Any]:
    """What the person's earlier records say: one statement."""
    unknown = dict.fromkeys(("household", "answers_given", "duplicate", "deceased"))
    if person is None:
        return unknown
    now = clock.now()
    earlier = Application.objects.filter(person=OuterRef("pk"), subtopic=application.subtopic_id)
    earlier = earlier.exclude(pk=application.pk).exclude(state__in=NEVER_MEANT)
    row = (
        Person.objects.filter(pk=person.pk)
        .annotate(
            relatives=Count("relations", distinct=True),
            answered=Count(
                "applications",
                filter=Q(
                    applications__in=_answered(application.subtopic_id, now - YEAR).exclude(pk=application.pk)
                ),
                distinct=True,
            ),
            again=Exists(earlier.filter(registered_at__gte=now - timedelta(days=DUPLICATE_DAYS))),
            died=Exists(Contact.objects.filter(concerning=OuterRef("pk"), disposition=DEATH)),
        )
        .values_list("relatives", "answered", "again", "died")
        .first()
    )
    if row is None:
        return unknown
    relatives, answered, again, died = row
    return {
        "household": relatives + 1 if relatives else None,
        "answers_given": answered,
        "duplicate": again,
        "deceased": died,
    }


def _answered(subtopic: str, since: Any) -> QuerySet[Application]:
    """Applications on a subtopic that got a reasoned answer since."""
    answers = Answer.objects.filter(referral__application=OuterRef("pk"), at__gte=since)
    return Application.objects.filter(Exists(answers), subtopic=subtopic).exclude(state__in=NEVER_MEANT)


def check_answers(answers: dict[str, Any]) -> None:
    """Refuse answers to the rules' questions that no rule could read. Raises ``Invalid``."""
    wrong = list(rules.refused(answers, selectors.published().book.catalogue))
    if wrong:
        sentence = _("The answer to this question is none of those it has: %(names)s.")
        raise Invalid.field("facts", sentence % {"names": ", ".join(sorted(wrong))}, code="wrong_answer")


def preview(facts: dict[str, Any]) -> Decision:
    """What production would decide on these facts now. Writes nothing."""
    return decide(facts, selectors.published().book, selectors.directory().directory)


def route(*, application: Application) -> Decision:
    """Decide by the published rules and record facts, versions and trace."""
    ruleset, listed = selectors.published(), selectors.directory()
    facts = facts_of(application)
    decision = decide(facts, ruleset.book, listed.directory)
    if decision.incident:
        log.error("routing rule failed under rule set %d: %s", ruleset.number, decision.incident)
    DecisionRecord.objects.create(
        application=application,
        source="rules",
        ruleset_id=ruleset.number,
        directory_id=_kept(listed),
        facts=facts,
        lead=decision.lead,
        joint=list(decision.joint),
        policy=decision.policy,
        priority=decision.priority,
        target=decision.target,
        proposal=asdict(decision.proposal) if decision.proposal else None,
        notices=list(decision.notices),
        incident=decision.incident[:80],
        trace=decision.trace_as_data(),
        digest=hashlib.sha256(decision.encoded).hexdigest(),
        at=clock.now(),
    )
    return decision


def _kept(listed: selectors.Listed) -> int:
    """The number under which this version of the directory is kept; kept now when it is new.

    Asked every time: a number remembered here would outlive a database that was restored.
    """
    kept = DirectoryVersion.objects.filter(digest=listed.digest).values_list("pk", flat=True).first()
    if kept is not None:
        return kept
    row, _created = DirectoryVersion.objects.get_or_create(
        digest=listed.digest, defaults={"units": listed.directory.as_data()}
    )
    return row.pk


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
    units = selectors.directory().directory.units
    health = application.subtopic.topic.health
    parts = tuple(
        Part(code, code == lead, disclosed_to(units[code], health, facts)) for code in (lead, *joint)
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
