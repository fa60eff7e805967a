"""Publishing calendars: what is in force, what may still change, and which promises that moves."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from events import clock
from events.errors import Invalid, StaleVersion
from sla import calendars, publication
from sla.almanac import by_law
from sla.arithmetic import BAKU
from sla.models import CalendarVersion, Clock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

SPRING = datetime(2026, 4, 1, 10, tzinfo=BAKU)


@pytest.fixture(autouse=True)
def in_spring() -> Iterator[None]:
    calendars.forget()
    with clock.at(SPRING):
        yield
    calendars.forget()


def years(**changes: Any) -> dict[str, Any]:
    """The years in force with some lists of one year changed: ``years(y2026={"cabinet_off": [...]})``."""
    known: dict[str, Any] = deepcopy(CalendarVersion.objects.get(pk=calendars.version()).years)
    for name, lists in changes.items():
        known[name[1:]] = {**known.get(name[1:], {}), **lists}
    return known


def publish(**documents: Any) -> CalendarVersion:
    made = publication.publish(actor=None, note="", expected=calendars.version(), **documents)
    calendars.forget()  # what committing does
    return made


# --- reading --------------------------------------------------------------------------------------------


def test_what_has_been_read_is_read_no_more(django_assert_num_queries: Any) -> None:
    calendars.calendar()
    with django_assert_num_queries(0):
        calendars.calendar(["MOH", "MOH.PSM"])
        calendars.day_name(date(2026, 3, 8))


def test_a_version_of_another_process_is_noticed_in_time(monkeypatch: Any) -> None:
    assert calendars.version() == 1
    first = CalendarVersion.objects.values("years", "hours", "units", "digest").get()
    CalendarVersion.objects.create(number=2, published_at=SPRING, **first)
    assert calendars.version() == 1
    monkeypatch.setattr(calendars, "monotonic", lambda: 10**9)
    assert calendars.version() == 2


def test_a_new_calendar_is_in_force_when_it_is_committed(django_capture_on_commit_callbacks: Any) -> None:
    calendars.version()
    with django_capture_on_commit_callbacks(execute=True):
        publication.publish(actor=None, note="", expected=1, years=years(y2026={"cabinet_off": ["06-25"]}))
        assert calendars.version() == 1
    assert calendars.version() == 2
    assert not calendars.calendar().is_working(date(2026, 6, 25))
    assert calendars.calendar(version=1).is_working(date(2026, 6, 25))


def test_without_a_calendar_nothing_is_reckoned() -> None:
    CalendarVersion.objects.all()._raw_delete("default")
    calendars.forget()
    with pytest.raises(LookupError, match="load_reference"):
        calendars.calendar()


def test_days_have_names_in_the_language_of_the_reader() -> None:
    with translation.override("ru"):
        assert calendars.day_name(date(2026, 3, 8)) == "Женский день"
        assert calendars.day_name(date(2026, 3, 9)) == "Перенесённый день отдыха"
        assert calendars.day_name(date(2026, 6, 25)) == "Рабочий день, сокращённый на один час"
    with translation.override("az"):
        assert calendars.day_name(date(2026, 1, 20)) == "Ümumxalq Hüzn Günü"
        assert calendars.day_name(date(2026, 1, 21)) == ""


# --- publishing -----------------------------------------------------------------------------------------


def test_publishing_makes_the_next_version_and_keeps_the_one_before(people_at_work: Any) -> None:
    before = CalendarVersion.objects.values().get()
    made = publication.publish(
        actor=people_at_work.admin,
        note="Decree 411",
        expected=1,
        years=years(y2026={"cabinet_off": ["06-25"], "cabinet_work": ["06-20"]}),
    )
    assert (made.number, made.note, made.by, made.published_at) == (
        2,
        "Decree 411",
        people_at_work.admin,
        SPRING,
    )
    assert made.hours == before["hours"]
    assert made.digest == publication.digest(made.years, made.hours, made.units)
    assert CalendarVersion.objects.values().get(pk=1) == before


def test_who_worked_from_an_older_version_is_told_so() -> None:
    changed = years(y2026={"cabinet_off": ["06-25"]})
    publish(years=changed)
    with pytest.raises(StaleVersion) as refused:
        publication.publish(actor=None, note="", expected=1, years=changed)
    assert refused.value.extra == {"yours": 1, "current": 2}
    assert CalendarVersion.objects.count() == 2


def test_the_next_year_is_written_and_confirmed_in_two_steps() -> None:
    publish(years=years(y2027={**by_law(2027), "ramazan": ["03-09", "03-10"], "confirmed": False}))
    assert calendars.book().confirmed_until == date(2026, 12, 31)
    publish(years=years(y2027={"ramazan": ["03-10", "03-11"], "confirmed": True}))
    assert calendars.book().confirmed_until == date(2027, 12, 31)
    assert calendars.calendar().is_working(date(2027, 3, 9))


def test_a_year_that_nobody_wrote_may_still_be_written_when_it_has_begun() -> None:
    with clock.at(datetime(2027, 6, 1, tzinfo=BAKU)):
        publish(years=years(y2027={**by_law(2027), "ramazan": ["03-09", "03-10"], "confirmed": True}))
    assert not calendars.calendar().is_working(date(2027, 3, 9))


def test_another_unit_gets_its_own_hours() -> None:
    in_force = CalendarVersion.objects.get()
    publish(units={**in_force.units, "MLSPP.DOST": "round_the_clock"})
    assert calendars.calendar(["MLSPP", "MLSPP.DOST"]).is_working(date(2026, 5, 9))
    assert not calendars.calendar(["MLSPP"]).is_working(date(2026, 5, 9))


# --- what is refused ------------------------------------------------------------------------------------

NEXT = {"confirmed": True, "mark": "A"}
BOTH = {"cabinet_off": ["06-25"], "cabinet_work": ["06-25"]}
NIGHT = {"az": "Gecə", "en": "Night", "ru": "Ночь"}


@pytest.mark.parametrize(
    ("changes", "field", "code", "sentence"),
    [
        ({"y2025": {"holidays": ["01-01"]}}, "holidays", "closed_year", "2025 is closed"),
        ({"y2025": {"cabinet_off": ["01-03", "06-27"]}}, "cabinet_off", "closed_year", "2025 is closed"),
        ({"y2023": NEXT}, "years", "closed_year", "2023 is closed"),
        ({"y2026": {"cabinet_work": ["03-09"]}}, "cabinet_work", "day_passed", "09.03.2026, which"),
        ({"y2026": {"qurban": ["04-01"]}}, "qurban", "day_passed", "31.03.2026"),
        ({"y2026": {"confirmed": False}}, "confirmed", "already_confirmed", "2026 is confirmed"),
        ({"y2026": BOTH}, "cabinet_work", "day_twice", "25.06.2026"),
        ({"y2026": {"cabinet_off": ["06-25", "06-25"]}}, "cabinet_off", "day_twice", "25.06.2026"),
        ({"y2026": {"cabinet_off": ["06-20"]}}, "cabinet_off", "already_off", "20.06.2026 is off anyway"),
        ({"y2026": {"cabinet_work": ["06-25"]}}, "cabinet_work", "already_worked", "25.06.2026"),
        ({"y2026": {"qurban": ["2027-05-16"]}}, "qurban", "outside_year", "16.05.2027 is not in this year"),
        ({"y2026": {"qurban": ["27 may"]}}, "qurban", "not_a_day", "“27 may” is not a day"),
        ({"y2026": {"feasts": ["05-27"]}}, "years", "unknown_key", "“feasts”"),
        ({"y2028": NEXT}, "years", "year_missing", "without a gap"),
        ({"y2026": {}}, "years", "no_change", "nothing changes"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_at_its_list(
    changes: dict[str, Any], field: str, code: str, sentence: str
) -> None:
    with translation.override("en"), pytest.raises(Invalid) as refused:
        publish(years=years(**changes))
    assert refused.value.code == code
    assert list(refused.value.errors) == [field]
    with translation.override("en"):
        assert sentence in str(refused.value.errors[field][0])
    assert CalendarVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("hours", "units", "field", "code"),
    [
        ({"night": {**NIGHT, "week": [[]] * 7}}, {}, "hours", "without_hours"),
        ({"night": {**NIGHT, "week": [["22-06"]] * 7}}, {}, "hours", "bad_shift"),
        ({"night": {"az": "Gecə"}}, {}, "hours", "not_a_week"),
        ({}, {"MOH.PSM": "nights"}, "units", "unknown_hours"),
        ({}, {"NOBODY": "office"}, "units", "unknown_unit"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_worked_are_refused(hours: Any, units: Any, field: str, code: str) -> None:
    in_force = CalendarVersion.objects.get()
    with pytest.raises(Invalid) as refused:
        publish(hours={**in_force.hours, **hours}, units={**in_force.units, **units})
    assert (refused.value.code, list(refused.value.errors)) == (code, [field])


def test_removing_a_year_is_refused() -> None:
    known = years()
    del known["2024"]
    with pytest.raises(Invalid) as refused:
        publish(years=known)
    assert refused.value.code == "closed_year"


# --- what moves -----------------------------------------------------------------------------------------


def test_a_proposal_names_the_promises_it_moves_and_writes_nothing(register: Any) -> None:
    with clock.at(datetime(2026, 6, 22, 10, tzinfo=BAKU)):
        application = register(subtopic="PRO-NEW")
        before = {row.pk: row.due_at for row in Clock.objects.filter(application=application)}
        proposal = publication.propose(years=years(y2026={"cabinet_off": ["06-25"]}))
        moves = proposal.moves()
    promise = next(moved for moved in moves if moved.clock.measure == "resolution")
    assert promise.clock.application == application
    assert promise.due_before == before[promise.clock.pk]
    assert promise.due_after.astimezone(BAKU).date() == promise.due_before.astimezone(
        BAKU
    ).date() + timedelta(1)
    assert {row.pk: row.due_at for row in Clock.objects.filter(application=application)} == before
    assert CalendarVersion.objects.count() == 1


def test_one_publication_at_a_time() -> None:
    publish(years=years(y2026={"cabinet_off": ["06-25"]}))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s",
            [publication.PUBLISHING],
        )
        assert cursor.fetchone() == (1,)
