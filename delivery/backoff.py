"""When a failed delivery is tried again. Plain Python."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

HOUR = 3600
# Seconds until the next attempt: as Standard Webhooks advises, about three days in all.
STEPS = (5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
ATTEMPTS = len(STEPS) + 1
JITTER = 0.1  # of the step, added: receivers that fail together are not asked again together
LONGEST = timedelta(hours=24)  # a receiver cannot put us off for longer


def after(failures: int, now: datetime, retry_after: str = "") -> datetime | None:
    """When to try again after so many failures; None when that was the last attempt.

    What the receiver asks for (``Retry-After``) counts when it is later than our own step.
    """
    if failures >= ATTEMPTS:
        return None
    step = STEPS[failures - 1] * (1 + random.random() * JITTER)
    return now + max(timedelta(seconds=step), min(_asked(retry_after, now), LONGEST))


def _asked(retry_after: str, now: datetime) -> timedelta:
    """``Retry-After`` as seconds or as a date; what cannot be read asks for nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), HOUR * 1000))
    try:
        wanted = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)) - now
