"""The working calendar: everybody reads it, an administrator proposes the next one and publishes it."""

from __future__ import annotations

import re
from datetime import date
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.permissions import may
from access.policy import Action
from agencies.models import Unit
from callcenter import words
from events import clock
from events.errors import Conflict, Invalid, NotVisible, StaleVersion
from people.reference import edited
from sla import calendars, publication
from sla.almanac import Book, by_law
from sla.arithmetic import BAKU
from sla.models import CalendarVersion
from sla.production import FIXED, NOVRUZ
from sla.publication import Proposal
from sla.services import Moved

from . import months
from .doors import actor_of, page
from .forms import Line, Typed

Context = dict[str, Any]
SHOWN = 100  # moved promises that a preview names; the others it counts
LISTS = ("holidays", "novruz", "ramazan", "qurban", "cabinet_off", "cabinet_work")


@page(Action.CALENDAR_VIEW)
def show(request: HttpRequest) -> HttpResponse:
    """One year, by default the present one."""
    version, book = _in_force()
    year = _year(request.GET.get("year", ""), range(book.first.year, book.last.year + 1))
    published = [int(each) for each in version.years]
    context = {
        "version": version,
        "year": year,
        "years": range(min(published), max(published) + 2),
        "weekdays": months.weekdays(),
        "months": months.months(book, year),
        "working_days": sum(book.working_days(year)),
        "confirmed": year in book.confirmed,
        "confirmed_until": book.confirmed_until,
        "versions": CalendarVersion.objects.select_related("by")[:VERSIONS],
        "hours": months.hours(book, Unit.objects.in_bulk(list(book.units))),
        "edit_url": _edit_url(year) if _may_edit(request, version, year) else "",
    }
    return render(request, "calendar/calendar.html", context)


VERSIONS = 12  # the newest ones, each with the reason given for it


def _in_force() -> tuple[CalendarVersion, Book]:
    number = calendars.version()
    return CalendarVersion.objects.get(pk=number), calendars.book(number)


def _year(text: str, known: range) -> int:
    """The year asked for; raises ``NotVisible`` outside the calendar."""
    if not text:
        return min(max(_today().year, known[0]), known[-1])
    if not (text.isdecimal() and len(text) == 4 and int(text) in known):
        raise NotVisible
    return int(text)


def _today() -> date:
    return clock.now().astimezone(BAKU).date()


def _may_edit(request: HttpRequest, version: CalendarVersion, year: int) -> bool:
    return may(actor_of(request), Action.CALENDAR_EDIT) and year in _open(version)


def _open(version: CalendarVersion) -> range:
    """The years that may change: the present one, those after it, and the next that nobody has written."""
    unwritten = max(map(int, version.years)) + 1
    return range(min(_today().year, unwritten), unwritten + 1)


def _edit_url(year: int) -> str:
    return f"{reverse('calendar-edit')}?year={year}"


# --- the next one ---------------------------------------------------------------------------------------


def _days(label: Promise, help_text: Promise | str = "") -> Line:
    return Line(label=label, help_text=help_text, widget=forms.Textarea(attrs={"rows": 2}))


class YearForm(Typed):
    """The lists of one year as they are written: ``20.03, 21.03``.

    ``expected`` is the version that the form was opened on, ``previewed`` the calendar looked at.
    """

    holidays = _days(
        gettext_lazy("Holidays"), gettext_lazy("Day and month, with commas between them: 20.03, 21.03")
    )
    novruz = _days(
        gettext_lazy("Novruz"), gettext_lazy("When empty: those of 20 to 24 March that are holidays")
    )
    ramazan = _days(gettext_lazy("Ramazan"))
    qurban = _days(gettext_lazy("Qurban"))
    cabinet_off = _days(gettext_lazy("Days off by order of the Cabinet"))
    cabinet_work = _days(gettext_lazy("Working days by order of the Cabinet"))
    confirmed = forms.BooleanField(
        label=gettext_lazy("This year is published"),
        help_text=gettext_lazy("A promise that ends in a year that is not confirmed is marked provisional."),
        required=False,
    )
    note = forms.CharField(label=gettext_lazy("Why the calendar changes"), max_length=300, required=False)
    expected = Line(widget=forms.HiddenInput)
    previewed = Line(widget=forms.HiddenInput)

    def lists(self, year: int) -> dict[str, Any]:
        """The year as ``sla.almanac`` reads it, but for what the form does not ask."""
        typed = self.cleaned_data
        days = {name: _read(typed[name], year) for name in LISTS}
        return {**days, "confirmed": typed["confirmed"]}

    def show(self, version: CalendarVersion, previewed: str = "") -> YearForm:
        """The same form, to be sent again on top of this version."""
        self.data = {**dict(self.data.items()), "expected": str(version.number), "previewed": previewed}
        return self


