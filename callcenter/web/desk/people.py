"""People at the desk: search, add, and the page of one person."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.disclosure import EVERYTHING
from access.models import User
from access.permissions import may, require
from access.policy import Action
from access.visibility import applications_for, contacts_for, people_for
from callcenter import sight
from callcenter.web import changes
from callcenter.web.doors import actor_of, page, version_of, visible
from callcenter.web.forms import PersonForm, shown
from events.errors import Refusal, StaleVersion
from intake import services as intake
from intake.models import Application, Contact
from people import selectors, services
from people import text as rules
from people.errors import FinTaken
from people.models import Category, District, Person

from . import conversation
from .contact import own
from .once import id_in, new_key, once
from .page import address, begin

SHOWN, CONTACTS_SHOWN, APPLICATIONS_SHOWN = 8, 10, 20
LONGEST_QUERY = 200


@dataclass(frozen=True)
class Found:
    """One row of the search: enough to tell people apart, and how much is open."""

    sight: sight.PersonSight
    categories: list[str]
    open: int


@page(Action.PEOPLE_SEARCH, methods=("POST",))
def search(request: HttpRequest) -> HttpResponse:
    """People by FIN, telephone, application number or name. By POST, so that addresses hold no names."""
    actor = actor_of(request)
    query = request.POST.get("q", "")[:LONGEST_QUERY]
    rows, read_as = look_up(people_for(actor), query)
    kind = rules.kind_of_query(query)
    values = {
        "q": query,
        "read_as": read_as,
        "found": found(rows),
        "asked": bool(query.strip()),
        "key": new_key(),
        "number": kind.value if kind.kind == "phone" and kind.value.startswith("+") else "",
        "contact": _contact_in(actor, request.POST),
        "may_start": may(actor, Action.CONTACT_ADD),
        "may_add": may(actor, Action.PERSON_ADD),
    }
    whole = not getattr(request, "htmx", False)
    return render(request, "desk/results.html" if whole else "desk/_results.html", values)


def look_up(visible_people: QuerySet[Person], query: str) -> tuple[list[Person], str]:
    """The likeliest people, and the query as it was read when it was typed under another layout."""
    for meant in (query, *rules.from_wrong_layout(query)[:3]):
        if rows := _rows(selectors.search(visible_people, meant, sounds=meant == query)):
            return rows, "" if meant == query else meant
    return [], ""


def _rows(people: QuerySet[Person]) -> list[Person]:
    open_ = Application.objects.open().filter(person=OuterRef("pk")).values("person")
    counted = people.annotate(open_count=Coalesce(Subquery(open_.annotate(n=Count("pk")).values("n")), 0))
    return list(counted.select_related("district").prefetch_related("phones")[:SHOWN])


def found(rows: list[Person]) -> list[Found]:
    names = {row.code: row.name for row in Category.objects.all()} if rows else {}
    return [
        Found(
            sight.person_sight(row, EVERYTHING),
            [names[code] for code in row.categories if code in names],
            getattr(row, "open_count", 0),
        )
        for row in rows
    ]


@page(Action.PERSON_ADD, methods=("GET", "POST"))
def add_person(request: HttpRequest) -> HttpResponse:
    """Write a person down and go on talking to him."""
    posted = request.POST
    if request.method == "GET" or "begin" in posted:
        return _add_page(request, _form(initial=guessed(posted.get("q", "")[:LONGEST_QUERY])))
    data = posted.copy()
    if data.get("use_fin"):
        data["fin"] = str(data["use_fin"])
    form = _form(data)
    if not form.is_valid():
        return _add_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        person = _added(actor_of(request), form, data)
    except FinTaken as refusal:
        form.refuse(refusal)
        return _add_page(request, form, status=HTTPStatus.CONFLICT, taken=True)
    except Refusal as refusal:
        form.refuse(refusal)
        return _add_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _go_on(request, person)


def _added(actor: User, form: PersonForm, data: QueryDict) -> Person:
    values = form.values()
    return once(
        actor, "web.person", data.get("key", ""), values, lambda: services.add(**values), people_for(actor)
    )


def _go_on(request: HttpRequest, person: Person) -> HttpResponse:
    """Into the conversation that was waiting for the person, or into a new one."""
    actor = actor_of(request)
    contact = _contact_in(actor, request.POST)
    if contact is None:
        return redirect(address(begin(actor, person, request.POST)))
    _attach(contact, person)
    return redirect(address(contact))


def _attach(contact: Contact, person: Person) -> None:
    """The conversation is with this person."""
    intake.change_contact(contact=contact.pk, version=None, changes={"caller": person, "concerning": person})


def _add_page(
    request: HttpRequest, form: PersonForm, *, status: int = HTTPStatus.OK, taken: bool = False
) -> HttpResponse:
    actor = actor_of(request)
    typed = str(form["fin"].value() or "")
    values = {
        "form": form,
        "key": request.POST.get("key") or new_key(),
        "contact": _contact_in(actor, request.POST if request.method == "POST" else request.GET),
        "fin_meant": rules.fin_suggestion(typed) if form.errors.get("fin") else None,
        "taken": found(_rows(people_for(actor).filter(fin=_plain_fin(typed)))) if taken else [],
    }
    return render(request, "desk/add.html", values, status=status)


def _plain_fin(typed: str) -> str:
    try:
        return rules.fin(typed)
    except rules.BadText:
        return ""


def guessed(query: str) -> dict[str, Any]:
    """The form's first values from what was searched for in vain."""
    kind = rules.kind_of_query(query) if query.strip() else None
    if kind is None or kind.kind == "number":
        return {}
    if kind.kind == "fin":
        return {"fin": kind.value}
    if kind.kind == "phone":
        return {"phones": rules.phone_display(kind.value)}
    words = rules.title(" ".join(query.split())).split(" ")
    return dict(zip(("family_name", "given_name", "patronymic"), words, strict=False))


