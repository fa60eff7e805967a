"""The system under test: every process that the rig starts, by its pid, from the first to the last."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from launcher import postgres, processes, valkey
from launcher.home import Home, temporary
from launcher.say import LauncherError, line

from . import CHECKOUT
from .asking import Line, Unanswered
from .proxy import Proxy

PORTS = range(18101, 30000)  # below those that the system hands out to outgoing connections
READY = 90.0
STARTS = 20
LOOPS = ("relay", "clocks", "jobs")


class Part:
    """One process of the product, with a name that stays and a pid that changes."""

    def __init__(self, name: str, argv: list[str | Path], house: House, port: int = 0) -> None:
        self.name, self.argv, self.house, self.port = name, argv, house, port
        self.log = house.home.logs / f"{name.replace(' ', '-')}.log"
        self.lock = asyncio.Lock()  # one fault at a time on one part
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.process = processes.start(
            self.argv,
            log=self.log,
            env=self.house.variables,
            cwd=CHECKOUT,
            death_signal=signal.SIGKILL,  # a frozen one would not hear anything milder
        )

    async def kill(self) -> int:
        """kill -9; the signal that ended it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        return -await asyncio.to_thread(self.process.wait)

    def state(self) -> str:
        """The state of the process as the kernel tells it: R, S, D, T ..."""
        return state_of(self.pid)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ready(self) -> None:
        """For a web process: it answers, and it is itself who listens on its port."""
        deadline = time.monotonic() + READY
        while self.port and not await self._answers():
            if not self.alive or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not come up:\n{processes.tail(self.log)}")
            await asyncio.sleep(0.2)

    async def _answers(self) -> bool:
        line_ = Line(self.port, 4)
        try:
            return (await line_.ask("GET", "/readyz")).status == 200 and listens(self.pid, self.port)
        except Unanswered:
            return False
        finally:
            line_.close()


