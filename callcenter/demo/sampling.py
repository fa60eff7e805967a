"""Where the time goes: waiting for PostgreSQL, and in whose code the processor is."""

from __future__ import annotations

import signal
import time
from collections import Counter
from types import FrameType
from typing import Any

PERIOD = 0.002  # seconds of processor time between two looks
# The innermost frame that lies in one of these decides; what lies in none is ours or the language's.
LAYERS = {
    "sql": ("/psycopg/", "/psycopg_binary/", "/psycopg_pool/"),
    "orm": ("/django/db/",),
    "engine": ("/viewflow/",),
}


class Sampler:
    """``with Sampler() as sampler: ...`` in the main thread, then ``sampler.shares()``.

    A timer of processor time interrupts wherever Python is. A second thread that looked on would
    see mostly waiting: it gets its turn when this one waits.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wall = self.processor = 0.0

    def __enter__(self) -> Sampler:
        self._before: Any = signal.signal(signal.SIGPROF, self._look)
        self.wall, self.processor = time.perf_counter(), time.process_time()
        signal.setitimer(signal.ITIMER_PROF, PERIOD, PERIOD)
        return self

    def __exit__(self, *exc: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._before)
        self.wall = time.perf_counter() - self.wall
        self.processor = time.process_time() - self.processor

    def shares(self) -> dict[str, float]:
        """Shares of the time: SQL (waiting and the driver), the ORM, Viewflow's own code, the rest."""
        looks = sum(self.counts.values()) or 1
        used = min(1.0, self.processor / self.wall) if self.wall else 1.0
        shares = {layer: used * self.counts[layer] / looks for layer in (*LAYERS, "rest")}
        shares["sql"] += 1 - used
        return {layer: round(share, 3) for layer, share in shares.items()}

    def _look(self, number: int, frame: FrameType | None) -> None:
        self.counts[_layer(frame)] += 1


def _layer(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        for layer, places in LAYERS.items():
            if any(place in name for place in places):
                return layer
        if "/site-packages/" not in name and "/lib/python3" not in name:
            return "rest"
        frame = frame.f_back
    return "rest"
