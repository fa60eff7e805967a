"""The processes of a slice: a fresh server, the load client, and what they use of the processor."""

from __future__ import annotations

import json
import mmap
import os
import resource
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from bench import cpu

from . import place
from .client import Order

MESSAGES = 20_000  # stamps there is room for
START, ANSWER = 30.0, 120.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(module: str, *options: str) -> Iterator[tuple[int, int]]:
    """A process of its own, listening: its pid and port. ``{port}`` in the options is filled in."""
    port = free_port()
    argv = [sys.executable, "-m", module, *(it.format(port=port) for it in options)]
    loops = {"DAYAQ_RELAY": "inside", "DAYAQ_CLOCKS": "beside", "DAYAQ_JOBS": "beside"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603
            argv, env=place.environment(**loops), cwd=settings.BASE_DIR, stdout=log, stderr=log
        )
        try:
            _wait(process, port)
            yield process.pid, port
        except RuntimeError as error:
            raise RuntimeError(f"{error}; the server said:\n{_said(log)}") from error
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[Any], port: int) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _said(log: Any) -> str:
    log.seek(0)
    said: str = log.read().decode(errors="replace")
    return said[-3000:]


class Stamps:
    """When the publisher began each message, in a file that the client reads at the same time."""

    def __init__(self) -> None:
        self._file = tempfile.NamedTemporaryFile()  # noqa: SIM115 it lives as long as this object
        self._file.truncate(MESSAGES * 8)
        self.path = self._file.name
        self._numbers = memoryview(mmap.mmap(self._file.fileno(), 0)).cast("q")

    def begin(self, number: int) -> int:
        self._numbers[number] = now = time.monotonic_ns()
        return now


class Load:
    """The client process: ``warm``, then ``ready``, then ``finish``."""

    def __init__(self, order: Order) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.live.client"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._tell(asdict(order))
        self._expect("warm")

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.communicate()

    def open_all(self) -> None:
        self._tell("more")
        self._expect("ready")

    def finish(self, last: int) -> dict[str, Any]:
        self._tell({"last": last})
        found: dict[str, Any] = self._heard()
        return found

    def _tell(self, word: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(word) + "\n")
        self._process.stdin.flush()

    def _expect(self, word: str) -> None:
        if (heard := self._heard()) != word:
            raise RuntimeError(f"the load client said {heard!r} instead of {word!r}")

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], ANSWER)[0]:
            raise RuntimeError("the load client says nothing")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load client has ended; what it had to say stands above")
        return json.loads(line)


def many_files() -> None:
    """A socket is a file: the children may have as many as the system lets them."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def used(pid: int) -> float:
    """CPU seconds of a process with all its threads, also those that are gone, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) of Linux


def resident(pid: int) -> int:
    """Kilobytes of memory in use."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


@dataclass(frozen=True)
class Machine:
    """Whose work is ours, beside this process and its children: PostgreSQL and Redis, where seen."""

    postmaster: int | None
    redis: int | None

    def ours(self) -> float:
        """CPU seconds of all of it so far."""
        return sum(cpu.tree(pid) for pid in (os.getpid(), self.postmaster, self.redis) if pid)


class Meter:
    """From its making on: what is ours, and how many cores other work used."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._begin = self._read()

    def _read(self) -> tuple[float, float, float]:
        return time.perf_counter(), self._machine.ours(), cpu.busy()

    def read(self) -> tuple[float, float]:
        """CPU seconds of ours, cores of others."""
        wall, ours, everybody = (b - a for a, b in zip(self._begin, self._read(), strict=True))
        return ours, max(0.0, (everybody - ours) / wall)
