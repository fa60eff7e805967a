"""The working calendar in force."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policy import Action
from sla import calendars
from sla.almanac import Book
from sla.models import CalendarVersion

from . import shapes


class WorkingCalendar(APIView):
    """What is off, what is worked and by whom: enough to reckon working time as the product does."""

    actions = {"GET": Action.CALENDAR_VIEW}

    @extend_schema(responses=shapes.WorkingCalendar, summary="The working calendar in force")
    def get(self, request: Request) -> Response:
        version = CalendarVersion.objects.get(pk=calendars.version())
        book, language = calendars.book(version.number), (get_language() or "az")[:2]
        whole = {
            "version": version.number,
            "published_at": version.published_at,
            "confirmed_until": book.confirmed_until,
            "years": [_year(book, year, language) for year in range(book.first.year, book.last.year + 1)],
            "hours": [
                {"code": code, "name": schedule.label.said(language), "week": version.hours[code]["week"]}
                for code, schedule in book.schedules.items()
            ],
            "units": [{"unit": unit, "hours": code} for unit, code in book.units.items()],
        }
        return Response(shapes.WorkingCalendar(whole).data)


def _year(book: Book, year: int, language: str) -> dict[str, Any]:
    return {
        "year": year,
        "confirmed": year in book.confirmed,
        "working_days": book.working_days(year),
        "days": [
            {"date": day, "kind": found.kind, "name": found.name.said(language), "shortened": found.shortened}
            for day, found in book.days.items()
            if day.year == year
        ],
    }
