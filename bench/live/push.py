"""What push costs those who write: registrations with everything that follows them live, and without.

Writers are processes of their own that call the product's command. With push the bell is rung, the relay
stamps, and a server fans out to sockets that follow the agencies' queues; without, the bell is silent and the
server with its relay is stopped (SIGSTOP). The slices take turns, and what the silent ones left is stamped
before the next begins.
"""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

from django.db import connection

from bench import cpu, intake
from events import bell

from . import servers, ways
from .client import Order

CONNECTIONS = (8, 16)
FOLLOWERS = 50
QUEUES = ("MOH", "MLSPP", "SAMHI", "TABIB", "YASHAT")
SLICE = 2.0  # seconds; /proc counts in ticks of 10 ms
FORK = get_context("fork")


def run(machine: servers.Machine, seconds: float) -> dict[str, Any]:
    """``seconds`` for each number of connections with push, as many without."""
    stamps = servers.Stamps()
    follow = [(ways.worker(f"follower-{unit}", unit), f"queue:{unit}") for unit in QUEUES]
    register = intake.registration()
    with (
        Writers(register, max(CONNECTIONS)) as writers,
        servers.server("bench.live.product", "--port", "{port}") as (pid, port),
    ):
        order = Order(port, "/ws/live/", FOLLOWERS, stamps.path, servers.MESSAGES, follow)
        with servers.Load(order) as load:
            load.open_all()
            writers.work(max(CONNECTIONS), SLICE, push=True)  # past the first executions
            return {str(count): _compare(machine, writers, count, seconds, pid) for count in CONNECTIONS}


def _compare(
    machine: servers.Machine, writers: Writers, count: int, seconds: float, server: int
) -> dict[str, Any]:
    """Slices in the order on, off, off, on, ..."""
    taken: dict[str, list[dict[str, float]]] = {"on": [], "off": []}
    for place in range(max(1, round(seconds / SLICE))):
        for way in ("off", "on") if place % 2 else ("on", "off"):
            cpu.wait_until_quiet()
            if way == "off":
                os.kill(server, signal.SIGSTOP)
            try:
                meter = servers.Meter(machine)
                rate, done = writers.work(count, SLICE, push=way == "on")
                ours, foreign = meter.read()
            finally:
                os.kill(server, signal.SIGCONT)
            taken[way].append({"per_second": rate, "cpu_ms": ours / done * 1000, "foreign": foreign})
            ways.until_stamped()
    on, off = (_median(some) for some in taken.values())
    return {
        "on": on,
        "off": off,
        "ratio": round(on["per_second"] / off["per_second"], 3),
        "cpu_ratio": round(off["cpu_ms"] / on["cpu_ms"], 3),
    }


def _median(slices: list[dict[str, float]]) -> dict[str, float]:
    """Of those that other work left alone, or of the quietest third."""
    kept = intake.Variant(lambda: None, slices).kept()
    return {name: round(statistics.median(one[name] for one in kept), 2) for name in kept[0]}


class Writers:
    """Processes that register applications when told, each on a connection of its own."""

    def __init__(self, register: Callable[[], object], count: int) -> None:
        connection.close()  # a fork must not share it
        self._ends = []
        self._processes = []
        for _ in range(count):
            ours, theirs = FORK.Pipe()
            process = FORK.Process(target=_write, args=(register, theirs), daemon=True)
            process.start()
            self._ends.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    def work(self, count: int, seconds: float, *, push: bool) -> tuple[float, int]:
        """Registrations of so many side by side: per second, and in all."""
        begin = time.monotonic() + 0.1
        for end in self._ends[:count]:
            end.send((begin, begin + seconds, push))
        done = sum(end.recv() for end in self._ends[:count])
        return done / (time.monotonic() - begin), done


def _write(register: Callable[[], object], orders: Any) -> None:
    ring = bell.ring
    while True:
        begin, end, push = orders.recv()
        bell.ring = ring if push else _silence  # type: ignore[assignment]
        time.sleep(max(0.0, begin - time.monotonic()))
        done = 0
        while time.monotonic() < end:
            register()
            done += 1
        orders.send(done)


def _silence(*_told: str) -> None:
    """Push is off: nobody is told."""
