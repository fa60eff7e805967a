"""The desk's page: find the person, then the conversation. Its address holds ids only."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from access.models import User
from access.policy import Action
from access.visibility import applications_for, contacts_for, people_for
from callcenter import sight
from callcenter.web.doors import actor_of, page, visible
from intake import services as intake
from intake.lifecycle import ContactState
from intake.models import Application, Contact
from people.models import Person

from . import conversation, script, subjects
from .conversation import Work
from .once import new_key, once, wanted

UNFINISHED_SHOWN = 6


@page(Action.CONTACT_ADD, methods=("GET", "POST"))
def desk(request: HttpRequest) -> HttpResponse:
    """The start, a running conversation (``?contact=``), or, by POST, the start of one."""
    if request.method == "POST":
        return start(request)
    actor = actor_of(request)
    if "contact" not in request.GET:
        return render(request, "desk/start.html", start_values(actor))
    contact = visible(conversation.contacts(actor), wanted(request.GET["contact"]))
    if "registered" in request.GET:
        rows = sight.with_parts(applications_for(actor).filter(contact=contact))
        return registered(request, contact, visible(rows, wanted(request.GET["registered"])))
    return show(request, contact)


def start(request: HttpRequest) -> HttpResponse:
    """Somebody is on the line: open a contact with the chosen person, or with nobody known yet."""
    actor = actor_of(request)
    chosen = request.POST.get("person", "")
    person = visible(people_for(actor), wanted(chosen)) if chosen else None
    return redirect(address(begin(actor, person, request.POST)))


def begin(actor: User, person: Person | None, posted: Any) -> Contact:
    """Open the contact once per form and person."""
    number = str(posted.get("number", ""))[:20]
    return once(
        actor,
        "web.contact",
        f"{posted.get('key', '')[:40]}:{person.pk if person else ''}",
        ["contact", str(person.pk) if person else ""],
        lambda: intake.start_contact(operator_id=actor.pk, caller=person, number=number),
        contacts_for(actor),
    )


def address(contact: Contact, **more: Any) -> str:
    """Where a conversation goes on."""
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{reverse('desk')}?contact={contact.pk}{rest}"


def start_values(actor: User) -> dict[str, Any]:
    """Values of the page on which nobody is on the line."""
    mine = contacts_for(actor).filter(operator=actor).exclude(state=ContactState.FINALISED)
    return {
        "key": new_key(),
        "unfinished": mine.select_related("caller", "concerning").order_by("-started_at")[:UNFINISHED_SHOWN],
    }


def show(request: HttpRequest, contact: Contact, made: Work | None = None, status: int = 200) -> HttpResponse:
    """The conversation: a fresh application form, or the one that was refused."""
    actor = actor_of(request)
    if not conversation.is_mine(actor, contact):
        return closed(request, contact, made)
    drafted = contact.applications.count()
    made = made or conversation.work(
        actor, contact, text=conversation.open_words(contact), subtopic=request.GET.get("subtopic", "")[:32]
    )
    values = {
        **conversation.of_person(actor, contact),
        **conversation.of_work(request, contact, made),
        "draft": f"contact:{contact.pk}:{drafted}",
        "before": drafted,
        "topics": subjects.narrowed(),
        "dispositions": conversation.dispositions(contact),
        "ended_as": "application_opened" if drafted else "",
    }
    return render(request, "desk/desk.html", values, status=status)


def registered(request: HttpRequest, contact: Contact, row: Application) -> HttpResponse:
    """The application has its number: what to tell the citizen, and what next."""
    actor = actor_of(request)
    values = {
        **conversation.of_person(actor, contact),
        "application": sight.application(actor, row),
        "mine": conversation.is_mine(actor, contact),
        "draft_done": f"contact:{contact.pk}:{contact.applications.count() - 1}",
        "dispositions": conversation.dispositions(contact),
        "ended_as": "application_opened",
        "steps": script.steps(contact, has_subject=True, asks_consent=False, registered=True),
        "again": address(contact),
    }
    return render(request, "desk/registered.html", values)


def closed(request: HttpRequest, contact: Contact, made: Work | None = None) -> HttpResponse:
    """A finished conversation, or another operator's: to read only. Words sent to it too late are shown."""
    actor = actor_of(request)
    rows = sight.with_parts(applications_for(actor).filter(contact=contact)).order_by("registered_at")
    values = {
        **conversation.of_person(actor, contact),
        "done": contact.state == ContactState.FINALISED,
        "applications": [sight.application(actor, row) for row in rows],
        "key": new_key(),
        "words": str(made.form["text"].value() or "") if made else "",
    }
    return render(request, "desk/closed.html", values, status=HTTPStatus.CONFLICT if made else HTTPStatus.OK)
