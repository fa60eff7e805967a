"""Workers that fire clocks: killed, side by side, and in the way of people. Every level fires once.

The workers are real processes (``manage clocks``); those that are killed are caught at a known row.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.conf import settings
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from events.models import Event
from events.relay import parameters
from intake.models import Application
from sla import histories
from sla.models import Clock, Firing
from tests.races.test_at_the_same_instant import at_once
from tests.server import environment
from workflows import actions, firing, reconcile
from workflows.flows import ApplicationFlow, ReferralFlow

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

MANY = 1000
GATE = 0x67617465  # held by a test while a worker shall wait in the middle of its work

Register = Callable[..., Application]


# --- what is due --------------------------------------------------------------------------------------


@pytest.fixture
def plain() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**parameters(), autocommit=True) as found:
        yield found


@pytest.fixture
def many_due(register: Register, plain: psycopg.Connection[Any]) -> list[int]:
    """A thousand clocks of running applications whose warning has come; the last one's is the earliest."""
    while Clock.objects.count() < MANY:
        register("MED-EXAM")
    found = list(Clock.objects.order_by("id").values_list("id", flat=True)[:MANY])
    fall_due(plain, found, "now() - i * interval '1 millisecond'", "now() + interval '1 day'")
    return found


def fall_due(plain: psycopg.Connection[Any], clocks: list[int], *instants: str) -> None:
    """Let the levels of these clocks come at these instants; ``i`` is the place of a clock among them."""
    levels = list(range(100 - len(instants) + 1, 101))
    plain.execute(
        f"UPDATE sla_clock AS c SET levels = %s, instants = ARRAY[{', '.join(instants)}], level = 0,"
        f" warn_at = {instants[0]}, due_at = {instants[-1]}, next_at = {instants[0]}"
        " FROM unnest(%s::bigint[]) WITH ORDINALITY AS found(id, i) WHERE c.id = found.id",
        [levels, clocks],
    )


def assert_each_fired_once(clocks: list[int], levels: int) -> None:
    """Firing, row in the process, link and event stand one to one; clocks agree with what they fired."""
    fired = list(Firing.objects.filter(clock__in=clocks).select_related("clock", "boundary"))
    assert len(fired) == len({(it.clock_id, it.level) for it in fired}) == levels * len(clocks)
    assert len({it.boundary_id for it in fired} - {None}) == len(fired)
    rows = Task.objects.filter(flow_task_type="BOUNDARY")
    assert rows.count() == rows.filter(previous__isnull=False).count() == len(fired)
    told = Event.objects.filter(kind__in=["clock.warned", "clock.breached"])
    assert Counter(
        (it.application, it.referral, it.data["measure"], it.data["level"]) for it in told
    ) == Counter((it.clock.application_id, it.clock.referral_id, it.clock.measure, it.level) for it in fired)
    assert reconcile.run(["fired-levels", "next-level", "boundary-of-its-process", "somebody-sweeps"]) == []


# --- workers ------------------------------------------------------------------------------------------


@contextmanager
def worker(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "clocks", *options],
        env=environment(),
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def wait_for(what: Callable[[], Any], patience: float = 30.0) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@contextmanager
def gate(plain: psycopg.Connection[Any], table: str, condition: str) -> Iterator[None]:
    """Whoever inserts such a row waits while this is open."""
    plain.execute(
        "CREATE OR REPLACE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN PERFORM pg_advisory_xact_lock({GATE}); RETURN NEW; END'"
    )
    plain.execute(
        f"CREATE TRIGGER gate BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION wait_at_the_gate()"
    )
    plain.execute("SELECT pg_advisory_lock(%s)", [GATE])
    try:
        yield
    finally:
        plain.execute("SELECT pg_advisory_unlock(%s)", [GATE])
        plain.execute(f"DROP TRIGGER gate ON {table}")


def waits_at_the_gate(plain: psycopg.Connection[Any]) -> bool:
    return bool(
        plain.execute(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted", [GATE]
        ).fetchone()
    )


def kill_at(plain: psycopg.Connection[Any], table: str, condition: str) -> None:
    """Let a worker begin, and kill it when it is about to write such a row."""
    with gate(plain, table, condition), worker() as caught:
        wait_for(lambda: waits_at_the_gate(plain))
        caught.send_signal(signal.SIGKILL)
        assert caught.wait(10) == -signal.SIGKILL
    wait_for(lambda: not is_at_work(plain))


