"""Cursors, snapshots and replay over the stamped journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from access.models import User
from events.models import Event, Stream

from . import topics
from .topics import Topic

REPLAY_LIMIT = 1000


def cursor_now() -> str:
    """The cursor of this instant: everything stamped up to here is in what the database shows."""
    stream = Stream.objects.get(pk=1)
    return cursor(str(stream.epoch), stream.head)


def cursor(epoch: str, position: int) -> str:
    return f"{epoch}.{position}"


def position_of(value: Any, epoch: str) -> int | None:
    """The position in a cursor of this epoch; None when it cannot be continued from."""
    if not isinstance(value, str):
        return None
    known, _dot, position = value.partition(".")
    return int(position) if known == epoch and position.isdecimal() and len(position) < 19 else None


def snapshot(actor: User, topic: Topic) -> dict[str, Any]:
    """What the topic shows, with the cursor to stream on from.

    The cursor is read first: an event stamped between the two reads is sent again, and clients
    ignore what is not newer than the version they have. The other order could lose one.
    """
    topics.check(actor, topic)
    with transaction.atomic():
        now = cursor_now()
        rows = topics.rows(actor, topic)
    return {"op": "snapshot", "topic": str(topic), "cursor": now, "rows": rows, "digest": digest(rows)}


def digest(rows: Sequence[dict[str, Any]]) -> str:
    """A short hash of (id, version) of the rows, independent of their order."""
    pairs = sorted(f"{row['id']}:{row['version']}" for row in rows)
    return hashlib.sha256("\n".join(pairs).encode()).hexdigest()[:16]


def missed(topic: Topic, after: int) -> tuple[list[Event], int] | None:
    """Events of the topic after a position, and the head they reach to.

    None when the cursor lies ahead of the journal, or when there is more than one replay may hold.
    """
    head = Stream.objects.get(pk=1).head
    wanted = Event.objects.filter(topics__contains=[str(topic)], position__gt=after, position__lte=head)
    found = list(wanted.order_by("position")[: REPLAY_LIMIT + 1])
    return None if after > head or len(found) > REPLAY_LIMIT else (found, head)


def frame(event: Event, topic: str, epoch: str) -> str:
    """One event as the text every socket of its topic gets."""
    return json.dumps(
        {
            "op": "event",
            "topic": topic,
            "cursor": cursor(epoch, event.position or 0),
            "kind": event.kind,
            "id": str(event.referral or event.application),
            "application": str(event.application),
            "referral": str(event.referral) if event.referral else None,
            "unit": event.unit or None,
            "version": event.version,
            "state": event.state,
            "at": event.at.isoformat(),
            **({"data": event.data} if event.data else {}),
        }
    )
