"""The demonstration: the same stories for the same seed, something on every desk, all in agreement."""

from __future__ import annotations

import io
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from access.models import User
from agencies.models import Hold, Referral
from callcenter.accounts import ensure_demo_accounts
from callcenter.demo import material, plan, play
from callcenter.demo.acts import Performance
from callcenter.demo.stream import stamp_all
from callcenter.demo.telling import Progress
from events import clock
from events.errors import Conflict
from events.models import Event
from intake.models import Application, Contact
from people.models import Person, Phone, Relation
from sla import calendars
from sla import selectors as sla
from sla.arithmetic import BAKU
from sla.models import Clock, Firing
from workflows import queue, reconcile

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 24, 11, 30, tzinfo=BAKU)
SUNDAY_NIGHT = datetime(2026, 10, 18, 2, 10, tzinfo=BAKU)
AGENCIES = ("MOH", "TABIB", "SAMHI", "MLSPP", "YASHAT")


def made(count: int, seed: str = "1", end: datetime = MORNING) -> plan.Plan:
    return plan.make(count, seed, end, material.gather(), calendars.calendar())


def told(plan_: plan.Plan) -> list[Any]:
    """Everything about the stories but their instants, which depend on when the month ends."""
    return [
        (
            story.kind,
            story.subtopic,
            story.text,
            story.facts,
            story.units,
            sorted(repr(act) for _, act in story.acts),
        )
        for story in plan_.stories
    ]


# --- the plan -------------------------------------------------------------------------------------------


def test_one_seed_tells_the_same_stories_whenever_it_is_played(reference: None) -> None:
    one, other = made(60), made(60, end=SUNDAY_NIGHT)

    assert told(one) == told(other)
    assert one.people == other.people


def test_another_seed_tells_others(reference: None) -> None:
    assert told(made(60)) != told(made(60, seed="2"))


def test_three_hundred_show_every_subtopic_and_every_district(reference: None) -> None:
    demo = made(300)

    assert len({story.subtopic for story in demo.stories}) == 60
    assert len({person.district for person in demo.people}) == 75


def test_every_agency_has_everything_in_its_queue(reference: None) -> None:
    wanted = {(*story.wanted, story.lateness) for story in made(300).stories if story.wanted}

    assert wanted == {
        (agency, progress, lateness)
        for agency in AGENCIES
        for progress in ("new", "accepted", "in_progress")
        for lateness in ("late", "soon", "ontime")
    }


@pytest.mark.parametrize("end", [MORNING, SUNDAY_NIGHT])
def test_nothing_happens_after_now_or_off_hours_except_a_crisis(reference: None, end: datetime) -> None:
    calendar = calendars.calendar()

    for story in made(300, end=end).stories:
        instants = [instant for instant, _ in story.acts]
        assert instants == sorted(instants)
        assert instants[-1] <= end
        assert instants[0] > end - timedelta(days=75)
        if story.subtopic not in plan.CRISES:
            local = [instant.astimezone(BAKU) for instant in instants]
            assert all(calendar.is_working(each.date()) and 9 <= each.hour <= 18 for each in local)


def test_everybody_of_a_household_is_played_in_one_process(reference: None) -> None:
    demo = made(300)

    parts = play.split(demo, 2)

    stories = [{story.person for story in part.stories} for part in parts]
    assert not stories[0] & stories[1]
    assert sum(len(part.stories) for part in parts) == 300
    homes = play._households(demo.people)
    assert all(
        homes[place] == homes[person.relation[0]]
        for place, person in enumerate(demo.people)
        if person.relation
    )


def test_invented_telephones_are_nobodys(reference: None) -> None:
    numbers = [number for person in made(300).people for number in person.phones]

    assert all(number[3:6] == "000" for number in numbers)
    assert len(numbers) > len(set(numbers)), "households share a telephone"


def test_people_well_known_are_not_invented(reference: None) -> None:
    avoid = {tuple(pair) for pair in material.gather().names["avoid"]}

    assert not avoid & {(person.family_name, person.given_name) for person in made(2000).people}


# --- the play -------------------------------------------------------------------------------------------


