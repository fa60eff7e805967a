"""One hub per process: it follows the journal once, encodes an event once per topic, and fans it out.

It hears the relay's bell, which carries the events themselves; after a gap, or without Redis, it reads the
journal. A socket that does not keep up gets ``reset`` and starts over: memory is never unbounded, and
nothing is lost without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

import redis.asyncio as aioredis
from django.conf import settings
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from callcenter import metrics
from events import bell, journal
from events.journal import Batch, Head, Told

from . import stream
from .asking import asked
from .line import Catching, Line
from .stream import View
from .topics import Topic

log = logging.getLogger(__name__)

TICK = 2.0  # seconds until a look without a ring
BLIND = 3.0  # seconds without a look that succeeded, after which everybody is told so
FRESH = 1.0  # seconds for which one snapshot serves everybody who asks
READ = 200  # events in one look, and thus in one write


class Channel:
    """Everybody in this process who follows one topic."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.live: set[Line] = set()
        self.catching: dict[Line, Catching] = {}
        self.last = 0  # position of the last event fanned out
        self.checked_at = time.monotonic()
        self._view: asyncio.Future[View] | None = None
        self._fresh_until = 0.0

    def __bool__(self) -> bool:
        return bool(self.live or self.catching)

    def drop(self, line: Line) -> None:
        self.live.discard(line)
        self.catching.pop(line, None)

    async def snapshot(self) -> View:
        """What the topic shows: read once for all who ask before it changes, or within a moment."""
        if self._view is None or time.monotonic() > self._fresh_until:
            self._view = asyncio.ensure_future(asked(stream.snapshot)(self.topic))
            self._fresh_until = time.monotonic() + FRESH
        try:
            return await asyncio.shield(self._view)
        except DatabaseError:
            self._view = None
            raise

    def read_anew(self) -> None:
        """Show the next who asks what is in the database then."""
        self._view = None

    def settle(self, position: int) -> None:
        """Those whose replay reached no further than the hub is, are live."""
        for line, place in list(self.catching.items()):
            if place.held is None and place.upto <= position:
                del self.catching[line]
                self.live.add(line)

    def fan_out(self, told: list[tuple[int, bytes]]) -> list[Line]:
        """Tell everybody, with one write for all that came together; returns those who do not keep up."""
        self._view, self.last = None, told[-1][0]
        whole = b"".join(frame for _position, frame in told)
        slow = [line for line in self.live if not line.offer(whole)]
        for line, place in list(self.catching.items()):
            if place.held is not None:
                if not place.hold(told):
                    slow.append(line)
            elif news := b"".join(frame for position, frame in told if position > place.upto):
                del self.catching[line]
                self.live.add(line)
                if not line.offer(news):
                    slow.append(line)
        metrics.FRAMES.inc(len(told) * len(self.live))
        return slow


