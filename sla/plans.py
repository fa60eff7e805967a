"""Which clocks start, and when each of their levels is reached: worked out before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agencies.models import Referral
from intake.models import Application

from . import calendars, policies
from .arithmetic import BAKU, Calendar, is_round_the_clock
from .ledger import Pause, Terms, instants
from .models import Clock
from .policy import LEGAL, PROMISES, SHARES, Policy

KIND = {measure: kind for kind, names in
        {"promise": PROMISES, "law": LEGAL, "share": SHARES}.items() for measure in names}  # fmt: skip
AT_ONCE = ("first_answer", "resolution", "legal_answer")  # the law's clock to forward starts in triage


@dataclass(frozen=True)
class Timing:
    """The instants of a clock's levels: ``due_at`` is the last, ``warn_at`` the first of them."""

    instants: tuple[datetime, ...]
    provisional: bool

    def capped(self, ceiling: datetime) -> Timing:
        """The same, and nothing of it later than ``ceiling``."""
        return replace(self, instants=tuple(min(at, ceiling) for at in self.instants))

    @property
    def warn_at(self) -> datetime:
        return self.instants[0]

    @property
    def due_at(self) -> datetime:
        return self.instants[-1]


def timing(
    terms: Sequence[Terms],
    pauses: Iterable[Pause],
    levels: Sequence[int],
    *,
    target: str,
    calendar: Calendar,
) -> Timing:
    """When the levels are reached. Every pause has a planned end, so that every level has an instant.

    Provisional is a due instant in a year that is not confirmed yet, where the calendar counts.
    """
    reached = tuple(at for at in instants(terms, pauses, levels) if at is not None)
    if len(reached) != len(levels):
        raise ValueError("a clock cannot wait without an end")
    guessed = (
        not is_round_the_clock(target) and reached[-1].astimezone(BAKU).date() > calendar.confirmed_until
    )
    return Timing(reached, guessed)


@dataclass(frozen=True)
class Plan:
    """What one application is promised from ``start`` on: by one policy of one version."""

    policy: Policy
    policy_version: int
    resolve: str
    start: datetime

    def clock(self, measure: str, path: Sequence[str] = ()) -> Clock | None:
        """A clock that is not written yet, in the hours of this unit; None without a target."""
        target = self.policy.target(measure, self.resolve)
        if not target:
            return None
        calendar = calendars.calendar(path)
        levels = self.policy.levels
        terms = [Terms(self.start, *calendar.allowance(self.start, target))]
        found = timing(terms, (), levels, target=target, calendar=calendar)
        row = Clock(
            kind=KIND[measure],
            measure=measure,
            policy_version_id=self.policy_version,
            policy=self.policy.id,
            calendar_version_id=calendars.version(),
            target=target,
            started_at=self.start,
            levels=list(levels),
        )
        put(row, found)
        return row

    def promises(self) -> list[Clock]:
        """The clocks of the application itself, the resolution among them."""
        return [row for measure in AT_ONCE if (row := self.clock(measure)) is not None]

    @property
    def resolution(self) -> Clock:
        row = self.clock("resolution")
        assert row is not None  # policy.read refuses a policy without it
        return row

    def shares(self, path: Sequence[str], ceiling: datetime | None = None) -> list[Clock]:
        """The clocks of one unit, its answer last; none of them later than ``ceiling``.

        A unit that takes over gets its own share, but no more time than the citizen was told. Once
        the promise is broken the time that others used is not held against it: then nothing caps.
        """
        rows = [row for measure in SHARES if (row := self.clock(measure, path)) is not None]
        if ceiling is not None and ceiling > self.start:
            for row in rows:
                put(row, Timing(tuple(row.instants), row.provisional).capped(ceiling))
                row.capped = True
        return rows


def put(row: Clock, found: Timing) -> None:
    """Give a clock its instants. What has fired stays fired; the next level is the next one that has not."""
    row.warn_at, row.due_at = found.warn_at, found.due_at
    row.instants, row.provisional = list(found.instants), found.provisional
    row.next_at = found.instants[row.level] if row.level < len(found.instants) else None


def plan(application: Application, *, resolve: str, priority: str, start: datetime) -> Plan:
    """The plan for an application with this priority; ``resolve`` is the target of its subject."""
    known = policies.in_force()
    chosen = known.choose(
        {
            "priority": priority,
            "topic": application.subtopic.topic_id,
            "subtopic": application.subtopic_id,
            "resolve": resolve,
        }
    )
    return Plan(chosen, known.number, resolve, start)


def attach(rows: Iterable[Clock], application: Application, referral: Referral | None = None) -> list[Clock]:
    """Say whose clocks these are."""
    found = list(rows)
    for row in found:
        row.application, row.referral = application, referral
    return found
