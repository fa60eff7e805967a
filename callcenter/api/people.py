"""People: find, add, read, change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from access.disclosure import EVERYTHING
from access.policy import Action
from access.visibility import people_for
from callcenter import sight
from people import selectors, services
from people.models import Person

from . import bodies, shapes
from .base import IF_MATCH, KEY, Resource, visible

FOUND = 20


class PeopleResource(Resource):
    actions = {
        "list": Action.PEOPLE_SEARCH,
        "create": Action.PERSON_ADD,
        "retrieve": Action.PERSON_VIEW,
        "partial_update": Action.PERSON_CHANGE,
    }

    @extend_schema(
        parameters=[OpenApiParameter("q", description="FIN, telephone, registration number or name.")],
        responses=shapes.page(shapes.Person),
        summary="Find people",
    )
    def list(self, request: Request) -> Response:
        rows = selectors.search(people_for(self.actor), request.query_params.get("q", ""))
        found = rows.select_related("district").prefetch_related("phones")[:FOUND]
        results = shapes.Person(sight.people(found, EVERYTHING), many=True).data
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(
        request=bodies.PersonBody,
        responses={201: shapes.WholePerson},
        parameters=[KEY],
        summary="Add a person",
    )
    def create(self, request: Request) -> Response:
        data = self.body(bodies.PersonBody)
        data.pop("version", None)
        person = self.once(
            request,
            "people.add",
            lambda: services.add(**data),
            identify=lambda row: row.pk,
            again=lambda pk: visible(people_for(self.actor), pk),
        )
        return Response(self._whole(person.pk), status=201)

    @extend_schema(responses=shapes.WholePerson, summary="Read a person")
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self._whole(pk))

    @extend_schema(
        request=bodies.PersonBody,
        responses=shapes.WholePerson,
        parameters=[IF_MATCH],
        summary="Change a person",
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        visible(people_for(self.actor), pk)
        changes = self.body(bodies.PersonBody, partial=True)
        version = changes.pop("version", None)
        services.change(person=pk, version=version, changes=changes)
        return Response(self._whole(pk))

    def _whole(self, pk: UUID) -> Any:
        row: Person = visible(
            people_for(self.actor).select_related("district").prefetch_related("phones"), pk
        )
        seen = sight.person_sight(row, EVERYTHING)
        extra = ("family_name", "given_name", "patronymic", "sex", "language", "version")
        known = {name: getattr(row, name) for name in extra}
        return shapes.WholePerson({**seen.__dict__, **known}).data
