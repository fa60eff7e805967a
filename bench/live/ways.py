"""The three ways from a commit to N sockets: which server, and how a message is published."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import redis
from django.conf import settings
from django.db import transaction

import events.publish
from access.models import Token, User
from access.roles import Role
from agencies.models import Membership
from events import bell
from events.catalog import Happened, Kind, referral_topics
from events.models import Event

from . import limit, stock

UNIT, OTHER = "TABIB", "SAMHI"  # of these, OTHER is followed by the stalled socket alone
TOPIC, OTHERS = f"queue:{UNIT}", f"queue:{OTHER}"
PEOPLE = 100  # who share the sockets: nobody may have too many

Publish = Callable[[int], object]


@dataclass(frozen=True)
class Way:
    """``publish(n)`` commits message n and lets the server know."""

    name: str
    module: str
    options: tuple[str, ...]
    path: str
    publish: Publish
    subscriptions: tuple[tuple[str, str], ...] = ()


def subscriptions() -> tuple[tuple[str, str], ...]:
    """Tokens of people at work in the unit, each with its queue."""
    return tuple((worker(f"bench{place}", UNIT), TOPIC) for place in range(PEOPLE))


def worker(name: str, *units: str) -> str:
    """The token of somebody who works in the units."""
    user = User.objects.create(username=name, role=Role.AGENCY_WORKER)
    Membership.objects.bulk_create(Membership(user=user, unit_id=unit) for unit in units)
    return Token.issue(user)


def product() -> Way:
    """An event of a referral through the product's journal, its relay and its hub."""

    def publish(number: int) -> None:
        with transaction.atomic():
            events.publish.publish([happened(number, UNIT)])

    options = ("--port", "{port}")
    return Way("product", "bench.live.product", options, "/ws/live/", publish, subscriptions())


def happened(number: int, unit: str) -> Happened:
    application = uuid4()
    return Happened(
        kind=Kind.REFERRAL_CLAIMED,
        application=application,
        referral=uuid4(),
        unit=unit,
        topics=referral_topics(application, [unit], unit),
        version=number,
        state="requested",
    )


def until_stamped() -> None:
    """Wait until the relay has told of everything there is."""
    bell.ring()
    end = time.monotonic() + 60
    while Event.objects.filter(position=None).exists():
        if time.monotonic() > end:
            raise RuntimeError("the relay does not stamp")
        time.sleep(0.05)


def table(plain: Any) -> None:
    """Where the yardsticks commit the one row that a message is to them."""
    plain.execute(
        "CREATE TABLE bench_message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)"
    )


def at_the_limit(plain: Any, size: int) -> Way:
    """A row, and then the message itself through Redis to a server without a framework."""
    client = redis.Redis.from_url(settings.REDIS_URL)

    def publish(number: int) -> None:
        message = text(number, size)
        plain.execute("INSERT INTO bench_message (text) VALUES (%s)", [message])
        client.publish(limit.CHANNEL, message)

    return Way("limit", "bench.live.limit", ("{port}",), "/ws/", publish)


def as_shipped(plain: Any, size: int) -> Way | None:
    """A row, and then ``group_send``; None where channels-redis is not installed."""
    try:
        from channels_redis.pubsub import RedisPubSubChannelLayer
    except ImportError:
        return None
    config = stock.layer(settings.REDIS_URL)["CONFIG"]
    layer, loop = RedisPubSubChannelLayer(**config), asyncio.Runner()

    def publish(number: int) -> None:
        message = text(number, size)
        plain.execute("INSERT INTO bench_message (text) VALUES (%s)", [message])
        loop.run(layer.group_send(stock.GROUP, {"type": "bench.message", "text": message}))

    return Way("stock", "bench.live.stock", ("{port}",), "/ws/", publish)


def text(number: int, size: int) -> str:
    """A yardstick's message: the number, and as many bytes as a frame of the product has."""
    head = json.dumps({"op": "event", "version": number, "rest": ""}, separators=(",", ":"))
    return head[:-2] + "x" * (size - len(head)) + '"}'
