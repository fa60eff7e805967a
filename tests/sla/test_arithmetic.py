"""Working time: hours as data, single days, both directions, and the explanation that adds up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.arithmetic import (
    BAKU,
    HOURS_24_7,
    OFF,
    OFFICE_HOURS,
    SHORTENED,
    WALL,
    WORKING,
    Calendar,
    DayKind,
    Hours,
    works_as,
)

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
NOVRUZ = {date(2026, 3, day): OFF for day in (20, 21, 22, 23, 24, 25, 26, 27, 30)}
NAMES = dict.fromkeys((date(2026, 3, day) for day in range(20, 25)), "Novruz bayramı") | dict.fromkeys(
    (date(2026, 3, day) for day in (25, 26, 27, 30)), "Köçürülmüş istirahət günü"
)
SPLIT: Hours = (((0, 6 * 3600), (8 * 3600, 8 * 3600 + 1800), (22 * 3600, 24 * 3600)),) * 6 + ((),)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BAKU)


def calendar(days: dict[date, DayKind] | dict[date, bool] | None = None, **more: object) -> Calendar:
    return Calendar(days or {}, first=FIRST, last=LAST, confirmed_until=LAST, **more)


def hours(start: str, end: str, known: Calendar) -> float:
    return known.working_seconds(at(start), at(end)) / 3600


def test_an_office_day_has_eight_hours_and_the_lunch_hour_does_not_count() -> None:
    assert hours("02-03 00:00", "02-04 00:00", calendar()) == 8
    assert hours("02-03 12:30", "02-03 14:30", calendar()) == 1
    assert calendar().add_working(at("02-03 09:00"), 4 * 3600) == at("02-03 13:00"), "not 14:00"


def test_an_hour_before_novruz_runs_on_after_it() -> None:
    known = calendar(NOVRUZ | {date(2026, 3, 19): SHORTENED})
    assert known.add_working(at("03-19 16:00"), 2 * 3600) == at("03-31 10:00")
    assert known.add_working(at("03-19 16:00"), 3600) == at("03-19 17:00"), "the day ends an hour early"


def test_the_old_mapping_of_booleans_says_the_same_as_kinds() -> None:
    old = calendar({date(2026, 3, 20): False, date(2026, 3, 21): True})
    new = calendar({date(2026, 3, 20): OFF, date(2026, 3, 21): works_as(4)})
    for day in (date(2026, 3, 20), date(2026, 3, 21), date(2026, 3, 22)):
        assert old.shifts(day) == new.shifts(day)


def test_a_saturday_made_a_working_day_has_ordinary_hours() -> None:
    known = calendar({date(2026, 2, 7): WORKING, date(2026, 2, 14): DayKind(works=True, shortened=True)})
    assert hours("02-07 00:00", "02-08 00:00", known) == 8
    assert hours("02-14 00:00", "02-15 00:00", known) == 7


def test_a_saturday_works_as_the_weekday_the_cabinet_names() -> None:
    short_friday = (*OFFICE_HOURS[:4], ((9 * 3600, 13 * 3600),), (), ())
    known = calendar({date(2026, 2, 7): works_as(4), date(2026, 2, 14): WORKING}, hours=short_friday)
    assert hours("02-07 00:00", "02-08 00:00", known) == 4
    assert hours("02-14 00:00", "02-15 00:00", known) == 8


def test_the_hour_that_falls_away_may_eat_a_whole_shift() -> None:
    known = calendar(
        {date(2026, 2, 3): SHORTENED}, hours=(((9 * 3600, 13 * 3600), (14 * 3600, 14 * 3600 + 1800)),) * 7
    )
    assert known.shifts(date(2026, 2, 3)) == ((9 * 3600, 12 * 3600 + 1800),)


def test_round_the_clock_every_second_counts_also_on_holidays() -> None:
    known = calendar(NOVRUZ | {date(2026, 3, 19): SHORTENED}, hours=HOURS_24_7)
    assert hours("03-18 00:00", "03-28 00:00", known) == 240
    assert known.end_of_working_day(at("03-20 12:00"), 1) == at("03-22 00:00")


def test_working_time_is_negative_when_reversed() -> None:
    assert calendar().working_seconds(at("02-04 10:00"), at("02-03 10:00")) == -8 * 3600


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("02-03 10:00", 1, "02-04 18:00"),
        ("02-03 18:00", 1, "02-05 18:00"),
        ("02-07 10:00", 1, "02-10 18:00"),
        ("03-18 10:00", 1, "03-19 17:00"),
        ("03-19 16:59", 1, "03-31 18:00"),
        ("03-19 17:30", 1, "04-01 18:00"),
    ],
)
def test_a_target_in_working_days_ends_with_the_day(start: str, days: int, end: str) -> None:
    known = calendar(NOVRUZ | {date(2026, 3, 19): SHORTENED})
    assert known.end_of_working_day(at(start), days) == at(end)


@pytest.mark.parametrize(
    ("target", "end", "warned"),
    [
        ("30 min", "02-06 17:30", "02-06 17:22:30"),
        ("2 h", "02-06 19:00", "02-06 18:30"),
        ("2 wh", "02-09 10:00", "02-09 09:30"),
        ("1 wd", "02-09 18:00", "02-09 15:45"),
    ],
)
def test_targets_are_spelled_in_four_units(target: str, end: str, warned: str) -> None:
    due = calendar().due(at("02-06 17:00"), target)
    assert (due.due_at, due.warn_at, due.provisional) == (at(end), at(warned), False)


def test_a_due_instant_beyond_the_confirmed_calendar_is_provisional() -> None:
    known = Calendar({}, first=FIRST, last=LAST, confirmed_until=date(2026, 2, 8))
    assert known.due(at("02-06 17:00"), "2 wh").provisional


def test_an_allowance_is_the_seconds_a_target_grants() -> None:
    known = calendar()
    assert known.allowance(at("02-06 17:00"), "2 h") == (7200, WALL)
    assert known.allowance(at("02-06 17:00"), "2 wh") == (7200, known)
    assert known.allowance(at("02-06 17:00"), "1 wd") == (9 * 3600, known)


@pytest.mark.parametrize("target", ["", "2", "2 d", "2wh", "two wh"])
def test_another_spelling_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="not a target"):
        calendar().due(at("02-06 17:00"), target)


@pytest.mark.parametrize(
    "wrong",
    [
        OFFICE_HOURS[:6],
        (((5, 3),),) * 7,
        (((0, 10), (5, 20)),) * 7,
        (((0, 90_000),),) * 7,
        (((3, 3),),) * 7,
    ],
)
def test_hours_that_cannot_be_are_refused(wrong: Hours) -> None:
    with pytest.raises(ValueError, match=r"seven weekdays|not the shifts"):
        calendar(hours=wrong)


def test_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="outside the calendar"):
        calendar().position(datetime(2027, 1, 1, 12, tzinfo=BAKU))
    for too_far in (
        lambda c: c.add_working(at("12-31 10:00"), 9 * 3600),
        lambda c: c.end_of_working_day(at("12-31 10:00"), 1),
    ):
        with pytest.raises(ValueError, match="beyond the calendar"):
            too_far(calendar())


def test_the_windows_are_the_shifts() -> None:
    known = calendar({date(2026, 2, 6): SHORTENED})
    assert known.windows(date(2026, 2, 6), date(2026, 2, 9)) == [
        (at("02-06 09:00"), at("02-06 13:00")),
        (at("02-06 14:00"), at("02-06 17:00")),
        (at("02-09 09:00"), at("02-09 13:00")),
        (at("02-09 14:00"), at("02-09 18:00")),
    ]


def test_a_description_names_nights_weekends_and_holidays() -> None:
    known = calendar(NOVRUZ | {date(2026, 3, 19): SHORTENED}, names=NAMES)
    told = [(s.kind, s.name, s.seconds / 3600) for s in known.describe(at("03-19 15:00"), at("03-31 10:00"))]
    assert told == [
        ("counted", "", 2),
        ("night", "", 0),
        ("holiday", "Novruz bayramı", 0),
        ("holiday", "Köçürülmüş istirahət günü", 0),
        ("weekend", "", 0),
        ("holiday", "Köçürülmüş istirahət günü", 0),
        ("night", "", 0),
        ("counted", "", 1),
    ]


def test_lunch_is_a_night_and_a_round_clock_is_one_stretch() -> None:
    kinds = [s.kind for s in calendar().describe(at("02-06 10:00"), at("02-06 15:00"))]
    assert kinds == ["counted", "night", "counted"]
    (whole,) = calendar(NOVRUZ, hours=HOURS_24_7, names=NAMES).describe(at("03-01 10:00"), at("04-01 10:00"))
    assert (whole.kind, whole.seconds) == ("counted", 31 * 24 * 3600)


def test_an_empty_description_is_empty_and_a_reversed_one_is_refused() -> None:
    assert calendar().describe(at("02-06 10:00"), at("02-06 10:00")) == []
    with pytest.raises(ValueError, match="forward"):
        calendar().describe(at("02-06 10:00"), at("02-05 10:00"))


moments = st.datetimes(datetime(2026, 1, 2), datetime(2026, 10, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001
kinds = st.sampled_from([OFF, WORKING, SHORTENED, works_as(0), DayKind(works=True, shortened=True)])
calendars = st.builds(
    lambda days, week: calendar(days, hours=week, names={day: "x" for day in days if day.day % 2}),
    st.dictionaries(st.dates(FIRST, LAST), kinds, max_size=60),
    st.sampled_from([OFFICE_HOURS, HOURS_24_7, SPLIT]),
)


@settings(max_examples=150, deadline=None)
@given(calendars, moments, moments)
def test_a_description_tiles_and_adds_up(known: Calendar, one: datetime, other: datetime) -> None:
    start, end = sorted((one, other))
    told = known.describe(start, end)
    edges = [start, *(s.end for s in told)]
    assert [s.start for s in told] == edges[:-1]
    assert edges[-1] == end
    assert all(s.start < s.end and (s.seconds == 0 or s.kind == "counted") for s in told)
    assert sum(s.seconds for s in told) == known.working_seconds(start, end)


@settings(max_examples=300, deadline=None)
@given(calendars, moments, st.integers(1, 80 * 3600))
def test_adding_and_counting_are_inverse(known: Calendar, start: datetime, seconds: int) -> None:
    end = known.add_working(start, seconds)
    assert known.working_seconds(start, end) == seconds
    assert known.working_seconds(start, end - timedelta(seconds=1)) == seconds - 1
