"""The doorbell: Redis says "look", PostgreSQL says what happened. A lost ring costs a moment, never a row."""

from __future__ import annotations

import logging
from functools import cache

import redis
from django.conf import settings

COMMITTED = "dayaq:committed"  # a command committed: the relay should look
STAMPED = "dayaq:stamped"  # the relay stamped positions: the live hubs should look

log = logging.getLogger(__name__)


@cache
def client() -> redis.Redis:
    """A pooled client whose calls give up quickly: no command waits for Redis."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True
    )


def ring(channel: str = COMMITTED) -> None:
    """Tell the other processes to look now; when Redis is away they look at their next tick."""
    try:
        client().publish(channel, "")
    except redis.RedisError as error:
        log.warning("doorbell not rung: %s", type(error).__name__)
