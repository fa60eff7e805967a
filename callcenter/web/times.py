"""Remainders as pages show them."""

from __future__ import annotations

from datetime import datetime

from callcenter.words import round_the_clock
from events import clock
from sla.selectors import working_seconds_left


def left(due: datetime | None, target: str = "") -> int | None:
    """Working seconds until ``due``, negative once it has passed.

    None where working hours would mislead, so that pages show the instant alone: for a target that
    runs round the clock, and for one that ended with the working day and is late by no working time.
    """
    if due is None or round_the_clock(target):
        return None
    seconds = working_seconds_left(due)
    return None if seconds == 0 and clock.now() >= due else seconds


def share_passed(start: datetime, due: datetime | None, target: str = "") -> int | None:
    """Per cent of the time from ``start`` to ``due`` that has passed, at most 100."""
    if due is None or due <= start:
        return None
    if round_the_clock(target):
        whole, rest = (due - start).total_seconds(), (due - clock.now()).total_seconds()
    else:
        rest = float(working_seconds_left(due))
        whole = rest - working_seconds_left(start)
    return max(0, min(100, round(100 * (whole - rest) / whole))) if whole > 0 else 100
