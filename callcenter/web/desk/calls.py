"""Confirmation calls: the agencies have answered, the citizen says whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from access.policy import Action
from access.visibility import applications_for
from callcenter import sight
from callcenter.live import stream
from callcenter.web.doors import actor_of, page
from feedback.models import Confirmation, Verdict
from workflows import queue

SHOWN = 30


@dataclass(frozen=True)
class Call:
    """One citizen to call: what was answered, since when it waits, how often nobody picked up."""

    application: sight.ApplicationSight
    answers: list[sight.ReferralSight]
    since: datetime
    missed: int


@page(Action.CONFIRMATIONS_VIEW)
def confirmations(request: HttpRequest) -> HttpResponse:
    """Answered applications, the one due first on top. Statements: the same for any number of rows."""
    cursor = stream.cursor_now()
    actor = actor_of(request)
    waiting = applications_for(actor).filter(pk__in=queue.confirmations().values("pk"))
    rows = [
        sight.application(actor, row) for row in sight.with_parts(waiting).order_by("due_at", "id")[:SHOWN]
    ]
    values: dict[str, Any] = {
        "calls": [call(row, missed) for row, missed in _with_missed(rows)],
        "total": waiting.count(),
        "cursor": cursor,
    }
    part = getattr(request, "htmx", False)
    return render(request, "confirmations/_list.html" if part else "confirmations/confirmations.html", values)


def _with_missed(rows: list[sight.ApplicationSight]) -> list[tuple[sight.ApplicationSight, int]]:
    missed = (
        Confirmation.objects.filter(application__in=[row.id for row in rows], verdict=Verdict.UNREACHABLE)
        .values("application")
        .annotate(n=Count("pk"))
    )
    counts = {entry["application"]: entry["n"] for entry in missed}
    return [(row, counts.get(row.id, 0)) for row in rows]


def call(row: sight.ApplicationSight, missed: int) -> Call:
    """Answers that count: not cancelled, and not taken over by another referral."""
    replaced = {part.replaces for part in row.referrals}
    answers = [part for part in row.referrals if part.state != "cancelled" and part.id not in replaced]
    told = [part.answer.at for part in answers if part.answer]
    return Call(row, answers, max(told, default=row.registered_at), missed)
