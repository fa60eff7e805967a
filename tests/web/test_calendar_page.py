"""The calendar's pages and its address in the API: who reads it, and how the next one is published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events import clock
from sla import calendars
from sla.arithmetic import BAKU
from sla.models import CalendarVersion, Clock

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]

JUNE = datetime(2026, 6, 22, 10, tzinfo=BAKU)
EDIT = "/calendar/edit/?year=2026"


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    calendars.forget()
    with clock.at(JUNE):
        yield
    calendars.forget()


def fill(page: Any, **typed: str) -> dict[str, str]:
    """What the form of this page sends, with something else typed."""
    sent = {bound.html_name: str(bound.value()) for bound in page.context["form"] if bound.value()}
    return {**sent, **typed}


# --- reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["operator", "supervisor", "clinician", "admin", "tabib", "tabib_admin"])
def test_everybody_reads_the_calendar_and_only_an_administrator_changes_it(
    browser: Browser, name: str
) -> None:
    client = browser(name)
    page = client.get(reverse("calendar"))
    assert page.status_code == 200
    assert ("Change this year" in text_of(page)) == (name == "admin")
    for answer in (
        client.get(EDIT),
        client.post(EDIT, {"preview": "1"}),
        client.post(EDIT, {"publish": "1"}),
    ):
        assert (answer.status_code == 403) == (name != "admin")
    assert CalendarVersion.objects.count() == 1


def test_a_year_is_told_in_words_as_well_as_in_colours(browser: Browser) -> None:
    page = browser().get("/calendar/?year=2026")
    said = text_of(page)
    assert "Working calendar 2026" in said
    assert "Confirmed" in said
    assert "Working days: 241" in said
    assert "Working days: 14" in said, "March"
    assert "20–21 Novruz; Ramazan 22–24 Novruz 25–27 Moved day of rest" in said
    assert "25 Working day shorter by one hour" in said
    assert "Version 1" in said
    assert "31 December 2026" in said
    assert 'class="short" title="Working day shorter by one hour">25<sup>−1</sup>' in page.content.decode()


def test_hours_are_told_with_who_works_them(browser: Browser) -> None:
    said = text_of(browser().get("/calendar/"))
    assert "Monday – Friday: 09:00–13:00, 14:00–18:00" in said
    assert "all day and all night" in said
    assert "Ambulance" in said


def test_a_year_that_is_a_guess_says_so(browser: Browser) -> None:
    assert "To be confirmed" in text_of(browser().get("/calendar/?year=2027"))


@pytest.mark.parametrize("year", ["2023", "2031", "20260", "-1", "x", "²⁰²⁶"])
def test_there_are_no_other_years(browser: Browser, year: str) -> None:
    assert browser().get("/calendar/", {"year": year}).status_code == 404
    assert browser("admin").get("/calendar/edit/", {"year": year}).status_code == 404


def test_a_closed_year_is_not_changed_and_it_is_said_why(browser: Browser) -> None:
    for ask in (browser("admin").get, browser("admin").post):
        told = ask("/calendar/edit/?year=2025", follow=True)
        assert told.redirect_chain == [("/calendar/?year=2025", 302)]
        assert "2025 is closed" in told.content.decode()


def test_a_far_year_is_not_there(browser: Browser) -> None:
    assert browser().get("/calendar/", {"year": "2028"}).status_code == 200
    assert browser("admin").get("/calendar/edit/", {"year": "2028"}).status_code == 404
    assert browser("admin").post("/calendar/edit/?year=2028", {"publish": "1"}).status_code == 404


def test_the_page_costs_the_same_for_every_year(browser: Browser) -> None:
    client = browser()
    assert statements(lambda: client.get("/calendar/?year=2024")) == statements(
        lambda: client.get("/calendar/")
    )


# --- changing -------------------------------------------------------------------------------------------


def test_a_change_is_looked_at_before_it_is_published(
    browser: Browser, register: Any, people_at_work: Any, django_capture_on_commit_callbacks: Any
) -> None:
    application = register(subtopic="PRO-NEW")
    due = Clock.objects.get(application=application, measure="resolution").due_at
    client = browser("admin")
    page = client.post(
        EDIT, fill(client.get(EDIT), cabinet_off="25.06", cabinet_work="19.12.2026", preview="1")
    )
    said = text_of(page)
    assert application.number in said
    assert "Answer to the citizen" in said
    assert "Nothing is changed yet" in said
    assert CalendarVersion.objects.count() == 1
    assert Clock.objects.get(application=application, measure="resolution").due_at == due

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(EDIT, fill(page, note="Decree 411", publish="1"))
    assert answer["Location"] == "/calendar/?year=2026"
    version = CalendarVersion.objects.first()
    assert (version.number, version.note, version.by) == (2, "Decree 411", people_at_work.admin)
    assert version.years["2026"]["cabinet_off"] == ["06-25"]
    assert version.years["2026"]["cabinet_work"] == ["12-19"]
    assert version.years["2026"]["mark"] == "A (S:W2,W3,W5)"
    assert "25 Day of rest by order of the Cabinet" in text_of(client.get(answer["Location"]))


def test_what_was_not_looked_at_is_not_published(browser: Browser) -> None:
    client = browser("admin")
    page = client.post(EDIT, fill(client.get(EDIT), cabinet_off="25.06", publish="1"))
    assert page.status_code == 200
    assert "No running promise moves" in text_of(page)
    page = client.post(EDIT, fill(page, cabinet_off="30.06", publish="1"))
    assert page.status_code == 200
    assert CalendarVersion.objects.count() == 1
    assert client.post(EDIT, fill(page, publish="1")).status_code == 302
    assert CalendarVersion.objects.first().years["2026"]["cabinet_off"] == ["06-30"]


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"cabinet_off": "25.06", "cabinet_work": "25.06"}, "cabinet_work", "25.06.2026 is there twice"),
        ({"cabinet_off": "25.06, 25.06.2026"}, "cabinet_off", "25.06.2026 is there twice"),
        ({"cabinet_off": "25 iyun"}, "cabinet_off", "“25 iyun” is not a day of this year"),
        ({"qurban": "16.05.2027"}, "qurban", "16.05.2027 is not in this year"),
        ({"holidays": ""}, "holidays", "has passed"),
        ({"cabinet_off": "22.06, 19.06"}, "cabinet_off", "19.06.2026, which has passed"),
        ({"note": "x" * 301}, "note", "301"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_typed_is_lost(
    browser: Browser, typed: dict[str, str], field: str, sentence: str
) -> None:
    client = browser("admin")
    page = client.post(EDIT, fill(client.get(EDIT), **typed, publish="1"))
    assert page.status_code == 422
    form = page.context["form"]
    assert list(form.errors) == [field]
    assert sentence in form.errors[field][0]
    html = unescape(page.content.decode())
    assert all(value in html for value in typed.values())
    assert CalendarVersion.objects.count() == 1


def test_an_unticked_year_stays_confirmed(browser: Browser) -> None:
    client = browser("admin")
    sent = fill(client.get(EDIT), preview="1")
    del sent["confirmed"]
    page = client.post(EDIT, sent)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["confirmed"])


def test_nothing_changed_is_nothing_to_publish(browser: Browser) -> None:
    client = browser("admin")
    page = client.post(EDIT, fill(client.get(EDIT), publish="1"))
    assert page.status_code == 422
    assert "nothing changes" in text_of(page)


def test_who_comes_second_sees_that_it_changed_and_keeps_what_was_typed(browser: Browser) -> None:
    client = browser("admin")
    mine = fill(client.get(EDIT), cabinet_off="30.06", preview="1")
    theirs = client.post(EDIT, fill(client.get(EDIT), cabinet_off="25.06", preview="1"))
    assert client.post(EDIT, fill(theirs, publish="1")).status_code == 302
    calendars.forget()
    page = client.post(EDIT, mine)
    assert page.status_code == 422
    assert "Somebody changed this record" in text_of(page)
    assert page.context["form"]["cabinet_off"].value() == "30.06"
    assert page.context["form"]["expected"].value() == "2"


def test_the_next_year_begins_with_what_the_law_says(browser: Browser) -> None:
    client, address = browser("admin"), "/calendar/edit/?year=2027"
    page = client.get(address)
    assert page.context["form"]["novruz"].value() == "20.03, 21.03, 22.03, 23.03, 24.03"
    assert page.context["form"]["holidays"].value().startswith("01.01, 02.01, 08.03, 09.05")
    page = client.post(address, fill(page, ramazan="09.03, 10.03", confirmed="on", preview="1"))
    assert client.post(address, fill(page, publish="1")).status_code == 302
    calendars.forget()
    assert "Confirmed" in text_of(client.get("/calendar/?year=2027"))
    assert CalendarVersion.objects.first().years["2027"] == {
        "holidays": [
            "01-01",
            "01-02",
            "03-08",
            "05-09",
            "05-28",
            "06-15",
            "06-26",
            "11-08",
            "11-09",
            "12-31",
        ],
        "novruz": ["03-20", "03-21", "03-22", "03-23", "03-24"],
        "ramazan": ["03-09", "03-10"],
        "mourning": ["01-20"],
        "confirmed": True,
        "mark": "A",
    }


def test_long_lists_of_moved_promises_are_counted(browser: Browser, register: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("callcenter.web.calendar.SHOWN", 1)
    register(subtopic="PRO-NEW")
    register(subtopic="PRO-NEW")
    client = browser("admin")
    page = client.post(EDIT, fill(client.get(EDIT), cabinet_off="25.06", preview="1"))
    assert len(re.findall(r'<th scope="row"', page.content.decode())) == 1
    assert "The first 1 are shown." in text_of(page)
    assert page.context["total"] > 1


# --- the API --------------------------------------------------------------------------------------------


def test_the_api_tells_the_calendar_in_force(people_at_work: Any, api: Any) -> None:
    answer = api(people_at_work.tabib_machine).get("calendar/", headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["version"], found["confirmed_until"]) == (1, "2026-12-31")
    assert [year["year"] for year in found["years"] if year["confirmed"]] == [2025, 2026]
    this = next(year for year in found["years"] if year["year"] == 2026)
    assert sum(this["working_days"]) == 241
    assert {
        "date": "2026-06-25",
        "kind": "shortened",
        "name": "Working day shorter by one hour",
        "shortened": True,
    } in (this["days"])
    office = next(hours for hours in found["hours"] if hours["code"] == "office")
    assert (office["name"], office["week"][6]) == ("Office hours", [])
    assert {"unit": "MOH.PSM", "hours": "round_the_clock"} in found["units"]
    assert api(None).get("calendar/").status_code == 401