def _form(data: QueryDict | None = None, *, initial: dict[str, Any] | None = None) -> PersonForm:
    named = sorted(District.objects.filter(active=True), key=lambda row: rules.sort_key(row.name))
    districts = [(row.code, row.name) for row in named]
    known = [(row.code, row.name) for row in Category.objects.filter(active=True)]
    return PersonForm(data, initial=initial, districts=districts, categories=known, auto_id="p_%s")


def _contact_in(actor: User, values: QueryDict) -> Any:
    """The conversation that waits for a person, if there is one."""
    contact = id_in(values.get("contact"))
    return own(actor, contact) if contact else None


# The page of one person ----------------------------------------------------------------------------------


@page(Action.PERSON_VIEW, methods=("GET", "POST"))
def person(request: HttpRequest, person: UUID) -> HttpResponse:
    """Who the person is, what he asked and when we spoke; by POST, a change."""
    actor = actor_of(request)
    row = visible(people_for(actor).select_related("district").prefetch_related("phones"), person)
    if request.method == "POST":
        require(actor, Action.PERSON_CHANGE, row)
        return _change(request, row)
    return _person_page(request, row, _form(initial=shown(row)))


def _change(request: HttpRequest, row: Person) -> HttpResponse:
    form = _form(changes.settled(request.POST, shown(row)))
    if not form.is_valid():
        return _person_page(request, row, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    mine = {name: value for name, value in form.values().items() if name in form.changed_data}
    try:
        if mine:
            services.change(person=row.pk, version=version_of(request), changes=mine)
    except StaleVersion:
        return _meet(request, row, form, mine)
    except Refusal as refusal:
        form.refuse(refusal)
        return _person_page(request, row, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("Saved."))
    return redirect(request.get_full_path())


def _meet(request: HttpRequest, row: Person, form: PersonForm, mine: dict[str, Any]) -> HttpResponse:
    """Somebody was faster: what only one of the two changed is saved, the rest is asked, field by field."""
    clashing = changes.clashes(form, shown(row))
    if not clashing:
        services.change(person=row.pk, version=row.version, changes=mine)
        messages.success(request, _("Saved, together with what a colleague changed meanwhile."))
        return redirect(request.get_full_path())
    values = {"conflict": clashing, "hidden": changes.carried(request.POST), "by": changes.last_writer(row)}
    return _person_page(request, row, form, status=HTTPStatus.CONFLICT, **values)


def _person_page(
    request: HttpRequest, row: Person, form: PersonForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    actor = actor_of(request)
    mine = sight.with_parts(applications_for(actor).filter(person=row)).order_by("-registered_at", "-id")
    contacts = contacts_for(actor).filter(caller=row).select_related("disposition", "operator")
    values = {
        "person": sight.person_sight(row, EVERYTHING),
        "version": row.version,
        "categories": conversation.categories(row),
        "form": form,
        "may_change": may(actor, Action.PERSON_CHANGE, row),
        "may_start": may(actor, Action.CONTACT_ADD),
        "applications": [sight.application(actor, each) for each in mine[:APPLICATIONS_SHOWN]],
        "contacts": contacts.order_by("-started_at")[:CONTACTS_SHOWN],
        "back": id_in(request.GET.get("contact")),
        "fin_meant": rules.fin_suggestion(str(form["fin"].value() or "")) if form.errors.get("fin") else None,
        "key": new_key(),
        **more,
    }
    return render(request, "desk/person.html", values, status=status)
