"""The agencies of an application as lanes over working days: who had it from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from agencies.lifecycle import OPEN, ReferralState
from callcenter import words
from callcenter.dates import day_short
from callcenter.sight import ReferralSight
from events import clock
from sla.arithmetic import BAKU, FULL_DAY
from sla.calendars import calendar

LEFT, RIGHT, TOP, STEP = 170, 860, 24, 40
LOOK = {
    ReferralState.REQUESTED: "fresh",
    ReferralState.REJECTED: "back",
    ReferralState.FAILED: "back",
    ReferralState.CANCELLED: "held",
    ReferralState.ON_HOLD: "held",
}
MOST_DAYS = 12


@dataclass(frozen=True)
class Bar:
    name: str
    role: str
    look: str
    state: str
    x: int
    width: int
    y: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def roomy(self) -> bool:
        """Do the words of the state fit into the bar?"""
        return self.width > 8 * len(self.state)


@dataclass(frozen=True)
class Tick:
    x: int
    label: str


@dataclass(frozen=True)
class Lanes:
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    now: int | None
    height: int
    told: str


def draw(referrals: Sequence[ReferralSight]) -> Lanes | None:
    """Lanes for these referrals; working time runs from left to right, days off take no place."""
    if not referrals:
        return None
    scale = Scale.of(referrals)
    bars = tuple(_bar(row, scale, TOP + 8 + STEP * index) for index, row in enumerate(referrals))
    present = clock.now()
    return Lanes(
        bars=bars,
        ticks=scale.ticks(),
        now=scale.x(present) if any(row.state in OPEN for row in referrals) else None,
        height=TOP + STEP * len(bars) + 12,
        told="; ".join(f"{bar.name}: {bar.state}" for bar in bars),
    )


@dataclass(frozen=True)
class Scale:
    """Working time from the morning of the first day to the evening of the last."""

    first: date
    start: int
    end: int

    @classmethod
    def of(cls, referrals: Sequence[ReferralSight]) -> Scale:
        known = calendar()
        begins = min(row.requested_at for row in referrals)
        ends = max(row.finished_at or clock.now() for row in referrals)
        first = begins.astimezone(BAKU).date()
        start = known.position(_midnight(first))
        # One more day than needed, so that the last bar does not end at the wall.
        end = known.position(_midnight(ends.astimezone(BAKU).date() + timedelta(days=1))) + FULL_DAY
        return cls(first, start, max(end, start + 2 * FULL_DAY))

    def x(self, instant: datetime) -> int:
        share = (calendar().position(instant) - self.start) / (self.end - self.start)
        return LEFT + round(max(0.0, min(1.0, share)) * (RIGHT - LEFT))

    def ticks(self) -> tuple[Tick, ...]:
        known, day = calendar(), self.first
        days: list[date] = []
        while known.position(_midnight(day)) < self.end:
            if known.is_working(day):
                days.append(day)
            day += timedelta(days=1)
        step = -(-len(days) // MOST_DAYS)
        return tuple(Tick(self.x(_midnight(day)), day_short(day)) for day in days[::step])


def _bar(row: ReferralSight, scale: Scale, y: int) -> Bar:
    x = scale.x(row.requested_at)
    return Bar(
        name=row.unit_short,
        role=_("lead") if row.is_lead else _("joint"),
        look=LOOK.get(ReferralState(row.state), "work"),
        state=words.of(words.STAGES, row.state),
        x=x,
        width=max(6, scale.x(row.finished_at or clock.now()) - x),
        y=y,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BAKU)
