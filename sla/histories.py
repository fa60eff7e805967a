"""From the records to the ledger: whose the time of an application was, and under which terms it ran."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet

from agencies.models import Hold, Referral

from . import calendars, ledger, policies
from .arithmetic import Calendar
from .ledger import History, Part, Pause, Span, Terms
from .models import Change, Clock
from .policy import Policy

MOMENT = timedelta(seconds=1)  # past the last planned end, so that a wait is seen to end
HOLDING = {"citizen": "CITIZEN", "third": "THIRD_PARTY"}  # the parties beside call centre and agencies


def referrals_of(application: Any) -> list[Referral]:
    """The referrals of one application with their holds and units, in two statements."""
    return list(with_holds(Referral.objects.filter(application=application)))


def referrals_by_application(applications: Iterable[Any]) -> dict[Any, list[Referral]]:
    """The same for many applications, in the same two statements; those without any are empty."""
    found: dict[Any, list[Referral]] = defaultdict(list)
    for row in with_holds(Referral.objects.filter(application__in=set(applications))):
        found[row.application_id].append(row)
    return found


def with_holds(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    holds = Hold.objects.select_related("reason").order_by("id")
    return rows.select_related("unit").prefetch_related(Prefetch("holds", queryset=holds)).order_by("id")


def with_changes(rows: QuerySet[Clock]) -> QuerySet[Clock]:
    return rows.prefetch_related(Prefetch("changes", queryset=Change.objects.order_by("id")))


def policy_of(clock: Clock) -> Policy:
    """The policy the clock started under, whatever is in force now."""
    return policies.of(clock.policy_version_id, clock.policy)


def calendar_of(clock: Clock, path: Sequence[str] = ()) -> Calendar:
    """What counts the clock's time now."""
    return calendars.calendar(path, version=clock.calendar_version_id)


def path_of(clock: Clock, referrals: Iterable[Referral]) -> Sequence[str]:
    """The unit in whose hours a share runs; a promise runs in the office's."""
    return next((row.unit.path for row in referrals if row.pk == clock.referral_id), ())


def terms_of(clock: Clock, path: Sequence[str]) -> list[Terms]:
    """The terms from the first on. Every change is read with the calendar of its time."""
    changes = list(clock.changes.all())
    first = changes[0].target_before if changes else clock.target
    began = changes[0].calendar_before_id if changes else clock.calendar_version_id
    later = [(change.at, change.target, change.calendar_version_id) for change in changes]
    return [_terms(clock, *each, path) for each in [(clock.started_at, first, began), *later]]


def _terms(clock: Clock, since: datetime, target: str, version: int, path: Sequence[str]) -> Terms:
    return Terms(since, *calendars.calendar(path, version=version).allowance(clock.started_at, target))


def parts(referrals: Iterable[Referral], policy: Policy) -> tuple[Part, ...]:
    return tuple(
        Part(
            key=str(row.pk),
            party=row.agency_id,
            start=row.requested_at,
            end=row.finished_at,
            is_lead=row.is_lead,
            pauses=tuple(_pause(hold, policy) for hold in row.holds.all()),
        )
        for row in referrals
    )


def _pause(hold: Hold, policy: Policy) -> Pause:
    """A hold that nobody ended yet lasts to its planned end."""
    wait = policy.waits.get(hold.reason_id)
    return Pause(
        hold.started_at, hold.ended_at or hold.until, hold.reason_id, HOLDING[wait.party if wait else "third"]
    )


def history(clock: Clock, referrals: Sequence[Referral]) -> History:
    """The application under one of its promises: from the promise's start to its end."""
    policy = policy_of(clock)
    held = {hold.reason_id for row in referrals for hold in row.holds.all()}
    return History(
        start=clock.started_at,
        end=clock.stopped_at,
        parts=parts(referrals, policy),
        running_reasons=frozenset(reason for reason in held if not policy.pauses(clock.measure, reason)),
    )


def spans(clock: Clock, referrals: Sequence[Referral], until: datetime) -> tuple[Span, ...]:
    """Whose the time of the application was under this promise, up to ``until``."""
    return ledger.spans(history(clock, referrals), calendar_of(clock), until)


def pauses(clock: Clock, referrals: Sequence[Referral]) -> tuple[Pause, ...]:
    """When the clock did not run: a promise while every open part waits, a share while its own does."""
    policy = policy_of(clock)
    if not any(wait.pauses for wait in policy.waits.values()) or clock.kind == "law":
        return ()
    holds = [hold for row in referrals for hold in row.holds.all()]
    if clock.referral_id is not None:
        own = [hold for hold in holds if hold.referral_id == clock.referral_id]
        return tuple(_pause(hold, policy) for hold in own if policy.pauses(clock.measure, hold.reason_id))
    if not holds:
        return ()
    until = clock.stopped_at or max([clock.started_at, *(hold.until for hold in holds)]) + MOMENT
    return tuple(
        replace(wait, end=wait.end or until) for wait in ledger.waits(spans(clock, referrals, until))
    )


def paused_until(waited: Iterable[Pause], present: datetime) -> datetime | None:
    """The planned end of the wait that is on at ``present``."""
    return next((it.end for it in waited if it.start <= present and it.end and present < it.end), None)
