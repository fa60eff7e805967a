"""The whole calendar: its published years, the guess after them, the hours, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla.almanac import AHEAD, Book, by_law, read
from sla.arithmetic import BAKU, HOURS_24_7, OFFICE_HOURS
from sla.production import PUBLISHED, CalendarError

ROOT = Path(__file__).resolve().parents[2]
FILE = yaml.safe_load((ROOT / "fixtures" / "reference" / "calendar.yaml").read_text(encoding="utf-8"))
DOCUMENTS: dict[str, dict[str, Any]] = {
    "years": {
        str(year): {key: value for key, value in lists.items() if key not in PUBLISHED}
        for year, lists in FILE.items()
        if isinstance(year, int)
    },
    "hours": {row["id"]: row for row in FILE["hours"]},
    "units": {row["id"]: row["hours"] for row in FILE["units"]},
}

# What was off on Mondays to Fridays, copied from the published lists and not from the product: the
# ministry's calendars of 2025 [S:W3], after the exchange of March [S:W5], and of 2026 [S:W2].
OFF_ON_WEEKDAYS = {
    2025: {
        1: [1, 2, 3, 20], 3: [20, 21, 24, 25, 26, 27, 28, 31], 5: [9, 28], 6: [6, 9, 16, 26],
        11: [10, 11], 12: [31],
    },
    2026: {
        1: [1, 2, 20], 3: [9, 20, 23, 24, 25, 26, 27, 30], 5: [11, 27, 28, 29], 6: [15, 26],
        11: [9, 10], 12: [31],
    },
}  # fmt: skip


def documents() -> dict[str, dict[str, Any]]:
    return deepcopy(DOCUMENTS)


def book(**years: Any) -> Book:
    """The calendar of the files with other data for some years: ``book(y2026={...})``."""
    changed = documents()
    for name, data in years.items():
        changed["years"][name[1:]] = data
    return read(**changed)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BAKU)


# --- the years ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("year", "total"), [(2025, 240), (2026, 241)])
def test_every_month_has_as_many_working_days_as_were_published(year: int, total: int) -> None:
    off = OFF_ON_WEEKDAYS[year]
    every = [date(year, 1, 1) + timedelta(days=offset) for offset in range(365)]
    published = [
        sum(day.month == month and day.weekday() < 5 and day.day not in off.get(month, []) for day in every)
        for month in range(1, 13)
    ]
    assert book().working_days(year) == published
    assert sum(published) == total


def test_the_exchange_over_new_year_2025() -> None:
    known = book().calendar()
    days = [date(2024, 12, 28) + timedelta(days=offset) for offset in range(10)]
    assert [day.day for day in days if known.is_working(day)] == [28, 29, 6]


def test_a_calendar_goes_on_by_law_after_its_last_year() -> None:
    known = book()
    assert (known.first, known.last) == (date(2024, 1, 1), date(2026 + AHEAD, 12, 31))
    assert known.days[date(2028, 3, 20)].name.en == "Novruz"
    assert known.days[date(2028, 1, 3)].kind == "moved_off", "1 and 2 January 2028 are a weekend"
    assert not any("Ramazan" in day.name.en for when, day in known.days.items() if when.year > 2026)


def test_what_ends_after_the_confirmed_years_is_provisional() -> None:
    known = book()
    assert known.confirmed_until == date(2026, 12, 31)
    assert not known.calendar().due(at("2026-12-28 10:00"), "2 wd").provisional
    assert known.calendar().due(at("2026-12-28 10:00"), "5 wd").provisional
    assert book(y2027={**by_law(2027), "confirmed": True}).confirmed_until == date(2027, 12, 31)


def test_a_year_between_that_is_not_confirmed_ends_the_run() -> None:
    unsure = {**DOCUMENTS["years"]["2026"], "confirmed": False}
    known = book(y2026=unsure, y2027={**by_law(2027), "confirmed": True})
    assert known.confirmed_until == date(2025, 12, 31)
    assert known.confirmed == {2025, 2027}


def test_a_calendar_without_a_confirmed_year_confirms_nothing() -> None:
    years = {"2026": by_law(2026)}
    assert read(years, DOCUMENTS["hours"], {}).confirmed_until == date(2025, 12, 31)


# --- the hours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "hours"),
    [
        ([], "office"),
        (["MOH"], "office"),
        (["MOH", "MOH.PSM"], "round_the_clock"),
        (["MOH", "MOH.PSM", "MOH.PSM.LINE"], "round_the_clock"),
        (["TABIB", "TABIB.AMB"], "round_the_clock"),
    ],
)
def test_a_unit_works_the_hours_of_the_nearest_above_it(path: list[str], hours: str) -> None:
    assert book().schedule(path) == hours


def test_a_unit_below_may_have_its_own_hours_again() -> None:
    changed = documents()
    changed["units"]["MOH.PSM.OFFICE"] = "office"
    assert read(**changed).schedule(["MOH", "MOH.PSM", "MOH.PSM.OFFICE"]) == "office"


def test_the_crisis_line_works_through_the_night_and_the_holidays() -> None:
    night = at("2026-03-20 23:00")
    known = book()
    assert known.calendar(["MOH", "MOH.PSM"]).due(night, "2 wh").due_at == at("2026-03-21 01:00")
    assert known.calendar().due(night, "2 wh").due_at == at("2026-03-31 11:00")


def test_the_files_hours_are_those_of_the_arithmetic() -> None:
    known = book()
    assert known.schedules["office"].hours == OFFICE_HOURS
    assert known.schedules["round_the_clock"].hours == HOURS_24_7


def test_a_calendar_is_built_once() -> None:
    known = book()
    assert known.calendar(["MOH"]) is known.calendar()
    assert known.calendar(language="ru") is not known.calendar()


# --- what is refused ------------------------------------------------------------------------------------

WEEK = FILE["hours"][0]["week"]


def hours(**more: Any) -> dict[str, Any]:
    return {"az": "Saatlar", "en": "Hours", "ru": "Часы", "week": WEEK, **more}


@pytest.mark.parametrize(
    ("document", "key", "value", "code"),
    [
        ("years", "2028", by_law(2028), "year_missing"),
        ("years", "1998", by_law(1998), "not_a_year"),
        ("years", "next", by_law(2027), "not_a_year"),
        ("years", "2026", [], "not_a_year"),
        ("years", "2026", {"confirmed": "yes"}, "not_a_year"),
        ("years", "2026", {"holiday": ["01-01"]}, "unknown_key"),
        ("years", "2026", {"moved_off": ["03-09"]}, "unknown_key"),
        ("years", "2026", {"holidays": "01-01"}, "not_a_list"),
        ("years", "2026", {"holidays": [date(2026, 1, 1)]}, "not_a_day"),
        ("years", "2026", {"holidays": ["30.02"]}, "not_a_day"),
        ("years", "2026", {"cabinet_off": ["02-02"], "cabinet_work": ["02-02"]}, "day_twice"),
        ("hours", "office", hours(week=WEEK[:6]), "not_a_week"),
        ("hours", "office", hours(week=["09:00-13:00"] * 7), "not_a_week"),
        ("hours", "office", hours(ru=None), "not_a_week"),
        ("hours", "office", "09:00-18:00", "not_a_week"),
        ("hours", "night", hours(week=[[]] * 7), "without_hours"),
        ("hours", "night", hours(week=[["22:00-06:00"], *[[]] * 6]), "bad_shift"),
        ("hours", "night", hours(week=[["9-18"], *[[]] * 6]), "bad_shift"),
        ("hours", "night", hours(week=[["20:00-24:30"], *[[]] * 6]), "bad_shift"),
        ("hours", "night", hours(week=[["09:00-13:00", "12:00-18:00"], *[[]] * 6]), "bad_shift"),
        ("units", "MOH.PSM", "nights", "unknown_hours"),
        ("units", "MOH.PSM", None, "unknown_hours"),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_code(document: str, key: str, value: Any, code: str) -> None:
    changed = documents()
    changed[document][key] = value
    with pytest.raises(CalendarError) as refused:
        read(**changed)
    assert refused.value.code == code


def test_there_have_to_be_a_year_and_the_offices_hours() -> None:
    with pytest.raises(CalendarError) as refused:
        read({}, DOCUMENTS["hours"], {})
    assert refused.value.code == "year_missing"
    with pytest.raises(CalendarError) as refused:
        read(DOCUMENTS["years"], {"night": hours()}, {})
    assert refused.value.code == "unknown_hours"
