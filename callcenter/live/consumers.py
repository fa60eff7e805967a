"""The socket: subscribe with a cursor, get what was missed, then the stream."""

from __future__ import annotations

import json
import time
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from access.models import Token, User
from callcenter import metrics
from events.errors import NotVisible, Refusal

from . import presence, stream, topics
from .asking import asked
from .guard import CLOSE_UNKNOWN, Guard
from .hub import Channel, Hub, hub
from .line import Line
from .presence import Place
from .topics import Topic
from .wire import EXTENSION

MAX_TOPICS = 20
MAX_LINES = 40  # sockets of one user in one process: as many pages as anybody has open
MAX_MESSAGE = 2000  # characters
CLOSE_FLOOD, CLOSE_TOO_MANY, CLOSE_TRY_AGAIN = 4408, 4429, 1013


class LiveConsumer(AsyncWebsocketConsumer):
    """``/ws/live/``: frames carry ids, versions, states and instants; the client fetches the rest by HTTP."""

    channel_layer_alias = "none"  # the hub is our layer
    line: Line | None = None

    async def connect(self) -> None:
        await self.accept()
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.close(CLOSE_UNKNOWN)
            return
        self.hub, self.guard, self.budget = hub(), guard(hub()), Budget()
        if sum(it.user == user.pk for it in self.hub.lines) >= MAX_LINES:
            await self.close(CLOSE_TOO_MANY)
            return
        self.line = _line(self, user)
        self.hub.lines.add(self.line)
        metrics.SOCKETS.set(len(self.hub.lines))
        self.guard.watch()

    async def disconnect(self, code: int) -> None:
        if self.line is not None:
            self.hub.forget(self.line)
            metrics.SOCKETS.set(len(self.hub.lines))
            await self.guard.go(self.line)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.line is None or self.line not in self.hub.lines:
            return  # on its way out: nothing is told any more
        if text_data is None or len(text_data) > MAX_MESSAGE or not self.budget.spend():
            await self.close(CLOSE_FLOOD)
            return
        message = _parsed(text_data)
        try:
            await self._answer(self.line, message)
        except DatabaseError:
            await self.close(CLOSE_TRY_AGAIN)

    async def _answer(self, line: Line, message: dict[str, Any]) -> None:
        match message.get("op"):
            case "subscribe":
                await self._subscribe(line, message.get("topic"), message.get("cursor"))
            case "unsubscribe":
                self._unsubscribe(line, message.get("topic"))
            case "here":
                await self._here(line, message.get("record"))
            case "diverged":
                metrics.DIVERGED.inc()
            case "ping":
                line.tell({"op": "pong"})
            case _:
                line.tell({"op": "error", "code": "unknown_op"})

    async def _subscribe(self, line: Line, name: Any, cursor: Any) -> None:
        try:
            topic = await asked(_allowed)(line.user, name)
        except Refusal:
            self.guard.deny(line, name if isinstance(name, str) else None)
            return
        if len(line.topics) >= MAX_TOPICS and topic.audience not in line.topics:
            line.tell({"op": "error", "code": "too_many_topics"})
            return
        await self.hub.follow()
        channel = self.hub.join(line, topic)  # listen first, then read: nothing falls between
        if cursor is None:
            await self._show(line, channel)
        else:
            await self._replay(line, topic, cursor)

    async def _show(self, line: Line, channel: Channel) -> None:
        view, topic = await channel.snapshot(), channel.topic
        if self._still(line, topic):
            line.tell(view.told("snapshot", topic))
            self.hub.begin(line, topic, view.position)

    async def _replay(self, line: Line, topic: Topic, cursor: Any) -> None:
        found = await asked(stream.missed)(topic, cursor)
        if not self._still(line, topic):
            return
        if found is None:
            metrics.RESETS.inc()
            self.hub.leave(line, topic.audience)
            line.tell({"op": "reset", "topic": str(topic)})
            return
        for frame in found.frames:
            line.wire.write(frame)
        line.tell(
            {"op": "caught_up", "topic": str(topic), "cursor": stream.cursor(found.epoch, found.position)}
        )
        self.hub.begin(line, topic, found.position)

    def _still(self, line: Line, topic: Topic) -> bool:
        """While the database was asked the line may have lost the topic, or gone."""
        return topic.audience in line.topics and line not in self.hub.stalled

    def _unsubscribe(self, line: Line, name: Any) -> None:
        for audience, topic in list(line.topics.items()):
            if str(topic) == name:
                self.hub.leave(line, audience)

    async def _here(self, line: Line, name: Any) -> None:
        if name is None:
            await self.guard.go(line)
            return
        try:
            await self.guard.come(line, await asked(_place)(line.user, name))
        except Refusal:
            line.tell({"op": "error", "code": "not_found"})


class Nowhere(AsyncWebsocketConsumer):
    """Every other address of a socket: refused before anything is said."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        await self.close()


def _line(consumer: LiveConsumer, user: User) -> Line:
    session, token = consumer.scope.get("session"), consumer.scope.get("token")
    return Line(
        wire=consumer.scope["extensions"][EXTENSION],
        close=consumer.close,
        user=user.pk,
        password=user.password,
        session=session.session_key if session is not None else None,
        token=token.pk if isinstance(token, Token) else None,
        opened_at=time.monotonic(),
    )


def _actor(user: int) -> User:
    """The user as the database knows him now: the one of the handshake may have lost his rights."""
    actor = User.objects.filter(pk=user, is_active=True).first()
    if actor is None:
        raise NotVisible
    return actor


def _allowed(user: int, name: Any) -> Topic:
    return topics.allowed(_actor(user), name)


def _place(user: int, name: Any) -> Place:
    return presence.place(_actor(user), name)


_guards: dict[Hub, Guard] = {}


def guard(of: Hub) -> Guard:
    """The guard of a hub."""
    if of not in _guards:
        _guards[of] = Guard(of)
        of.rung = _guards[of].rung
    return _guards[of]


class Budget:
    """At most 30 messages at once and 5 a second: a page needs a handful."""

    def __init__(self) -> None:
        self.tokens, self.at = 30.0, time.monotonic()

    def spend(self) -> bool:
        present = time.monotonic()
        self.tokens = min(30.0, self.tokens + (present - self.at) * 5)
        self.at = present
        self.tokens -= 1
        return self.tokens >= 0


def _parsed(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
