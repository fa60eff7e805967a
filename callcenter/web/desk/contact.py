"""Changing and ending the contact: notes as they are typed, identity, who it is about, how it ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.models import User
from access.permissions import require
from access.policy import Action
from access.visibility import people_for
from callcenter.errors import status_of
from callcenter.web.doors import actor_of, page, visible
from events.errors import Refusal
from intake import services as intake
from intake.lifecycle import ContactState
from intake.models import Contact

from . import conversation
from .once import wanted
from .page import address


def own(actor: User, pk: UUID) -> Contact:
    """The contact, if the actor may change it."""
    contact = visible(conversation.contacts(actor), pk)
    require(actor, Action.CONTACT_CHANGE, contact)
    return contact


@page(Action.CONTACT_CHANGE, methods=("POST",))
def change_contact(request: HttpRequest, contact: UUID) -> HttpResponse:
    """Save what was sent of: the note (``text``), the level of identity, the person.

    Sent while somebody types, so the last writer wins: the contact has one operator, and an older
    version is in its history.
    """
    actor = actor_of(request)
    row = own(actor, contact)
    changes = _changes(actor, request.POST)
    try:
        intake.change_contact(contact=row.pk, version=None, changes=changes)
    except Refusal as refusal:
        return _not_saved(request, refusal)
    if "verification" in changes:
        fresh = visible(conversation.contacts(actor), row.pk)
        response = render(
            request, "desk/_identity.html", {"contact": fresh, "levels": conversation.levels(fresh)}
        )
        response["HX-Trigger"] = "dq:identity"
        return response if getattr(request, "htmx", False) else redirect(address(row))
    if "caller" in changes:
        return redirect(address(row))
    return HttpResponse(status=204)


def _changes(actor: User, posted: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "text" in posted:
        changes["notes"] = posted["text"]
    if "verification" in posted:
        level = posted["verification"]
        changes["verification"] = int(level) if level in ("0", "1", "2", "3") else level
    if posted.get("person"):
        person = visible(people_for(actor), wanted(posted["person"]))
        changes["caller"] = changes["concerning"] = person
    return changes


def _not_saved(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    status = 422 if refusal.errors else status_of(refusal)
    return render(request, "desk/_not_saved.html", {"refusal": refusal}, status=status)


@page(Action.CONTACT_CHANGE, methods=("POST",))
def finalise(request: HttpRequest, contact: UUID) -> HttpResponse:
    """End the contact with its disposition. Ending it a second time changes nothing."""
    row = own(actor_of(request), contact)
    if row.state == ContactState.FINALISED:
        return redirect(address(row))
    try:
        done = intake.finalise_contact(contact=row.pk, disposition=request.POST.get("disposition", ""))
    except Refusal as refusal:
        sentences = [sentence for found in refusal.errors.values() for sentence in found] or [refusal.message]
        for sentence in sentences:
            messages.error(request, str(sentence))
        return redirect(address(row))
    ended = done.disposition.name if done.disposition else ""
    messages.success(request, _("The conversation is finished: %(how)s.") % {"how": ended})
    return redirect("desk")
