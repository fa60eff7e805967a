"""The board: the figures of the house, or of one agency for its administrator."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import own_units
from agencies.models import Unit
from callcenter import board as selectors
from callcenter.live.stream import cursor_now
from events.errors import NotVisible

from .context import wait_for_a_supervisor
from .doors import actor_of, page
from .times import left

Context = dict[str, Any]


@page(Action.BOARD_VIEW)
def board(request: HttpRequest) -> HttpResponse:
    return render(request, "board/board.html", _context(request))


@page(Action.BOARD_VIEW)
def part(request: HttpRequest) -> HttpResponse:
    """Everything that changes, for live refetching."""
    return render(request, "board/_part.html", _context(request))


def _context(request: HttpRequest) -> Context:
    actor = actor_of(request)
    agency = agency_of(actor, request.GET.get("agency", ""))
    # The cursor first: an event between the two reads is then told twice, never lost.
    cursor = cursor_now()
    figures = selectors.figures(actor, agency)
    return {
        "figures": figures,
        "agency": agency or "",
        "name": figures["agencies"][0]["name"] if agency and figures["agencies"] else "",
        "topic": f"board:{agency}" if agency else "board",
        "part_url": with_query(reverse("board-part"), agency=agency),
        "cursor": cursor,
        "tiles": tiles(figures["totals"], agency),
        "agencies": [row | {"url": _queue(row["code"])} for row in figures["agencies"]],
        "longest": [
            row | {"left": left(row["due"], row["target"], path=row["path"])} for row in figures["longest"]
        ],
        "chart": chart(figures["hours"]),
        "crisis_url": with_query(reverse("applications"), urgency="P0", agency=agency),
        "most": max((row["open"] for row in figures["topics"]), default=1),
        "time_url": with_query(reverse("time"), agency=agency),
        "escalations": wait_for_a_supervisor(actor),
        "inside": actor.role in CALL_CENTRE,
    }


def agency_of(actor: User, wanted: str) -> str | None:
    """The agency whose board is shown. The call centre sees the whole, others their own."""
    if actor.role in CALL_CENTRE:
        return wanted or None
    own = sorted(set(Unit.objects.filter(pk__in=own_units(actor)).values_list("agency", flat=True)))
    if not own or (wanted and wanted not in own):
        raise NotVisible
    return wanted or own[0]


def tiles(totals: dict[str, int], agency: str | None) -> list[Context]:
    """The six figures, each with the list behind it."""
    if agency:
        lists = {name: _queue(agency, show) for name, show in QUEUE_SHOWS.items()}
        lists |= {
            "triage": with_query(reverse("applications"), agency=agency, state="triage"),
            "confirmation": with_query(reverse("applications"), agency=agency, state="awaiting_confirmation"),
        }
    else:
        lists = {
            "open": reverse("applications"),
            "late": with_query(reverse("applications"), late="late"),
            "soon": with_query(reverse("applications"), late="soon"),
            "triage": reverse("triage"),
            "confirmation": reverse("confirmations"),
            "unclaimed": with_query(reverse("queue"), choose=1),
        }
    return [
        {"name": name, "label": label, "icon": icon, "more": more, "url": lists[name], "value": totals[name]}
        for name, label, icon, more in _tile_words(agency)
    ]


QUEUE_SHOWS = {"open": "all", "late": "late", "soon": "soon", "unclaimed": "free"}


def _tile_words(agency: str | None) -> list[tuple[str, str, str, str]]:
    what = _("referrals") if agency else _("applications")
    return [
        ("late", _("Late"), "late", _("the promised date has passed")),
        ("soon", _("Due soon"), "half", _("the last quarter of the time")),
        ("unclaimed", _("Nobody's"), "user", _("referrals nobody has taken")),
        ("triage", _("In triage"), "swap", _("wait for a decision")),
        ("confirmation", _("Awaits confirmation"), "phone", _("the citizen has to be called")),
        ("open", _("Open"), "list", what),
    ]


def chart(hours: list[Context]) -> Context:
    """Bars of the day's registrations, as places in a drawing of 460 by 200."""
    top = max([4, *(row["registered"] for row in hours)])
    top += top % 2  # so that the middle line has a whole number
    step = 420 / len(hours)
    return {
        "bars": [
            {
                "x": round(38 + step * index + step * 0.18, 1),
                "width": round(step * 0.64, 1),
                "y": round(170 - 150 * row["registered"] / top, 1),
                "height": round(150 * row["registered"] / top, 1),
                "middle": round(38 + step * (index + 0.5), 1),
                **row,
            }
            for index, row in enumerate(hours)
        ],
        "lines": [{"y": round(170 - 150 * share, 1), "value": round(top * share)} for share in (0, 0.5, 1)],
        "total": sum(row["registered"] for row in hours),
        "told": ", ".join(f"{row['hour']}:00 – {row['registered']}" for row in hours if row["registered"]),
    }


def _queue(agency: str, show: str = "") -> str:
    return with_query(reverse("queue-unit", args=[agency]), show="" if show == "all" else show)


def with_query(url: str, **query: object) -> str:
    given = {name: str(value) for name, value in query.items() if value}
    return f"{url}?{urlencode(given)}" if given else url
