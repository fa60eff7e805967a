"""The slices: every way with every number of sockets, each in a fresh server."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

import events.publish
from bench import cpu, intake, scratch
from callcenter.reference import load

from . import place, push, servers, ways
from .client import WARM, Order
from .telling import lines
from .ways import Way

__all__ = ["SOCKETS", "lines", "run"]

SOCKETS = (10, 200, 1000, 2000)
RATE = 20  # commits a second
WARM_UP = 3  # messages
SETTLE = 1.0  # seconds after the warm-up
BUDGET = 150.0  # seconds since the start within which a disturbed slice is taken anew, once
BACKLOG, AT_ONCE = 15_000, 100  # events that the stalled socket has not read, and how many a commit tells of
FRAME = 300  # bytes of a yardstick's message, until the product has shown how long its own is


def run(seconds: float, sockets: Sequence[int] = SOCKETS) -> dict[str, Any]:
    """Measure in a scratch schema; ``seconds`` for every way with every number of sockets."""
    if not cpu.readable():
        raise SystemExit("bench live reads /proc and waits with epoll: it runs on Linux only.")
    servers.many_files()
    with place.own_bells(), scratch.schema(), scratch.connect() as plain:
        load()
        ways.table(plain)
        again = time.monotonic() + BUDGET
        machine = servers.Machine(intake.postmaster(plain), _redis())
        ours = ways.product()
        found = {"product": {}, "limit": {}, "stock": {}}  # type: dict[str, dict[str, dict[str, Any]]]
        for count in sockets:
            one = found["product"][str(count)] = _quietest(machine, ours, count, seconds, again)
            size = one["frame_bytes"] or FRAME
            for way in (ways.at_the_limit(plain, size), ways.as_shipped(plain, size)):
                if way is not None:
                    found[way.name][str(count)] = _quietest(machine, way, count, seconds, again)
        stalled = _slice(machine, ours, max(sockets), seconds, stalled=True)
        return _result(found, stalled, push.run(machine, seconds))


def _redis() -> int | None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    pid = int(client.info("server")["process_id"])
    return pid if os.path.exists(f"/proc/{pid}") else None


def _quietest(
    machine: servers.Machine, way: Way, sockets: int, seconds: float, again: float
) -> dict[str, Any]:
    """A slice, and once more when other work disturbed it and there is time; the quieter one counts."""
    one = _slice(machine, way, sockets, seconds)
    if one["foreign_cores"] <= cpu.FOREIGN or time.monotonic() > again:
        return one
    return min(one, _slice(machine, way, sockets, seconds), key=lambda it: it["foreign_cores"])


def _slice(
    machine: servers.Machine, way: Way, sockets: int, seconds: float, *, stalled: bool = False
) -> dict[str, Any]:
    print(f"live: {way.name}, {sockets} sockets{', one stalled' * stalled} ...", file=sys.stderr, flush=True)
    stamps = servers.Stamps()
    with servers.server(way.module, *way.options) as (pid, port):
        order = Order(
            port=port,
            path=way.path,
            sockets=sockets,
            stamps=stamps.path,
            first=WARM_UP + 1,
            subscriptions=list(way.subscriptions),
            stalled=_stalled() if stalled else [],
        )
        with servers.Load(order) as load:
            small, before = servers.resident(pid), servers.used(pid)
            load.open_all()
            opening = servers.used(pid) - before
            if stalled:
                _backlog()
            publish(stamps, way, range(1, WARM_UP + 1))
            time.sleep(SETTLE)
            memory = servers.resident(pid) - small
            cpu.wait_until_quiet()
            meter = servers.Meter(machine)
            before, client = servers.used(pid), servers.used(load.pid)
            begin = time.perf_counter()
            numbers = range(WARM_UP + 1, WARM_UP + 1 + max(1, round(seconds * RATE)))
            commits = publish(stamps, way, numbers)
            seen = load.finish(numbers[-1])
            wall = time.perf_counter() - begin
            spent = servers.used(pid) - before
            return {
                **seen,
                "commit_ms": round(statistics.median(commits) / 1e6, 2),
                "cpu_us": round(spent / seen["delivered"] * 1e6, 2) if seen["delivered"] else None,
                "server_cores": round(spent / wall, 2),
                "client_cores": round((servers.used(load.pid) - client) / wall, 2),
                "foreign_cores": round(meter.read()[1], 2),
                **_per_socket(sockets - WARM, memory_kb=memory, open_us=opening * 1e6),
            }


def _per_socket(opened: int, **totals: float) -> dict[str, float | None]:
    """Of the sockets opened behind the first ones."""
    return {name: round(total / opened, 1) if opened > 0 else None for name, total in totals.items()}


def publish(stamps: servers.Stamps, way: Way, numbers: Iterable[int]) -> list[int]:
    """One message after the other, evenly in time; nanoseconds that each took to be committed."""
    due, took = time.perf_counter(), []
    for number in numbers:
        time.sleep(max(0.0, due - time.perf_counter()))
        begin = stamps.begin(number)
        way.publish(number)
        took.append(time.monotonic_ns() - begin)
        due += 1 / RATE
    return took


def _stalled() -> list[tuple[str, str]]:
    token = ways.worker("stalled", ways.UNIT, ways.OTHER)
    return [(token, ways.TOPIC), (token, ways.OTHERS)]


def _backlog() -> None:
    """More of the stalled socket's second queue than the kernel and the server keep for it."""
    for _ in range(BACKLOG // AT_ONCE):
        with transaction.atomic():
            events.publish.publish([ways.happened(0, ways.OTHER) for _ in range(AT_ONCE)])
    ways.until_stamped()


def _result(
    found: dict[str, dict[str, dict[str, Any]]], stalled: dict[str, Any], pushed: dict[str, Any]
) -> dict[str, Any]:
    every = [one for way in found.values() for one in way.values()]
    most = {name: max(way, key=int) for name, way in found.items() if way}
    return {
        "name": "live",
        "figures": {
            **found,
            "stalled": stalled,
            "memory_kb_per_socket": {name: found[name][count]["memory_kb"] for name, count in most.items()},
            "push": pushed,
            "foreign_cores": max(one["foreign_cores"] for one in [*every, stalled]),
        },
        "ratios": {
            **_ratios(found),
            "missing": sum(one["missing"] for one in [*found["product"].values(), stalled]),
            **{f"push_{count}": one["ratio"] for count, one in pushed.items()},
            **{f"push_cpu_{count}": one["cpu_ratio"] for count, one in pushed.items()},
        },
    }


def _ratios(found: dict[str, dict[str, dict[str, Any]]]) -> dict[str, float | None]:
    ratios: dict[str, float | None] = {}
    for count, ours in found["product"].items():
        limit, stock = found["limit"][count], found["stock"].get(count, {})
        ratios[f"last_p50_{count}"] = over(limit["last_ms"]["p50"], ours["last_ms"]["p50"])
        ratios[f"cpu_to_limit_{count}"] = over(ours["cpu_us"], limit["cpu_us"])
        ratios[f"stock_cpu_to_ours_{count}"] = over(stock.get("cpu_us"), ours["cpu_us"])
    return ratios


def over(one: float | None, other: float | None) -> float | None:
    return round(one / other, 3) if one and other else None