def is_at_work(plain: psycopg.Connection[Any]) -> bool:
    """Has PostgreSQL not noticed yet that the worker is gone?"""
    found = plain.execute("SELECT count(*) FROM pg_locks WHERE relation = 'sla_clock'::regclass").fetchone()
    return found != (0,)


def finish(workers: int) -> list[int]:
    """Let so many workers do the rest side by side; how much each of them did."""
    with ExitStack() as stack:
        processes = [stack.enter_context(worker("--once")) for _ in range(workers)]
        told = [process.communicate(timeout=120)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * workers
    return [int(words.split()[0]) for words in told]


# --- killed -------------------------------------------------------------------------------------------


def test_workers_killed_in_the_middle_of_a_batch_lose_nothing_and_repeat_nothing(
    many_due: list[int], plain: psycopg.Connection[Any]
) -> None:
    """The middle clock is in the third batch; two are done when its worker dies, and half of the third."""
    middle, last = many_due[MANY // 2], many_due[0]

    kill_at(plain, "sla_firing", f"NEW.clock_id = {middle}")
    done = Firing.objects.count()
    assert 0 < done < MANY
    assert done % firing.BATCH == 0
    assert not Firing.objects.filter(clock=middle).exists()

    kill_at(plain, "viewflow_task", "NEW.flow_task_type = 'BOUNDARY'")
    assert Firing.objects.count() == done
    kill_at(plain, "sla_firing", f"NEW.clock_id = {last}")
    finish(2)

    assert_each_fired_once(many_due, levels=1)


def test_a_worker_killed_while_it_escalates_leaves_it_to_another(
    register: Register, plain: psycopg.Connection[Any]
) -> None:
    application = register("PSY-CRISIS")
    found = list(Clock.objects.filter(measure="accept").order_by("id").values_list("id", flat=True))
    fall_due(plain, found, "now() - interval '2 seconds'", "now() - interval '1 second'")

    kill_at(plain, "events_event", "NEW.kind = 'escalation.opened'")
    assert Firing.objects.filter(pending=True).count() == len(found)
    assert not asked_supervisors().exists()
    finish(2)

    assert_each_fired_once(found, levels=2)
    opened = Event.objects.get(kind="escalation.opened")
    (asked,) = asked_supervisors()
    assert asked.escalated.clock.application_id == opened.application == application.pk
    assert not Firing.objects.filter(pending=True).exists()
    assert reconcile.run() == []


def asked_supervisors() -> Any:
    nodes = [ApplicationFlow.escalation, ReferralFlow.escalation]
    return Task.objects.filter(flow_task__in=nodes, status=STATUS.NEW)


# --- side by side -------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_side_by_side_fire_every_level_once(many_due: list[int], workers: int) -> None:
    shares = finish(workers)

    assert_each_fired_once(many_due, levels=1)
    assert sum(shares) == MANY


def test_after_an_hour_without_workers_all_levels_come_in_their_order_and_in_bounds(
    register: Register, plain: psycopg.Connection[Any]
) -> None:
    for _n in range(6):
        register("MED-EXAM")
    clocks = list(Clock.objects.order_by("id").values_list("id", flat=True))
    three, one = clocks[::2], clocks[1::2]
    hour = [f"now() - interval '{minutes} minutes' - i * interval '1 second'" for minutes in (59, 40, 20)]
    fall_due(plain, three, *hour)
    fall_due(plain, one, hour[0], "now() + interval '1 day'")

    batches = []
    while done := firing.fire(20):
        batches.append(done)

    whole = 3 * len(three) + len(one)
    assert batches == [20] * (whole // 20) + ([whole % 20] if whole % 20 else [])
    assert not Firing.objects.filter(late_detected=False).exists()
    for clock in Clock.objects.filter(pk__in=three):
        assert list(clock.firings.order_by("id").values_list("level", flat=True)) == [98, 99, 100]
    told = Event.objects.filter(kind__startswith="clock.").values_list("data__level", "data__notify", "kind")
    assert Counter(told) == {
        (98, 0, "clock.warned"): len(three),
        (99, 0, "clock.warned"): len(three),
        (100, 1, "clock.breached"): len(three),
        (99, 1, "clock.warned"): len(one),  # late as well, but there is still time to do something
    }


def test_a_worker_is_punctual_and_never_early(register: Register, plain: psycopg.Connection[Any]) -> None:
    for _n in range(7):
        register("MED-EXAM")
    first, *clocks = Clock.objects.order_by("id").values_list("id", flat=True)[:61]

    with worker() as running:
        fall_due(plain, [first], "now()", "now() + interval '1 day'")
        wait_for(Firing.objects.exists)
        fall_due(plain, clocks, "now() + i * interval '150 milliseconds'", "now() + interval '1 day'")
        wait_for(lambda: Firing.objects.count() == 61)
        running.terminate()
        assert running.wait(10) == 0

    lateness = sorted(it.fired_at - it.due_at for it in Firing.objects.exclude(clock=first))
    assert lateness[0] >= timedelta(0)
    assert lateness[-1] <= timedelta(seconds=5)
    assert not Firing.objects.filter(late_detected=True).exists()


# --- in the way of people -----------------------------------------------------------------------------


def sweep_all() -> None:
    while firing.fire(7):
        pass


def test_commands_cross_with_the_sweep(
    register: Register, people_at_work: Any, plain: psycopg.Connection[Any]
) -> None:
    for _round in range(6):
        whole, given_up, closing = register("PRO-REPAIR"), register("INS-STATUS"), register("INS-STATUS")
        answer = partial(actions.complete, outcome="provided", text="Görüldü.")
        answer(actor=people_at_work.samhi, referral=closing.referrals.get().pk)
        these = Clock.objects.filter(application__in=[whole, given_up, closing], stopped_at=None)
        running = list(these.order_by("id").values_list("id", flat=True))
        fall_due(plain, running, "now() - interval '2 seconds'", "now() - interval '1 second'")

        at_once(
            [
                sweep_all,
                sweep_all,
                partial(
                    answer, actor=people_at_work.mlspp, referral=whole.referrals.get(unit="MLSPP.DTSERA").pk
                ),
                partial(answer, actor=people_at_work.yashat, referral=whole.referrals.get(unit="YASHAT").pk),
                partial(
                    actions.withdraw, actor=people_at_work.operator, application=given_up.pk, text="Geri."
                ),
                partial(actions.confirm, actor=people_at_work.operator, application=closing.pk),
            ]
        )
        while firing.turn():
            pass

        assert not Clock.objects.filter(application__in=[given_up, closing], stopped_at=None).exists()
    assert reconcile.run(["fired-levels", "next-level", "clock-stops", "boundary-of-its-process"]) == []


def test_a_level_that_fires_while_its_clock_is_reckoned_anew_is_not_undone(
    register: Register, people_at_work: Any, plain: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep comes between the command's reading of the clocks and its writing of them."""
    application = register("INS-STATUS")
    referral = application.referrals.get()
    share = referral.clocks.get(measure="resolve")
    fall_due(plain, [share.pk], "now() - interval '1 second'", "now() + interval '5 days'")
    plainly = histories.referrals_of

    def and_meanwhile_it_fires(row: Application) -> Any:
        at_once([firing.fire])
        return plainly(row)

    monkeypatch.setattr(histories, "referrals_of", and_meanwhile_it_fires)
    actions.hold(actor=people_at_work.samhi, referral=referral.pk, reason="waiting_citizen")
    monkeypatch.undo()
    while firing.turn():
        pass

    assert not Firing.objects.filter(clock=share, level=100).exists()
    assert reconcile.run(["fired-levels", "next-level"]) == []


def test_clocks_fire_while_people_hold_the_application_and_follow_up_when_they_let_go(
    register: Register, plain: psycopg.Connection[Any]
) -> None:
    application = register("PSY-CRISIS")
    found = list(Clock.objects.filter(measure="accept").order_by("id").values_list("id", flat=True))
    fall_due(plain, found, "now() - interval '2 seconds'", "now() - interval '1 second'")

    with plain.transaction():
        plain.execute("SELECT 1 FROM intake_application WHERE id = %s FOR NO KEY UPDATE", [application.pk])
        plain.execute("SELECT 1 FROM agencies_referral FOR NO KEY UPDATE")
        plain.execute("SELECT 1 FROM viewflow_process FOR NO KEY UPDATE")
        assert firing.turn() == firing.turn() == len(found)  # the warnings, then the breaches
        assert firing.turn() == 0
    assert Firing.objects.filter(pending=True).count() == len(found)

    assert firing.turn() == len(found)
    assert asked_supervisors().count() == 1  # one at a time is enough
    assert_each_fired_once(found, levels=2)
