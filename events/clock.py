"""The one source of "now", so that a rehearsal can play a month in minutes through the real services."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_frozen: ContextVar[datetime | None] = ContextVar("dayaq_now", default=None)


def now() -> datetime:
    """The present instant (UTC, aware)."""
    return _frozen.get() or timezone.now()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let everything inside happen at ``instant``."""
    token = _frozen.set(instant)
    try:
        yield
    finally:
        _frozen.reset(token)
