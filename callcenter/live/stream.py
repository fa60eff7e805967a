"""Cursors, snapshots, replay and checksums over the stamped journal: everything that asks the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from events import journal
from events.journal import Told
from events.models import Event

from . import topics
from .topics import ROW_LIMIT, Row, Topic
from .wire import text_frame

REPLAY_LIMIT = 1000  # events; who missed more starts over


def cursor_now() -> str:
    """The cursor of this instant: everything stamped up to here is in what the database shows."""
    head = journal.head()
    return cursor(head.epoch, head.position)


def cursor(epoch: str, position: int) -> str:
    return f"{epoch}.{position}"


def position_of(value: Any, epoch: str) -> int | None:
    """The position in a cursor of this epoch; None when it cannot be continued from."""
    if not isinstance(value, str):
        return None
    known, _dot, position = value.partition(".")
    return int(position) if known == epoch and position.isdecimal() and len(position) < 19 else None


# --- what a topic shows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """What a topic shows at a position of the journal."""

    epoch: str
    position: int
    rows: list[Row]

    @property
    def complete(self) -> bool:
        return len(self.rows) <= ROW_LIMIT

    def told(self, op: str, topic: Topic, *, whole: bool = True) -> dict[str, Any]:
        """As a frame; a checksum has the number of rows in place of the rows."""
        rows = self.rows[:ROW_LIMIT]
        return {
            "op": op,
            "topic": str(topic),
            "cursor": cursor(self.epoch, self.position),
            "rows": rows if whole else len(rows),
            "complete": self.complete,
            "digest": digest(rows) if self.complete else None,
        }


def snapshot(topic: Topic) -> View:
    """What the topic shows, with the place to stream on from.

    The head is read first: an event stamped between the two reads is sent again, and clients
    ignore what is not newer than the version they have. The other order could lose one.
    """
    with transaction.atomic():
        head = journal.head()
        return View(head.epoch, head.position, topics.rows(topic))


def settled(topic: Topic) -> View | None:
    """What the topic shows at exactly the head's position, for a checksum.

    None while the topic has a committed event that the relay has not stamped yet: its rows are then
    ahead of every position.
    """
    with transaction.atomic():
        with connection.cursor() as now:
            now.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        head = journal.head()
        if Event.objects.filter(position=None, topics__contains=[topic.audience]).exists():
            return None
        return View(head.epoch, head.position, topics.rows(topic))


def digest(rows: Sequence[Row]) -> str:
    """A short hash of (id, version) of the rows, independent of their order."""
    pairs = sorted(f"{row['id']}:{row['version']}" for row in rows)
    return hashlib.sha256("\n".join(pairs).encode()).hexdigest()[:16]


# --- what was missed ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Missed:
    """Frames a reader missed, and the position that they bring it to."""

    epoch: str
    position: int
    frames: list[bytes]


def missed(topic: Topic, after: Any) -> Missed | None:
    """What the topic told behind a cursor. None when the reader has to start over: the cursor is of another
    history, ahead of this one, too old, or too much has happened since.
    """
    head = journal.head()
    position = position_of(after, head.epoch)
    if position is None or not head.reaches(position):
        return None
    found = _told(topic, position, head.position)
    if len(found) > REPLAY_LIMIT:
        return None
    return Missed(head.epoch, head.position, [frame(event, topic, head.epoch) for event in found])


def _told(topic: Topic, after: int, upto: int) -> list[Told]:
    if topic.kind == "application":
        return journal.of_application(UUID(topic.name), after, upto=upto, limit=REPLAY_LIMIT + 1)
    return journal.of_topic(topic.audience, after, upto=upto, limit=REPLAY_LIMIT + 1)


def frame(event: Told, topic: Topic, epoch: str) -> bytes:
    """One event as the frame that every socket of its topic gets."""
    listed = topics.listed(str(topic), event)
    return as_frame(
        {
            "op": "event",
            "topic": str(topic),
            "cursor": cursor(epoch, event.position),
            "kind": event.kind,
            "id": str(event.referral or event.application),
            "application": str(event.application),
            "referral": str(event.referral) if event.referral else None,
            "unit": event.unit or None,
            "version": event.version,
            "state": event.state,
            "at": event.at.isoformat(),
            **({} if listed is None else {"listed": listed}),
            **({"data": event.data} if event.data else {}),
        }
    )


def as_frame(body: dict[str, Any]) -> bytes:
    return text_frame(json.dumps(body, separators=(",", ":")).encode())
