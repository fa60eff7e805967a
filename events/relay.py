"""The relay: gives every committed event its dense position and rings the hubs.

One relay leads at a time, wherever: it holds a session-level advisory lock. Readers can rely on it: an
event at position n is visible only after all events before n are. When the leader's process dies its lock
goes with it; when its host dies the server notices within seconds (keepalive); when it only hangs, a
relay that stands by sees events wait and stamps them itself, which is safe because stampings take turns.
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
from .journal import COLUMNS, Batch, Told, encode

log = logging.getLogger(__name__)

LOCK = 0x44415941  # "DAYA"
STAMPING = LOCK + 1
BATCH = 1000
CARRIED = 200  # events a ring carries at most; of a larger batch the hubs read the journal
IDLE = 0.5  # seconds until a look without a ring
STANDBY = 1.0  # seconds between two looks of a relay that does not lead
KEPT = "14 days"  # how long a reader may be away and still be told what it missed
ROUND = 600.0  # seconds between two looks at what has left that window

# The server ends a session whose client is gone or hangs inside a transaction, and with it the lock.
IMPATIENCE = (
    "-c idle_in_transaction_session_timeout=2s -c lock_timeout=3s -c tcp_user_timeout=4000"
    " -c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
)

STAMP = f"""
WITH batch AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place
      FROM (SELECT id FROM events_event WHERE position IS NULL ORDER BY id LIMIT %(limit)s) AS waiting
), head AS (
    UPDATE events_stream SET head = head + (SELECT count(*) FROM batch)
     WHERE EXISTS (SELECT 1 FROM batch) RETURNING epoch, head
)
UPDATE events_event AS e
   SET position = head.head - (SELECT count(*) FROM batch) + batch.place
  FROM batch, head
 WHERE e.id = batch.id
RETURNING head.epoch, {", ".join(f"e.{name}" for name in COLUMNS)}
"""  # noqa: S608

# A restored or promoted server, or a journal loaded anew, has a history of its own.
ORIGIN = """
SELECT system_identifier || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
       || '.' || 'events_stream'::regclass::oid FROM pg_control_system()
"""
RENEW = """
UPDATE events_stream SET epoch = gen_random_uuid(), origin = %s,
       floor = greatest(head, (SELECT max(position) FROM events_event)),
       head = greatest(head, (SELECT max(position) FROM events_event))
"""
FLOOR = f"""
UPDATE events_stream SET floor = coalesce(
       (SELECT e.position - 1 FROM events_event AS e
         WHERE e.position > floor AND e.at >= now() - interval '{KEPT}' ORDER BY e.position LIMIT 1), head)
"""  # noqa: S608


def stamp(connection: psycopg.Connection[Any], limit: int = BATCH) -> Batch:
    """Stamp the committed events that have no position yet, in the order they were written."""
    with connection.transaction():
        # One stamper at a time, whoever calls: the statement has to see what the one before it wrote.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [STAMPING])
        rows = connection.execute(STAMP, {"limit": limit}).fetchall()
    if not rows:
        return Batch("", 0, [])
    events = sorted(Told(*row[1:]) for row in rows)
    return Batch(str(rows[0][0]), events[0].position - 1, events)


def renew_epoch(connection: psycopg.Connection[Any]) -> None:
    """Declare that this is another history: no cursor of the one before can be continued."""
    (origin,) = connection.execute(ORIGIN).fetchone() or ("",)
    connection.execute(RENEW, [origin])


def adopt(connection: psycopg.Connection[Any]) -> bool:
    """Renew the epoch when the journal is not where it was written: restored, promoted, copied."""
    (origin,) = connection.execute(ORIGIN).fetchone() or ("",)
    (known,) = connection.execute("SELECT origin FROM events_stream").fetchone() or ("",)
    if known == origin:
        return False
    if known:
        renew_epoch(connection)
    else:
        connection.execute("UPDATE events_stream SET origin = %s", [origin])
    return bool(known)


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
                self._serve()
            except (psycopg.Error, redis.RedisError) as error:
                log.warning("relay starts over: %s", type(error).__name__)
                self._stop.wait(0.5)
            finally:
                self.leading.clear()

    def _serve(self) -> None:
        with psycopg.connect(**parameters(), autocommit=True, options=IMPATIENCE) as connection:
            if self._stand_by(connection):
                self.leading.set()
                self._lead(connection)

    def _stand_by(self, connection: psycopg.Connection[Any]) -> bool:
        """Wait for the lead. True when it is ours, False when told to stop."""
        waiting = None
        while not self._try_lock(connection):
            if self._stop.wait(STANDBY):
                return False
            row = connection.execute("SELECT min(id) FROM events_event WHERE position IS NULL").fetchone()
            oldest = row[0] if row else None
            if oldest is not None and oldest == waiting:  # it was there a look ago: the leader hangs
                _tell(stamp(connection))
            waiting = oldest
        return True

    def _lead(self, connection: psycopg.Connection[Any]) -> None:
        if adopt(connection):
            log.warning("the journal has another origin than before: a new epoch begins")
        round_at = 0.0
        with Ring() as ring:
            while not self._stop.is_set():
                batch = stamp(connection)
                _tell(batch)
                if time.monotonic() >= round_at:
                    connection.execute(FLOOR)
                    round_at = time.monotonic() + ROUND
                if not batch:
                    ring.wait(IDLE)

    def _try_lock(self, connection: psycopg.Connection[Any]) -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        return bool(row and row[0])


def _tell(batch: Batch) -> None:
    if batch:
        bell.ring(bell.STAMPED, encode(batch) if len(batch) <= CARRIED else "")


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


def parameters() -> dict[str, Any]:
    """Connection parameters of the default database, without Django's pool and timeouts."""
    wanted = connections["default"].settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    return {name: str(wanted[key]) for name, key in names.items() if wanted[key]}
