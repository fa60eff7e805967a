"""The service directory: what a row may say, who was faster, what is counted, and who serves what where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from agencies import directory
from agencies.models import Service, Unit
from callcenter import directory as commands
from events import clock
from events.errors import Conflict, Denied, Invalid, NotVisible, StaleVersion
from tests.races.test_at_the_same_instant import at_once
from workflows import actions

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 22, 12, tzinfo=ZoneInfo("Asia/Baku"))
GHOST = "019f0000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def add(people_at_work: Any) -> Callable[..., Service]:
    """A service of a hospital that has none yet."""

    def make(unit: str = "MOH.CAR", **said: Any) -> Service:
        return commands.add(actor=people_at_work.supervisor, unit=unit, **{"subtopics": ["MED-INST"], **said})

    return make


def told(refused: Any) -> dict[str, list[str]]:
    return {field: [str(line) for line in lines] for field, lines in refused.value.errors.items()}


# --- what a row may say ---------------------------------------------------------------------------------


def test_a_new_service_is_vouched_for_and_belongs_to_who_added_it(
    add: Callable[..., Service], people_at_work: Any
) -> None:
    made = add(districts=["SM", "BA", "SM"], capacity=30, alert="  Göndəriş  lazımdır. ")

    row = Service.objects.get(pk=made.pk)
    assert (row.subtopics, row.districts, row.capacity) == (["MED-INST"], ["BA", "SM"], 30)
    assert (row.status, row.alert, row.mark, row.version) == ("open", "Göndəriş lazımdır.", "A", 1)
    assert (row.confirmed_on, row.confirmed_by) == (NOON.date(), people_at_work.supervisor)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"unit": "NOBODY"}, "unit"),
        ({"unit": "MOH.CAR\0"}, "unit"),
        ({"subtopics": []}, "subtopics"),
        ({"subtopics": ["MED-INST", "NO-SUCH"]}, "subtopics"),
        ({"districts": ["XX"]}, "districts"),
        ({"districts": ["B\0"]}, "districts"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": True}, "capacity"),
        ({"capacity": 10**9}, "capacity"),
        ({"status": "ajar"}, "status"),
        ({"alert": "x" * 301}, "alert"),
        ({"alert": "a\0b"}, "alert"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_at_its_field(
    add: Callable[..., Service], said: dict[str, Any], field: str
) -> None:
    before = Service.objects.count()
    with pytest.raises(Invalid) as refused:
        add(**said)
    assert list(refused.value.errors) == [field]
    assert Service.objects.count() == before


def test_everything_that_is_wrong_is_told_at_once(add: Callable[..., Service]) -> None:
    with pytest.raises(Invalid) as refused:
        add(subtopics=[], districts=["XX"], capacity=0)
    assert list(refused.value.errors) == ["subtopics", "districts", "capacity"]


def test_a_closed_unit_offers_nothing(add: Callable[..., Service]) -> None:
    made = add()
    Unit.objects.filter(pk="MOH.CAR").update(active=False)

    with pytest.raises(Invalid) as refused:
        add(subtopics=["MED-TELE"])
    assert list(refused.value.errors) == ["unit"]
    with pytest.raises(Conflict):
        directory.lock(made.pk)
    assert made not in directory.offered()


@pytest.mark.parametrize(
    ("first", "second", "twice"),
    [
        ([], [], True),
        (["BA"], [], True),
        ([], ["BA"], True),
        (["BA", "SM"], ["SM", "ABS"], True),
        (["BA"], ["SM"], False),
    ],
)
def test_a_unit_serves_a_subject_in_a_district_by_one_service(
    add: Callable[..., Service], first: list[str], second: list[str], twice: bool
) -> None:
    add(subtopics=["MED-INST", "MED-TELE"], districts=first)
    more = {"subtopics": ["MED-TELE", "MED-SURG"], "districts": second}
    if not twice:
        add(**more)
        return
    with translation.override("en"), pytest.raises(Invalid) as refused:
        add(**more)
    assert told(refused) == {
        "subtopics": [
            "Kardiologiya already serves this there: Teleconsultation, explanation of results. "
            "Change that service instead."
        ]
    }
    add("MOH.LUN", **more)  # another unit may


def test_an_ended_service_stands_in_nobodys_way(add: Callable[..., Service], people_at_work: Any) -> None:
    made = add()
    commands.close(actor=people_at_work.supervisor, service=made.pk, version=1)
    assert made not in directory.offered()
    assert add().pk != made.pk


def test_a_change_changes_only_what_it_names(add: Callable[..., Service], people_at_work: Any) -> None:
    made = add(districts=["BA"], capacity=30, alert="Göndəriş lazımdır.")
    clock_on = NOON + timedelta(days=10)
    with clock.at(clock_on):
        commands.change(actor=people_at_work.admin, service=made.pk, version=1, changes={"capacity": None})

    row = Service.objects.get(pk=made.pk)
    assert (row.districts, row.capacity, row.alert) == (["BA"], None, "Göndəriş lazımdır.")
    assert (row.version, row.confirmed_on, row.confirmed_by) == (2, clock_on.date(), people_at_work.admin)


def test_reporting_the_room_confirms_nothing_and_takes_the_row_from_nobody(people_at_work: Any) -> None:
    row = Service.objects.get(unit="TABIB.AMB")
    said = {"status": "full", "capacity": 7, "alert": ""}
    commands.report(actor=people_at_work.tabib_admin, service=row.pk, version=1, **said)

    row.refresh_from_db()
    assert (row.status, row.capacity, row.version) == ("full", 7, 2)
    assert (row.confirmed_on, row.mark) == (None, "D")


def test_every_version_stays_in_the_history(add: Callable[..., Service], people_at_work: Any) -> None:
    made: Any = add()
    commands.confirm(actor=people_at_work.supervisor, service=made.pk, version=1)
    commands.close(actor=people_at_work.supervisor, service=made.pk, version=2)
    assert list(made.events.order_by("pgh_id").values_list("version", "active")) == [
        (1, True), (2, True), (3, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"subtopics": []}, {"capacity": 0}, {"status": "ajar"}, {"confirmed_by": True}], ids=str
)
def test_the_database_refuses_what_no_command_would_write(people_at_work: Any, wrong: dict[str, Any]) -> None:
    if "confirmed_by" in wrong:
        wrong = {"confirmed_by": people_at_work.admin}
    with pytest.raises(IntegrityError), transaction.atomic():
        Service.objects.filter(unit="TABIB").update(**wrong)


# --- who may, and who was faster ------------------------------------------------------------------------


def test_whose_room_it_is_to_report(people_at_work: Any) -> None:
    row = Service.objects.get(unit="TABIB.AMB")
    said: dict[str, Any] = {"service": row.pk, "version": None, "status": "full", "capacity": 7, "alert": ""}
    for name in ("operator", "clinician", "tabib", "yashat_admin", "yashat_machine"):
        with pytest.raises(Denied):
            commands.report(actor=getattr(people_at_work, name), **said)
        with pytest.raises(Denied):
            commands.confirm(actor=getattr(people_at_work, name), service=row.pk, version=None)
    for name in ("tabib_admin", "tabib_machine", "supervisor", "admin"):
        commands.report(actor=getattr(people_at_work, name), **said)
        with pytest.raises(NotVisible):
            commands.report(actor=getattr(people_at_work, name), **{**said, "service": GHOST})


def test_a_version_that_is_not_the_present_one_is_refused_with_both(people_at_work: Any) -> None:
    pk = Service.objects.get(unit="TABIB").pk
    actor: Any = people_at_work.supervisor
    commands.confirm(actor=actor, service=pk, version=1)

    asked: list[Callable[[], Any]] = [
        lambda: commands.confirm(actor=actor, service=pk, version=1),
        lambda: commands.close(actor=actor, service=pk, version=1),
        lambda: commands.change(actor=actor, service=pk, version=1, changes={"capacity": 3}),
        lambda: commands.report(actor=actor, service=pk, version=1, status="full", capacity=1, alert=""),
    ]
    for ask in asked:
        with pytest.raises(StaleVersion) as refused:
            ask()
        assert refused.value.extra == {"yours": 1, "current": 2}
    assert Service.objects.get(pk=pk).version == 2


def names(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_the_same_version_one_writes(people_at_work: Any) -> None:
    pk, actor = Service.objects.get(unit="TABIB").pk, people_at_work.supervisor
    work = [
        lambda n=n: commands.change(actor=actor, service=pk, version=1, changes={"capacity": n})
        for n in range(1, 9)
    ]
    assert names(at_once(work)) == ["Service", *["StaleVersion"] * 7]
    assert Service.objects.get(pk=pk).version == 2


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_the_same_one_adds(add: Callable[..., Service]) -> None:
    assert names(at_once([add] * 6)) == [*["Invalid"] * 5, "Service"]
    assert Service.objects.filter(unit="MOH.CAR").count() == 1


# --- what is read ---------------------------------------------------------------------------------------


def test_what_nobody_confirmed_in_ninety_days_is_stale(add: Callable[..., Service]) -> None:
    made = add()
    never = Service.objects.get(unit="TABIB")

    def standing(days: int) -> tuple[bool, bool]:
        with clock.at(NOON + timedelta(days=days)):
            made.refresh_from_db()
            return made in directory.stale(), directory.is_stale(made)

    assert standing(0) == standing(90) == (False, False)
    assert standing(91) == (True, True)
    assert never in directory.stale()
    assert directory.is_stale(never)
    with clock.at(NOON + timedelta(days=8)):
        assert made in directory.stale(days=7)


def test_the_narrowest_catchment_serves_first(add: Callable[..., Service], people_at_work: Any) -> None:
    """MED-INST is the ministry's everywhere, by the files; its institutes serve some districts."""
    add("MOH.CAR", districts=["BA", "SM"])
    add("MOH.LUN", districts=["BA"], status="full")
    add("MOH.HEM", districts=["BA"])
    add("MOH.OBG", districts=["BA"], status="closed")

    def served(district: str) -> list[str]:
        return [row.unit_id for row in directory.covering("MED-INST", district)]

    assert served("BA") == ["MOH.HEM", "MOH.LUN", "MOH.CAR", "MOH", "SAMHI", "TABIB"]
    assert served("SM") == ["MOH.CAR", "MOH", "SAMHI", "TABIB"]
    assert served("TAR") == ["MOH", "SAMHI", "TABIB"]


