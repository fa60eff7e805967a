"""Contacts: every conversation is a record of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.permissions import require
from access.policy import Action
from access.visibility import contacts_for, people_for
from intake import services
from intake.models import Contact

from . import bodies, shapes
from .base import IF_MATCH, KEY, Resource, visible


class ContactsResource(Resource):
    actions = {
        "create": Action.CONTACT_ADD,
        "retrieve": Action.CONTACT_VIEW,
        "partial_update": Action.CONTACT_CHANGE,
        "finalise": Action.CONTACT_CHANGE,
    }

    @extend_schema(
        request=bodies.ContactBody,
        responses={201: shapes.Contact},
        parameters=[KEY],
        summary="Start a contact",
    )
    def create(self, request: Request) -> Response:
        data = self._with_people(self.body(bodies.ContactBody))
        contact = self.once(
            request,
            "contacts.start",
            lambda: services.start_contact(operator_id=self.actor.pk, **data),
            identify=lambda row: row.pk,
            again=lambda pk: visible(contacts_for(self.actor), pk),
        )
        return Response(shapes.Contact(contact).data, status=201)

    @extend_schema(responses=shapes.Contact, summary="Read a contact")
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(shapes.Contact(visible(contacts_for(self.actor), pk)).data)

    @extend_schema(
        request=bodies.ContactChange,
        responses=shapes.Contact,
        parameters=[IF_MATCH],
        summary="Change a contact",
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        self._own(pk)
        changes = self._with_people(self.body(bodies.ContactChange, partial=True))
        version = changes.pop("version", None)
        return Response(
            shapes.Contact(services.change_contact(contact=pk, version=version, changes=changes)).data
        )

    @extend_schema(
        request=bodies.Finalise, responses=shapes.Contact, parameters=[KEY], summary="End a contact"
    )
    @action(detail=True, methods=["post"])
    def finalise(self, request: Request, pk: UUID) -> Response:
        self._own(pk)
        data = self.body(bodies.Finalise)
        contact = self.once(
            request,
            f"contacts.finalise.{pk}"[:60],
            lambda: services.finalise_contact(contact=pk, **data),
            identify=lambda row: row.pk,
            again=lambda key: visible(contacts_for(self.actor), key),
        )
        return Response(shapes.Contact(contact).data)

    def _own(self, pk: UUID) -> Contact:
        contact = visible(contacts_for(self.actor), pk)
        require(self.actor, Action.CONTACT_CHANGE, contact)
        return contact

    def _with_people(self, data: dict[str, Any]) -> dict[str, Any]:
        for field in ("caller", "concerning"):
            if data.get(field) is not None:
                data[field] = visible(people_for(self.actor), data[field], field=field)
        return data