class House:
    """PostgreSQL, Valkey, two of everything else, and a proxy before each web process."""

    def __init__(self) -> None:
        self.home: Home = temporary().prepare()
        venv = Path(sys.prefix)
        sockets = self.home.sockets()
        self.postgres = postgres.Postgres(self.home, sockets, postgres.find(venv))
        self.valkey = valkey.Valkey(self.home, sockets, valkey.find(venv))
        self.locks = {"postgres": asyncio.Lock(), "valkey": asyncio.Lock()}
        ports = free_ports(5)
        self.receiver_port = ports[4]
        self.proxies = {f"proxy {n}": Proxy(ports[n + 1], ports[n - 1]) for n in (1, 2)}
        self.variables = self._variables()
        self.parts = {f"web {n}": self._web(f"web {n}", ports[n - 1]) for n in (1, 2)}
        for loop in LOOPS:
            for n in (1, 2):
                argv: list[str | Path] = [sys.executable, CHECKOUT / "manage.py", loop]
                self.parts[f"{loop} {n}"] = Part(f"{loop} {n}", argv, self)
        self.webs = [self.parts["web 1"], self.parts["web 2"]]
        self.stage: dict[str, Any] = {}

    @property
    def ports(self) -> tuple[int, ...]:
        """Where clients connect: to the proxies."""
        return tuple(proxy.port for proxy in self.proxies.values())

    def _variables(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PG", "DAYAQ_", "DJANGO_"))
        }
        return kept | {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "DAYAQ_HOME": str(self.home.root),
            "DAYAQ_MODE": "demo",
            "DAYAQ_SECRET_KEY": self.home.secret("secret.key"),
            **{f"DAYAQ_{loop.upper()}": "beside" for loop in LOOPS},
            "DAYAQ_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "DJANGO_SETTINGS_MODULE": "callcenter.settings",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
        }

    def _web(self, name: str, port: int) -> Part:
        argv: list[str | Path] = [sys.executable, "-m", "callcenter.serve", "--host", "127.0.0.1"]
        return Part(name, [*argv, "--port", str(port)], self, port)

    async def open(self) -> None:
        """Start everything, in order; when this returns, every process is up and both doors answer."""
        await asyncio.to_thread(self.postgres.start)
        self.valkey.start()
        line("faults: PostgreSQL and Valkey are up; migrating")
        self.stage = await self._manage_stage()
        for part in self.parts.values():
            part.start()
        for proxy in self.proxies.values():
            await proxy.start()
        await asyncio.gather(*(part.ready() for part in self.parts.values()))
        await asyncio.sleep(2)  # a loop that cannot start has ended by now
        if down := self.down():
            raise RuntimeError(f"not up: {', '.join(down)}")

    async def _manage_stage(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.receiver_port}"
        argv = [sys.executable, "-m", "bench.faults.stage", url]
        with processes.open_log(self.home.logs / "stage.log") as log:
            done = await asyncio.to_thread(
                subprocess.run, argv, env=self.variables, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=log
            )
        if done.returncode:
            raise RuntimeError(f"the stage was not set:\n{processes.tail(self.home.logs / 'stage.log')}")
        stage: dict[str, Any] = json.loads(done.stdout)
        return stage

    def down(self) -> list[str]:
        """Parts that do not run, or do not listen where they should."""
        names = [
            name
            for name, part in self.parts.items()
            if not part.alive or part.state() == "T" or (part.port and not listens(part.pid, part.port))
        ]
        for name, server in (("postgres", self.postgres), ("valkey", self.valkey)):
            if server.process is None or server.process.poll() is not None:
                names.append(name)
        return names

    async def heal(self) -> list[str]:
        """Everything runs and nothing stands between. Returns what had ended, though nobody killed it."""
        started = []
        for proxy in self.proxies.values():
            proxy.heal()
        for name, part in self.parts.items():
            if part.alive:
                part.signal(signal.SIGCONT)
            else:
                part.start()
                started.append(name)
        await asyncio.gather(*(part.ready() for part in self.parts.values()))
        return started

    async def start_postgres(self) -> int:
        """After a kill -9 several starts may be needed; how many were."""
        for attempt in range(1, STARTS + 1):
            try:
                await asyncio.to_thread(self.postgres.start)
            except LauncherError:
                await asyncio.sleep(0.5)
            else:
                return attempt
        raise RuntimeError(f"PostgreSQL did not come back:\n{processes.tail(self.postgres.log)}")

    async def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """One statement on a connection of its own."""
        address = self.postgres.url + "&connect_timeout=3"
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            cursor = await connection.execute(statement, parameters or None)
            return await cursor.fetchall() if cursor.description else []

    async def manage(self, *command: str) -> tuple[int, str]:
        """A management command: its exit code and what it printed."""
        argv = [sys.executable, str(CHECKOUT / "manage.py"), *command]
        with processes.open_log(self.home.logs / f"{command[0]}.log") as log:
            done = await asyncio.to_thread(
                subprocess.run, argv, env=self.variables, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=log
            )
        return done.returncode, done.stdout.decode()

    async def close(self, *, keep: bool) -> None:
        """End everything that was started; the data stays when something was wrong."""
        for proxy in self.proxies.values():
            await proxy.stop()
        for part in self.parts.values():
            if part.alive:
                part.signal(signal.SIGCONT)
                part.signal(signal.SIGTERM)
        for part in self.parts.values():
            if part.process is not None:
                await asyncio.to_thread(processes.end, part.process, signal.SIGTERM, 10)
        self.valkey.stop()
        await asyncio.to_thread(self.postgres.stop)
        if keep:
            line(f"faults: the data of this run is kept in {self.home.root}")
        else:
            shutil.rmtree(self.postgres.sockets, ignore_errors=True)
            self.home.remove_if_temporary()


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def listens(pid: int, port: int) -> bool:
    """Does this very process hold the listening socket of the port?"""
    wanted = f"0100007F:{port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1] == wanted and row[3] == "0A"}
    for entry in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry) in inodes:
                return True
    return False


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, in the range that nobody is handed by chance."""
    found: list[int] = []
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")
