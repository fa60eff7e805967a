"""The journal as its readers see it: stamped events in the order of their positions.

A reader keeps the position it has read up to. It can go on from there as long as the position is in the
window that the head describes; the epoch says whether it is a position of this history at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from .models import Event

SPAN = 20_000  # positions one reader may be behind: what one look reads is bounded, whatever has happened
COLUMNS = (
    "position",
    "at",
    "kind",
    "application",
    "referral",
    "unit",
    "version",
    "state",
    "topics",
    "data",
)


class Told(NamedTuple):
    """One stamped event: what every reader may know of it. Ids, versions, states and instants."""

    position: int
    at: datetime
    kind: str
    application: UUID
    referral: UUID | None
    unit: str
    version: int
    state: str
    topics: list[str]
    data: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """How far the journal is stamped (``position``), and from where on it can be read again (``floor``)."""

    epoch: str
    position: int
    floor: int = 0
    delayed: bool = False  # events wait for their position, and no relay gives them one

    def reaches(self, after: int) -> bool:
        """Can a reader who knows everything up to ``after`` go on from there?"""
        return max(self.floor, self.position - SPAN) <= after <= self.position


def head() -> Head:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, head, floor, coalesce(now() - interval '5 seconds' > (SELECT at FROM events_event"
            " WHERE position IS NULL ORDER BY id LIMIT 1), false) FROM events_stream WHERE id = 1"
        )
        epoch, position, floor, delayed = cursor.fetchone()
    return Head(str(epoch), position, floor, delayed)


def after(position: int, *, upto: int | None = None, limit: int = 500) -> list[Told]:
    """The next events behind ``position``, in order."""
    found = Event.objects.filter(position__gt=position)
    if upto is not None:
        found = found.filter(position__lte=upto)
    return [Told(*row) for row in found.order_by("position").values_list(*COLUMNS)[:limit]]


def of_topic(topic: str, position: int, *, upto: int, limit: int) -> list[Told]:
    """Those of one audience between two positions, in order. Reads the span by its positions."""
    found = Event.objects.filter(position__gt=position, position__lte=upto, topics__contains=[topic])
    return [Told(*row) for row in found.order_by("position").values_list(*COLUMNS)[:limit]]


def of_application(application: UUID, position: int, *, upto: int, limit: int) -> list[Told]:
    """Those of one application between two positions, in order."""
    found = Event.objects.filter(application=application, position__gt=position, position__lte=upto)
    return [Told(*row) for row in found.order_by("position").values_list(*COLUMNS)[:limit]]


@dataclass(frozen=True)
class Batch:
    """What one stamping gave: the events between ``before`` and ``position``, in order."""

    epoch: str
    before: int
    events: list[Told]

    @property
    def position(self) -> int:
        return self.events[-1].position if self.events else self.before

    def __len__(self) -> int:
        return len(self.events)


def encode(batch: Batch) -> str:
    """A batch as the bell carries it, so that a hub that hears it need not ask the database."""
    rows = [
        (
            it.position,
            it.at.isoformat(),
            it.kind,
            str(it.application),
            str(it.referral) if it.referral else None,
            *it[5:],
        )
        for it in batch.events
    ]
    return json.dumps([batch.epoch, batch.before, rows], separators=(",", ":"))


def decode(text: str | bytes) -> Batch | None:
    """The batch in a ring; None when it carries none that can be read, and the reader has to look itself."""
    try:
        epoch, before, rows = json.loads(text)
        return Batch(epoch, before, [_told(row) for row in rows])
    except (ValueError, TypeError):
        return None


def _told(row: Iterable[Any]) -> Told:
    position, at, kind, application, referral, unit, version, state, topics, data = row
    return Told(
        position,
        datetime.fromisoformat(at),
        kind,
        UUID(application),
        UUID(referral) if referral else None,
        unit,
        version,
        state,
        topics,
        data,
    )
