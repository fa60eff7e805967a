"""Publishing the next working calendar: what may change in it, and which promises that moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from agencies.models import Unit
from events import clock
from events.errors import Invalid, Sentence

from . import almanac, calendars, services
from .almanac import LISTS, Book
from .arithmetic import BAKU
from .models import CalendarVersion
from .production import CalendarError
from .versions import digest_of, next_number

PUBLISHING = 0x43414C  # "CAL": one publication at a time
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Proposal:
    """A calendar that may follow version ``number`` (0: none yet). Nothing is written by it."""

    number: int
    years: Document
    hours: Document
    units: Document
    book: Book

    def moves(self) -> list[services.Moved]:
        """The running promises whose due instants it moves, the earliest first."""
        return list(services.moved_by(self.book)) if self.number else []


def propose(
    *, years: Document | None = None, hours: Document | None = None, units: Document | None = None
) -> Proposal:
    """Check the documents of the next calendar; those not given stay as they are in force.

    Raises ``Invalid`` for what cannot be right, changes what has passed, or changes nothing. The
    field is the list of days that is wrong, or ``years``, ``hours`` or ``units``.
    """
    latest = CalendarVersion.objects.first()
    now: dict[str, Any] = {name: getattr(latest, name, {}) for name in ("years", "hours", "units")}
    wanted = {
        "years": now["years"] if years is None else years,
        "hours": now["hours"] if hours is None else hours,
        "units": now["units"] if units is None else units,
    }
    _check_closed(now["years"], wanted["years"])
    book = _read(wanted)
    _check_units(wanted["units"])
    if latest is not None:
        if digest(**wanted) == latest.digest:
            raise Invalid.field(
                "years", _("This is the calendar in force: nothing changes."), code="no_change"
            )
        _check_passed(now["years"], wanted["years"], calendars.book(latest.number), book)
    return Proposal(number=latest.number if latest else 0, book=book, **wanted)


@transaction.atomic
def publish(
    *,
    actor: Any,
    note: str,
    expected: int,
    years: Document | None = None,
    hours: Document | None = None,
    units: Document | None = None,
) -> CalendarVersion:
    """Put the next calendar in force. Running clocks follow it one by one (``services.outdated``).

    ``expected`` is the number the caller worked from, 0 for none. Raises ``StaleVersion`` when
    somebody published meanwhile, and ``Invalid`` as ``propose`` does.
    """
    number = next_number(CalendarVersion, PUBLISHING, expected)
    proposal = propose(years=years, hours=hours, units=units)
    documents = {"years": proposal.years, "hours": proposal.hours, "units": proposal.units}
    made = CalendarVersion.objects.create(
        number=number,
        digest=digest(**documents),
        note=note,
        published_at=clock.now(),
        by=actor,
        **documents,
    )
    transaction.on_commit(calendars.forget)
    return made


def digest(years: Document, hours: Document, units: Document) -> str:
    """The same for the same calendar, in whatever order it is written."""
    return digest_of([years, hours, units])


# --- what is refused ----------------------------------------------------------------------------------

SENTENCES: Mapping[str, Sentence] = {
    "unknown_key": _("There is no list “%(key)s” in a year."),
    "not_a_list": _("The days stand in a list."),
    "not_a_day": _("“%(text)s” is not a day of this year. Write days as 20.03, with commas between them."),
    "outside_year": _("%(day)s is not in this year. Enter it in its own year."),
    "day_twice": _("%(day)s is there twice, or in two lists that exclude each other. Leave it in one."),
    "already_worked": _("%(day)s is a working day anyway: there is nothing to order."),
    "already_off": _("%(day)s is off anyway: there is nothing to order."),
    "not_a_year": _("“%(key)s” is not a year with its lists of days."),
    "year_missing": _("The years have to follow one another without a gap."),
    "not_a_week": _("“%(key)s” needs a name in three languages and a week of seven days."),
    "bad_shift": _("“%(text)s” is not a time of work that follows the one before it, such as 09:00-13:00."),
    "without_hours": _("In “%(key)s” nothing is ever worked. Enter the hours of at least one day."),
    "unknown_hours": _("There are no hours called “%(text)s”."),
}
OF_HOURS = ("not_a_week", "bad_shift", "without_hours")


def _read(wanted: Mapping[str, Document]) -> Book:
    try:
        return almanac.read(**wanted)
    except CalendarError as error:
        raise _refused(error) from error


def _refused(error: CalendarError) -> Invalid:
    field = error.key if error.key in LISTS else "years"
    if error.code in OF_HOURS:
        field = "hours"
    elif error.code == "unknown_hours":
        field = "units"
    parts = {"key": error.key, "text": error.text, "day": error.day and written(error.day)}
    return Invalid.field(field, str(SENTENCES[error.code]) % parts, code=error.code)


def _check_units(units: Document) -> None:
    unknown = sorted(set(units) - set(Unit.objects.filter(code__in=units).values_list("code", flat=True)))
    if unknown:
        raise Invalid.field(
            "units", _("There is no unit “%(unit)s”.") % {"unit": unknown[0]}, code="unknown_unit"
        )


def _check_closed(before: Document, after: Document) -> None:
    """A year that is over stays as it was written. One that nobody wrote was a guess: it may be written."""
    last, current = max(before, default=""), str(_today().year)
    closed = [year for year in {*before, *after} if year < current and year <= last]
    for year in sorted(closed):
        changed = _changed(before.get(year), after.get(year))
        if changed:
            sentence = _("%(year)s is closed: its days do not change any more.")
            raise Invalid.field(changed[0], sentence % {"year": year}, code="closed_year")


def _check_passed(before: Document, after: Document, known: Book, wanted: Book) -> None:
    """What is confirmed stays confirmed, and the days of a written year that have passed stay."""
    for year in sorted(known.confirmed - wanted.confirmed):
        sentence = _("%(year)s is confirmed. Correct its days if need be; it stays confirmed.")
        raise Invalid.field("confirmed", sentence % {"year": year}, code="already_confirmed")
    differing = {day for day, found in known.days.items() ^ wanted.days.items() if str(day.year) in before}
    first = min(differing, default=_today())
    if first < _today():
        changed = _changed(before[str(first.year)], after.get(str(first.year)))
        sentence = _("This would change %(day)s, which has passed.")
        field = changed[0] if changed else "years"
        raise Invalid.field(field, sentence % {"day": written(first)}, code="day_passed")


def _changed(before: Document | None, after: Any) -> list[str]:
    """What differs of a year: its lists and whether it is confirmed, or all of it, ``years``."""
    if before is None or not isinstance(after, Mapping):
        return ["years"]
    return [name for name in (*LISTS, "confirmed") if (before.get(name) or []) != (after.get(name) or [])]


def _today() -> date:
    return clock.now().astimezone(BAKU).date()


def written(day: date) -> str:
    return f"{day:%d.%m.%Y}"
