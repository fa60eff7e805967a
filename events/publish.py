"""The one way into the journal."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction

from . import bell, clock
from .catalog import Happened
from .metrics import EVENTS
from .models import Event


def publish(happenings: Iterable[Happened]) -> None:
    """Write the events in the caller's transaction and ring the bell after its commit.

    Raises ``TransactionManagementError`` outside a transaction: an event without the change it
    tells of, or the other way round, must be impossible.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() belongs inside the command's transaction")
    news = list(happenings)
    Event.objects.bulk_create(
        Event(
            at=clock.now(),
            kind=it.kind,
            application=it.application,
            referral=it.referral,
            unit=it.unit or "",
            version=it.version,
            state=it.state,
            reason=it.reason,
            actor=it.actor,
            topics=list(it.topics),
            data=it.data,
        )
        for it in news
    )
    transaction.on_commit(lambda: _tell(news), robust=True)


def _tell(news: Iterable[Happened]) -> None:
    for it in news:
        EVENTS.labels(str(it.kind)).inc()
    bell.ring()
