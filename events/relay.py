"""The relay: gives every committed event its dense position and rings the hubs.

One relay runs at a time, wherever: it holds a session-level advisory lock, so another process
takes over within a poll when this one dies. Readers can rely on it: an event at position n is
visible only after all events before n are.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connections

from . import bell

log = logging.getLogger(__name__)

LOCK = 0x44415941  # "DAYA"
STAMPING = LOCK + 1
BATCH = 1000
IDLE = 0.5  # seconds until a look without a ring

STAMP = """
WITH batch AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
      FROM (SELECT id FROM events_event WHERE position IS NULL ORDER BY id LIMIT %(limit)s) AS waiting
), head AS (
    UPDATE events_stream SET head = head + (SELECT count(*) FROM batch)
     WHERE EXISTS (SELECT 1 FROM batch) RETURNING head
)
UPDATE events_event AS e
   SET position = head.head - (SELECT count(*) FROM batch) + batch.place
  FROM batch, head
 WHERE e.id = batch.id
"""


def stamp(connection: psycopg.Connection, limit: int = BATCH) -> int:
    """Stamp the committed events that have no position yet, in the order they were written."""
    with connection.transaction():
        # One stamper at a time, whoever calls: the statement has to see what the one before it wrote.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [STAMPING])
        return connection.execute(STAMP, {"limit": limit}).rowcount


class Relay:
    """The loop around ``stamp``, on a connection of its own."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.leading = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Lead until stopped; after any failure start over with a new connection."""
        while not self._stop.is_set():
            try:
                self._lead()
            except (psycopg.Error, redis.RedisError) as error:
                log.warning("relay starts over: %s", type(error).__name__)
                self._stop.wait(1)
            finally:
                self.leading.clear()

    def _lead(self) -> None:
        with psycopg.connect(**_parameters(), autocommit=True) as connection:
            while not self._try_lock(connection):
                if self._stop.wait(1):
                    return
            self.leading.set()
            with Ring() as ring:
                while not self._stop.is_set():
                    if stamp(connection):
                        bell.ring(bell.STAMPED)
                    else:
                        ring.wait(IDLE)

    def _try_lock(self, connection: psycopg.Connection) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        return bool(row and row[0])


class Ring:
    """Waits for the doorbell; without Redis it is a sleep."""

    def __enter__(self) -> Ring:
        self._pubsub: redis.client.PubSub | None = None
        self._connect()
        return self

    def __exit__(self, *exc: object) -> None:
        self._drop()

    def wait(self, seconds: float) -> None:
        if self._pubsub is None:
            time.sleep(min(seconds, 0.2))
            self._connect()
            return
        try:
            while self._pubsub.get_message(ignore_subscribe_messages=True, timeout=seconds):
                seconds = 0.0  # one look answers all rings that have piled up
        except redis.RedisError:
            self._drop()

    def _connect(self) -> None:
        try:
            client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.5)
            self._pubsub = client.pubsub()  # type: ignore[no-untyped-call]
            self._pubsub.subscribe(bell.COMMITTED)
        except redis.RedisError:
            self._pubsub = None

    def _drop(self) -> None:
        if self._pubsub is not None:
            self._pubsub.close()
        self._pubsub = None


def _parameters() -> dict[str, Any]:
    """Connection parameters of the default database, without Django's pool and timeouts."""
    wanted = connections["default"].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: str(wanted[key]) for name, key in names.items() if wanted[key]}
