"""What has to be looked at again and again while sockets are open, once per process and not per socket.

Rights may change under an open socket; a view may differ from the database; a slow client may have caught
up; somebody may have come to a record, or gone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import Error as DatabaseError
from django.utils import timezone

from access.models import Token, User
from access.roles import Role
from agencies.models import Membership
from callcenter import metrics
from events.errors import Refusal

from . import presence, stream, topics
from .asking import asked
from .hub import Channel, Hub
from .line import Line
from .presence import Place, Register
from .topics import Topic

log = logging.getLogger(__name__)

Duty = Callable[[], Awaitable[None]]

ROUND = 2.0  # seconds between two looks; a right taken away takes effect within five
CHECKSUM = 55.0  # seconds between two checksums of a topic, at least
RENEW = 5.0  # seconds between two renewals of who is here
EMPTY = 60.0  # seconds a socket may be open without following anything
CLOSE_UNKNOWN, CLOSE_REVOKED, CLOSE_IDLE = 4401, 4403, 4408


@dataclass(frozen=True)
class Verdict:
    """What a look at the rights found: lines to close with a code, and topics that a line lost."""

    close: list[tuple[Line, int]]
    lost: list[tuple[Line, str]]


class Guard:
    """Goes round the sockets of one hub."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.here = Register(settings.REDIS_URL)
        self._known: dict[int, tuple[Any, ...]] = {}  # what a user's rights were when last looked at
        self._changed: set[int] = set()  # whose had changed then
        self._told: dict[Line, set[int]] = {}  # which others a line was told of
        self._renewed_at = 0.0
        self._tasks: dict[tuple[Duty, ...], asyncio.Task[None]] = {}
        self._closing: set[asyncio.Future[None]] = set()

    def watch(self) -> None:
        """Be on the way. Rights have a round of their own: a Redis that hangs or a view that has to wait for
        the hub must not delay what takes a right away."""
        for duties in (self._rights,), (self._wake_the_drained, self._checksums, self._presence):
            task = self._tasks.get(duties)
            if task is None or task.done():
                self._tasks[duties] = asyncio.create_task(self._go_round(*duties))

    async def _go_round(self, *duties: Duty) -> None:
        while self.hub.lines:
            await asyncio.sleep(ROUND)
            try:
                for duty in duties:
                    await duty()
            except DatabaseError as error:
                log.warning("the sockets' guard waits for the database: %s", type(error).__name__)
            except Exception:  # its end would leave open what has to be closed
                log.exception("the sockets' guard goes on")

    # --- rights ---------------------------------------------------------------------------------------

    async def _rights(self) -> None:
        idle = time.monotonic() - EMPTY
        for line in list(self.hub.lines):
            if not line.topics and line.opened_at < idle and line not in self.hub.stalled:
                self._close(line, CLOSE_IDLE)
        verdict = await asked(self._judge)(list(self.hub.lines))
        for line, code in verdict.close:
            self._close(line, code)
        for line, audience in verdict.lost:
            if (topic := line.topics.get(audience)) is not None:
                self.hub.leave(line, audience)
                self.deny(line, str(topic))

    def deny(self, line: Line, name: str | None) -> None:
        metrics.DENIED.inc()
        line.tell({"op": "denied", "topic": name})

    def _close(self, line: Line, code: int) -> None:
        """Nothing more is told; the socket closes as soon as its end gets round to it."""
        self.hub.forget(line)
        task = asyncio.ensure_future(line.close(code))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _judge(self, lines: list[Line]) -> Verdict:
        """In a thread: a constant number of statements for all, and more only for whom something changed."""
        users = {row.pk: row for row in User.objects.filter(pk__in={it.user for it in lines}, is_active=True)}
        sessions = set(
            Session.objects.filter(
                session_key__in={it.session for it in lines if it.session}, expire_date__gt=timezone.now()
            ).values_list("session_key", flat=True)
        )
        tokens = set(
            Token.objects.filter(pk__in={it.token for it in lines if it.token}, revoked_at=None).values_list(
                "pk", flat=True
            )
        )
        rights = _rights_of(users.values())
        changed = {pk for pk in users if self._known.get(pk) != rights[pk]}
        again = changed | self._changed
        verdicts: dict[tuple[int, str], bool] = {}

        def keeps(actor: User, audience: str, topic: Topic) -> bool:
            """Asked once, however many sockets he has."""
            if actor.pk not in again and not _may_change(actor, topic):
                return True
            key = (actor.pk, audience)
            if key not in verdicts:
                verdicts[key] = _allowed(actor, topic)
            return verdicts[key]

        close, lost = [], []
        for line in lines:
            known = line.token in tokens if line.token else line.session in sessions
            if line.user not in users or not known:
                close.append((line, CLOSE_REVOKED))
            elif line.password != users[line.user].password:
                close.append((line, CLOSE_UNKNOWN))
            else:
                followed = list(line.topics.items())
                lost += [(line, name) for name, it in followed if not keeps(users[line.user], name, it)]
        # Asked once more at the next round: for those whose subscription was under way when this was read.
        self._known, self._changed = rights, changed
        return Verdict(close, lost)

    # --- those who were slow --------------------------------------------------------------------------

    async def _wake_the_drained(self) -> None:
        for line in self.hub.drained():
            self.hub.stalled.discard(line)
            self.hub.restart(line)

    # --- checksums ------------------------------------------------------------------------------------

    async def _checksums(self) -> None:
        present = time.monotonic()
        for channel in list(self.hub.channels.values()):
            if present - channel.checked_at >= CHECKSUM and await self._check(channel):
                channel.checked_at = time.monotonic()

    async def _check(self, channel: Channel) -> bool:
        """Tell a topic's digest, at a position that everybody has been told and that nothing has followed."""
        view = await asked(stream.settled)(channel.topic)
        if view is None or view.epoch != self.hub.epoch or not await self.hub.reach(view.position, ROUND):
            return False
        if channel.last > view.position:
            return False  # it moved on in the meantime: at the next round
        channel.settle(self.hub.position)
        frame = stream.as_frame(view.told("checksum", channel.topic, whole=False))
        for line in channel.live:
            line.offer(frame)
        return True

    # --- who is here ----------------------------------------------------------------------------------

    async def come(self, line: Line, at: Place) -> None:
        """The line has this record open now, and no other."""
        before, line.here = line.here, at
        if before is not None and before != at:
            await self._gone(line, before)
        await self.here.put([(at, presence.entry(line.user, at, id(line)))])
        await self.here.ring(at)
        self._told.pop(line, None)
        await self.tell_presence([line])

    async def go(self, line: Line) -> None:
        self._told.pop(line, None)
        if (at := line.here) is not None:
            line.here = None
            await self._gone(line, at)

    async def _gone(self, line: Line, at: Place) -> None:
        await self.here.take(at, presence.entry(line.user, at, id(line)))
        await self.here.ring(at)

    async def _presence(self) -> None:
        """Renew our own, and look at the others."""
        lines = [it for it in self.hub.lines if it.here is not None]
        ours = [(it.here, presence.entry(it.user, it.here, id(it))) for it in lines if it.here is not None]
        if ours and time.monotonic() - self._renewed_at >= RENEW:
            self._renewed_at = time.monotonic()
            await self.here.put(ours)
        await self.tell_presence(lines)

    async def tell_presence(self, lines: Iterable[Line]) -> None:
        """Tell each of these how many others are at its record, if that is news."""
        there = [(line, line.here) for line in lines if line.here is not None]
        found = await self.here.read({at for _line, at in there}) if there else {}
        for line, at in there:
            others = presence.concerns(at, found[at.application], line.user)
            if self._told.get(line, set()) != others:
                line.tell({"op": "presence", "record": str(at), "others": len(others)})
            self._told[line] = others

    async def rung(self, application: str) -> None:
        """Somebody came or went at this application."""
        await self.tell_presence(
            [it for it in self.hub.lines if it.here is not None and str(it.here.application) == application]
        )


def _rights_of(users: Iterable[User]) -> dict[int, tuple[Any, ...]]:
    """Everything about a user that visibility and policy ask for."""
    units: dict[int, set[str]] = {}
    for user, unit in Membership.objects.filter(user__in=list(users)).values_list("user_id", "unit_id"):
        units.setdefault(user, set()).add(unit)
    return {user.pk: (user.role, user.username, frozenset(units.get(user.pk, ()))) for user in users}


def _may_change(actor: User, topic: Topic) -> bool:
    """Can this be lost without a change of the actor's rights? A clinician sees what its subject allows."""
    return topic.kind == "application" and actor.role == Role.CLINICIAN


def _allowed(actor: User, topic: Topic) -> bool:
    try:
        topics.allowed(actor, str(topic))
    except Refusal:
        return False
    return True