def test_open_referrals_are_counted_by_subject_and_district_in_one_statement(
    add: Callable[..., Service], register: Any, person: Any, people_at_work: Any
) -> None:
    supervisor: Any = people_at_work.supervisor
    whole = Service.objects.get(unit="TABIB")
    commands.change(
        actor=supervisor, service=whole.pk, version=1,
        changes={"subtopics": ["MED-EXAM"], "districts": ["TAR"]},
    )  # fmt: skip
    elsewhere = add("TABIB", subtopics=["MED-EXAM"], districts=["BA"])
    other = add("TABIB", subtopics=["REH-PAIN"])
    for district, subtopic in (
        ("TAR", "MED-EXAM"),
        ("TAR", "MED-EXAM"),
        ("BA", "MED-EXAM"),
        (None, "REH-PAIN"),
    ):
        register(subtopic, person=person(district=district))
    done = register("MED-EXAM", person=person(district="TAR"))
    for part in done.referrals.filter(unit="TABIB"):
        actions.complete(actor=people_at_work.tabib, referral=part.pk, outcome="provided", text="Görüldü.")

    rows = list(Service.objects.filter(unit="TABIB"))
    with CaptureQueriesContext(connection) as seen:
        counted = directory.load(rows)
    assert len(seen) == 1
    assert counted == {whole.pk: 2, elsewhere.pk: 1, other.pk: 1}
