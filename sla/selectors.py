"""Reading the calendar and lateness."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import FilteredRelation, Q, QuerySet

from agencies.models import Referral
from events import clock

from .arithmetic import BAKU, Due
from .calendars import calendar
from .models import Clock


def due(start: datetime, target: str) -> Due:
    return calendar().due(start, target)


def with_share(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    """The referrals with the clocks of their unit's answer and acceptance, in the same statement."""
    answer = FilteredRelation("clocks", condition=Q(clocks__measure="resolve"))
    accept = FilteredRelation("clocks", condition=Q(clocks__measure="accept", clocks__stopped_at=None))
    joined = rows.annotate(share=answer, accepting=accept)
    return joined.select_related("share", "accepting")  # type: ignore[misc]  # made just now


def share_of(referral: Referral) -> Clock | None:
    """The share of a referral that was read through ``with_share``; None when it has none."""
    share: Clock | None = getattr(referral, "share", None)  # the join leaves nothing where nothing is
    return share


def accept_state_of(referral: Referral) -> str:
    """How the acceptance stands in time that the unit still owes; ``none`` once it is given."""
    accepting: Clock | None = getattr(referral, "accepting", None)
    return time_state(accepting.due_at, accepting.warn_at) if accepting else "none"


def promises() -> QuerySet[Clock]:
    """The promises of an answer, the newest instance last; for prefetching."""
    return Clock.objects.filter(measure="resolution").order_by("id")


def time_state(
    due_at: datetime | None, warn_at: datetime | None = None, paused_until: datetime | None = None
) -> str:
    """``ontime``, ``soon``, ``late``, ``paused`` or ``none``: derived, never stored."""
    if due_at is None:
        return "none"
    present = clock.now()
    if present > due_at:
        return "late"
    if paused_until is not None and present < paused_until:
        return "paused"
    return "soon" if warn_at is not None and present >= warn_at else "ontime"


def open_hours(back: int = 40, ahead: int = 70) -> list[tuple[datetime, datetime]]:
    """The working hours around today, for browsers that count remainders themselves."""
    today = clock.now().astimezone(BAKU).date()
    return calendar().windows(today - timedelta(days=back), today + timedelta(days=ahead))
