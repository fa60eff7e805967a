"""The yardstick writes what the product writes: its copies are applications like any other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench import cpu, crowd, days, raw, sla, sweep
from bench.intake import Variant, _ratios
from callcenter.management.commands.bench import lines
from events.models import Event
from events.relay import parameters
from intake.models import Application
from sla.calendars import calendar
from sla.models import Clock, Firing
from workflows import firing, reconcile


def counts() -> dict[str, int]:
    """Rows of every table the yardstick writes, and of the history its triggers write."""
    tables = [*raw.KEYS, "intake_applicationevent", "agencies_referralevent"]
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db(transaction=True)
def test_copies_are_applications_like_any_other(register: Any) -> None:
    application = register("MED-EXAM")
    before = counts()
    with psycopg.connect(**parameters(), autocommit=True) as plain:
        copier = raw.Copier(plain, application.pk)

        copier.row_by_row()
        copier.one_statement()

    after = counts()
    assert {table: after[table] for table in raw.KEYS} == {table: 3 * before[table] for table in raw.KEYS}
    assert after["intake_applicationevent"] == before["intake_applicationevent"] + 2
    assert Application.objects.values("number").distinct().count() == 3
    assert reconcile.run() == []


@pytest.mark.django_db(transaction=True)
def test_a_crowd_is_of_applications_like_any_other(register: Any) -> None:
    application = register("MED-EXAM")
    with psycopg.connect(**parameters(), autocommit=True) as plain:
        people = crowd.Crowd(plain, application.pk)

        people.open(1, 3)
        people.finished(4, 5)

    running = Clock.objects.filter(next_at__isnull=False)
    assert (running.count(), Clock.objects.filter(stopped_at=None).count()) == (4 * people.clocks,) * 2
    assert Clock.objects.exclude(stopped_at=None).count() == 2 * people.clocks
    silent = {"application-event", "referral-event"}  # what happened to invented rows is not told
    assert reconcile.run(set(reconcile.INVARIANTS) - silent) == []
    assert register("MED-EXAM").clocks.count() == people.clocks  # keys go on behind the crowd's


@pytest.mark.django_db(transaction=True)
def test_the_sweep_and_its_limit_write_the_same_rows(register: Any) -> None:
    first, second = register("PRO-REPAIR"), register("PRO-REPAIR")
    count = first.clocks.count()
    for ago, application in (("2 s", first), ("1 s", second)):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sla_clock SET instants[1] = now() - %(ago)s::interval,"
                " next_at = now() - %(ago)s::interval WHERE application_id = %(application)s",
                {"ago": ago, "application": application.pk},
            )

    assert firing.fire(count) == count
    with psycopg.connect(**parameters(), autocommit=True) as plain:
        assert sweep.Sweep(plain).fire(count) == count

    assert written(first) == written(second)
    assert reconcile.run(["fired-levels", "next-level", "boundary-of-its-process"]) == []


def written(application: Application) -> list[Any]:
    """What firing wrote for an application, without keys and instants."""
    fired = Firing.objects.filter(clock__application=application).select_related("boundary", "clock")
    told = Event.objects.filter(application=application.pk, kind__startswith="clock.")
    rows = [
        (
            it.clock.measure, it.level, it.late_detected, it.pending,
            it.boundary.flow_task.name, it.boundary.status, it.boundary.previous.get().flow_task.name,
        )
        for it in fired
    ]  # fmt: skip
    news = [
        (
            it.kind, it.unit, it.state, it.version, len(it.topics),
            {name: value for name, value in it.data.items() if name != "due"},
        )
        for it in told
    ]  # fmt: skip
    return [sorted(rows), sorted(news, key=str)]


@pytest.mark.django_db
def test_the_walk_from_day_to_day_comes_to_the_same_instant(reference: None) -> None:
    answered = sla._questions()  # it compares every one

    assert set(answered) == {"reckoned", "walked", "with_warning"}
    friday = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)  # after hours: counts as Monday
    assert days.walk(calendar(), friday, 1) == datetime(2026, 12, 1, 14, 0, tzinfo=UTC)


def test_slices_that_were_disturbed_do_not_count() -> None:
    quiet = {"per_second": 100.0, "p50_ms": 1.0, "client_us": 1.0, "server_us": 1.0, "foreign": 0.1}
    noisy = {**quiet, "per_second": 10.0, "foreign": 0.9}
    way = Variant(lambda: None, [quiet, noisy, quiet])

    assert way.figures()["per_second"] == 100.0


def test_one_is_at_the_limit() -> None:
    ours = {"per_second": 50.0, "client_us": 300.0, "server_us": 100.0}
    limit = {"per_second": 100.0, "client_us": 100.0, "server_us": 100.0}

    assert _ratios(ours, limit, 1) == {"wall": 0.5, "cpu": 0.5}
    assert _ratios(ours, limit, None) == {"wall": 0.5, "cpu": None}


def test_a_slice_knows_its_time() -> None:
    with cpu.Slice(None) as used:
        sum(range(100_000))

    assert used.wall > 0
    assert used.client >= 0


def test_people_read_a_table() -> None:
    way = {"per_second": 100.0, "p50_ms": 1.0, "client_us": 1.0, "server_us": 1.0}
    result = {
        "name": "intake",
        "figures": {
            "product": way,
            "statements": {"product": 25},
            "profile": {"sql": 0.5},
            "slices": {"product": [2, 3]},
            "foreign_cores": 0.2,
        },
        "ratios": {"wall_to_row_by_row": 0.5},
    }

    told = lines(result)

    assert told[1].split() == ["product", "100.0", "1.00", "1", "1", "25"]
    assert "wall_to_row_by_row 0.5" in told[2]
