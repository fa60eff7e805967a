"""The application: subjects, live preview, registration."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.policy import Action
from access.visibility import applications_for
from callcenter.web.doors import actor_of, page
from events.errors import Invalid, KeyReused, NotVisible, Refusal
from intake.models import Application, Contact
from workflows import actions

from . import conversation, subjects
from .contact import own
from .conversation import Work
from .once import new_key, once, wanted
from .page import address, show


@page(Action.ROUTING_PREVIEW, methods=("POST",))
def preview(request: HttpRequest) -> HttpResponse:
    """Where it would go now. Also takes the choice of a subject (``choose``, or ``pick`` from the list)."""
    contact, data = _posted(request)
    picked = data.get("pick", "")
    if chosen := picked or data.get("choose", ""):
        data["subtopic"] = chosen
    made = conversation.work(actor_of(request), contact, data)
    made.form.errors.pop("subtopic", None)
    if not getattr(request, "htmx", False):
        return show(request, contact, made)
    values = {**conversation.of_work(request, contact, made), "part": True, "picked": bool(picked)}
    if picked:
        values["topics"] = subjects.narrowed()
    response = render(request, "desk/_work_part.html", values)
    if chosen:
        response["HX-Replace-Url"] = address(contact, subtopic=made.subtopic.code if made.subtopic else "")
    return response


@page(Action.ROUTING_PREVIEW, methods=("GET", "POST"))
def topics(request: HttpRequest) -> HttpResponse:
    """The list of subjects, narrowed by what is typed; by POST, suggestions from the note."""
    if request.method == "GET":
        found = subjects.narrowed(request.GET.get("q", "")[:100])
        return render(request, "desk/_topics_list.html", {"topics": found})
    contact, data = _posted(request)
    made = conversation.work(actor_of(request), contact, data)
    return render(request, "desk/_suggested.html", conversation.of_work(request, contact, made))


@page(Action.APPLICATION_REGISTER, methods=("POST",))
def register(request: HttpRequest) -> HttpResponse:
    """Register and route. A refusal draws the same page with every word kept."""
    actor = actor_of(request)
    contact, data = _posted(request)
    made = conversation.work(actor, contact, data)
    if not conversation.is_mine(actor, contact):
        return show(request, contact, made)
    if not made.form.is_valid():
        return show(request, contact, made, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        row = _registered(actor, contact, made, data)
    except KeyReused:
        made.key = new_key()
        made.form.add_error(None, str(_SENT_BEFORE))
        return show(request, contact, made, HTTPStatus.CONFLICT)
    except (Invalid, NotVisible) as refusal:
        made.form.refuse(refusal)
        return show(request, contact, made, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refusal as refusal:
        made.form.refuse(refusal)
        return show(request, contact, made, HTTPStatus.CONFLICT)
    return redirect(address(contact, registered=row.pk))


_SENT_BEFORE = _(
    "This form was sent before with other words, and that application is registered. "
    "Send again only if this is another matter."
)


def _registered(actor: User, contact: Contact, made: Work, data: QueryDict) -> Application:
    person = conversation.person_of(contact)
    if person is None:
        raise Invalid.field("person", _("Find or add the person first."), code="no_person")
    if made.subtopic is None:
        raise Invalid.field("subtopic", _("Choose a subject."), code="unknown_subtopic")
    subtopic, text = made.subtopic, data.get("text", "")
    return once(
        actor,
        "web.register",
        data.get("key", ""),
        [str(contact.pk), str(person.pk), subtopic.code, text, made.facts],
        lambda: actions.register(
            actor=actor, person=person, contact=contact, subtopic=subtopic, text=text, facts=made.facts
        ),
        applications_for(actor),
    )


def _posted(request: HttpRequest) -> tuple[Contact, QueryDict]:
    """The contact the form belongs to, which has to be the actor's, and the form's values."""
    return own(actor_of(request), wanted(request.POST.get("contact"))), request.POST.copy()
