"""Clocks by the million: finding what is due, firing it, and reckoning due instants."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import psycopg
from django.db import connection, transaction

from callcenter.demo.sampling import Sampler
from callcenter.reference import load
from sla import calendars, sweep
from sla.arithmetic import Calendar
from workflows import firing

from . import cpu, crowd, days, intake, scratch
from . import sweep as yardstick

DUE = (0, 10, 1000)
WARM, ROUNDS = 20, 200  # looks of each way for each number that is due
WORKERS = (1, 2)
LOW, SUPPLY = 25_000, 120_000  # levels due before a slice begins: more than any way fires in it
QUESTIONS = 2000
FORK = get_context("fork")


def run(seconds: float, clocks: int) -> dict[str, Any]:
    """Measure among ``clocks`` open clocks, without and with twice as many finished ones beside them."""
    with scratch.schema(), scratch.connect() as plain:
        load()
        people = crowd.Crowd(plain, intake.registration()().pk)
        count = clocks // people.clocks
        limit = yardstick.Sweep(plain)
        people.open(1, count)
        alone = {due: _find(limit, due) for due in DUE}
        people.finished(count + 1, 3 * count)
        beside = {due: _find(limit, due) for due in DUE}
        rows = plain.execute("SELECT count(next_at), count(stopped_at) FROM sla_clock").fetchone()
        fired = _fire(limit, seconds)
        workers = _workers(plain, seconds)
        return _result(rows or (0, 0), alone, beside, fired, workers, _questions())


# --- finding ------------------------------------------------------------------------------------------


def _find(limit: yardstick.Sweep, due: int) -> dict[str, float]:
    """Median milliseconds of a look when so many are due, in turns, and the pages it touches."""
    size = max(due, firing.BATCH)
    ways: dict[str, Callable[[], float]] = {
        "product": lambda: _look(size),
        "raw": lambda: _plain_look(limit, size, prepare=False),
        "prepared": lambda: _plain_look(limit, size, prepare=True),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    with _exactly_due(limit.connection, due):
        cpu.wait_until_quiet()
        for place in range(WARM + ROUNDS):
            for way in list(ways)[:: 1 if place % 2 else -1]:
                times[way].append(ways[way]())
        pages = _pages(size)
    medians = {way: statistics.median(some[WARM:]) * 1000 for way, some in times.items()}
    return {**{way: round(median, 4) for way, median in medians.items()}, "pages": pages}


def _look(size: int) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the transaction begins with its first statement
        begin = time.perf_counter()
        sweep.find(size)
        took = time.perf_counter() - begin
        transaction.set_rollback(True)
    return took


def _plain_look(limit: yardstick.Sweep, size: int, *, prepare: bool) -> float:
    with limit.connection.transaction(force_rollback=True):
        begin = time.perf_counter()
        limit.find(size, prepare=prepare)
        return time.perf_counter() - begin


def _pages(size: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        look = sweep.FIND.format(now=sweep.PRESENT, limit=size)
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {look}")
        plan = cursor.fetchone()[0]
        transaction.set_rollback(True)
    top = (plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


@contextmanager
def _exactly_due(plain: psycopg.Connection[Any], due: int) -> Iterator[None]:
    """Clocks here and there among all, a second overdue; afterwards they are as they were."""
    plain.execute(
        "UPDATE sla_clock SET next_at = now() - interval '1 second' WHERE id IN ("
        "SELECT id FROM sla_clock WHERE next_at IS NOT NULL ORDER BY hashint8(id) LIMIT %s)",
        [due],
    )
    plain.execute("VACUUM (ANALYZE, INDEX_CLEANUP ON) sla_clock")
    yield
    plain.execute("UPDATE sla_clock SET next_at = instants[level + 1] WHERE next_at <= now()")


# --- firing -------------------------------------------------------------------------------------------


def _fire(limit: yardstick.Sweep, seconds: float) -> dict[str, Any]:
    """Batches of the product and of the limit, in slices that take turns."""
    ways = {
        "product": intake.Variant(firing.fire),
        "one_statement": intake.Variant(lambda: limit.fire(firing.BATCH)),
    }
    postmaster = intake.postmaster(limit.connection)
    for _ in range(max(1, round(seconds / intake.SLICE))):
        for way in ways.values():
            _supply(limit.connection)
            cpu.wait_until_quiet()
            way.measure(postmaster, intake.SLICE)
    figures = {name: _per_level(way.figures()) for name, way in ways.items()}
    _supply(limit.connection)
    with Sampler() as sampler:
        for _ in range(50):
            firing.fire()
    noise = max(one["foreign"] for way in ways.values() for one in way.kept())
    return {**figures, "profile": sampler.shares(), "foreign_cores": round(noise, 2)}


def _per_level(batch: dict[str, float]) -> dict[str, float]:
    return {
        "per_second": round(batch["per_second"] * firing.BATCH, 1),
        "batch_ms": batch["p50_ms"],
        "client_us": round(batch["client_us"] / firing.BATCH, 1),
        "server_us": round(batch["server_us"] / firing.BATCH, 1),
    }


def _supply(plain: psycopg.Connection[Any]) -> None:
    """Let enough levels be due: of each clock the warning and, next, the breach."""
    (due,) = plain.execute("SELECT count(*) FROM sla_clock WHERE next_at <= now()").fetchone() or (0,)
    if due > LOW:
        return
    plain.execute(
        "UPDATE sla_clock SET instants = ARRAY[now() - interval '2 s', now() - interval '1 s'],"
        " due_at = now() - interval '1 s', next_at = now() - interval '2 s'"
        " WHERE id IN (SELECT id FROM sla_clock WHERE next_at > now() AND level = 0"
        " ORDER BY hashint8(id) LIMIT %s)",
        [(SUPPLY - due) // 2],
    )
    plain.execute("ANALYZE sla_clock")


def _workers(plain: psycopg.Connection[Any], seconds: float) -> dict[str, float]:
    """Levels per second of real processes side by side."""
    found: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    for _ in range(max(1, round(seconds / 3))):
        for workers in WORKERS:
            _supply(plain)
            cpu.wait_until_quiet()
            found[workers].append(_side_by_side(workers))
    return {str(workers): round(statistics.median(rates), 1) for workers, rates in found.items()}


def _side_by_side(workers: int) -> float:
    connection.close()  # a fork must not share it
    ready, told = FORK.Barrier(workers), FORK.SimpleQueue()
    processes = [FORK.Process(target=_work, args=(ready, told)) for _ in range(workers)]
    for process in processes:
        process.start()
    rates: list[float] = [told.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(rates)


def _work(ready: Any, told: Any) -> None:
    firing.fire()
    ready.wait()
    begin, done = time.perf_counter(), 0
    while time.perf_counter() < begin + intake.SLICE:
        done += firing.fire()
    told.put(done / (time.perf_counter() - begin))
    connection.close()


# --- due instants -------------------------------------------------------------------------------------


def _questions() -> dict[str, float]:
    """Microseconds per question "when is the n-th working day over": reckoned, and walked day by day."""
    calendar, rng = calendars.calendar(), random.Random(1)
    first = datetime(2026, 1, 5, tzinfo=UTC)
    asked = [
        (first + timedelta(minutes=rng.randrange(300 * 24 * 60)), rng.choice((2, 5, 15, 30)))
        for _ in range(QUESTIONS)
    ]
    ways: dict[str, Callable[[Calendar, datetime, int], Any]] = {
        "reckoned": Calendar.end_of_working_day,
        "walked": days.walk,
        "with_warning": lambda calendar, start, n: calendar.due(start, f"{n} wd"),
    }
    if any(days.walk(calendar, *it) != calendar.end_of_working_day(*it) for it in asked):
        raise AssertionError("the walk comes to another day")
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(5):
        for way, ask in ways.items():
            begin = time.perf_counter()
            for start, n in asked:
                ask(calendar, start, n)
            times[way].append(time.perf_counter() - begin)
    return {way: round(statistics.median(some) / QUESTIONS * 1e6, 2) for way, some in times.items()}


# --- telling ------------------------------------------------------------------------------------------


def _result(
    rows: tuple[int, ...],
    alone: dict[int, dict[str, float]],
    beside: dict[int, dict[str, float]],
    fired: dict[str, Any],
    workers: dict[str, float],
    questions: dict[str, float],
) -> dict[str, Any]:
    ours, limit = fired["product"], fired["one_statement"]
    used = [side["client_us"] + side["server_us"] for side in (limit, ours)]
    return {
        "name": "sla",
        "figures": {
            "clocks": {"open": rows[0], "finished": rows[1]},
            "find": {f"{due}_due": it for due, it in beside.items()},
            "find_without_finished": {f"{due}_due": it for due, it in alone.items()},
            "fire": fired,
            "workers_per_second": workers,
            "question_us": questions,
        },
        "ratios": {
            **{
                f"find_{due}_to_{way}": _over(it["product"], it[way])
                for way in ("raw", "prepared")
                for due, it in beside.items()
            },
            **{
                f"pages_{due}_with_finished_to_without": _over(it["pages"], alone[due]["pages"])
                for due, it in beside.items()
            },
            "fire_wall_to_one_statement": _over(ours["per_second"], limit["per_second"]),
            "fire_cpu_to_one_statement": _over(*used) if limit["server_us"] else None,
            "two_workers_to_one": _over(workers["2"], workers["1"]),
            "question_walked_to_reckoned": _over(questions["walked"], questions["reckoned"]),
        },
    }


def _over(one: float, other: float) -> float:
    return round(one / other, 3)


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    told = [f"{name}: {value}" for name, value in result["figures"].items()]
    return [*told, *(f"ratio {name}: {value}" for name, value in result["ratios"].items())]
