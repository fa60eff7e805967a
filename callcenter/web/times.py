"""Remainders as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from callcenter.words import round_the_clock
from events import clock
from sla.almanac import OFFICE
from sla.calendars import book, calendar


def left(
    due: datetime | None,
    target: str = "",
    paused_until: datetime | None = None,
    path: Sequence[str] = (),
) -> int | None:
    """Working seconds of the office until ``due``, negative once it has passed.

    While a clock waits it has as much left as it will have at the planned end of the wait. None where
    these hours would mislead, so that pages show the instant alone: for a target that runs round the
    clock, for a unit (``path`` from its root) with hours of its own, since the browser counts on in
    the office's, and for what ended with the working day and is late by no working time.
    """
    if due is None or round_the_clock(target) or book().schedule(path) != OFFICE:
        return None
    present = clock.now()
    since = max(present, paused_until) if paused_until and present < due else present
    seconds = calendar().working_seconds(since, due)
    return None if seconds == 0 and present >= due else seconds
