"""The scratch schema for processes of their own: what they are told, and how they keep to it.

A product may be running on the same database and Redis. So that neither disturbs the other, everything here
has its own tables (``bench.scratch``), its own bells and its own relay's lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connections

from bench import scratch
from events import bell, relay

BELLS = "dayaq-bench"
COMMITTED, STAMPED = f"{BELLS}:committed", f"{BELLS}:stamped"


def environment(**more: str) -> dict[str, str]:
    """For a child: the database and Redis that this process uses."""
    wanted: dict[str, Any] = connections["default"].settings_dict
    parts = {
        "user": wanted["USER"],
        "password": wanted["PASSWORD"],
        "host": wanted["HOST"],
        "port": wanted["PORT"],
        "dbname": wanted["NAME"],
    }
    url = "postgresql:///?" + urlencode({name: value for name, value in parts.items() if value})
    return {**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, **more}


@contextmanager
def own_bells() -> Iterator[None]:
    """Meanwhile this process rings, and listens for, bells that no product hears."""
    before = bell.COMMITTED, bell.STAMPED, bell.ring

    def ring(channel: str = COMMITTED, text: str = "") -> None:
        before[2](channel, text)

    bell.COMMITTED, bell.STAMPED, bell.ring = COMMITTED, STAMPED, ring
    try:
        yield
    finally:
        bell.COMMITTED, bell.STAMPED, bell.ring = before


def own_tables() -> None:
    """A server process works in the scratch schema, with its pool as it is, and may lead beside another."""
    options = settings.DATABASES["default"]["OPTIONS"]
    options["options"] = f"{options.get('options', '')} {scratch.PATH}"
    relay.IMPATIENCE += f" {scratch.PATH}"
    relay.LOCK, relay.STAMPING = relay.LOCK + 2, relay.STAMPING + 2
