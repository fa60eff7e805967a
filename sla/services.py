"""Starting and stopping clocks."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from agencies.models import Referral
from events import clock
from intake.models import Application

from .arithmetic import Due
from .models import Clock


def start(
    *, application: Application, referrals: Iterable[Referral], target: str, due: Due, promise: bool
) -> None:
    """Start the promise to the citizen (when ``promise``) and one share per referral."""
    shared = {
        "application": application,
        "target": target,
        "started_at": clock.now(),
        "warn_at": due.warn_at,
        "due_at": due.due_at,
        "provisional": due.provisional,
    }
    rows = [Clock(kind="share", referral=referral, **shared) for referral in referrals]
    if promise:
        rows.append(Clock(kind="promise", **shared))
    Clock.objects.bulk_create(rows)


def stop(*, application: Application | None = None, referrals: Iterable[Referral] = ()) -> None:
    """Stop the application's promise, the shares of these referrals, or both."""
    wanted = Q(referral__in=[referral.pk for referral in referrals])
    if application is not None:
        wanted |= Q(application=application, kind="promise")
    Clock.objects.filter(wanted, stopped_at=None).update(stopped_at=clock.now())
