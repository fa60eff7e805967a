"""CPU time of process trees and the quietness of the machine, read from /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
FOREIGN = 0.35  # cores other work may use during a slice that counts


def readable() -> bool:
    return Path("/proc/self/stat").exists()


def _stat(pid: int) -> tuple[int, float]:
    """Parent and CPU seconds (own and of reaped children) of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(int(value) for value in fields[11:15]) / TICK


def parent(pid: int) -> int:
    return _stat(pid)[0]


def _tree(root: int) -> float:
    children: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                above, seconds[int(name)] = _stat(int(name))
            except (FileNotFoundError, ProcessLookupError, IndexError):
                continue
            children.setdefault(above, []).append(int(name))
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += seconds.get(pid, 0.0)
        waiting += children.get(pid, [])
    return total


def tree(root: int) -> float:
    """CPU seconds of a process with all below it; a child that ends between two reads is not missed."""
    return max(_tree(root), _tree(root))


def busy() -> float:
    """CPU seconds everybody on the machine has used since it started."""
    fields = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


class Slice:
    """``with Slice(postmaster) as used: ...``: wall and CPU seconds of the client and of PostgreSQL."""

    def __init__(self, postmaster: int | None) -> None:
        self.postmaster = postmaster
        self.wall = self.client = self.server = self.foreign = 0.0

    def __enter__(self) -> Slice:
        self._before = self._read()
        return self

    def __exit__(self, *exc: Any) -> None:
        after = self._read()
        self.wall, self.client, self.server, everybody = (
            b - a for a, b in zip(self._before, after, strict=True)
        )
        self.foreign = max(0.0, (everybody - self.client - self.server) / self.wall)

    def _read(self) -> tuple[float, float, float, float]:
        server = tree(self.postmaster) if self.postmaster else 0.0
        return time.perf_counter(), time.process_time(), server, busy() if readable() else 0.0


def wait_until_quiet(patience: float = 3.0) -> None:
    """Wait a moment for other work to calm down; a slice that is not quiet is sorted out later."""
    end = time.perf_counter() + patience
    while readable() and time.perf_counter() < end:
        before = busy()
        time.sleep(0.3)
        if (busy() - before) / 0.3 < FOREIGN:
            return
