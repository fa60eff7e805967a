"""The Labour Code's calendar against the published ones, and the orders that are refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from sla.arithmetic import Calendar
from sla.production import (
    CalendarError,
    Day,
    day_kinds,
    day_names,
    moved_days,
    shortened_days,
    year_calendar,
)

ROOT = Path(__file__).resolve().parents[2]
DATA = yaml.safe_load((ROOT / "fixtures" / "reference" / "calendar.yaml").read_text(encoding="utf-8"))
WORKING_DAYS = {  # per month, as published; 2025 after the Cabinet's swaps
    2025: [19, 20, 13, 22, 20, 17, 23, 21, 22, 23, 18, 22],
    2026: [19, 20, 14, 22, 17, 20, 23, 21, 22, 22, 19, 22],
}


def of(year: int, **more: Any) -> dict[date, Day]:
    known = {key: value for key, value in DATA[year].items() if key != "confirmed"}
    return year_calendar(year, known | more)


def marks(days: dict[date, Day], *kinds: str) -> list[str]:
    return [f"{day:%m-%d}" for day, found in days.items() if found.kind in kinds]


def working_days(year: int, days: dict[date, Day]) -> list[int]:
    known = Calendar(
        day_kinds(days), first=date(year, 1, 1), last=date(year, 12, 31), confirmed_until=date(year, 12, 31)
    )
    every = [date(year, 1, 1) + timedelta(days=offset) for offset in range(365)]
    return [sum(known.is_working(day) for day in every if day.month == month) for month in range(1, 13)]


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_rule_yields_the_published_moved_days(year: int) -> None:
    without_swaps = of(year, cabinet_off=[], cabinet_work=[])
    assert marks(without_swaps, "moved_off") == DATA[year]["moved_off"]


def test_naming_the_religious_days_of_2025_changes_nothing() -> None:
    assert marks(of(2025, ramazan=[], qurban=[]), "moved_off") == marks(of(2025), "moved_off")


@pytest.mark.parametrize(("year", "total"), [(2025, 240), (2026, 241)])
def test_every_month_has_its_published_working_days(year: int, total: int) -> None:
    per_month = working_days(year, of(year))
    assert per_month == WORKING_DAYS[year]
    assert sum(per_month) == total


def test_the_shortened_days_of_2026_are_the_published_ones() -> None:
    days = of(2026)
    assert marks(days, "shortened") == DATA[2026]["shortened"]
    assert DATA[2026]["working_days"] == sum(working_days(2026, days))


def test_shortened_days_of_2025() -> None:
    assert marks(of(2025), "shortened") == [
        "03-07",
        "03-19",
        "05-08",
        "05-27",
        "06-05",
        "06-25",
        "11-07",
        "12-30",
    ]


def test_the_cabinet_has_the_last_word() -> None:
    days = of(2025)
    assert marks(days, "cabinet_work") == ["03-10", "04-01"]
    assert marks(days, "cabinet_off") == ["01-03", "03-27", "03-28"]
    assert not {"03-10", "04-01"} & set(marks(days, "moved_off"))


def test_a_worked_saturday_before_a_holiday_ends_an_hour_early() -> None:
    days = of(2026, cabinet_work=["03-07"])
    assert days[date(2026, 3, 7)].shortened
    assert days[date(2026, 3, 7)].kind == "cabinet_work"


def test_a_day_off_by_the_cabinet_before_a_holiday_is_not_shortened() -> None:
    assert "06-25" not in marks(of(2026, cabinet_off=["06-25"]), "shortened")


def test_new_year_moves_over_the_end_of_the_year() -> None:
    # 31 December 2028 is a Sunday and 1-2 January 2029 are off: the day moves to 3 January.
    assert marks(year_calendar(2029, {"holidays": ["01-01", "01-02"]}), "moved_off") == ["01-03"]
    assert marks(year_calendar(2028, {"holidays": ["01-01", "01-02", "12-31"]}), "moved_off") == [
        "01-03",
        "01-04",
    ]


def test_the_day_of_mourning_does_not_move() -> None:
    days = year_calendar(2029, {"holidays": ["01-01", "01-02"], "mourning": ["01-20"]})  # a Saturday
    assert marks(days, "mourning") == ["01-20"]
    assert marks(days, "moved_off") == ["01-03"], "only 31 December 2028"
    assert marks(days, "shortened") == ["01-19"]


def test_a_moved_day_passes_over_the_day_of_mourning() -> None:
    sunday, monday = date(2025, 1, 19), date(2025, 1, 20)
    assert moved_days({sunday}, off={monday}) == {date(2025, 1, 21)}


def test_a_feast_on_another_holiday_on_a_saturday_yields_two_days() -> None:
    saturday = date(2026, 3, 21)
    assert moved_days({saturday}, {saturday}) == {date(2026, 3, 23), date(2026, 3, 24)}


def test_only_the_very_day_before_is_shortened() -> None:
    monday, tuesday = date(2026, 6, 15), date(2026, 6, 16)
    assert shortened_days([monday], {}) == set()
    assert shortened_days([tuesday], {}) == {monday}
    assert shortened_days([tuesday], {monday: False}) == set()


def test_a_day_that_is_two_holidays_has_both_names_in_every_language() -> None:
    az, en, ru = (day_names(of(2026), language) for language in ("az", "en", "ru"))
    assert [names[date(2026, 3, 20)] for names in (az, en, ru)] == [
        "Novruz bayramı; Ramazan bayramı",
        "Novruz; Ramazan",
        "Новруз; Рамазан",
    ]
    assert (az[date(2026, 1, 20)], en[date(2026, 5, 27)]) == ("Ümumxalq Hüzn Günü", "Qurban")
    assert en[date(2026, 5, 28)] == "Independence Day; Qurban"
    assert date(2026, 3, 19) not in az, "a shortened day is no holiday"


def test_a_holiday_that_nobody_named_is_a_holiday() -> None:
    assert day_names(of(2025, ramazan=[]), "en")[date(2025, 3, 30)] == "Holiday"
    assert day_names(of(2025), "en")[date(2025, 3, 30)] == "Ramazan"


def test_novruz_may_be_named_when_the_cabinet_chooses_other_days() -> None:
    days = year_calendar(2027, {"holidays": ["03-19"], "novruz": ["03-19", "03-22"]})
    assert {day_names(days, "en")[date(2027, 3, day)] for day in (19, 22)} == {"Novruz"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"cabinet_off": ["02-03", "02-03"]}, "day_twice"),
        ({"cabinet_off": ["03-09"], "cabinet_work": ["03-09"]}, "day_twice"),
        ({"holidays": ["01-01", "01-01"]}, "day_twice"),
        ({"holidays": ["2027-01-01"]}, "outside_year"),
        ({"holidays": [date(2025, 12, 31)]}, "outside_year"),
        ({"cabinet_work": ["2025-12-28"]}, "outside_year"),
        ({"cabinet_work": ["02-03"]}, "already_worked"),
        ({"cabinet_work": ["06-25"]}, "already_worked"),
        ({"cabinet_off": ["03-09"]}, "already_off"),
        ({"cabinet_off": ["02-07"]}, "already_off"),
        ({"holiday": ["02-07"]}, "unknown_key"),
        ({"holidays": ["02-30"]}, "not_a_day"),
        ({"holidays": [27]}, "not_a_day"),
        ({"mourning": ["05-09"]}, "day_twice"),
    ],
)
def test_wrong_data_are_refused_with_a_code(more: dict[str, Any], code: str) -> None:
    with pytest.raises(CalendarError) as refused:
        of(2026, **more)
    assert isinstance(refused.value, ValueError)
    assert refused.value.code == code


def test_the_refusal_says_which_day() -> None:
    with pytest.raises(CalendarError) as refused:
        of(2026, cabinet_work=["02-03"])
    assert (refused.value.day, refused.value.key) == (date(2026, 2, 3), "cabinet_work")
