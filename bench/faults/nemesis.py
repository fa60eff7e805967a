"""Hurts the parts by the schedule, and measures on each that it was hurt."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import redis

from .house import House, LauncherError, Part, line, state_of
from .proof import Act
from .schedule import Fault, Kind

Evidence = dict[str, Any]
MARK = "rig:mark"
FAILED = (OSError, RuntimeError, psycopg.Error, redis.RedisError, LauncherError)


class Nemesis:
    """Faults may overlap, but no part is hurt twice at once."""

    def __init__(self, house: House, faults: list[Fault]) -> None:
        self.house = house
        self.faults = faults
        self.acts: list[Act] = []

    async def run(self) -> None:
        """The whole schedule; returns when the last part is well again."""
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for fault in self.faults:
                await asyncio.sleep(max(0.0, begin + fault.at - time.monotonic()))
                group.create_task(self._act(fault, begin))

    async def _act(self, fault: Fault, begin: float) -> None:
        async with self._lock(fault.target):
            act = Act(fault, time.monotonic() - begin)
            self.acts.append(act)
            try:
                await self._way(fault.kind)(fault, act.evidence)
            except FAILED as error:
                act.error = f"{type(error).__name__}: {error}"[:300]
            act.ended = time.monotonic() - begin
        said = "acted" if act.acted else f"DID NOT ACT {act.evidence} {act.error}"
        line(f"faults: {act.began:6.1f} s  {fault.kind}, {fault.target}: {said}")

    def _lock(self, target: str) -> asyncio.Lock:
        part = self.house.parts.get(target.replace("proxy", "web"))
        return part.lock if part else self.house.locks[target]

    def _way(self, kind: Kind) -> Callable[[Fault, Evidence], Coroutine[Any, Any, None]]:
        ways = {
            Kind.KILL_VALKEY: self._kill_valkey,
            Kind.KILL_POSTGRES: self._kill_postgres,
            Kind.TERMINATE: self._terminate,
            Kind.CUT: self._cut,
            Kind.STALL: self._stall,
            Kind.HALF_OPEN: self._deafen,
            Kind.FLUSH: self._flush,
        }
        return ways.get(kind) or (self._kill if kind.startswith("kill") else self._freeze)

    async def _kill(self, fault: Fault, evidence: Evidence) -> None:
        part: Part = self.house.parts[fault.target]
        evidence["pid_before"] = part.pid
        evidence["signal"] = await part.kill()
        await asyncio.sleep(fault.seconds)
        part.start()
        await part.ready()
        evidence["pid_after"] = part.pid
        evidence["alive"] = part.alive

    async def _freeze(self, fault: Fault, evidence: Evidence) -> None:
        part = self.house.parts[fault.target]
        part.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
            evidence["state_during"] = part.state()
        finally:
            part.signal(signal.SIGCONT)
        deadline = time.monotonic() + 2  # on a busy machine going on takes a moment
        while (state := part.state()) == "T" and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        evidence["state_after"] = state

    async def _kill_valkey(self, fault: Fault, evidence: Evidence) -> None:
        server = self.house.valkey
        assert server.process is not None
        evidence["run_id_before"] = self._valkey().info("server")["run_id"]
        evidence["pid_before"] = server.process.pid
        server.process.kill()
        evidence["signal"] = -await asyncio.to_thread(server.process.wait)
        await asyncio.sleep(fault.seconds)
        server.start()
        evidence["run_id_after"] = self._valkey().info("server")["run_id"]
        evidence["pid_after"] = server.process.pid
        evidence["alive"] = server.process.poll() is None

    async def _flush(self, fault: Fault, evidence: Evidence) -> None:
        client = self._valkey()
        client.set(MARK, fault.number)
        evidence["keys_before"] = client.dbsize()
        client.flushall()
        evidence["mark_after"] = "there" if client.exists(MARK) else "gone"

    def _valkey(self) -> redis.Redis:
        return redis.Redis.from_url(self.house.valkey.url, socket_timeout=2, socket_connect_timeout=2)

    async def _kill_postgres(self, fault: Fault, evidence: Evidence) -> None:
        server = self.house.postgres
        assert server.process is not None
        evidence["started_before"] = await self._started()
        evidence["pid_before"] = server.process.pid
        server.process.kill()
        evidence["signal"] = -await asyncio.to_thread(server.process.wait)
        await asyncio.sleep(fault.seconds)
        evidence["starts"] = await self.house.start_postgres()
        evidence["started_after"] = await self._started()
        evidence["pid_after"] = server.process.pid
        evidence["alive"] = state_of(server.process.pid) not in ("", "Z")

    async def _started(self) -> str:
        return str((await self.house.query("SELECT pg_postmaster_start_time()"))[0][0])

    async def _terminate(self, fault: Fault, evidence: Evidence) -> None:
        found = await self.house.query(
            "SELECT count(*) FILTER (WHERE ended) FROM (SELECT pg_terminate_backend(pid) AS ended"
            " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend') AS backends"
        )
        evidence["backends"] = found[0][0]

    async def _cut(self, fault: Fault, evidence: Evidence) -> None:
        evidence["connections"] = self.house.proxies[fault.target].cut()

    async def _stall(self, fault: Fault, evidence: Evidence) -> None:
        proxy = self.house.proxies[fault.target]
        before = proxy.held_bytes
        evidence["connections"] = proxy.stall()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            proxy.heal()
        evidence["held_bytes"] = proxy.held_bytes - before

    async def _deafen(self, fault: Fault, evidence: Evidence) -> None:
        proxy = self.house.proxies[fault.target]
        before = proxy.swallowed_bytes
        evidence["connections"] = proxy.deafen()
        await asyncio.sleep(fault.seconds)
        evidence["swallowed_bytes"] = proxy.swallowed_bytes - before
