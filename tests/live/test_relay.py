"""The relay: dense positions whatever commits when, taken over when its process dies or hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction

from events import journal, relay
from events.catalog import Happened, Kind
from events.models import Event, Stream
from events.publish import publish
from tests import server

pytestmark = pytest.mark.django_db(transaction=True)
TAKEN_OVER = 5.0  # seconds


def tell() -> None:
    with transaction.atomic():
        publish([Happened(Kind.APPLICATION_REGISTERED, uuid4(), ("board",), 1, "registered")])


@pytest.fixture
def raw(reference: None) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**relay.parameters(), autocommit=True) as found:
        yield found


Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(raw: psycopg.Connection[Any]) -> Iterator[Start]:
    """Start ``manage relay`` in a process of its own; the first one leads when this returns."""
    running: list[subprocess.Popen[bytes]] = []

    def one() -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "relay"]
        running.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=server.environment()))
        wait_until(lambda: held(raw), 20)
        return running[-1]

    yield one
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


def held(raw: psycopg.Connection[Any]) -> bool:
    """Does anybody lead?"""
    if raw.execute("SELECT pg_try_advisory_lock(%s)", [relay.LOCK]).fetchone() == (True,):
        raw.execute("SELECT pg_advisory_unlock(%s)", [relay.LOCK])
        return False
    return True


def wait_until(holds: Callable[[], bool], seconds: float) -> float:
    begin = time.monotonic()
    while not holds():
        assert time.monotonic() - begin < seconds
        time.sleep(0.05)
    return time.monotonic() - begin


def all_stamped() -> bool:
    return not Event.objects.filter(position=None).exists()


def test_what_commits_late_is_neither_missed_nor_out_of_place(
    raw: psycopg.Connection[Any],
) -> None:
    """Eight writers whose transactions overlap, a relay that stamps all the time, a reader behind it."""
    writing, before = threading.Event(), journal.head().position  # another relay may stamp the first ones
    read: list[int] = []

    def write(seed: int) -> None:
        try:
            for number in range(50):
                with transaction.atomic():
                    publish([Happened(Kind.APPLICATION_REGISTERED, uuid4(), ("board",), 1, "registered")])
                    time.sleep(
                        (seed * 7 + number * 3) % 11 / 1000
                    )  # ids are drawn before, commits come later
        finally:
            connection.close()

    def follow() -> None:
        at = before
        try:
            while not (writing.is_set() and all_stamped() and at == journal.head().position):
                relay.stamp(raw, limit=7)
                for event in journal.after(at):
                    read.append(event.position)
                    at = event.position
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as threads:
        reader = threads.submit(follow)
        for done in [threads.submit(write, seed) for seed in range(8)]:
            done.result()
        writing.set()
        reader.result(timeout=30)

    assert read == list(range(before + 1, before + 401))


def test_another_takes_over_when_the_leader_is_killed(start: Start) -> None:
    leads, _stands_by = start(), start()
    time.sleep(2)
    leads.kill()
    tell()

    assert wait_until(all_stamped, TAKEN_OVER) < TAKEN_OVER


def test_another_stamps_while_the_leader_hangs(start: Start, raw: psycopg.Connection[Any]) -> None:
    leads, _stands_by = start(), start()
    time.sleep(2)
    leads.send_signal(signal.SIGSTOP)
    tell()

    assert wait_until(all_stamped, TAKEN_OVER) < TAKEN_OVER
    leads.send_signal(signal.SIGCONT)
    tell()
    assert wait_until(all_stamped, TAKEN_OVER) < TAKEN_OVER
    positions = list(Event.objects.order_by("position").values_list("position", flat=True)[:100])
    first = positions[0] or 0
    assert positions == list(range(first, first + len(positions)))


def test_a_journal_that_was_restored_begins_another_epoch(raw: psycopg.Connection[Any]) -> None:
    relay.adopt(raw)
    before = Stream.objects.get()
    assert not relay.adopt(raw)
    assert Stream.objects.get().epoch == before.epoch
    tell()
    relay.stamp(raw)

    Stream.objects.update(origin="7000000000000000000.00000001.1", head=before.head)  # as from a backup
    assert relay.adopt(raw)
    after = Stream.objects.get()
    assert after.epoch != before.epoch
    assert after.head == Event.objects.latest("position").position
    assert not journal.head().reaches(after.head - 1)
    assert not relay.adopt(raw)
    Stream.objects.update(epoch=before.epoch)  # the server of other tests keeps its place


def test_what_is_older_than_the_window_stays_but_is_not_told_again(raw: psycopg.Connection[Any]) -> None:
    for _n in range(3):
        tell()
    relay.stamp(raw)
    positions = list(Event.objects.order_by("position").values_list("position", flat=True))
    Event.objects.filter(position__in=[positions[0], positions[2]]).update(at="2026-01-01T00:00:00Z")
    raw.execute(relay.FLOOR)

    assert Stream.objects.get().floor == positions[0]
    assert journal.head().reaches(positions[0])
    assert not journal.head().reaches(positions[0] - 1)
    Event.objects.update(at="2026-01-01T00:00:00Z")
    raw.execute(relay.FLOOR)
    assert Stream.objects.get().floor == journal.head().position
    assert Event.objects.count() == 3


def test_a_ring_carries_what_was_stamped(raw: psycopg.Connection[Any]) -> None:
    tell()
    batch = relay.stamp(raw)

    assert journal.decode(journal.encode(batch)) == batch
    for broken in ("", "{}", "[]", "null", '["e", 1, [[1, 2]]]', '["e", 1, 5]', "x" * 10):
        assert journal.decode(broken) is None


def test_a_bell_that_hangs_costs_the_commands_one_moment_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    import redis

    from events import bell

    tried = []

    class Hangs:
        def publish(self, *args: str) -> None:
            tried.append(args)
            raise redis.TimeoutError

    monkeypatch.setattr(bell, "client", Hangs)
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    for _n in range(20):
        tell()

    assert len(tried) == 1
    assert Event.objects.filter(position=None).count() == 20
