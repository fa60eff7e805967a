"""Who else has this application or referral open. It lives in Redis only, for seconds, and may be lost.

A socket says ``here`` with a record; its process keeps saying so while the socket is open. What is told
over the wire is how many others there are; who they are is fetched as a part of the page, where an actor
reads of them what he may.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import redis
import redis.asyncio as aioredis
from redis.exceptions import RedisError

from access.models import User
from access.visibility import applications_for, referrals_for
from events import bell
from events.errors import NotVisible

LASTS = 20.0  # seconds an unrenewed entry is believed: a process that died is forgotten within that
PREFIX = "dayaq:here:"
ANY = 100  # people told of at most


@dataclass(frozen=True)
class Place:
    """A record that somebody has open: an application, or one referral of it."""

    kind: str
    id: UUID
    application: UUID

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.application}"


@dataclass(frozen=True)
class Someone:
    """A user at a record, by one of his sockets."""

    user: int
    record: str


def place(actor: User, name: object) -> Place:
    """The record of that name; ``NotVisible`` unless it exists and is the actor's to see."""
    kind, _colon, text = name.partition(":") if isinstance(name, str) else ("", "", "")
    try:
        number = UUID(text)
    except ValueError:
        raise NotVisible from None
    if kind == "application" and applications_for(actor).filter(pk=number).exists():
        return Place(kind, number, number)
    if kind == "referral":
        application = referrals_for(actor).filter(pk=number).values_list("application", flat=True).first()
        if application is not None:
            return Place(kind, number, application)
    raise NotVisible


def entry(user: int, at: Place, line: int) -> str:
    return f"{user}|{at}|{line}"


def _someone(member: str) -> Someone:
    user, record, _line = member.split("|")
    return Someone(int(user), record)


def concerns(at: Place, found: Iterable[str], own: int) -> set[int]:
    """Whom the one at ``at`` is told of: at an application everybody at any part of it; at a referral those
    at it or at the whole. Never himself."""
    people = map(_someone, found)
    near = {str(at), f"application:{at.application}"}
    return {it.user for it in people if it.user != own and (at.kind == "application" or it.record in near)}


def others(at: Place, own: int) -> set[int]:
    """The users told of at a record, for the page's part; none when Redis is away."""
    with contextlib.suppress(redis.RedisError):
        found: list[str] = bell.client().zrange(  # type: ignore[assignment]  # not the asynchronous client
            at.key, time.time(), "inf", byscore=True, offset=0, num=ANY
        )
        return concerns(at, found, own)
    return set()


class Register:
    """The entries of this process's sockets in Redis."""

    def __init__(self, address: str) -> None:
        self._redis = aioredis.Redis.from_url(
            address, socket_timeout=1, socket_connect_timeout=0.5, decode_responses=True
        )

    async def put(self, entries: Iterable[tuple[Place, str]]) -> None:
        """Say that these are here for a while longer."""
        with contextlib.suppress(RedisError, OSError):
            async with self._redis.pipeline(transaction=False) as pipe:
                until = time.time() + LASTS
                for at, member in entries:
                    pipe.zadd(at.key, {member: until})
                    pipe.zremrangebyscore(at.key, "-inf", time.time())
                    pipe.expire(at.key, int(LASTS) * 2)
                await pipe.execute()

    async def take(self, at: Place, member: str) -> None:
        """Say that this one has gone."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.zrem(at.key, member)

    async def ring(self, at: Place) -> None:
        """Let the other processes look at once."""
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(bell.HERE, str(at.application))

    async def read(self, places: Iterable[Place]) -> dict[UUID, list[str]]:
        """Who is at these applications; nobody when Redis is away."""
        wanted = {it.application: it.key for it in places}
        with contextlib.suppress(RedisError, OSError):
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in wanted.values():
                    pipe.zrange(key, time.time(), "inf", byscore=True, offset=0, num=ANY)
                return dict(zip(wanted, await pipe.execute(), strict=True))
        return {application: [] for application in wanted}
