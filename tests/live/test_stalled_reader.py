"""A reader that stops reading, as a laptop that sleeps, comes back exact, whatever it missed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from access.models import Token, User
from callcenter.serve import PING
from events import publish
from events.catalog import Happened, Kind
from workflows import actions

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE, SUBTOPIC = "SAMHI", "INS-STATUS"
STOPPED = float(os.environ.get("DAYAQ_STALLED", "25"))  # seconds; longer than a socket's ping is waited for
EVENTS = 1000
BURST, AT_ONCE = 12_000, 2000  # 5 MB: more than the kernel (up to 3 MB) and the server keep for one socket
EXACT = 5.0  # seconds within which it has to be


class Stopped:
    """A reader in a process of its own."""

    def __init__(self, server: str, user: User, kept: int | None = None) -> None:
        address = server.replace("http", "ws") + "/ws/live/"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.live.reader",
                address,
                f"queue:{QUEUE}",
                *([str(kept)] if kept else []),
            ],
            env={**os.environ, "READER_TOKEN": Token.issue(user)},
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def asked(self) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def until(self, holds: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        """What it tells as soon as that holds, or at the end of the time."""
        end = time.monotonic() + seconds
        while not holds(told := self.asked()) and time.monotonic() < end:
            time.sleep(0.1)
        return told

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def reader(server: str, people_at_work: Any) -> Iterator[Callable[..., Stopped]]:
    made: list[Stopped] = []

    def make(**options: Any) -> Stopped:
        made.append(Stopped(server, people_at_work.samhi, **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def shown(people_at_work: Any, api: Any) -> Callable[[], dict[str, int]]:
    """What a fresh fetch of the queue shows."""

    def fetch() -> dict[str, int]:
        rows = api(people_at_work.samhi).get(f"live/queue:{QUEUE}/").json()["rows"]
        return {row["id"]: row["version"] for row in rows}

    return fetch


def work(user: User, referrals: list[Any], events: int) -> None:
    """So many events of the queue, by people at work in it: they take and give back in turn."""
    for place in range(events):
        turn, which = divmod(place, len(referrals))
        step = actions.release if turn % 2 else actions.claim
        step(actor=user, referral=referrals[which])


def test_a_reader_stopped_during_a_thousand_events_comes_back_exact(
    reader: Callable[..., Stopped], shown: Callable[[], dict[str, int]], people_at_work: Any, register: Any
) -> None:
    referrals = [register(subtopic=SUBTOPIC).referrals.get().pk for _ in range(10)]
    one = reader()
    before = one.until(lambda told: told["rows"] == shown(), 10)
    assert before["rows"] == shown()

    one.signal(signal.SIGSTOP)
    began = time.monotonic()
    work(people_at_work.samhi, referrals, EVENTS)
    for referral in referrals[:3]:
        actions.claim(actor=people_at_work.samhi, referral=referral)
        actions.reject(actor=people_at_work.samhi, referral=referral, reason="not_ours", text="Bizdə deyil.")
    time.sleep(max(0.0, STOPPED - (time.monotonic() - began)))
    truth = shown()
    assert len(truth) == 7
    assert before["rows"] != truth
    one.signal(signal.SIGCONT)
    told = one.until(lambda told: told["rows"] == truth, EXACT)

    assert told["rows"] == truth == shown()


def test_a_reader_that_leaves_too_much_untaken_is_told_to_start_over_and_is_exact(
    reader: Callable[..., Stopped], shown: Callable[[], dict[str, int]], people_at_work: Any, register: Any
) -> None:
    applications = [register(subtopic=SUBTOPIC) for _ in range(10)]
    referrals = [it.referrals.get().pk for it in applications]
    one = reader(kept=4096)
    one.until(lambda told: told["rows"] == shown(), 10)

    one.signal(signal.SIGSTOP)
    began = time.monotonic()
    burst(applications)
    work(people_at_work.samhi, referrals, 10)
    truth = shown()
    time.sleep(max(0.0, 5.0 - (time.monotonic() - began)))
    one.signal(signal.SIGCONT)
    away = time.monotonic() - began
    told = one.until(lambda told: told["rows"] == truth and "reset" in told["seen"], EXACT)

    assert told["seen"].get("reset"), told["seen"]
    assert told["seen"].get("event", 0) < BURST
    assert told["connections"] == 1 or away > PING  # only a ping that nobody answers closes the socket
    assert told["rows"] == truth == shown()


def burst(applications: list[Any]) -> None:
    """Events of the queue that change no row of it, many in a commit."""
    for start in range(0, BURST, AT_ONCE):
        with transaction.atomic():
            publish.publish(
                Happened(
                    kind=Kind.CLOCK_WARNED,
                    application=applications[place % len(applications)].pk,
                    topics=(f"queue:{QUEUE}",),
                    version=1,
                    state="requested",
                    unit=QUEUE,
                    data={"measure": "first_answer", "level": "warn", "due": "2026-11-25T14:00:00+04:00"},
                )
                for place in range(start, start + AT_ONCE)
            )
