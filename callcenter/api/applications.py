"""Applications: register, read, and the verbs of their life."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import applications_for, contacts_for, people_for
from callcenter import clocks, reasons, sight
from callcenter.timeline import timeline
from events import clock
from events.errors import Invalid
from intake.lifecycle import OPEN, ApplicationState
from intake.models import Application, Subtopic
from people.reference import find
from routing import selectors as rules
from routing.models import Decision
from sla.models import Firing
from workflows import actions

from . import bodies, shapes
from .base import IF_MATCH, KEY, Resource, visible
from .clocks import as_shapes
from .pagination import NewestFirst


def verb(name: str, body: type[bodies.Strict], needs: Action, *, command: str = "") -> Any:
    """A POST verb of the application: body in, the changed application out."""
    command = command or name

    def operate(self: ApplicationsResource, request: Request, pk: UUID) -> Response:
        return self.run(request, command, pk, self.body(body))

    operate.__name__ = operate.__qualname__ = name
    operate.__doc__ = getattr(actions, command).__doc__
    VERBS[name] = needs
    verb_ = action(detail=True, methods=["post"], url_path=name, url_name=name)(operate)
    return extend_schema(
        request=body,
        responses=shapes.Application,
        parameters=[KEY, IF_MATCH] if issubclass(body, bodies.Versioned) else [KEY],
        operation_id=f"application_{name}",
    )(verb_)


VERBS: dict[str, Action] = {}


class ApplicationsResource(Resource):
    ordering = ("-registered_at", "-id")

    triage = verb("triage", bodies.TriageBody, Action.APPLICATION_TRIAGE)
    confirm = verb("confirm", bodies.WordsBody, Action.APPLICATION_CONFIRM)
    dispute = verb("dispute", bodies.DisputeBody, Action.APPLICATION_CONFIRM)
    unreachable = verb("unreachable", bodies.WordsBody, Action.APPLICATION_CONFIRM)
    reopen = verb("reopen", bodies.DisputeBody, Action.APPLICATION_REOPEN)
    extend = verb("extend", bodies.ExtendBody, Action.APPLICATION_EXTEND)
    contest = verb("contest", bodies.FiringBody, Action.CLOCK_CONTEST)
    settle = verb("settle", bodies.FiringBody, Action.ESCALATION_SETTLE, command="settle_escalation")
    withdraw = verb("withdraw", bodies.NeedsWordsBody, Action.APPLICATION_WITHDRAW)
    annul = verb("annul", bodies.NeedsWordsBody, Action.APPLICATION_ANNUL)

    actions = {
        "list": Action.APPLICATION_LIST,
        "create": Action.APPLICATION_REGISTER,
        "retrieve": Action.APPLICATION_VIEW,
        "timeline": Action.APPLICATION_VIEW,
        "why": Action.APPLICATION_WHY,
        "clocks": Action.CLOCKS_VIEW,
        **VERBS,
    }

    @extend_schema(
        parameters=[
            OpenApiParameter("state", enum=[str(state) for state in ApplicationState]),
            OpenApiParameter("late", description="1: open and past its due instant"),
            OpenApiParameter("person", description="Person id"),
            OpenApiParameter("cursor"),
            OpenApiParameter("page_size", int),
        ],
        responses=shapes.page(shapes.Application),
        summary="List applications, newest first",
    )
    def list(self, request: Request) -> Response:
        rows = self._filtered(applications_for(self.actor), request.query_params)
        pager = NewestFirst()
        page = pager.paginate_queryset(sight.with_parts(rows), request, view=self) or []
        return pager.get_paginated_response(self._shapes(page))

    @extend_schema(
        request=bodies.ApplicationBody,
        responses={201: shapes.Application},
        parameters=[KEY],
        summary="Register",
    )
    def create(self, request: Request) -> Response:
        data = self.body(bodies.ApplicationBody)
        application = self.once(
            request,
            "applications.register",
            lambda: self._register(data),
            identify=lambda row: row.pk,
            again=lambda pk: visible(applications_for(self.actor), pk),
        )
        return Response(self._whole(application.pk), status=201)

    def _register(self, data: dict[str, Any]) -> Application:
        subtopic = find(Subtopic, data["subtopic"])
        if subtopic is None:
            raise Invalid.field("subtopic", _("There is no such subject."), code="unknown_subtopic")
        contact = data.get("contact")
        return actions.register(
            actor=self.actor,
            person=visible(people_for(self.actor), data["person"], field="person"),
            contact=visible(contacts_for(self.actor), contact, field="contact") if contact else None,
            subtopic=subtopic,
            text=data["text"],
            facts=data.get("facts", {}),
        )

    @extend_schema(responses=shapes.Application, summary="Read an application")
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self._whole(pk))

    @extend_schema(responses=shapes.Entry(many=True), summary="What happened")
    @action(detail=True)
    def timeline(self, request: Request, pk: UUID) -> Response:
        row = visible(sight.with_parts(applications_for(self.actor)), pk)
        return Response(shapes.Entry(timeline(self.actor, row), many=True).data)

    @extend_schema(responses=shapes.Why(many=True), summary="Why these agencies")
    @action(detail=True)
    def why(self, request: Request, pk: UUID) -> Response:
        row = visible(applications_for(self.actor), pk)
        found = Decision.objects.filter(application=row).select_related("ruleset")
        inside = self.actor.role in CALL_CENTRE
        return Response(shapes.Why([_why(it, inside=inside) for it in found], many=True).data)

    @extend_schema(responses=shapes.Clock(many=True), summary="The clocks of an application")
    @action(detail=True)
    def clocks(self, request: Request, pk: UUID) -> Response:
        row = visible(applications_for(self.actor), pk)
        return Response(as_shapes(clocks.of_application(self.actor, row)))

    def run(self, request: Request, name: str, pk: UUID, data: dict[str, Any]) -> Response:
        """Run a command on a visible application, once per key."""
        visible(applications_for(self.actor), pk)
        if "firing" in data:
            visible(Firing.objects.filter(clock__application=pk), data["firing"], field="firing")
        command: Callable[..., Any] = getattr(actions, name)
        self.once(
            request,
            f"applications.{name}",
            lambda: command(actor=self.actor, application=pk, **data),
            identify=lambda _done: pk,
            again=lambda key: visible(applications_for(self.actor), key),
        )
        return Response(self._whole(pk))

    def _whole(self, pk: UUID) -> Any:
        return self._shapes([visible(sight.with_parts(applications_for(self.actor)), pk)])[0]

    def _shapes(self, rows: Sequence[Application]) -> Sequence[Any]:
        newest: dict[UUID, Decision] = {}
        for decision in Decision.objects.filter(application__in=[row.pk for row in rows]).order_by("id"):
            newest[decision.application_id] = decision
        return [
            shapes.Application(
                {**sight.application(self.actor, row).__dict__, "decision": _decision(newest.get(row.pk))}
            ).data
            for row in rows
        ]

    def _filtered(self, rows: QuerySet[Application], wanted: Any) -> QuerySet[Application]:
        if state := wanted.get("state"):
            if state not in list(ApplicationState):
                raise Invalid.field("state", _("There is no such state."), code="unknown_state")
            rows = rows.filter(state=state)
        if wanted.get("late") in ("1", "true"):
            rows = rows.filter(state__in=OPEN, due_at__lt=clock.now())
        if person := wanted.get("person"):
            try:
                rows = rows.filter(person=UUID(person))
            except ValueError:
                raise Invalid.field("person", _("This is not an id."), code="bad_id") from None
        return rows


def _why(it: Decision, *, inside: bool) -> dict[str, Any]:
    """A decision with its reasons; facts and reasons are the call centre's."""
    names = ("source", "lead", "joint", "policy", "priority", "at")
    told = {**{name: getattr(it, name) for name in names}, "ruleset": it.ruleset_id}
    if not inside or it.ruleset is None:
        return {**told, **WITHHELD, "facts": it.facts if inside else None}
    book = rules.book(it.ruleset.number, it.ruleset.digest)
    return {
        **told,
        **{name: getattr(it, name) for name in ("facts", "notices", "proposal", "incident", "trace")},
        "sentences": [f"{look.rule}: {look.why}" for look in reasons.looks(it.trace, book)],
        "nearest": [
            {
                **near.first.__dict__,
                "rule": near.rule.code,
                "sentence": reasons.failing(near.first.fact, near.first.wanted, near.first.found),
            }
            for near in reasons.near_ones(it.facts, book)
        ],
    }


WITHHELD: dict[str, Any] = {
    "notices": [], "proposal": None, "incident": "", "trace": [], "sentences": [], "nearest": [],
}  # fmt: skip


def _decision(row: Decision | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        "lead": row.lead,
        "joint": row.joint,
        "policy": row.policy,
        "priority": row.priority,
        "ruleset": row.ruleset_id,
    }
