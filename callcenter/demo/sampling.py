"""Where the time goes: a thread looks at the main one many times a second and notes in whose code it is."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType

PERIOD = 0.003
# The innermost frame that lies in one of these decides; whatever lies in none is ours or the language's.
LAYERS = {
    "sql": ("/psycopg/", "/psycopg_binary/", "/psycopg_pool/"),
    "orm": ("/django/db/",),
    "engine": ("/viewflow/",),
}


class Sampler:
    """``with Sampler() as sampler: ...`` then ``sampler.shares()``."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._watched = threading.get_ident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def shares(self) -> dict[str, float]:
        """Shares of the time by layer: waiting for and talking to PostgreSQL, the ORM, Viewflow, the rest."""
        total = sum(self.counts.values()) or 1
        return {layer: round(self.counts[layer] / total, 3) for layer in (*LAYERS, "rest")}

    def _look(self) -> None:
        while not self._over.wait(PERIOD):
            frame = sys._current_frames().get(self._watched)
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
