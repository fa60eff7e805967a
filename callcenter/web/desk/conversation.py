"""Everything one conversation shows. Page and parts are drawn from the same values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from access.disclosure import EVERYTHING
from access.models import User
from access.permissions import may
from access.policy import Action
from access.visibility import applications_for, contacts_for
from agencies.models import Unit
from callcenter import reasons, rulewords, sight
from callcenter.web.forms import ApplicationForm
from intake import selectors as intake
from intake.lifecycle import OPEN, ContactState
from intake.models import Application, Contact, Disposition, Subtopic
from people.models import Category, Person
from people.reference import find
from routing import explain
from routing import selectors as rules
from routing import services as routing
from routing.decide import Decision
from routing.explain import Hint

from . import facts, routed, script
from .once import new_key

DANGERS = {"crisis": "PSY-CRISIS", "emergency": "MED-EMERG"}  # the subject of a sign of danger, one key away
SUGGESTED = 3
OPEN_SHOWN, CONTACTS_SHOWN, SIMILAR_SHOWN = 5, 3, 3
COMPLAINT = "CMP"
ADDRESS = {"m": "bəy", "f": "xanım"}

LEVELS = (
    ("0", _("General information and crisis help")),
    ("1", _("Ordinary application, own status")),
    ("2", _("Health details, change of telephone and address, consent")),
    ("3", _("Everything of one's own (signed in by SİMA or ASAN İmza)")),
)


@dataclass
class Work:
    """The application being written: its form, its subject and what the rules make of it now."""

    form: ApplicationForm
    subtopic: Subtopic | None
    facts: dict[str, Any]
    decision: Decision | None = None
    hints: list[Hint] = field(default_factory=list)
    goes: list[routed.Goes] = field(default_factory=list)
    similar: list[Application] = field(default_factory=list)
    key: str = field(default_factory=new_key)

    @property
    def asked_consents(self) -> list[routed.Goes]:
        return [row for row in self.goes if row.asks_consent]


def person_of(contact: Contact) -> Person | None:
    """Whom the conversation is about."""
    return contact.concerning or contact.caller


def contacts(actor: User) -> QuerySet[Contact]:
    return contacts_for(actor).select_related(
        "caller__district", "concerning__district", "disposition", "operator"
    )


def imagined(contact: Contact, subtopic: Subtopic, answers: dict[str, Any]) -> Application:
    """The application as it would be registered; never saved. Preview and registration decide alike."""
    return Application(
        person=cast(Person, person_of(contact)), contact=contact, subtopic=subtopic, facts=answers
    )


def work(actor: User, contact: Contact, data: QueryDict | None = None, **initial: str) -> Work:
    """The form as posted (``data``) or fresh, with what the rules would decide on it now."""
    code = data.get("subtopic", "") if data is not None else initial.get("subtopic", "")
    subtopic = find(Subtopic, code)
    form = ApplicationForm(
        data,
        initial=initial,
        questions=facts.questions(rules.published().book, subtopic),
        against=_units() if subtopic is not None and subtopic.topic_id == COMPLAINT else (),
        auto_id="a_%s",
    )
    answers = form.facts() if data is not None else {}
    if data is not None and (
        consents := [code for code in data.getlist("consents") if code in rules.directory().directory.units]
    ):
        answers["consents"] = sorted(set(consents))
    made = Work(form, subtopic, answers)
    if data is not None and data.get("key"):
        made.key = str(data["key"])
    if subtopic is not None and person_of(contact) is not None:
        _decide(actor, contact, subtopic, made)
    return made


def _decide(actor: User, contact: Contact, subtopic: Subtopic, made: Work) -> None:
    person = cast(Person, person_of(contact))
    known = routing.facts_of(imagined(contact, subtopic, made.facts))
    made.decision = routing.preview(known)
    made.hints = explain.hints(known, rules.published().book, rules.directory().directory)
    made.goes = routed.goes(
        made.decision.parts, health=subtopic.topic.health, consents=made.facts.get("consents", ())
    )
    made.similar = list(
        intake.similar(applications_for(actor), person=person, subtopic=subtopic)[:SIMILAR_SHOWN]
    )


def _units() -> list[tuple[str, str]]:
    return [(unit.code, unit.name) for unit in Unit.objects.filter(active=True)]


def of_work(request: HttpRequest, contact: Contact, made: Work) -> dict[str, Any]:
    """Values of the parts that change with every answer: subject, facts, preview, consents, script."""
    text = str(made.form["text"].value() or "")
    suggested = intake.suggestions(text[:6000])
    decision = made.decision
    return {
        "contact": contact,
        "work": made,
        "form": made.form,
        "chosen": made.subtopic,
        "suggested": _suggested(suggested, made.subtopic),
        "distress": suggested.distress,
        "decision": decision,
        "looks": reasons.looks(decision.trace_as_data()) if decision else [],
        "hints": reasons.hints(made.hints),
        "could_raise": reasons.urgent(made.hints),
        "notices": reasons.notices(decision.notices) if decision else [],
        "papers": [rulewords.names("documents").get(it, it) for it in decision.documents] if decision else [],
        "first": routed.promise(decision.first) if decision and not decision.to_triage else None,
        "promise": routed.promise(decision.target) if decision else None,
        "closing": routed.closing(decision.policy, len(decision.parts)) if decision else "",
        "ruleset": rules.published().number,
        "steps": script.steps(
            contact, made.subtopic is not None, bool(made.asked_consents), registered=False
        ),
    }


def _suggested(found: intake.Suggestions, chosen: Subtopic | None) -> list[Subtopic]:
    """Suggested subjects, likeliest first, after the one for a sign of danger; the chosen one keeps its place
    or comes before them."""
    likely = [code for code, _confidence in found.suggestions]
    danger = [DANGERS[found.distress]] if found.distress else []
    codes = list(dict.fromkeys([*danger, *likely]))[:SUGGESTED]
    rows = Subtopic.objects.select_related("topic").in_bulk(codes)
    listed = [rows[code] for code in codes if code in rows]
    if chosen is not None and chosen.code not in codes:
        listed = [chosen, *listed[:2]]
    return listed


def of_person(actor: User, contact: Contact) -> dict[str, Any]:
    """Values of the left column. A constant number of statements whatever the person has."""
    person = person_of(contact)
    shown: dict[str, Any] = {"contact": contact, "levels": levels(contact)}
    if person is None:
        return shown
    mine = applications_for(actor).filter(person=person)
    open_rows = list(sight.with_parts(mine.filter(state__in=OPEN)).order_by("due_at")[: OPEN_SHOWN + 1])
    others = contacts_for(actor).filter(caller=person).exclude(pk=contact.pk)
    return {
        **shown,
        "person": sight.person_sight(person, EVERYTHING),
        "called": called(person),
        "categories": categories(person),
        "open_applications": [sight.application(actor, row) for row in open_rows[:OPEN_SHOWN]],
        "more_open": len(open_rows) > OPEN_SHOWN,
        "last_contacts": others.select_related("disposition").order_by("-started_at")[:CONTACTS_SHOWN],
    }


def called(person: Person) -> str:
    """How to address the person: first name with bəy or xanım, in every language of the page."""
    return f"{person.given_name} {ADDRESS.get(person.sex, '')}".strip()


def categories(person: Person) -> list[str]:
    """Names of the person's categories."""
    rows = Category.objects.in_bulk(person.categories)
    return [rows[code].name for code in person.categories if code in rows]


def levels(contact: Contact) -> list[dict[str, Any]]:
    """The levels of identity and what each allows."""
    return [
        {"value": value, "allows": allows, "on": str(contact.verification) == value}
        for value, allows in LEVELS
    ]


def dispositions(contact: Contact) -> list[Disposition]:
    """How this contact can have ended."""
    groups = ["inbound"] if contact.direction == "in" else ["outbound_no_contact", "outbound_contact"]
    return list(Disposition.objects.filter(active=True, group__in=groups))


def open_words(contact: Contact) -> str:
    """The note to go on with: nothing, when its words were registered already."""
    registered = contact.applications.filter(text=contact.notes).exists() if contact.notes else False
    return "" if registered else contact.notes


def is_mine(actor: User, contact: Contact) -> bool:
    """May the actor go on with this conversation?"""
    return contact.state != ContactState.FINALISED and may(actor, Action.CONTACT_CHANGE, contact)
