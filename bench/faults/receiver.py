"""An agency's system that is told by webhook: a real HTTP server, unpleasant by seed, exact in its books."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from .lives import CANARY

HANG = 20.0
TOLERANCE = 300
# "lost": it has the message, but its answer never arrives.
MOODS = ("500", "429", "hang", "reset", "slow", "lost")
BROKEN = (OSError, EOFError, ValueError, KeyError, IndexError)


@dataclass
class Book:
    """What one endpoint has got. ``order`` is that of the first time each id came through."""

    order: list[str] = field(default_factory=list)
    times: Counter[str] = field(default_factory=Counter)
    ids_of: dict[tuple[str, ...], set[str]] = field(default_factory=dict)  # an event, and its ids: one
    refused: set[str] = field(default_factory=set)
    delays: list[float] = field(default_factory=list)  # seconds from the event to its first arrival

    def enter(self, message: str, told: Mapping[str, object]) -> None:
        if message not in self.times:
            self.order.append(message)
            self.delays.append(since(str(told["timestamp"])))
        self.times[message] += 1
        data = told["data"]
        assert isinstance(data, dict)
        event = (str(told["type"]), str(told["timestamp"]), str(data["id"]), str(data["version"]))
        if not event[0].startswith("clock."):  # two levels of one instant look alike from outside
            self.ids_of.setdefault(event, set()).add(message)


class Receiver:
    """``/hook/AGENCY`` for each agency with a secret. Never unpleasant twice to the same message."""

    def __init__(self, port: int, seed: int, gap: tuple[int, int]) -> None:
        self.port = port
        self.gap = gap  # messages between two bad moods
        self.secrets: dict[str, str] = {}
        self.books: dict[str, Book] = {}
        self.moods: Counter[str] = Counter()
        self.bad_signatures = self.canaries = 0
        self.friendly = False
        self._dice = random.Random(f"{seed} receiver")
        self._moods = self._dice.sample(MOODS, len(MOODS))  # each once, before any comes again
        self._until_bad = self._dice.randint(*gap)
        self._server: asyncio.Server | None = None

    async def start(self, secrets: dict[str, str]) -> None:
        self.secrets = secrets
        self.books = {agency: Book() for agency in secrets}
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HANG + 5):
                await self._take(reader, writer)
        except BROKEN:
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if ": " in line)}
        body = await reader.readexactly(int(headers["content-length"]))
        agency = head[0].split()[1].rpartition("/")[2]
        message = headers["webhook-id"]
        book = self.books[agency]
        self.canaries += CANARY.encode() in body
        if not genuine(self.secrets[agency], headers, body, time.time()):
            self.bad_signatures += 1
            writer.write(_answer(401))
            return
        mood = self._mood(book, message)
        if mood in ("", "slow", "lost"):
            book.enter(message, json.loads(body))
        await self._be(mood, writer)

    def _mood(self, book: Book, message: str) -> str:
        if self.friendly or message in book.times or message in book.refused:
            return ""
        self._until_bad -= 1
        if self._until_bad > 0:
            return ""
        self._until_bad = self._dice.randint(*self.gap)
        mood = self._moods.pop() if self._moods else self._dice.choice(MOODS)
        self.moods[mood] += 1
        book.refused.add(message)
        return mood

    async def _be(self, mood: str, writer: asyncio.StreamWriter) -> None:
        match mood:
            case "500":
                writer.write(_answer(500))
            case "429":
                writer.write(_answer(429, "Retry-After: 2\r\n"))
            case "hang":
                await asyncio.sleep(HANG)
                writer.transport.abort()
            case "reset" | "lost":
                writer.transport.abort()
            case _:
                await asyncio.sleep(2.0 if mood == "slow" else 0)
                writer.write(_answer(200))


def genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Signed with this secret, just now? Standard Webhooks, written from its description."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    wanted = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    fresh = stamp.isdecimal() and abs(now - int(stamp)) < TOLERANCE
    given = headers.get("webhook-signature", "").encode("latin-1").split()
    return fresh and any(hmac.compare_digest(wanted, each) for each in given)


def since(instant: str) -> float:
    """Seconds from an instant, written with its offset, to now."""
    return time.time() - datetime.fromisoformat(instant).timestamp()


def _answer(status: int, more: str = "") -> bytes:
    return f"HTTP/1.1 {status} -\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
