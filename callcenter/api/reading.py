"""What is only read: routing preview and suggestions, board, live snapshots, reference data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.permissions import may, require
from access.policy import Action
from access.visibility import contacts_for, people_for
from agencies.models import Agency, Reason, Unit
from callcenter import board, forecast
from callcenter.live import stream, topics
from events import clock
from events.errors import Invalid, NotVisible
from intake.models import Application, Disposition, Subtopic, Topic
from intake.selectors import suggestions
from intake.services import body, clean_facts
from people.models import Region
from people.reference import find
from routing import explain
from routing import selectors as routing_selectors
from routing import services as routing
from sla import selectors as sla

from . import bodies, shapes
from .base import visible


class RoutingPreview(APIView):
    """What production would decide on these facts. Writes nothing."""

    actions = {"POST": Action.ROUTING_PREVIEW}

    @extend_schema(request=bodies.PreviewBody, responses=shapes.Preview, summary="Preview a decision")
    def post(self, request: Request) -> Response:
        form = bodies.PreviewBody(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor = form.validated_data, request.user
        subtopic = find(Subtopic, data["subtopic"])
        if subtopic is None:
            raise Invalid.field("subtopic", _("There is no such subject."), code="unknown_subtopic")
        imagined = Application(subtopic=subtopic, facts=clean_facts(data.get("facts", {})))
        if data.get("person"):
            imagined.person = visible(people_for(actor), data["person"], field="person")
        if data.get("contact"):
            imagined.contact = visible(contacts_for(actor), data["contact"], field="contact")
        known = routing.facts_of(imagined)
        decision = routing.preview(known)
        ruleset, listed = routing_selectors.published(), routing_selectors.directory()
        return Response(
            shapes.Preview(
                {
                    **decision.__dict__,
                    "to_triage": decision.to_triage,
                    "ruleset": ruleset.number,
                    "due": sla.due(clock.now(), decision.target).due_at,
                    "hints": explain.hints(known, ruleset.book, listed.directory),
                    "trace": decision.trace_as_data(),
                }
            ).data
        )


class RoutingSuggest(APIView):
    """Subjects a text may be about. It proposes; a person decides."""

    actions = {"POST": Action.ROUTING_PREVIEW}

    @extend_schema(request=bodies.SuggestBody, responses=shapes.Suggestions, summary="Suggest subjects")
    def post(self, request: Request) -> Response:
        form = bodies.SuggestBody(data=request.data)
        form.is_valid(raise_exception=True)
        found = suggestions(body("text", form.validated_data["text"]))
        return Response(
            {
                "suggestions": [
                    {"subtopic": code, "confidence": round(confidence, 3)}
                    for code, confidence in found.suggestions
                ],
                "distress": found.distress,
                "model": found.model,
            }
        )


class Board(APIView):
    """The figures of the wallboard; for an agency's administrator those of the agency."""

    actions = {"GET": Action.BOARD_VIEW}

    @extend_schema(
        parameters=[OpenApiParameter("agency")], responses={200: {"type": "object"}}, summary="Board figures"
    )
    def get(self, request: Request) -> Response:
        actor: Any = request.user
        agency = asked_for(request)
        if agency is not None:
            require(actor, Action.BOARD_VIEW, agency)
        return Response(board.figures(actor, agency.code if agency else None))


class Forecast(APIView):
    """Which promises will probably be broken; for an agency's administrator those it has open work in."""

    actions = {"GET": Action.FORECAST_VIEW}

    @extend_schema(
        parameters=[
            OpenApiParameter("hours", enum=[str(hours) for hours in forecast.HOURS], default="4"),
            OpenApiParameter("agency"),
        ],
        responses=shapes.Forecast,
        summary="What will probably be late",
    )
    def get(self, request: Request) -> Response:
        actor: Any = request.user
        agency = asked_for(request)
        hours = {str(known): known for known in forecast.HOURS}.get(request.query_params.get("hours", "4"), 0)
        found = forecast.outlook(actor, hours, agency.code if agency else None)
        late, n = found.beyond
        return Response(shapes.Forecast({**found.__dict__, "beyond": {"late": late, "n": n}}).data)


def asked_for(request: Request) -> Agency | None:
    """The agency in question: none for the whole house, outside the call centre one's own by default."""
    actor: Any = request.user
    code = request.query_params.get("agency") or None
    if code is None and not may(actor, Action.TRIAGE_VIEW):
        code = next(iter(actor.memberships.values_list("unit__agency", flat=True)), None)
    if code is None:
        return None
    agency = find(Agency, code)
    if agency is None:
        raise NotVisible
    return agency


class Live(APIView):
    """The same snapshot the socket sends, so that any client can prove that its view is exact.

    Who has to poll sends the ``ETag`` back and gets 304 while the rows are what they were.
    """

    actions = {"GET": Action.ANYONE_SIGNED_IN}

    @extend_schema(responses=shapes.Snapshot, summary="Snapshot of a live topic")
    def get(self, request: Request, topic: str) -> HttpResponseBase:
        actor: Any = request.user
        known = topics.allowed(actor, topic)
        view = stream.snapshot(known)
        etag = f'"{hashlib.sha256(json.dumps(view.rows).encode()).hexdigest()[:32]}"'
        answer = Response(view.told("snapshot", known), headers={"ETag": etag})
        return get_conditional_response(request, etag=etag, response=answer) or answer


class Nowhere(APIView):
    """Every other address below the API, such as one with an id that is none: refused like all refusals."""

    actions: ClassVar[dict[str, Action]] = dict.fromkeys(
        ("GET", "POST", "PUT", "PATCH", "DELETE"), Action.ANYONE_SIGNED_IN
    )
    schema = None

    def get(self, request: Request, rest: str = "") -> Response:
        raise NotVisible

    post = put = patch = delete = get


class ReferenceList(APIView):
    """Reference data by kind."""

    actions = {"GET": Action.REFERENCE_VIEW}
    kinds: ClassVar[dict[str, tuple[Callable[[], QuerySet[Any]], type[shapes.Reference]]]] = {
        "agencies": (lambda: Agency.objects.filter(active=True), shapes.AgencyReference),
        "units": (lambda: Unit.objects.filter(active=True), shapes.UnitReference),
        "topics": (
            lambda: Topic.objects.filter(active=True).prefetch_related("subtopics"),
            shapes.TopicReference,
        ),
        "regions": (
            lambda: Region.objects.filter(active=True).prefetch_related("districts"),
            shapes.RegionReference,
        ),
        "reasons": (lambda: Reason.objects.filter(active=True), shapes.ReasonReference),
        "dispositions": (lambda: Disposition.objects.filter(active=True), shapes.DispositionReference),
    }

    @extend_schema(
        parameters=[OpenApiParameter("kind", location="path", enum=list(kinds))],
        responses=shapes.page(shapes.Reference),
        summary="Reference data",
    )
    def get(self, request: Request, kind: str) -> Response:
        if kind not in self.kinds:
            raise NotVisible
        rows, shape = self.kinds[kind]
        return Response({"next": None, "previous": None, "results": shape(rows(), many=True).data})
