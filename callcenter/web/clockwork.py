"""Time in detail: what waits for the supervisor, what will probably be late, and how everything stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from access.models import User
from access.permissions import may
from access.policy import Action
from access.visibility import applications_for
from callcenter import board as selectors
from callcenter import forecast, words
from callcenter.live.stream import cursor_now
from sla.models import Firing
from workflows import queue

from .board import agency_of, with_query
from .doors import actor_of, page

Context = dict[str, Any]
SHOWN = 25  # rows of a list on this page; what presses most comes first, and how many more there are is said


@page(Action.BOARD_VIEW)
def time(request: HttpRequest) -> HttpResponse:
    """``?agency=`` as on the board; ``?hours=24`` looks further ahead than 4 working hours."""
    return render(request, "clockwork/time.html", _context(request))


@page(Action.BOARD_VIEW)
def part(request: HttpRequest) -> HttpResponse:
    """Everything that changes, for live refetching."""
    return render(request, "clockwork/_part.html", _context(request))


def _context(request: HttpRequest) -> Context:
    actor = actor_of(request)
    agency = agency_of(actor, request.GET.get("agency", ""))
    cursor = cursor_now()  # first: an event between the two reads is then told twice, never lost
    figures = selectors.figures(actor, agency)
    outlook = ahead(actor, agency, request.GET.get("hours", ""))
    return {
        "agency": agency or "",
        "name": figures["agencies"][0]["name"] if agency and figures["agencies"] else "",
        "cursor": cursor,
        "topic": f"board:{agency}" if agency else "board",
        "part_url": with_query(reverse("time-part"), agency=agency, hours=outlook["outlook"].hours),
        "tables": tables(figures, agency),
        **escalations(actor),
        **outlook,
    }


def ahead(actor: User, agency: str | None, hours: str) -> Context:
    """The forecast for the wanted hours, and links to the other ones."""
    wanted = int(hours) if hours.isdecimal() and int(hours) in forecast.HOURS else forecast.HOURS[0]
    outlook = forecast.outlook(actor, wanted, agency)
    shown = outlook.rows[:SHOWN]
    return {
        "outlook": outlook,
        "likely": list(zip(shown, forecast.basis_words(shown), strict=True)),
        "likely_more": max(0, len(outlook.rows) - SHOWN),
        "horizons": [
            {
                "hours": each,
                "current": each == wanted,
                "url": with_query(reverse("time"), agency=agency, hours=each),
            }
            for each in forecast.HOURS
        ],
    }


def escalations(actor: User) -> Context:
    """The breaches in which a supervisor has to step in, of applications that the actor sees."""
    if not may(actor, Action.ESCALATIONS_VIEW):
        return {"escalations": [], "escalations_all": 0}
    rows = queue.escalations().filter(clock__application__in=applications_for(actor))
    rows = rows.order_by("clock__application__priority", "-due_at", "-id")  # what has just happened presses
    loaded: Any = rows.select_related("clock__application__subtopic", "clock__referral__unit")
    return {"escalations": [_escalation(row) for row in loaded[:SHOWN]], "escalations_all": rows.count()}


def _escalation(row: Firing) -> Context:
    clock = row.clock
    return {
        "application": clock.application,
        "unit": clock.referral.unit.short if clock.referral else "",
        "measure": words.of(words.MEASURES, clock.measure),
        "due": row.due_at,
        "late_detected": row.late_detected,
    }


def tables(figures: dict[str, Any], agency: str | None) -> list[Context]:
    """How open records stand, by agency, subject and region, each figure with its list behind it."""
    found: list[Context] = [
        {"key": "agencies", "rows": [row | _agency_links(row) for row in figures["agencies"]]},
        {"key": "topics", "rows": [row | _links("topic", row, agency) for row in figures["topics"]]},
        {"key": "regions", "rows": [row | _links("region", row, agency) for row in figures["regions"]]},
    ]
    for table in found:
        table["most"] = max((row["open"] for row in table["rows"]), default=1) or 1
    return found


def _agency_links(row: dict[str, Any]) -> Context:
    queue_url = reverse("queue-unit", args=[row["code"]])
    shows = {"late": "late", "soon": "soon", "open": ""}  # no list holds just those whose clock stands
    return {"urls": {name: with_query(queue_url, show=show) for name, show in shows.items()}}


def _links(column: str, row: dict[str, Any], agency: str | None) -> Context:
    if not row["code"]:
        return {"urls": {}}
    base = {column: row["code"], "agency": agency}
    times = {"late": "late", "soon": "soon", "paused": "paused", "ontime": "", "open": ""}
    return {
        "urls": {name: with_query(reverse("applications"), **base, late=time) for name, time in times.items()}
    }
