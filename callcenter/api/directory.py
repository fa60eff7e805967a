"""The service directory: who serves what and where, and how much room the units report."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policy import Action
from agencies import directory
from agencies.models import Service
from callcenter import directory as commands
from events.errors import Invalid
from intake.models import Subtopic
from people.models import District
from people.reference import ReferenceRow, find

from . import bodies, shapes
from .base import IF_MATCH, KEY, Door, visible


class Services(Door, APIView):
    """What is offered at present, by unit."""

    actions = {"GET": Action.DIRECTORY_VIEW}

    @extend_schema(
        parameters=[
            OpenApiParameter("subtopic", description="Services for this subtopic"),
            OpenApiParameter("district", description="Services that cover this district"),
        ],
        responses=shapes.page(shapes.Service),
        summary="The service directory",
    )
    def get(self, request: Request) -> Response:
        rows, wanted = directory.offered(), request.query_params
        if subtopic := _asked(wanted, "subtopic", Subtopic):
            rows = rows.filter(subtopics__contains=[subtopic])
        if district := _asked(wanted, "district", District):
            rows = rows.filter(directory.serving(district))
        seen = commands.sights(self.actor, list(rows))
        return Response({"next": None, "previous": None, "results": shapes.Service(seen, many=True).data})


def _asked(wanted: Any, name: str, kind: type[ReferenceRow]) -> str:
    """The code of a filter, empty when there is none; raises ``Invalid`` for one that is unknown."""
    code: str = wanted.get(name, "")
    if code and find(kind, code) is None:
        raise Invalid.field(name, _("Choose from the list."), code=f"unknown_{name}")
    return code


class ServiceCapacity(Door, APIView):
    """How much room a unit has, as its own system reports it."""

    actions = {"POST": Action.DIRECTORY_REPORT}

    @extend_schema(
        request=bodies.CapacityBody,
        responses=shapes.Service,
        parameters=[KEY, IF_MATCH],
        operation_id="service_capacity",
        summary="Report the room of a service",
    )
    def post(self, request: Request, service: UUID) -> Response:
        visible(directory.offered(), service)
        said = self.body(bodies.CapacityBody)
        self.once(
            request,
            "services.capacity",
            lambda: commands.report(actor=self.actor, service=service, **said),
            identify=lambda row: row.pk,
            again=lambda key: visible(Service.objects.all(), key),
        )
        (seen,) = commands.sights(self.actor, [visible(directory.offered(), service)])
        return Response(shapes.Service(seen).data)