@pytest.fixture
def played(reference: None) -> str:
    """Sixty applications, played by the command; returns what it said."""
    out = io.StringIO()
    call_command("demo", applications=60, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_sixty_applications_are_played(played: str) -> None:
    assert "Played 60 applications" in played
    assert "Password of all: " in played
    assert reconcile.run() == []

    applications = Application.objects.all()
    assert applications.filter(synthetic=True).count() == 60
    assert not Person.objects.filter(synthetic=False).exists()
    assert set(Counter(applications.values_list("state", flat=True))) >= {
        "closed",
        "routed",
        "awaiting_confirmation",
        "triage",
        "withdrawn",
    }
    check_queues()
    check_desks()
    check_people()
    check_times()


def check_queues() -> None:
    """Each of the five agencies has new, accepted and begun work, some of it late, some soon."""
    clocks = Clock.objects.filter(stopped_at=None, measure="resolve").select_related("referral")
    for agency in AGENCIES:
        own = [row for row in clocks if row.referral and row.referral.agency_id == agency]
        states = {row.referral.state for row in own if row.referral}
        assert states >= {"requested", "accepted", "in_progress"}, agency
        assert {"late", "soon"} <= {sla.time_state(row.due_at, row.warn_at) for row in own}, agency
    assert Referral.objects.filter(agency__scope="external").exclude(assignee=None).exists()
    assert Hold.objects.exists()


def check_desks() -> None:
    assert queue.triage_applications().exists()
    assert queue.returned().exists()
    assert queue.confirmations().exists()
    assert not Event.objects.filter(position=None).exists()


def check_people() -> None:
    assert Relation.objects.exists()
    assert all(phone.number[6:9] == "000" for phone in Phone.objects.all())
    assert not Contact.objects.exclude(state="finalised", disposition__isnull=False).exists()
    assert Contact.objects.filter(applications=None).exists()


def check_times() -> None:
    """Events, clocks and records tell the played time, not the time of the play; clocks fired in time."""
    levels = Counter(Firing.objects.values_list("level", flat=True))
    assert levels[75] > levels[100] > 0
    assert not Firing.objects.filter(late_detected=True).exists()
    for application in Application.objects.all():
        first = Event.objects.filter(application=application.pk).earliest("pk")
        assert first.at == application.registered_at
        assert (
            Clock.objects.filter(application=application, measure="resolution").earliest("pk").started_at
            == first.at
        )
    order = list(Application.objects.order_by("number").values_list("registered_at", flat=True))
    assert order == sorted(order)


def test_if_empty_leaves_a_used_database_alone(register: Any) -> None:
    register()
    out = io.StringIO()

    call_command("demo", if_empty=True, stdout=out)

    assert Application.objects.count() == 1
    assert "Password of all: " in out.getvalue()
    assert "Played" not in out.getvalue()


@override_settings(MODE="production")
def test_it_is_refused_where_people_work(reference: None) -> None:
    with pytest.raises(CommandError, match="demo mode"):
        call_command("demo", stdout=io.StringIO())

    assert not User.objects.exists()


def test_playing_again_invents_other_people(reference: None) -> None:
    for _ in range(2):
        call_command("demo", applications=6, stdout=io.StringIO(), stderr=io.StringIO())

    assert Application.objects.count() == 12


def test_profile_tells_where_the_time_goes(reference: None) -> None:
    out = io.StringIO()

    call_command("demo", applications=3, profile=True, stdout=out, stderr=io.StringIO())

    assert all(word in out.getvalue() for word in ("sql", "orm", "engine", "rest"))


@pytest.fixture
def accounts(transactional_db: None, reference: None) -> None:
    ensure_demo_accounts()


def played_together(count: int) -> None:
    play.play_together(
        made(count, end=clock.now()), material.gather(), lambda steps, registered: None, processes=2
    )


def test_two_processes_play_together(accounts: None) -> None:
    played_together(8)
    stamp_all()

    assert Application.objects.count() == 8
    assert reconcile.run() == []


def test_a_process_that_fails_ends_the_play(
    accounts: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: Any) -> None:
        raise Conflict

    monkeypatch.setattr(Performance, "register", refuse)

    with pytest.raises(play.Failed):
        played_together(4)

    assert "Conflict" in capfd.readouterr().err
    assert not Application.objects.exists()


# --- telling --------------------------------------------------------------------------------------------


def test_without_a_terminal_each_tenth_is_a_line() -> None:
    out = io.StringIO()
    progress = Progress(200, out)

    for step in range(1, 201):
        progress(step, step // 10)

    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[-1].startswith("demo: 100 % 20 applications, ")


def test_on_a_terminal_it_is_one_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    Progress(10, out)(10, 3)

    assert out.getvalue().startswith("\r" + "█" * 30)
    assert out.getvalue().count("\n") == 1
