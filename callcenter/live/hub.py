"""One hub per process: it reads each stamped event once, encodes it once per topic, and fans it out.

A socket has a bounded mailbox. One that does not keep up gets ``reset`` and starts over from a
snapshot: memory is never unbounded, and nothing is lost without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import NamedTuple

import redis.asyncio as aioredis
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from events import bell
from events.models import Event, Stream

from .stream import frame

log = logging.getLogger(__name__)

MAILBOX = 500
TICK = 2.0  # seconds until a look without a ring
BATCH = 500


class Letter(NamedTuple):
    """One encoded frame with its place in the stream."""

    topic: str
    position: int
    text: str


class Mailbox:
    """The letters one socket still has to be sent."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[Letter] = asyncio.Queue(MAILBOX)
        self.overflowed = False

    def put(self, letter: Letter) -> None:
        try:
            self._frames.put_nowait(letter)
        except asyncio.QueueFull:
            self.overflowed = True

    def reset(self) -> None:
        """Make the socket start over, whatever is in the box."""
        self.overflowed = True
        self.put(Letter("", 0, ""))

    async def get(self) -> Letter:
        return await self._frames.get()

    def clear(self) -> None:
        while not self._frames.empty():
            self._frames.get_nowait()
        self.overflowed = False


class Hub:
    """Follows the journal's head and hands frames to the mailboxes of each topic."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Mailbox]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._caught_up = asyncio.Event()
        self.epoch = ""
        self.position = 0

    async def join(self, topic: str, mailbox: Mailbox) -> None:
        """Listen from now on. When this returns, the hub's position is known and moving."""
        self._listeners[topic].add(mailbox)
        if self._task is None or self._task.done():
            self._caught_up.clear()
            self._task = asyncio.create_task(self._follow())
        await self._caught_up.wait()

    def leave(self, topic: str, mailbox: Mailbox) -> None:
        listeners = self._listeners.get(topic)
        if listeners is not None:
            listeners.discard(mailbox)
            if not listeners:
                del self._listeners[topic]

    async def _follow(self) -> None:
        stream = await self._head()
        self.epoch, self.position = str(stream.epoch), stream.head
        self._caught_up.set()
        async with Ring() as ring:
            while self._listeners:
                try:
                    await self._look()
                except DatabaseError as error:
                    log.warning("live hub waits for the database: %s", type(error).__name__)
                await ring.wait(TICK)

    async def _look(self) -> None:
        stream = await self._head()
        if str(stream.epoch) != self.epoch:
            self.epoch, self.position = str(stream.epoch), stream.head
            for mailbox in {box for boxes in self._listeners.values() for box in boxes}:
                mailbox.reset()  # another history: everybody starts over
            return
        while self.position < stream.head:
            events = await self._events(self.position)
            for event in events:
                self._fan_out(event)
            self.position = events[-1].position or self.position if events else stream.head

    def _fan_out(self, event: Event) -> None:
        for topic in event.topics:
            listeners = self._listeners.get(topic)
            if listeners:
                letter = Letter(topic, event.position or 0, frame(event, topic, self.epoch))
                for mailbox in listeners:
                    mailbox.put(letter)

    @database_sync_to_async
    def _head(self) -> Stream:
        return Stream.objects.get(pk=1)

    @database_sync_to_async
    def _events(self, after: int) -> list[Event]:
        return list(Event.objects.filter(position__gt=after).order_by("position")[:BATCH])


class Ring:
    """Waits for the relay's bell; without Redis the hub looks every tick."""

    async def __aenter__(self) -> Ring:
        self._pubsub: aioredis.client.PubSub | None = None
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._drop()

    async def wait(self, seconds: float) -> None:
        try:
            if self._pubsub is None:
                client = aioredis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5)
                self._pubsub = client.pubsub()
                await self._pubsub.subscribe(bell.STAMPED)
                return  # what was stamped before this subscription is looked for at once
            while await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=seconds):
                seconds = 0.0
        except (RedisError, OSError):
            await self._drop()
            await asyncio.sleep(min(seconds, 1.0))

    async def _drop(self) -> None:
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()
        self._pubsub = None


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(id(asyncio.get_running_loop()), Hub())
