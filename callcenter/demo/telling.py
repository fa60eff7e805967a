"""Telling how far the play is, on stderr: a bar on a terminal, else a line for every tenth."""

from __future__ import annotations

import sys
import time
from typing import TextIO

WIDTH = 30
EVERY = 0.2  # seconds between two drawings of the bar


class Progress:
    """Called with steps done and applications registered, as often as one likes."""

    def __init__(self, steps: int, stream: TextIO | None = None) -> None:
        self.steps = max(1, steps)
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.started = time.monotonic()
        self._drawn = 0.0
        self._tenth = 0

    def __call__(self, steps: int, registered: int) -> None:
        if self.live:
            self._bar(steps, registered)
        elif (tenth := steps * 10 // self.steps) > self._tenth:
            self._tenth = tenth
            print(f"demo: {tenth * 10:3d} % {self._rate(registered)}", file=self.stream, flush=True)

    def _bar(self, steps: int, registered: int) -> None:
        present, over = time.monotonic(), steps >= self.steps
        if present - self._drawn < EVERY and not over:
            return
        self._drawn = present
        full = WIDTH * steps // self.steps
        bar = "█" * full + "·" * (WIDTH - full)
        share = 100 * steps // self.steps
        end = "\n" if over else ""
        print(f"\r{bar} {share:3d} % {self._rate(registered)} ", end=end, file=self.stream, flush=True)

    def _rate(self, registered: int) -> str:
        seconds = max(0.001, time.monotonic() - self.started)
        return f"{registered} applications, {registered / seconds:.1f}/s"
