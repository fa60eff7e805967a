"""Live views as screens have them: a model per topic, kept by events, that has to equal a fresh fetch."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from .lives import CANARY
from .receiver import since

TROUBLE = (OSError, TimeoutError, WebSocketException, EOFError)
Rows = dict[str, int]


def digest(rows: Rows) -> str:
    """Of the ids and versions, as the server reckons it."""
    pairs = sorted(f"{record}:{version}" for record, version in rows.items())
    return hashlib.sha256("\n".join(pairs).encode()).hexdigest()[:16]


class Model:
    """What a screen shows of one topic. Plain: it is fed frames and says what to subscribe with.

    ``push_only`` is the negative control: no cursor, no snapshot after the first, no reset.
    """

    def __init__(self, topic: str, *, push_only: bool = False) -> None:
        self.topic = topic
        self.push_only = push_only
        self.rows: Rows = {}
        self.cursor: str | None = None
        self.begun = False
        self.denied = False
        self.events = self.repeated = self.resets = self.checksums = self.mismatches = self.canaries = 0
        self.delays: list[float] = []  # seconds from each event to its arrival, replayed ones too
        self._seen = -1  # position of the newest event on this socket

    def subscription(self) -> dict[str, Any]:
        self._seen = -1
        return {"op": "subscribe", "topic": self.topic, "cursor": None if self.push_only else self.cursor}

    def hear(self, frame: Mapping[str, Any]) -> bool:
        """Take a frame in; True when the view has to subscribe again."""
        if frame.get("topic") != self.topic:
            return False
        match frame["op"]:
            case "snapshot":
                self._snapshot(frame)
            case "event":
                self._event(frame)
            case "caught_up":
                self._move(frame)
            case "checksum":
                return self._checksum(frame)
            case "reset":
                return self._reset()
            case "denied":
                self.denied = True
        return False

    def _snapshot(self, frame: Mapping[str, Any]) -> None:
        if self.push_only and self.begun:
            return
        self.begun = True
        self.rows = {row["id"]: row["version"] for row in frame["rows"]}
        self._move(frame)

    def _event(self, frame: Mapping[str, Any]) -> None:
        self.events += 1
        if "at" in frame:
            self.delays.append(since(frame["at"]))
        position = int(frame["cursor"].rpartition(".")[2])
        self.repeated += position == self._seen
        self._seen = position
        self._move(frame)
        record, listed = frame["id"], frame.get("listed")
        if listed is True:
            self.rows[record] = max(frame["version"], self.rows.get(record, 0))
        elif listed is False:
            self.rows.pop(record, None)

    def _move(self, frame: Mapping[str, Any]) -> None:
        self.cursor = frame["cursor"]

    def _checksum(self, frame: Mapping[str, Any]) -> bool:
        """A view that is not what the server says it is starts over, and is counted."""
        if self.push_only:
            return False
        self.checksums += 1
        if (frame["rows"], frame["digest"]) == (len(self.rows), digest(self.rows)):
            return False
        self.mismatches += 1
        self.cursor = None
        return True

    def _reset(self) -> bool:
        self.resets += 1
        if self.push_only:
            return False
        self.cursor = None
        return True


class View:
    """A model and the socket that feeds it, opened again and again at one of the doors."""

    def __init__(
        self, model: Model, token: str, who: str, ports: tuple[int, ...], dice: random.Random
    ) -> None:
        self.model = model
        self.token = token
        self.who = who
        self.ports = ports
        self.dice = dice
        self.reconnects = -1
        self.connected = asyncio.Event()

    async def watch(self) -> None:
        """Until cancelled."""
        while not self.model.denied:
            self.reconnects += 1
            try:
                async with self._connection() as socket:
                    await self._follow(socket)
            except TROUBLE:
                self.connected.clear()
            await asyncio.sleep(self.dice.uniform(0.2, 1.0))

    def _connection(self) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.dice.choice(self.ports)}/ws/live/",
            additional_headers={"Authorization": f"Token {self.token}"},
            open_timeout=5,
            ping_interval=2,
            ping_timeout=4,
            close_timeout=1,
            compression=None,
            max_size=None,
            proxy=None,
        )

    async def _follow(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps(self.model.subscription()))
        async for text in socket:
            assert isinstance(text, str)
            self.model.canaries += CANARY in text
            frame = json.loads(text)
            if frame["op"] in ("snapshot", "caught_up"):
                self.connected.set()
            if self.model.hear(frame):
                await socket.send(json.dumps(self.model.subscription()))
            if self.model.denied:
                return


def differences(shown: Rows, fresh: Rows) -> list[str]:
    """How a view differs from a fresh fetch, in words for the report."""
    found = [f"missing {record}" for record in sorted(fresh.keys() - shown.keys())]
    found += [f"too many {record}" for record in sorted(shown.keys() - fresh.keys())]
    common = fresh.keys() & shown.keys()
    return found + [
        f"{record} at {shown[record]}, is {fresh[record]}"
        for record in sorted(common)
        if shown[record] != fresh[record]
    ]


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
