"""Referrals: an agency's queue and its verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policy import Action
from access.visibility import applications_for, referrals_for, units_for
from agencies.lifecycle import OPEN, ReferralState
from agencies.models import Referral, Unit
from agencies.selectors import in_queue_of
from callcenter import clocks, sight
from events import clock
from events.errors import Invalid
from people.reference import find
from workflows import actions

from . import bodies, shapes
from .base import IF_MATCH, KEY, Door, Resource, visible
from .clocks import as_shapes
from .pagination import NewestFirst


def verb(name: str, body: type[bodies.Strict], needs: Action = Action.REFERRAL_WORK) -> Any:
    """A POST verb of the referral: body in, the changed referral out."""

    def operate(self: ReferralsResource, request: Request, pk: UUID) -> Response:
        return self.run(request, name, pk, self.body(body))

    operate.__name__ = operate.__qualname__ = name
    operate.__doc__ = getattr(actions, name).__doc__
    VERBS[name] = needs
    verb_ = action(detail=True, methods=["post"], url_path=name, url_name=name)(operate)
    return extend_schema(
        request=body, responses=shapes.Referral, parameters=[KEY, IF_MATCH], operation_id=f"referral_{name}"
    )(verb_)


VERBS: dict[str, Action] = {}


class ReferralsResource(Resource):
    ordering = ("-requested_at", "-id")

    claim = verb("claim", bodies.PlainBody)
    release = verb("release", bodies.PlainBody, Action.REFERRAL_VIEW)
    accept = verb("accept", bodies.PlainBody)
    start = verb("start", bodies.PlainBody)
    hold = verb("hold", bodies.HoldBody)
    resume = verb("resume", bodies.PlainBody, Action.REFERRAL_RESUME)
    reject = verb("reject", bodies.RejectBody)
    complete = verb("complete", bodies.CompleteBody)
    fail = verb("fail", bodies.ReasonBody)
    cancel = verb("cancel", bodies.ReasonBody, Action.REFERRAL_CANCEL)

    actions = {
        "list": Action.REFERRAL_LIST,
        "retrieve": Action.REFERRAL_VIEW,
        "clocks": Action.CLOCKS_VIEW,
        **VERBS,
    }

    @extend_schema(
        parameters=[
            OpenApiParameter("unit", description="This unit and those below it"),
            OpenApiParameter("state", enum=["open", *(str(state) for state in ReferralState)]),
            OpenApiParameter("assignee", description="A user name, `me` or `nobody`"),
            OpenApiParameter("late", description="1: open and past its due instant"),
            OpenApiParameter("cursor"),
            OpenApiParameter("page_size", int),
        ],
        responses=shapes.page(shapes.Referral),
        summary="List referrals, newest first",
    )
    def list(self, request: Request) -> Response:
        rows = self._filtered(referrals_for(self.actor), request.query_params)
        pager = NewestFirst()
        page = pager.paginate_queryset(rows.only("pk", "requested_at"), request, view=self) or []
        keys = [row.pk for row in page]
        seen = sight.queue_rows(self.actor, Referral.objects.filter(pk__in=keys))
        seen.sort(key=lambda row: keys.index(row.id))
        return pager.get_paginated_response(shapes.Referral(seen, many=True).data)

    @extend_schema(responses=shapes.Referral, summary="Read a referral")
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(self._one(pk))

    @extend_schema(responses=shapes.Clock(many=True), summary="The clocks of a referral")
    @action(detail=True)
    def clocks(self, request: Request, pk: UUID) -> Response:
        row = visible(referrals_for(self.actor), pk)
        return Response(as_shapes(clocks.of_referral(self.actor, row)))

    def run(self, request: Request, name: str, pk: UUID, data: dict[str, Any]) -> Response:
        """Run a command on a visible referral, once per key."""
        visible(referrals_for(self.actor), pk)
        command: Callable[..., Referral] = getattr(actions, name)
        if name == "reject" and not data.get("suggested_unit"):
            data.pop("suggested_unit", None)
        self.once(
            request,
            f"referrals.{name}",
            lambda: command(actor=self.actor, referral=pk, **data),
            identify=lambda row: row.pk,
            again=lambda key: visible(referrals_for(self.actor), key),
        )
        return Response(self._one(pk))

    def _one(self, pk: UUID) -> Any:
        application = visible(referrals_for(self.actor), pk).application_id
        whole = visible(sight.with_parts(applications_for(self.actor)), application)
        seen = sight.application(self.actor, whole)
        return shapes.Referral(next(row for row in seen.referrals if row.id == pk)).data

    def _filtered(self, rows: QuerySet[Referral], wanted: Any) -> QuerySet[Referral]:
        if code := wanted.get("unit"):
            unit = find(Unit, code)
            if unit is None:
                raise Invalid.field("unit", _("There is no such unit."), code="unknown_unit")
            rows = in_queue_of(rows, unit)
        if state := wanted.get("state"):
            if state != "open" and state not in list(ReferralState):
                raise Invalid.field("state", _("There is no such state."), code="unknown_state")
            rows = rows.filter(state__in=OPEN if state == "open" else [state])
        if who := wanted.get("assignee"):
            rows = rows.filter(**self._assignee(who))
        if wanted.get("late") in ("1", "true"):
            rows = rows.filter(state__in=OPEN, due_at__lt=clock.now())
        return rows

    def _assignee(self, who: str) -> dict[str, Any]:
        if who == "nobody":
            return {"assignee": None}
        if who == "me":
            return {"assignee": self.actor}
        if not who.isprintable() or len(who) > 150:
            raise Invalid.field("assignee", _("There is no such user."), code="unknown_user")
        return {"assignee__username": who}


class NextInQueue(Door, APIView):
    """Hands out the most pressing referral that nobody has."""

    actions = {"POST": Action.REFERRAL_WORK}

    @extend_schema(
        request=None,
        responses={200: shapes.Referral, 204: None},
        parameters=[KEY],
        operation_id="queue_next",
        summary="Take the next referral of a queue",
    )
    def post(self, request: Request, unit: str) -> Response:
        place = visible(units_for(self.actor), unit if unit.isprintable() else None)
        taken = self.once(
            request,
            "queues.next",
            lambda: actions.take_next(actor=self.actor, unit=place),
            identify=lambda row: row.pk if row else "",
            again=lambda pk: visible(referrals_for(self.actor), pk) if pk else None,
        )
        if taken is None:
            return Response(status=204)
        seen = sight.queue_rows(self.actor, Referral.objects.filter(pk=taken.pk))
        return Response(shapes.Referral(seen[0]).data)
