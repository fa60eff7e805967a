"""The board: its figures, whose they are, and what they cost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.urls import reverse

from agencies.models import Referral
from callcenter.board import figures
from events import clock
from events.errors import NotVisible
from intake.models import Application
from sla.arithmetic import BAKU
from workflows import actions

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Register = Callable[..., Application]


def answer(actor: Any, referral: Referral) -> None:
    actions.complete(actor=actor, referral=referral.pk, outcome="provided", text="Bərpa edilib.")


def of(board: dict[str, Any], agency: str) -> dict[str, Any]:
    return next(row for row in board["agencies"] if row["code"] == agency)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("supervisor", 200),
        ("operator", 200),
        ("tabib_admin", 200),
        ("tabib", 403),
        ("clinician", 403),
        ("admin", 403),
    ],
)
def test_the_board_opens_for_who_leads(browser: Browser, name: str, status: int) -> None:
    for route in ("board", "board-part"):
        assert browser(name).get(reverse(route)).status_code == status


def test_an_agency_sees_only_its_own_board(browser: Browser, register: Register, people_at_work: Any) -> None:
    ours, theirs = register(subtopic="REH-PAIN"), register(subtopic="INS-STATUS")
    client = browser("tabib_admin")
    page = client.get(reverse("board"))
    assert 'data-live-topic="board:TABIB"' in page.content.decode()
    assert ours.number in text_of(page)
    assert theirs.number not in text_of(page)
    assert client.get(reverse("board"), {"agency": "SAMHI"}).status_code == 404
    with pytest.raises(NotVisible):
        figures(people_at_work.tabib_admin, "SAMHI")
    with pytest.raises(NotVisible):
        figures(people_at_work.tabib_admin, None)
    assert [row["code"] for row in figures(people_at_work.tabib_admin, "TABIB")["agencies"]] == ["TABIB"]


def test_the_six_figures(register: Register, people_at_work: Any) -> None:
    supervisor = people_at_work.supervisor
    with clock.at(clock.now() - timedelta(days=90)):
        register(subtopic="PRO-NEW")  # late: DTSERA, and two joint agencies
    waiting = register(subtopic="INS-STATUS")
    answer(people_at_work.samhi, waiting.referrals.get())
    register(facts={"unclear": True})
    mine = register(subtopic="INS-STATUS")
    actions.accept(actor=people_at_work.samhi, referral=mine.referrals.get().pk)
    totals = figures(supervisor, None)["totals"]
    assert totals["open"] == 4
    assert totals["late"] == 1
    assert totals["triage"] == 1
    assert totals["confirmation"] == 1
    assert totals["unclaimed"] == 3


def test_soon_late_is_told_before_it_is_late(register: Register, people_at_work: Any) -> None:
    application = register(subtopic="INS-STATUS")
    promise = application.clocks.get(measure="resolution")
    for instant, soon, late in (
        (promise.warn_at - timedelta(minutes=1), 0, 0),
        (promise.warn_at + timedelta(minutes=1), 1, 0),
        (promise.due_at + timedelta(minutes=1), 0, 1),
    ):
        with clock.at(instant):
            board = figures(people_at_work.supervisor, None)
        assert (board["totals"]["soon"], board["totals"]["late"]) == (soon, late)
        assert (of(board, "SAMHI")["soon"], of(board, "SAMHI")["late"]) == (soon, late)


def test_answers_in_time_have_a_denominator(register: Register, people_at_work: Any) -> None:
    now = clock.now()
    with clock.at(now - timedelta(days=60)):
        late = register(subtopic="INS-STATUS").referrals.get()
        old = register(subtopic="INS-STATUS").referrals.get()
    with clock.at(now - timedelta(days=40)):
        answer(people_at_work.samhi, old)
    answer(people_at_work.samhi, late)
    good = register(subtopic="INS-STATUS").referrals.get()
    answer(people_at_work.samhi, good)
    board = figures(people_at_work.supervisor, None)
    row = of(board, "SAMHI")
    assert (row["answered"], row["in_time"], row["per_cent"]) == (2, 1, 50)
    assert of(board, "YASHAT")["per_cent"] is None


def test_the_longest_waiting_come_first_and_name_no_citizen(
    register: Register, people_at_work: Any, person: Callable[..., Any]
) -> None:
    who = person(family_name="Gizliyev")
    with clock.at(clock.now() - timedelta(days=90)):
        old = register(subtopic="INS-STATUS", person=who)
    for _ in range(11):
        register(subtopic="INS-STATUS", person=who)
    board = figures(people_at_work.supervisor, None)
    assert len(board["longest"]) == 10
    assert board["longest"][0]["number"] == old.number
    assert "Gizliyev" not in json.dumps(board, cls=DjangoJSONEncoder)


def test_crises_subjects_and_hours(register: Register, people_at_work: Any) -> None:
    with clock.at(datetime(2026, 11, 12, 11, 42, tzinfo=BAKU)):
        crisis = register(subtopic="PSY-CRISIS")
        register(subtopic="INS-STATUS")
        board = figures(people_at_work.supervisor, None)
    assert board["crisis"]["open"] == 1
    assert board["crisis"]["rows"][0]["number"] == crisis.number
    assert {row["code"]: row["open"] for row in board["topics"]} == {"PSY": 1, "INS": 1}
    assert {row["hour"]: row["registered"] for row in board["hours"]}[11] == 2


def test_every_figure_leads_to_its_list(browser: Browser, register: Register) -> None:
    register(subtopic="PSY-CRISIS")
    with clock.at(clock.now() - timedelta(days=90)):
        register(subtopic="INS-STATUS")
    for name in ("supervisor", "samhi_admin"):
        client = browser(name)
        page = client.get(reverse("board")).content.decode()
        for address in set(re.findall(r'<a [^>]*href="(/[^"]*)"', page)):
            assert client.get(address.replace("&amp;", "&"), follow=True).status_code == 200, address


def test_the_whole_changing_board_is_one_part(browser: Browser) -> None:
    page = browser("supervisor").get(reverse("board")).content.decode()
    assert 'data-live-topic="board"' in page
    assert f'data-live-src="{reverse("board-part")}"' in page
    part = browser("supervisor").get(reverse("board-part")).content.decode()
    assert part.lstrip().startswith("<main")
    assert "style=" not in page


def test_the_api_gives_the_same_figures(api: Any, register: Register, people_at_work: Any) -> None:
    register(subtopic="INS-STATUS")
    whole = json.loads(api(people_at_work.supervisor).get("board/").content)
    assert whole["totals"]["open"] == 1
    own = json.loads(api(people_at_work.samhi_admin).get("board/").content)
    assert own["agency"] == "SAMHI"
    assert api(people_at_work.samhi_admin).get("board/?agency=TABIB").status_code in (403, 404)


def test_statements_do_not_grow_with_the_rows(browser: Browser, register: Register) -> None:
    client = browser("supervisor")
    subjects = ("INS-STATUS", "REH-HOME", "PSY-CRISIS", "PRO-NEW", "RX-FREE")
    for subject in subjects:
        register(subtopic=subject)
    few = statements(lambda: client.get(reverse("board")))
    for _ in range(9):
        for subject in subjects:
            register(subtopic=subject)
    assert statements(lambda: client.get(reverse("board"))) == few