class Hub:
    """Follows the journal for the sockets of this process, and keeps the register of them."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}  # by audience
        self.lines: set[Line] = set()
        self.stalled: set[Line] = set()  # those who get a reset once they have taken what waits
        self.epoch = ""
        self.position = 0
        self._task: asyncio.Task[None] | None = None
        self._known = asyncio.Event()
        self._seen_at = time.monotonic()  # when the journal was last known to be read or heard
        self._blind = False
        self._moved = asyncio.Condition()
        self.rung: Callable[[str], Awaitable[None]] = _nobody

    # --- who listens ----------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Be awake. When this returns, the hub's position is known and moving."""
        if self._task is None or self._task.done():
            self._known.clear()
            self._task = asyncio.create_task(self._run())
        await self._known.wait()

    def join(self, line: Line, topic: Topic) -> Channel:
        """From now on what the topic tells is held for this line, until ``begin``."""
        channel = self.channels.setdefault(topic.audience, Channel(topic))
        channel.drop(line)
        channel.catching[line] = Catching()
        line.topics[topic.audience] = topic
        self.stalled.discard(line)
        return channel

    def begin(self, line: Line, topic: Topic, position: int) -> None:
        """The line knows the topic up to ``position``; what was held beyond that is told, then the stream."""
        channel = self.channels[topic.audience]
        place = channel.catching.get(line)
        if place is None or place.held is None:
            return  # it gave up, or was put to sleep, in the meantime
        if position < place.since:
            self.restart(line)  # what lies between was told to nobody
            return
        held, place.held, place.upto = place.held, None, position
        for told, frame in held:
            if told > position:
                line.wire.write(frame)
        channel.settle(self.position)

    def leave(self, line: Line, audience: str) -> None:
        line.topics.pop(audience, None)
        channel = self.channels.get(audience)
        if channel is not None:
            channel.drop(line)
            if not channel:
                del self.channels[audience]

    def restart(self, line: Line) -> None:
        """Tell the line to start over with everything it follows."""
        names = [str(topic) for topic in line.topics.values()]
        for audience in list(line.topics):
            self.leave(line, audience)
        metrics.RESETS.inc(len(names))
        for name in names:
            line.tell({"op": "reset", "topic": name})

    def forget(self, line: Line) -> None:
        for audience in list(line.topics):
            self.leave(line, audience)
        self.lines.discard(line)
        self.stalled.discard(line)

    def drained(self) -> list[Line]:
        """Stalled lines whose clients have taken what waited for them."""
        return [line for line in self.stalled if line.wire.waiting() == 0]

    # --- the journal ----------------------------------------------------------------------------------

    async def reach(self, position: int, seconds: float) -> bool:
        """Wait until the hub has told everything up to ``position``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait_for(lambda: self.position >= position)
        return self.position >= position

    async def _run(self) -> None:
        self._seen_at = time.monotonic()  # nobody was there to be blind
        async with Ring() as ring:
            while not self._known.is_set() or self.lines:
                heard = await ring.heard(TICK if self._known.is_set() else 0.0)
                try:
                    if isinstance(heard, str):
                        await self.rung(heard)
                    elif heard is not None and self._continues(heard):
                        self._tell(heard.events)
                        self._sees()
                    else:
                        await self._look()
                except DatabaseError as error:
                    log.warning("live hub waits for the database: %s", type(error).__name__)
                    self._sees_nothing()
                    await asyncio.sleep(0.5)
                except Exception:  # its end would be silence, which nobody notices
                    log.exception("live hub looks again")
                    await asyncio.sleep(0.5)
                metrics.POSITION.set(self.position)
                async with self._moved:
                    self._moved.notify_all()
        metrics.POSITION.set(0)

    def _sees(self) -> None:
        self._seen_at = time.monotonic()
        if self._blind:
            self._blind = False
            self._tell_all({"op": "fresh"})

    def _sees_nothing(self) -> None:
        """Nobody can read the journal, or no relay stamps it: an open socket does not show that."""
        if not self._blind and time.monotonic() - self._seen_at > BLIND:
            self._blind = True
            self._tell_all({"op": "stale"})

    def _tell_all(self, body: dict[str, str]) -> None:
        for line in self.lines:
            line.tell(body)

    def _continues(self, batch: Batch) -> bool:
        """Does the batch begin where the hub stands, or before?"""
        return self._known.is_set() and batch.epoch == self.epoch and batch.before <= self.position

    async def _look(self) -> None:
        head = await asked(journal.head)()
        if head.delayed:
            self._sees_nothing()
        else:
            self._sees()
        if not self._known.is_set():
            self.epoch, self.position = head.epoch, head.position
            self._known.set()
            return
        if head.epoch != self.epoch or not head.reaches(self.position):
            self._begin_anew(head)
        while self.position < head.position:
            events = await asked(journal.after)(self.position, upto=head.position, limit=READ)
            if not events:  # the journal's positions have a hole: nobody may wait for it
                self.position = head.position
                return
            self._tell(events)

    def _begin_anew(self, head: Head) -> None:
        """Another history, or one that cannot be followed from here: who knows no more than the hub starts
        over. Who has just been shown the topic from the database does not: the hub goes on from there."""
        same = head.epoch == self.epoch
        places = [place for channel in self.channels.values() for place in channel.catching.values()]
        shown = [place.upto for place in places if place.held is None and head.reaches(place.upto)]
        self.epoch, self.position = head.epoch, min(shown if same else [], default=head.position)
        for channel in self.channels.values():
            channel.read_anew()
        for place in places:
            place.since = self.position
        behind = [
            line
            for line in self.lines
            if not (same and all(self._is_ahead(line, audience) for audience in line.topics))
        ]
        log.warning(
            "live hub begins anew at %s.%d: %d of %d lines start over",
            self.epoch,
            self.position,
            len(behind),
            len(self.lines),
        )
        for line in behind:
            self.restart(line)

    def _is_ahead(self, line: Line, audience: str) -> bool:
        """Is the line being shown the topic from the database, as far as the hub is or further?"""
        channel = self.channels.get(audience)
        place = channel.catching.get(line) if channel is not None else None
        return place is not None and (place.held is not None or place.upto >= self.position)

    def _tell(self, events: list[Told]) -> None:
        """Hand out what is news: an event is encoded once for each topic that is followed."""
        batches: dict[str, list[tuple[int, bytes]]] = {}
        for event in events:
            if event.position <= self.position:
                continue
            for audience in event.topics:
                if (channel := self.channels.get(audience)) is not None:
                    frame = stream.frame(event, channel.topic, self.epoch)
                    batches.setdefault(audience, []).append((event.position, frame))
            self.position = event.position
        for audience, told in batches.items():
            if (channel := self.channels.get(audience)) is not None:
                self._put_to_sleep(channel.fan_out(told))

    def _put_to_sleep(self, slow: list[Line]) -> None:
        """These get nothing more until they have taken what waits; then they start over."""
        for line in slow:
            self.stalled.add(line)
            for audience in line.topics:
                if (channel := self.channels.get(audience)) is not None:
                    channel.drop(line)


class Ring:
    """Hears the relay's bell; without Redis it is a sleep, and each tick a look."""

    async def __aenter__(self) -> Ring:
        self._pubsub: aioredis.client.PubSub | None = None
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._drop()

    async def heard(self, seconds: float) -> Batch | str | None:
        """The next batch the relay told of, or an application somebody came to; None: look for yourself."""
        try:
            if self._pubsub is None:
                client = aioredis.Redis.from_url(
                    settings.REDIS_URL, socket_connect_timeout=0.5, decode_responses=True
                )
                self._pubsub = client.pubsub()
                await self._pubsub.subscribe(bell.STAMPED, bell.HERE)
                return None  # what was stamped before this subscription is looked for at once
            message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=seconds)
            if message and message["channel"] == bell.HERE:
                return str(message["data"])
            return journal.decode(message["data"]) if message else None
        except (RedisError, OSError):
            await self._drop()
            await asyncio.sleep(min(seconds, 1.0))
            return None

    async def _drop(self) -> None:
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()
        self._pubsub = None


async def _nobody(application: str) -> None:
    """Who hears that somebody came to an application, before there is a guard."""


_hubs: dict[int, Hub] = {}


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(id(asyncio.get_running_loop()), Hub())
