"""Reading the directory: the list with its filters, who serves a subject in a place, and one service."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access.permissions import may
from access.policy import Action
from agencies import directory
from agencies.models import Agency, Service, Taking
from callcenter.directory import sights
from callcenter.web.doors import actor_of, page, visible
from intake.models import Subtopic
from people.models import District
from people.reference import find

from .rows import STATUSES, Lists, by_agency, rows

Context = dict[str, Any]
ORDER = ("-unit__agency__scope", "unit__agency", "unit__path", "id")  # those that work in the system first


@page(Action.DIRECTORY_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """What is offered, by agency and unit; with a subject and a district also who serves that."""
    actor, wanted, lists = actor_of(request), _wanted(request), Lists.read()
    found = rows(sights(actor, list(_filtered(wanted).order_by(*ORDER))), lists)
    names = lists.names()
    context = {
        "wanted": wanted,
        "lists": lists,
        "subject": names.get(wanted["subject"], ""),
        "district": names.get(wanted["district"], ""),
        "agencies": Agency.objects.filter(active=True).order_by("-scope", "code"),
        "statuses": [(code, word) for code, (_look, _icon, word) in STATUSES.items()],
        "groups": by_agency(found),
        "serving": _serving(wanted),
        "days": directory.STALE_DAYS,
        "may_edit": may(actor, Action.DIRECTORY_EDIT),
    }
    return render(request, "directory/index.html", context)


def _wanted(request: HttpRequest) -> dict[str, str]:
    """The filters of the address; an unknown value is no filter."""
    given = request.GET
    kinds: dict[str, Any] = {"subject": Subtopic, "district": District, "agency": Agency}
    known = {name: given.get(name, "") if find(kind, given.get(name)) else "" for name, kind in kinds.items()}
    status = given.get("status", "")
    return {
        **known,
        "status": status if status in Taking.values else "",
        "stale": "1" if given.get("stale") == "1" else "",
    }


def _filtered(wanted: dict[str, str]) -> QuerySet[Service]:
    found = directory.stale() if wanted["stale"] else directory.offered()
    if wanted["subject"]:
        found = found.filter(subtopics__contains=[wanted["subject"]])
    if wanted["district"]:
        found = found.filter(directory.serving(wanted["district"]))
    if wanted["agency"]:
        found = found.filter(unit__agency=wanted["agency"])
    if wanted["status"]:
        found = found.filter(status=wanted["status"])
    return found


def _serving(wanted: dict[str, str]) -> list[Context] | None:
    """Who serves the subject in the district, in the order of choice; None when it was not asked."""
    if not (wanted["subject"] and wanted["district"]):
        return None
    return [
        {
            "id": each.pk,
            "unit": each.unit.name,
            "agency": each.unit.agency.name,
            "full": each.status == Taking.FULL,
            "districts": len(each.districts),
        }
        for each in directory.covering(wanted["subject"], wanted["district"])
    ]


@page(Action.DIRECTORY_VIEW)
def show(request: HttpRequest, service: UUID) -> HttpResponse:
    return one(request, visible(directory.offered(), service))


def one(request: HttpRequest, service: Service, status: int = 200) -> HttpResponse:
    """The page of one service, with what the actor may do about it."""
    actor = actor_of(request)
    (row,) = rows(sights(actor, [service]), Lists.read())
    may_report = may(actor, Action.DIRECTORY_REPORT, service)
    context = {
        "row": row,
        "confirmed_by": service.confirmed_by if may_report else None,
        "may_report": may_report,
        "may_edit": may(actor, Action.DIRECTORY_EDIT, service),
    }
    return render(request, "directory/show.html", context, status=status)
