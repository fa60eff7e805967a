"""The doorbell: Redis says "look", PostgreSQL says what happened. A lost ring costs a moment, never a row."""

from __future__ import annotations

import logging
import time
from functools import cache

import redis
from django.conf import settings

COMMITTED = "dayaq:committed"  # a command committed: the relay should look
STAMPED = "dayaq:stamped"  # the relay stamped a batch, which the ring carries: the live hubs fan it out
HERE = "dayaq:here"  # somebody opened or left the application that the ring names
SILENCE = 2.0  # seconds without a try after a failed one

log = logging.getLogger(__name__)
_silent_until = 0.0


@cache
def client() -> redis.Redis:
    """A pooled client whose calls give up quickly: no command waits for Redis."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True
    )


def ring(channel: str = COMMITTED, text: str = "") -> None:
    """Tell the other processes to look now; when Redis is away they look at their next tick.

    A Redis that hangs must not cost every command its patience: after a failure the bell is silent for
    a moment.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        client().publish(channel, text)
    except redis.RedisError as error:
        _silent_until = time.monotonic() + SILENCE
        log.warning("doorbell not rung: %s", type(error).__name__)
