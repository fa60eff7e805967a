"""Keeping the directory: adding and changing a service, reporting its room, confirming and ending it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import directory
from agencies.models import Service
from callcenter import directory as commands
from callcenter.web import changes
from callcenter.web.doors import actor_of, page, version_of, visible
from callcenter.web.forms import Seen
from events.errors import Conflict, Invalid, StaleVersion

from .forms import NewServiceForm, ReportForm, ServiceForm, reported, units, whole
from .pages import one
from .rows import Lists

Values = dict[str, Any]


@dataclass(frozen=True)
class Editing:
    """A form of a service: what it shows, how it is made, its page, and the command that takes its changes.

    ``save`` is given the actor, the service, the version that was read, and what changed.
    """

    shown: Callable[[Service], Values]
    form: Callable[..., Seen]
    template: str
    save: Callable[[User, Service, int | None, Values], Any]


def _service_form(*args: Any, **kwargs: Any) -> ServiceForm:
    lists = Lists.read()
    return ServiceForm(*args, subjects=lists.subjects, places=lists.places, **kwargs)


def _save(actor: User, service: Service, version: int | None, mine: Values) -> Any:
    return commands.change(actor=actor, service=service.pk, version=version, changes=mine)


def _report(actor: User, service: Service, version: int | None, mine: Values) -> Any:
    said = {**reported(service), **mine}
    return commands.report(actor=actor, service=service.pk, version=version, **said)


WHOLE = Editing(whole, _service_form, "directory/edit.html", _save)
ROOM = Editing(reported, ReportForm, "directory/report.html", _report)


@page(Action.DIRECTORY_EDIT, methods=("GET", "POST"))
def edit(request: HttpRequest, service: UUID) -> HttpResponse:
    """Everything about a service but its unit."""
    return _changed(request, service, Action.DIRECTORY_EDIT, WHOLE)


@page(Action.DIRECTORY_REPORT, methods=("GET", "POST"))
def report(request: HttpRequest, service: UUID) -> HttpResponse:
    """How much room there is: what an agency's administrator says of its own units."""
    return _changed(request, service, Action.DIRECTORY_REPORT, ROOM)


def _changed(request: HttpRequest, pk: UUID, action: Action, how: Editing) -> HttpResponse:
    """Show the form; by POST save what one has changed oneself."""
    actor, service = actor_of(request), visible(directory.offered(), pk)
    require(actor, action, service)
    now = how.shown(service)
    if request.method == "GET":
        return _form_page(request, service, how, how.form(initial=now))
    form = how.form(changes.settled(request.POST, now))
    if not form.is_valid():
        return _form_page(request, service, how, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    mine = {name: value for name, value in form.cleaned_data.items() if name in form.changed_data}
    try:
        if mine:
            how.save(actor, service, version_of(request), mine)
    except StaleVersion:
        return _meet(request, service, how, form, mine)
    except Invalid as refusal:
        form.refuse(refusal)
        return _form_page(request, service, how, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("Saved."))
    return redirect("service", service=pk)


def _meet(
    request: HttpRequest, service: Service, how: Editing, form: Seen, mine: Mapping[str, Any]
) -> HttpResponse:
    """Somebody was faster: what only one of the two changed is saved, the rest is asked, field by field."""
    clashing = changes.clashes(form, how.shown(service))
    if clashing:
        conflict = {
            "conflict": clashing,
            "hidden": changes.carried(request.POST),
            "by": changes.last_writer(service),
        }
        return _form_page(request, service, how, form, HTTPStatus.CONFLICT, **conflict)
    how.save(actor_of(request), service, service.version, dict(mine))
    messages.success(request, _("Saved, together with what a colleague changed meanwhile."))
    return redirect("service", service=service.pk)


def _form_page(
    request: HttpRequest, service: Service, how: Editing, form: Seen, status: int = 200, **more: Any
) -> HttpResponse:
    return render(request, how.template, {"form": form, "service": service, **more}, status=status)


@page(Action.DIRECTORY_EDIT, methods=("GET", "POST"))
def add(request: HttpRequest) -> HttpResponse:
    """A service that is not in the directory yet."""
    form = _new_form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.add(actor=actor_of(request), **form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The service is in the directory."))
            return redirect("service", service=made.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "directory/edit.html", {"form": form}, status=status)


def _new_form(data: QueryDict | None) -> NewServiceForm:
    lists = Lists.read()
    initial = {"status": "open"}
    return NewServiceForm(data, initial=initial, subjects=lists.subjects, places=lists.places, units=units())


@page(Action.DIRECTORY_REPORT, methods=("POST",))
def confirm(request: HttpRequest, service: UUID) -> HttpResponse:
    """Vouch for the row as the page showed it."""
    return _told(request, service, commands.confirm, _("Confirmed today."))


@page(Action.DIRECTORY_EDIT, methods=("POST",))
def close(request: HttpRequest, service: UUID) -> HttpResponse:
    """Take a service out of the directory."""
    return _told(request, service, commands.close, _("The service is not offered any more."))


def _told(request: HttpRequest, pk: UUID, command: Callable[..., Service], said: str) -> HttpResponse:
    """Do it to what was read. When somebody was faster, the page as it is now, to decide again."""
    row = visible(directory.offered(), pk)
    try:
        done = command(actor=actor_of(request), service=pk, version=version_of(request))
    except Conflict as refusal:
        messages.error(request, str(refusal.message))
        return one(request, row, HTTPStatus.CONFLICT)
    messages.success(request, said)
    return redirect("service", service=pk) if done.active else redirect("directory")
