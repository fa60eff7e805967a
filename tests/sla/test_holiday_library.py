"""The calendar against the ``holidays`` library, which knows the law and the Cabinet's orders by itself.

Two readings of the same law that agree day by day are better than one. Where they differ, the
difference is written down here with its reason; a new one fails.
"""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from .test_almanac import book

ELECTION = "municipal elections: off by the Election Code, in no published working calendar"
LATER = "exchanged by a later order of the Cabinet than our sources have (nk.gov.az, decision 8864)"
KNOWN_DIFFERENCES = {date(2025, 1, 29): ELECTION, date(2025, 6, 21): LATER, date(2025, 6, 27): LATER}


def library(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("AZ", years=year, language="az")


def every(year: int) -> list[date]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_day_of_the_published_years_is_the_same_but_for_those_explained(year: int) -> None:
    ours, theirs = book().calendar(), library(year)
    differing = {day for day in every(year) if ours.is_working(day) != theirs.is_working_day(day)}
    assert differing == {day for day in KNOWN_DIFFERENCES if day.year == year}


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_holiday_is_one_there_too(year: int) -> None:
    theirs = library(year)
    ours = {day for day, found in book().days.items() if day.year == year and not found.works}
    assert ours <= set(theirs)


@pytest.mark.parametrize("year", [2027, 2028, 2029, 2030])
def test_a_guessed_year_has_only_days_off_that_the_library_expects_too(year: int) -> None:
    """The library adds Ramazan and Qurban by astronomy; we leave them out until the Cabinet names them."""
    ours, theirs = book().calendar(), library(year)
    only_ours = {day for day in every(year) if theirs.is_working_day(day) and not ours.is_working(day)}
    assert only_ours == set()


def test_the_library_guesses_the_feasts_as_well() -> None:
    assert "təxmini" in library(2027)[date(2027, 3, 9)]
    assert book().calendar().is_working(date(2027, 3, 9))