_WRITTEN = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})(?:\.(?P<year>\d{4}))?")


def _read(text: str, year: int) -> list[str]:
    """``20.03, 21.03.2026`` as ``["03-20", "03-21"]``; what is no day stays, to be refused by its name."""
    return [_day(part.strip(), year) for part in re.split(r"[,;\n]", text) if part.strip()]


def _day(text: str, year: int) -> str:
    found = _WRITTEN.fullmatch(text)
    if not found:
        return text
    short = f"{int(found['month']):02}-{int(found['day']):02}"
    return short if found["year"] in (None, str(year)) else f"{found['year']}-{short}"


def _written(days: list[str]) -> str:
    return ", ".join(".".join(reversed(day.split("-"))) for day in days)


@page(Action.CALENDAR_EDIT, methods=("GET", "POST"))
def edit(request: HttpRequest) -> HttpResponse:
    """One year to change: ``preview`` tells what moves and writes nothing, ``publish`` puts it in force."""
    version, book = _in_force()
    asked = request.GET.get("year", "")
    if asked.isdecimal() and book.first.year <= int(asked) < _open(version)[0]:
        messages.error(request, _("%(year)s is closed: what has passed is not changed.") % {"year": asked})
        return redirect(f"{reverse('calendar')}?year={asked}")
    year = _year(asked, _open(version))
    if request.method == "GET":
        return _page(request, version, year, YearForm(initial=_initial(version, year)))
    form = YearForm(request.POST)
    if form.is_valid():
        try:
            return _sent(request, version, year, form)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    return _page(request, version, year, form.show(version), status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _sent(request: HttpRequest, version: CalendarVersion, year: int, form: YearForm) -> HttpResponse:
    """The preview, or the published calendar when it is the one that was looked at."""
    if form.cleaned_data["expected"] != str(version.number):
        raise StaleVersion(yours=_number(form.cleaned_data["expected"]), current=version.number)
    proposal = publication.propose(years=_years(version, year, form))
    looked_at = publication.digest(proposal.years, proposal.hours, proposal.units)
    if "publish" not in request.POST or form.cleaned_data["previewed"] != looked_at:
        return _page(request, version, year, form.show(version, looked_at), proposal)
    made = publication.publish(
        actor=actor_of(request),
        note=form.cleaned_data["note"],
        expected=version.number,
        years=proposal.years,
    )
    messages.success(request, _("Version %(number)s of the calendar is in force.") % {"number": made.number})
    return redirect(f"{reverse('calendar')}?year={year}")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _initial(version: CalendarVersion, year: int) -> Context:
    """What stands in the calendar, or what the law alone says of a year that nobody has written."""
    usual = {"holidays": sorted(FIXED), "novruz": NOVRUZ}
    unwritten = {name: [f"{month:02}-{day:02}" for month, day in days] for name, days in usual.items()}
    lists = version.years.get(str(year), unwritten)
    written = {name: _written(lists.get(name, [])) for name in LISTS}
    return {**written, "confirmed": lists.get("confirmed", False), "expected": version.number}


def _years(version: CalendarVersion, year: int, form: YearForm) -> dict[str, Any]:
    """All years, this one as typed; what the form does not ask stays as it was."""
    before = version.years.get(str(year), {"mourning": by_law(year)["mourning"]})
    typed = {name: value for name, value in form.lists(year).items() if value or name in before}
    after = {**before, **typed}
    if after != before:
        after["mark"] = edited(before.get("mark", ""))
    return {**version.years, str(year): after}


def _page(
    request: HttpRequest,
    version: CalendarVersion,
    year: int,
    form: YearForm,
    proposal: Proposal | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"form": form, "version": version, "year": year, "years": _open(version), "proposal": proposal}
    if proposal is not None:
        moves = proposal.moves()
        context |= {"moves": [_moved(each) for each in moves[:SHOWN]], "total": len(moves)}
    return render(request, "calendar/edit.html", context, status=status)


def _moved(moved: Moved) -> Context:
    return {
        "number": moved.clock.application.number,
        "measure": words.MEASURES[moved.clock.measure],
        "before": moved.due_before,
        "after": moved.due_after,
        "provisional": moved.provisional,
    }
