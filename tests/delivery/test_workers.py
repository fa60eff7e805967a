"""Real workers (``manage jobs``), killed -9 in the middle and two at a time: nothing lost, each effect once.

What was lost is counted at the receiver against the journal, not in our own tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from standardwebhooks import Webhook

from delivery import services
from delivery.models import Attempt, Delivery, Endpoint
from events.models import Event
from tests.server import environment, free_port

from .receiver import Receiver, until

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
Make = Callable[..., Endpoint]
Happen = Callable[..., list[Event]]
GATE = 0x776862  # held by a test while a worker shall wait between the answer and its own commit


@pytest.fixture(autouse=True)
def no_jobs_of_others() -> Iterator[None]:
    """Jobs live in tables that a flush does not empty."""
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE procrastinate_jobs, procrastinate_workers, procrastinate_periodic_defers CASCADE"
        )


@contextmanager
def working(**more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "jobs"],
        cwd=settings.BASE_DIR,
        env=environment(DAYAQ_WEBHOOK_NETWORKS="127.0.0.0/8", **more),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(20) == 0, "told to stop, it stops by itself"


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    assert process.wait(10) == -9


def its_lease_runs_out() -> None:
    """As if the quarter of a minute had passed for which a dead courier's endpoint waits."""
    Endpoint.objects.exclude(lease=None).update(leased_until="2026-01-01T00:00:00Z")


def told(receiver: Receiver, path: str) -> list[str]:
    """The referrals whose news had an effect at this path, in order of the first arrival."""
    first: dict[str, str] = {}
    for heard in receiver.heard:
        if heard.path == path:
            first.setdefault(heard.id, json.loads(heard.body)["data"]["id"])
    return list(first.values())


@pytest.fixture
def slow_commit() -> Iterator[Callable[[], Any]]:
    """Let whoever writes down an attempt wait at a gate: he is between the answer and his commit."""
    with psycopg.connect(environment()["DATABASE_URL"], autocommit=True) as plain:
        plain.execute(
            "CREATE FUNCTION stand_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$"
        )
        plain.execute(
            "CREATE TRIGGER gate BEFORE INSERT ON delivery_attempt"
            " FOR EACH ROW EXECUTE FUNCTION stand_at_the_gate()"
        )

        @contextmanager
        def shut() -> Iterator[None]:
            plain.execute("SELECT pg_advisory_lock(%s)", [GATE])
            try:
                yield
            finally:
                plain.execute("SELECT pg_advisory_unlock(%s)", [GATE])

        yield shut
        plain.execute("DROP TRIGGER gate ON delivery_attempt")
        plain.execute("DROP FUNCTION stand_at_the_gate")


def waits_at_the_gate() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_a_worker_killed_between_answer_and_commit_loses_nothing_and_doubles_no_effect(
    endpoint: Make, happen: Happen, receiver: Receiver, slow_commit: Callable[[], Any]
) -> None:
    to = endpoint()
    wanted = [str(event.referral) for event in happen(150)]
    kills = 0
    for last in (False, False, True):
        done = Attempt.objects.count()
        with working() as worker:
            until(lambda done=done: Attempt.objects.count() >= done + 10)
            with slow_commit():
                until(waits_at_the_gate)
                heard = len(receiver.heard)
                kill(worker)
                kills += 1
        until(lambda: not waits_at_the_gate())
        assert len(receiver.heard) == heard > Attempt.objects.count(), "heard, and not written down"
        if not last:  # the last time nobody helps: the time passes by itself
            its_lease_runs_out()
    wanted += [str(event.referral) for event in happen(100)]
    with working():
        until(lambda: len(told(receiver, "/ok")) == len(wanted), 90)
        until(lambda: not Delivery.objects.exclude(state="delivered").exists())

    assert told(receiver, "/ok") == wanted, "none lost, none out of order, each effect once"
    again = len(receiver.heard) - len(wanted)
    assert again == kills == 3, "exactly what was in hand came again, under its id"
    for each in receiver.heard[:: len(receiver.heard) // 20]:
        Webhook(to.secret).verify(each.body, each.headers)
    print(f"{len(wanted)} events, {kills} kills, {again} sent again, lost 0, doubled effects 0")


def test_two_workers_share_endpoints_and_keep_the_order_of_each(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    paths = [f"/ok?{n}" for n in range(4)]
    for path in paths:
        endpoint(path)
    stuck = endpoint("/500")
    with ExitStack() as both:
        for _worker in range(2):
            both.enter_context(working())
        wanted = [str(event.referral) for _burst in range(4) for event in happen(15)]
        until(lambda: all(len(told(receiver, path)) == len(wanted) for path in paths), 90)

    for path in paths:
        heard = [json.loads(it.body)["data"]["id"] for it in receiver.heard if it.path == path]
        assert heard == wanted, "one courier at a time: nothing twice, everything in order"
    assert Delivery.objects.filter(endpoint=stuck, state="pending").count() == len(wanted)
    assert Attempt.objects.filter(delivery__endpoint=stuck).count() <= 3, "a failing one is not hammered"


def test_a_worker_survives_that_its_connections_are_cut(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    endpoint()
    with working() as worker:
        happen(5)
        until(lambda: len(receiver.heard) == 5)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone()[0] >= 2, "somebody was cut off"
        happen(5)
        until(lambda: len(set(receiver.effects)) == 10, 60)
        assert worker.poll() is None


def test_a_paused_endpoint_costs_nobody_anything(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    to = endpoint()
    services.pause(actor=people_at_work.tabib_admin, endpoint=to.pk)
    happen(3)
    with working():
        until(lambda: Delivery.objects.count() == 3)
        time.sleep(3)
        assert receiver.heard == []
        services.resume(actor=people_at_work.tabib_admin, endpoint=to.pk)
        until(lambda: len(receiver.heard) == 3)


def test_the_server_works_its_jobs_itself_and_lets_go_of_them_when_it_stops(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    endpoint()
    more = {"DAYAQ_RELAY": "beside", "DAYAQ_CLOCKS": "beside", "DAYAQ_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    more["DAYAQ_MODE"] = "local"  # on Django's pool of connections, as in production
    server = subprocess.Popen(
        [sys.executable, "-m", "callcenter.serve", "--port", str(free_port())],
        cwd=settings.BASE_DIR,
        env=environment(**more),
    )
    try:
        wanted = [str(event.referral) for event in happen(5)]
        until(lambda: told(receiver, "/ok") == wanted)
    finally:
        server.terminate()
        server.wait(30)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        assert cursor.fetchone()[0] == 0, "its workers signed off"
