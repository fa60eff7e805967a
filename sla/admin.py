"""Editing the working calendar: the Cabinet swaps days during the year."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from people.admin import KeptAdmin
from people.reference import edited

from .models import CalendarDay
from .selectors import forget_calendar


class CalendarDayAdmin(KeptAdmin):
    """Days that differ from the plain week. A day entered by mistake gets the kind that fits its weekday."""

    list_display = ("date", "kind", "mark")
    list_filter = ("kind",)
    date_hierarchy = "date"
    ordering = ("-date",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("mark",) if obj is None else ("date", "mark")

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        obj.mark = edited(obj.mark)
        super().save_model(request, obj, form, change)
        forget_calendar()


SLA = {CalendarDay: CalendarDayAdmin}
