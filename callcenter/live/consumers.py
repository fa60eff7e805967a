"""The socket: subscribe with a cursor, get what was missed, then the stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from access.models import User
from events.errors import Refusal
from events.models import Event

from . import stream, topics
from .hub import Mailbox, hub
from .topics import Topic

MAX_TOPICS = 20
MAX_MESSAGE = 2000  # characters
RECHECK = 5.0  # seconds between looks at the actor's rights
CHECKSUM = 60.0
CLOSE_UNKNOWN, CLOSE_REVOKED, CLOSE_FLOOD = 4401, 4403, 4408


class LiveConsumer(AsyncWebsocketConsumer):
    """``/ws/live/``: frames carry ids, versions, states and instants; the client fetches the rest by HTTP."""

    async def connect(self) -> None:
        self.mailbox = Mailbox()
        self.topics: dict[str, Topic] = {}
        self.sent: dict[str, int] = {}  # position up to which a topic's events have been sent
        self.order = asyncio.Lock()  # the stream of a topic waits until its replay is out
        self.tasks: list[asyncio.Task[None]] = []
        self.budget = Budget()
        user = self.scope.get("user")
        if not isinstance(user, User) or not user.is_active:
            await self.accept()
            await self.close(CLOSE_UNKNOWN)
            return
        self.user_id = user.pk
        await self.accept()
        self.tasks = [asyncio.create_task(self._send_mail()), asyncio.create_task(self._watch())]

    async def disconnect(self, code: int) -> None:
        for topic in self.topics:
            hub().leave(topic, self.mailbox)
        for task in self.tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data) > MAX_MESSAGE or not self.budget.spend():
            await self.close(CLOSE_FLOOD)
            return
        message = _parsed(text_data)
        match message.get("op"):
            case "subscribe":
                await self._subscribe(message.get("topic"), message.get("cursor"))
            case "unsubscribe":
                self._leave(str(message.get("topic")))
            case "ping":
                await self._frame({"op": "pong"})
            case _:
                await self._frame({"op": "error", "code": "unknown_op"})

    async def _subscribe(self, name: Any, cursor: Any) -> None:
        try:
            topic = await self._allowed(name)
        except Refusal:
            await self._frame({"op": "denied", "topic": name if isinstance(name, str) else None})
            return
        if len(self.topics) >= MAX_TOPICS and str(topic) not in self.topics:
            await self._frame({"op": "error", "code": "too_many_topics"})
            return
        self.topics[str(topic)] = topic
        async with self.order:
            await hub().join(str(topic), self.mailbox)  # listen first, then read: nothing falls between
            await self._catch_up(topic, cursor)

    async def _catch_up(self, topic: Topic, cursor: Any) -> None:
        epoch = hub().epoch
        if cursor is None:
            whole = await self._snapshot(topic)
            self.sent[str(topic)] = stream.position_of(whole["cursor"], epoch) or 0
            await self._frame(whole)
            return
        after = stream.position_of(cursor, epoch)
        replay = await self._missed(topic, after) if after is not None else None
        if replay is None:
            await self._frame({"op": "reset", "topic": str(topic)})
            return
        events, upto = replay
        for event in events:
            await self.send(stream.frame(event, str(topic), epoch))
        self.sent[str(topic)] = upto
        await self._frame({"op": "caught_up", "topic": str(topic), "cursor": stream.cursor(epoch, upto)})

    async def _send_mail(self) -> None:
        while True:
            letter = await self.mailbox.get()
            async with self.order:
                if self.mailbox.overflowed:
                    self.mailbox.clear()
                    for topic in self.topics:
                        await self._frame({"op": "reset", "topic": topic})
                elif letter.topic in self.topics and letter.position > self.sent.get(letter.topic, 0):
                    await self.send(letter.text)

    async def _watch(self) -> None:
        """Rights may change under an open socket; the view may be checked against the database."""
        checked = time.monotonic()
        while True:
            await asyncio.sleep(RECHECK)
            if not await self._still_here():
                await self.close(CLOSE_REVOKED)
                return
            for name in await self._lost():
                self._leave(name)
                await self._frame({"op": "denied", "topic": name})
            if time.monotonic() - checked >= CHECKSUM:
                checked = time.monotonic()
                for topic in list(self.topics.values()):
                    with contextlib.suppress(Refusal):
                        await self._frame(await self._checksum(topic))

    def _leave(self, name: str) -> None:
        if self.topics.pop(name, None) is not None:
            hub().leave(name, self.mailbox)

    async def _frame(self, body: dict[str, Any]) -> None:
        await self.send(json.dumps(body, ensure_ascii=False))

    def _actor(self) -> User:
        """The user as the database knows him now: the one of the handshake may have lost his rights."""
        return User.objects.get(pk=self.user_id, is_active=True)

    @database_sync_to_async
    def _allowed(self, name: Any) -> Topic:
        topic = topics.parse(name)
        topics.check(self._actor(), topic)
        return topic

    @database_sync_to_async
    def _snapshot(self, topic: Topic) -> dict[str, Any]:
        return stream.snapshot(self._actor(), topic)

    @database_sync_to_async
    def _checksum(self, topic: Topic) -> dict[str, Any]:
        whole = stream.snapshot(self._actor(), topic)
        return {**whole, "op": "checksum", "rows": len(whole["rows"])}

    @database_sync_to_async
    def _missed(self, topic: Topic, after: int) -> tuple[list[Event], int] | None:
        return stream.missed(topic, after)

    @database_sync_to_async
    def _still_here(self) -> bool:
        session = self.scope.get("session")
        alive = session is None or not session.session_key or session.exists(session.session_key)
        return alive and User.objects.filter(pk=self.user_id, is_active=True).exists()

    @database_sync_to_async
    def _lost(self) -> list[str]:
        actor = self._actor()
        lost = []
        for name, topic in list(self.topics.items()):
            try:
                topics.check(actor, topic)
            except Refusal:
                lost.append(name)
        return lost


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
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
