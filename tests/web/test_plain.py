"""What is read out to the citizen in Azerbaijani, word by word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.utils import translation

from callcenter import clocks, plain
from events import clock
from intake.models import Application
from sla.arithmetic import BAKU
from workflows import actions

pytestmark = pytest.mark.django_db
Register = Callable[..., Application]


@pytest.fixture(autouse=True)
def _azerbaijani() -> Iterator[None]:
    with translation.override("az"):
        yield


def at(year: int, month: int, day: int, hour: int = 10, minute: int = 0) -> Any:
    return clock.at(datetime(year, month, day, hour, minute, tzinfo=BAKU))


@pytest.fixture
def said(people_at_work: Any) -> Callable[[Application], str]:
    """What the operator says now about the promise of an application."""

    def say(application: Application) -> str:
        seen = clocks.of_application(people_at_work.operator, Application.objects.get(pk=application.pk))
        return plain.sentence(next(it for it in seen if it.measure == "resolution"))

    return say


def test_ordinary_days(register: Register, said: Any) -> None:
    with at(2026, 11, 24):
        assert said(register(subtopic="PRO-REPAIR")) == (
            "Müraciətinizə 8 dekabr 2026-cı il saat 18:00-dək cavab verilməlidir. "
            "Buna 10 iş günü verilir; istirahət günləri sayılmır."
        )


def test_holidays_by_name(register: Register, said: Any) -> None:
    with at(2026, 10, 29):
        assert said(register(subtopic="PRO-REPAIR")) == (
            "Müraciətinizə 16 noyabr 2026-cı il saat 18:00-dək cavab verilməlidir. "
            "Buna 10 iş günü verilir; istirahət günləri və 8–10 noyabr (Zəfər Günü, Azərbaycan "
            "Respublikasının Dövlət bayrağı günü, Köçürülmüş istirahət günü) sayılmır."
        )


def test_round_the_clock(register: Register, said: Any) -> None:
    with at(2026, 11, 24, 23):
        assert said(register(subtopic="PSY-CRISIS")) == (
            "Müraciətinizə 25 noyabr 2026-cı il saat 23:00-dək cavab verilməlidir. "
            "Bu vaxt gecə-gündüz, istirahət günlərində də sayılır."
        )


def test_the_date_of_a_year_that_is_not_confirmed_may_move(register: Register, said: Any) -> None:
    with at(2026, 12, 28):
        told = said(register(subtopic="PRO-REPAIR"))
    assert told.startswith("Müraciətinizə 14 yanvar 2027-ci il saat 18:00-dək cavab verilməlidir. ")
    assert told.endswith("Həmin ilin bayram günləri hələ təsdiqlənməyib, ona görə tarix dəyişə bilər.")


def test_waiting_for_the_citizen(register: Register, said: Any, people_at_work: Any) -> None:
    with at(2026, 11, 24):
        application = register(subtopic="INS-STATUS")
        referral = application.referrals.get()
        actions.hold(actor=people_at_work.samhi, referral=referral.pk, reason="waiting_citizen")
        assert said(application) == (
            "Sizdən cavab gözləyirik; müddət dayanıb. Siz cavab verən kimi müddət davam edəcək; "
            "ən geci 1 dekabr 2026-cı il saat 18:00-dək gözləyirik."
        )


def test_more_time_by_law(register: Register, said: Any, people_at_work: Any) -> None:
    with at(2026, 11, 24):
        application = register(subtopic="PRO-REPAIR")
        actions.extend(
            actor=people_at_work.supervisor,
            application=application.pk,
            reason="additional_study",
            text="Vaxt uzadılıb.",
        )
        assert said(application) == (
            "Müraciətiniz əlavə araşdırma tələb edir, buna görə qanunla əlavə vaxt verilib. "
            "Müraciətinizə 8 yanvar 2027-ci il saat 18:00-dək cavab verilməlidir. "
            "Həmin ilin bayram günləri hələ təsdiqlənməyib, ona görə tarix dəyişə bilər."
        )


def test_late_without_new_promises(register: Register, said: Any) -> None:
    with at(2026, 11, 24):
        application = register(subtopic="INS-STATUS")
    with at(2026, 12, 15):
        assert said(application) == (
            "Müraciətinizə 1 dekabr 2026-cı il saat 18:00-dək cavab verilməli idi. "
            "Bu vaxt keçib, üzr istəyirik. Müraciətiniz üzrə iş davam edir."
        )


@pytest.mark.parametrize(
    ("month", "day", "apology"), [(11, 26, ""), (12, 15, " Bu, vəd etdiyimizdən gec oldu; üzr istəyirik.")]
)
def test_when_it_is_over(
    register: Register, said: Any, people_at_work: Any, month: int, day: int, apology: str
) -> None:
    with at(2026, 11, 24):
        application = register(subtopic="INS-STATUS")
    with at(2026, month, day):
        referral = application.referrals.get()
        actions.complete(actor=people_at_work.samhi, referral=referral.pk, outcome="provided", text="Edildi.")
        actions.confirm(actor=people_at_work.operator, application=application.pk, text="")
        over = plain.day(clock.now())
        assert said(application) == f"Müraciətiniz üzrə iş {over} tarixində başa çatıb.{apology}"


@pytest.mark.parametrize(
    ("year", "said_year"),
    [
        (2024, "2024-cü"),
        (2025, "2025-ci"),
        (2026, "2026-cı"),
        (2027, "2027-ci"),
        (2029, "2029-cu"),
        (2030, "2030-cu"),
        (2040, "2040-cı"),
        (2100, "2100-cü"),
    ],
)
def test_the_year_takes_its_ending_from_the_last_word(year: int, said_year: str) -> None:
    assert plain.day(datetime(year, 3, 9, tzinfo=BAKU)) == f"9 mart {said_year} il"


def test_the_same_in_russian_and_english() -> None:
    instant = datetime(2026, 12, 8, 18, 0, tzinfo=BAKU)
    with translation.override("ru"):
        assert plain.moment(instant) == "18:00 8 декабря 2026 года"
    with translation.override("en"):
        assert plain.moment(instant) == "18:00 on 8 December 2026"
