"""Which promises will probably be broken in the next working hours, and how far that can be believed.

The forecast is the share of comparable applications that took longer (``sla.forecast``). Comparable
are those of the same subject with the same leading agency, then of the subject, then of the topic.
Promises that run round the clock are few and watched one by one: they are not forecast.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import applications_for
from agencies.lifecycle import OPEN
from agencies.models import Agency, Referral
from events import clock
from events.errors import Invalid, NotVisible
from intake.models import Application, Subtopic, Topic
from sla.arithmetic import is_round_the_clock
from sla.calendars import calendar
from sla.forecast import Backtest, Book, Calibration, Case, Likely, Open, Past, backtest, forecast, widening
from sla.models import Clock

HOURS = (4, 24)
HISTORY = 5000  # the newest promises that are compared with: older ones were worked under other conditions
KEPT = 600  # seconds for which the judgement of the forecast is kept


@dataclass(frozen=True)
class Row:
    """An application that will probably be late; ``probability`` is None beyond all that was seen.

    ``basis`` are the codes of what it was compared with (topic, subject, agency), ``n`` how many
    there were.
    """

    id: UUID
    number: str
    subtopic: str
    subtopic_name: str
    agency: str
    due: datetime
    left: int
    probability: float | None
    beyond: bool
    basis: tuple[str, ...]
    n: int


@dataclass(frozen=True)
class Outlook:
    """The next ``hours`` working hours. Without enough history there is no calibration, and mostly no row."""

    hours: int
    rows: tuple[Row, ...]
    calibration: Calibration | None
    beyond: tuple[int, int]
    compared: int


def outlook(actor: User, hours: int, agency: str | None = None) -> Outlook:
    """What will probably be late within ``hours`` (4 or 24), in the whole house or where ``agency`` works.

    Raises ``NotVisible`` for what is not the actor's to see, ``Invalid`` for other hours.
    """
    _check(actor, hours, agency)
    rows = applications_for(actor)
    if agency:
        rows = rows.filter(referrals__agency=agency, referrals__state__in=OPEN).distinct()
    known = _known()
    open_rows = {str(row.application_id): row for row in _running(rows)}
    likely = forecast(map(_open, open_rows.values()), Book(map(_past, known)), hours * 3600)
    tested = _tested(known)
    names = Subtopic.objects.in_bulk([open_rows[it.key].subtopic for it in likely])
    return Outlook(
        hours=hours,
        rows=tuple(_row(it, open_rows[it.key], names) for it in likely),
        calibration=tested.calibration(),
        beyond=tested.beyond(),
        compared=len(known),
    )


def _check(actor: User, hours: int, agency: str | None) -> None:
    if agency is None:
        if actor.role not in CALL_CENTRE or not may(actor, Action.FORECAST_VIEW):
            raise NotVisible
    else:
        row = Agency.objects.filter(pk=agency).first()
        if row is None or not may(actor, Action.FORECAST_VIEW, row):
            raise NotVisible
    if hours not in HOURS:
        raise Invalid.field("hours", _("The forecast is for 4 or 24 working hours."), code="unknown_hours")


@dataclass(frozen=True)
class _Promise:
    """A promise as the forecast reads it; seconds are working time without pauses."""

    application_id: UUID
    number: str
    topic: str
    subtopic: str
    agency: str
    started_at: datetime
    ended_at: datetime
    due_at: datetime
    elapsed: int
    allowance: int
    finished: bool

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        return widening(self.topic, self.subtopic, self.agency)


def _running(applications: QuerySet[Application]) -> list[_Promise]:
    return _read(Clock.objects.filter(stopped_at=None, application__in=applications))


def _known() -> list[_Promise]:
    """The newest promises, finished or not: what ended alone would be a history of quick work."""
    return _read(Clock.objects.filter(measure="resolution").order_by("-id")[:HISTORY])


def _tested(known: list[_Promise]) -> Backtest:
    """How good the forecasts of the past would have been; kept until something else has finished."""
    finished = sum(it.finished for it in known)
    key = f"forecast-{len(known)}-{finished}-{max((it.ended_at for it in known if it.finished), default='')}"
    key = hashlib.sha256(key.encode()).hexdigest()
    tested: Backtest | None = cache.get(key)
    if tested is None:
        tested = backtest(list(_cases(known)))
        cache.set(key, tested, KEPT)
    return tested


def _read(rows: QuerySet[Clock]) -> list[_Promise]:
    lead = Referral.objects.filter(application=OuterRef("application"), is_lead=True).order_by("-id")
    promises = Clock.objects.filter(pk__in=rows.values("pk"), measure="resolution").annotate(
        lead=Subquery(lead.values("agency")[:1])
    )
    columns = (
        *("application_id", "application__number", "application__subtopic__topic", "application__subtopic"),
        *("lead", "target", "started_at", "stopped_at", "due_at"),
        *("paused_until", "application__state"),
    )
    return [it for row in promises.values_list(*columns) if (it := _promise(*row)) is not None]


def _promise(
    application: UUID,
    number: str,
    topic: str,
    subtopic: str,
    lead: str | None,
    target: str,
    started_at: datetime,
    stopped_at: datetime | None,
    due_at: datetime,
    paused_until: datetime | None,
    state: str,
) -> _Promise | None:
    """What of it counted: the target without what is left of it. While it waits nothing elapses."""
    if is_round_the_clock(target):
        return None
    office, ended_at = calendar(), stopped_at or clock.now()
    allowance, _reckoning = office.allowance(started_at, target)
    resumed = max(ended_at, paused_until) if paused_until else ended_at
    elapsed = max(0, allowance - office.working_seconds(resumed, due_at))
    finished = stopped_at is not None and state == "closed"
    return _Promise(
        application, number, topic, subtopic, lead or "",
        started_at, ended_at, due_at, elapsed, allowance, finished,
    )  # fmt: skip


def _past(it: _Promise) -> Past:
    return Past(it.groups, it.elapsed, it.finished)


def _open(it: _Promise) -> Open:
    return Open(
        str(it.application_id), it.groups, it.elapsed, calendar().working_seconds(clock.now(), it.due_at)
    )


def _cases(known: Iterable[_Promise]) -> Iterable[Case]:
    for it in known:
        if it.allowance > 0 and it.started_at < it.ended_at:
            yield Case(it.groups, it.elapsed, it.allowance, it.started_at, it.ended_at, it.finished)


def _row(it: Likely, promise: _Promise, names: dict[Any, Subtopic]) -> Row:
    return Row(
        id=promise.application_id,
        number=promise.number,
        subtopic=promise.subtopic,
        subtopic_name=names[promise.subtopic].name,
        agency=promise.agency,
        due=promise.due_at,
        left=it.left,
        probability=None if it.beyond else it.probability,
        beyond=it.beyond,
        basis=it.basis,
        n=it.n,
    )


def basis_words(rows: Iterable[Row]) -> list[str]:
    """What each forecast was compared with, in words; two statements for all of them."""
    names = {row.code: row.name for model in (Topic, Subtopic) for row in model._default_manager.all()}
    return [_named(row.basis, names) for row in rows]


def _named(basis: tuple[str, ...], names: dict[str, str]) -> str:
    """The narrowest subject, and the agency where it was compared with its own work."""
    if not basis:
        return str(_("all applications"))
    return " · ".join([names[basis[:2][-1]], *basis[2:]])
