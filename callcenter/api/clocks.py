"""Clocks as they are told to machines, and the breaches that wait for the supervisor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policy import Action
from access.visibility import applications_for
from agencies.models import Agency, Reason
from callcenter import plain, words
from callcenter.clocks import ClockSight, PartySight
from sla.arithmetic import Stretch
from sla.models import Firing
from workflows import queue

from . import shapes
from .pagination import OldestFirst


def as_shapes(found: Sequence[ClockSight]) -> Any:
    """The clocks with names in the reader's language: two statements, whatever their number."""
    agencies = Agency.objects.in_bulk(
        {it.party for clock in found for it in clock.parties} - set(words.PARTIES)
    )
    reasons = Reason.objects.in_bulk({code for clock in found for it in clock.spans if (code := _reason(it))})
    newest = max((it.instance for it in found if it.measure == "resolution"), default=0)
    told = [
        {
            **clock.__dict__,
            "round_the_clock": clock.round_the_clock,
            "plain": plain.sentence(clock) if _is_promise(clock, newest) else "",
            "spans": [_span(it, reasons) for it in clock.spans],
            "parties": _parties(clock.parties, agencies),
        }
        for clock in found
    ]
    return shapes.Clock(told, many=True).data


def _is_promise(clock: ClockSight, newest: int) -> bool:
    return clock.measure == "resolution" and clock.instance == newest


def _reason(span: Stretch) -> str:
    return span.name if span.kind == "paused" else ""


def _span(span: Stretch, reasons: Mapping[str, Reason]) -> dict[str, Any]:
    code = _reason(span)
    return {**span.__dict__, "reason": code, "name": reasons[code].name if code else span.name}


def _parties(parties: Iterable[PartySight], agencies: Mapping[str, Agency]) -> list[dict[str, Any]]:
    def name(party: str) -> Any:
        return words.PARTIES[party] if party in words.PARTIES else agencies[party].name

    return [{**it.__dict__, "name": name(it.party)} for it in parties]


class Escalations(APIView):
    """Breaches whose supervisor's task is still to be done. Who it is about is read in the application."""

    actions = {"GET": Action.ESCALATIONS_VIEW}
    ordering = ("due_at", "id")

    @extend_schema(
        parameters=[OpenApiParameter("cursor"), OpenApiParameter("page_size", int)],
        responses=shapes.page(shapes.Escalation),
        summary="Breaches that wait for the supervisor, oldest first",
    )
    def get(self, request: Request) -> Response:
        actor: Any = request.user
        rows = queue.escalations().filter(clock__application__in=applications_for(actor))
        pager = OldestFirst()
        page = pager.paginate_queryset(
            rows.select_related("clock__application", "clock__referral"), request, view=self
        )
        return pager.get_paginated_response([_escalation(row) for row in page or []])


def _escalation(row: Firing) -> Any:
    application, referral = row.clock.application, row.clock.referral
    return shapes.Escalation(
        {
            "id": row.pk,
            "application": {"id": application.pk, "number": application.number},
            "referral": row.clock.referral_id,
            "unit": referral.unit_id if referral else "",
            "measure": row.clock.measure,
            "due": row.due_at,
            "fired_at": row.fired_at,
            "late_detected": row.late_detected,
            "subtopic": application.subtopic_id,
            "priority": application.priority,
        }
    ).data
