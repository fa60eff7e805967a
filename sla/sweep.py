"""Finding the clocks whose next level has come, and moving them on: the two statements of the sweep.

Any number of sweepers work side by side: each takes clocks that no other has in hand. A level fires
once because the row that says which one is next is locked when it is found and moves on at once. The
database's own time decides what has come, so that no host fires early because its clock runs fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from . import policies
from .models import Clock, Firing
from .policy import NOTIFY, RAISE, TASK

LATE = timedelta(seconds=5)  # what is promised; a firing seen later than this is marked

# One time for the whole statement: a clock that ticks within it cannot bound an index.
PRESENT = "statement_timestamp()"
# The present is written out, not passed: most looks find nothing, and then they are all that is to do.
FIND = """
    SELECT id FROM sla_clock
     WHERE next_at <= {now}
     ORDER BY next_at LIMIT {limit:d} FOR NO KEY UPDATE SKIP LOCKED"""
ADVANCE = f"""
    UPDATE sla_clock SET level = level + 1, next_at = instants[level + 2]
     WHERE id = ANY(%(found)s)
 RETURNING id, level, coalesce(%(now)s, {PRESENT})"""  # noqa: S608 no value in it


@dataclass(frozen=True)
class Fired:
    """A level that fired just now, and what its policy does about it."""

    firing: Firing
    clock: Clock
    consequences: tuple[str, ...]

    @property
    def notifies(self) -> bool:
        """Is anybody to be called? Not for a warning that was overtaken by its breach."""
        overtaken = not self.firing.is_breach and self.clock.due_at <= self.firing.fired_at
        return NOTIFY in self.consequences and not overtaken


def find(limit: int, now: datetime | None = None) -> list[int]:
    """At most ``limit`` clocks whose next level has come, the earliest first, kept from other sweepers."""
    with connection.cursor() as cursor:
        cursor.execute(FIND.format(now="%s" if now else PRESENT, limit=limit), [now] if now else None)
        return [row[0] for row in cursor.fetchall()]


def fire(limit: int, now: datetime | None = None) -> list[Fired]:
    """Fire at most ``limit`` levels that have come, the earliest first, in the caller's transaction.

    A clock that missed several levels fires one of them; the next call finds the next. ``now`` is
    for played time; without it the database's clock decides. ``record`` has to follow.
    """
    found = find(limit, now)
    if not found:
        return []
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, {"now": now, "found": found})
        rows = cursor.fetchall()
    clocks = _loaded(found)
    fired = [_fired(clocks[pk], level, at) for pk, level, at in rows]
    return sorted(fired, key=lambda it: (it.firing.due_at, it.clock.pk))


def record(fired: Iterable[Fired]) -> None:
    """Write what fired, in the transaction in which it did."""
    Firing.objects.bulk_create([it.firing for it in fired])


# What firing and telling of it need. Of the citizen and his words nothing.
NEEDED = (
    *("application_id", "referral_id", "measure", "due_at", "levels", "instants"),
    *("policy_version_id", "policy"),
    *("application__process_id", "application__state", "application__version"),
    "application__registered_by_id",
    *("referral__application_id", "referral__process_id", "referral__state", "referral__version"),
    *("referral__agency_id", "referral__unit__path"),
)


def _loaded(pks: Sequence[int]) -> dict[int, Clock]:
    rows = Clock.objects.filter(pk__in=pks).select_related("application", "referral__unit").only(*NEEDED)
    return {row.pk: row for row in rows}


def _fired(clock: Clock, level: int, at: datetime) -> Fired:
    """``level`` counts from 1 and is the one that fired."""
    share, due_at = clock.levels[level - 1], clock.instants[level - 1]
    consequences = policies.of(clock.policy_version_id, clock.policy).consequences(clock.measure, share)
    firing = Firing(
        clock=clock,
        level=share,
        due_at=due_at,
        fired_at=at,
        late_detected=at - due_at > LATE,
        pending=bool({RAISE, TASK} & set(consequences)),
    )
    return Fired(firing, clock, consequences)


def next_instant() -> datetime | None:
    """When the next level of any clock comes; None when nothing runs. One probe of the index."""
    waiting = Clock.objects.filter(next_at__isnull=False).order_by("next_at")
    return waiting.values_list("next_at", flat=True).first()
