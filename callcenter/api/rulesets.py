"""Routing rules: their versions, the life of a draft, and the formats they are exchanged in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from access.policy import Action
from callcenter import rulefiles
from events.errors import Invalid
from people.services import line
from routing import editing
from routing.errors import sentence
from routing.lifecycle import RuleSetStatus
from routing.models import RuleSet
from routing.rules import check

from . import bodies, shapes
from . import ruleset_shapes as rules
from .base import IF_MATCH, KEY, Door, Resource, visible
from .pagination import NewestFirst
from .parsing import BoundedForm, LargeJSON


def rulesets() -> QuerySet[RuleSet]:
    """All of them: who may see one sees every one."""
    return RuleSet.objects.select_related("author", "submitted_by", "published_by")


def one(number: int | str) -> RuleSet:
    """Raises ``NotVisible`` when there is none."""
    return visible(rulesets(), str(number))


def told(row: RuleSet) -> dict[str, Any]:
    """What a list says of a rule set."""
    names = ("number", "status", "digest", "note", "created_at", "changed_at", "version")
    instants = ("submitted_at", "published_at", "retired_at")
    people = ("author", "submitted_by", "published_by")
    return {
        **{name: getattr(row, name) for name in (*names, *instants)},
        **{name: getattr(getattr(row, name), "username", None) for name in people},
        "base": row.base_id,
        "rehearsed": row.rehearsed == row.digest,
    }


def whole(number: int) -> Any:
    """Everything about one rule set."""
    row = one(number)
    problems, failing = editing.standing(row)
    return rules.WholeRuleSet(
        {
            **told(row),
            "document": row.document,
            "rehearsal": row.rehearsal,
            "problems": spoken(problems),
            "cautions": spoken([] if problems else editing.cautions(row)),
            "failing": [
                {**it.__dict__, "case": it.case.code, "az": it.case.az, "expect": it.case.expect}
                for it in failing
            ],
            "edits": row.edits.select_related("by"),
        }
    ).data


def spoken(problems: Iterable[check.Problem]) -> list[dict[str, Any]]:
    """Problems with what they say in front of people."""
    return [{**problem.__dict__, "sentence": sentence(problem)} for problem in problems]


def signed(said: dict[str, Any], actor_id: int) -> dict[str, Any]:
    """The members of a body with who sent it, its reason as one line."""
    lines: dict[str, Any] = {
        name: line(name, said[name], limit=editing.WHY) for name in ("why", "note") if name in said
    }
    return {**said, **lines, "actor_id": actor_id}


def verb(name: str, body: type[bodies.Strict], needs: Action, command: Callable[..., RuleSet]) -> Any:
    """A POST verb of a rule set: body in, the changed rule set out."""

    def operate(self: RuleSetsResource, request: Request, number: int) -> Response:
        one(number)
        said = signed(self.body(body), self.actor.pk)
        self.once(
            request,
            f"rulesets.{name}",
            lambda: command(number=number, **said),
            identify=lambda row: row.pk,
            again=one,
        )
        return Response(whole(number))

    operate.__name__ = operate.__qualname__ = name
    operate.__doc__ = command.__doc__
    VERBS[name] = needs
    verb_ = action(detail=True, methods=["post"], url_path=name, url_name=name)(operate)
    return extend_schema(
        request=body,
        responses=rules.WholeRuleSet,
        parameters=[KEY, IF_MATCH] if issubclass(body, bodies.Versioned) else [KEY],
        operation_id=f"ruleset_{name}",
    )(verb_)


def rehearse(*, actor_id: int, number: int, days: int) -> RuleSet:
    """Try a draft on the last days and keep the report with it; whoever asks."""
    return editing.rehearse(number=number, days=days)


def discard(*, actor_id: int, number: int, version: int | None) -> RuleSet:
    """Give a draft up. It is kept, and can be begun from again."""
    return editing.discard(number=number, version=version)


VERBS: dict[str, Action] = {}


class RuleSetsResource(Resource):
    lookup_url_kwarg, lookup_value_converter = "number", "int"
    ordering = ("-created_at", "-number")

    rehearse = verb("rehearse", rules.RehearseBody, Action.RULES_EDIT, rehearse)
    submit = verb("submit", bodies.PlainBody, Action.RULES_EDIT, editing.submit)
    send_back = verb("send_back", rules.WhyBody, Action.RULES_PUBLISH, editing.send_back)
    publish = verb("publish", bodies.PlainBody, Action.RULES_PUBLISH, editing.publish)
    discard = verb("discard", bodies.PlainBody, Action.RULES_EDIT, discard)

    actions = {
        "list": Action.RULES_VIEW,
        "create": Action.RULES_EDIT,
        "retrieve": Action.RULES_VIEW,
        "update": Action.RULES_EDIT,
        **VERBS,
    }

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Only the operation that takes a whole rule set takes more than others."""
        made = super().initialize_request(request, *args, **kwargs)
        if request.method == "PUT":
            made.parsers = [LargeJSON()]
        return made

    @extend_schema(
        parameters=[
            OpenApiParameter("status", enum=[str(status) for status in RuleSetStatus]),
            OpenApiParameter("cursor"),
            OpenApiParameter("page_size", int),
        ],
        responses=shapes.page(rules.RuleSet),
        summary="List rule sets, newest first",
    )
    def list(self, request: Request) -> Response:
        rows = rulesets().defer("document", "rehearsal")
        if status := request.query_params.get("status"):
            if status not in list(RuleSetStatus):
                raise Invalid.field("status", _("There is no such state."), code="unknown_status")
            rows = rows.filter(status=status)
        pager = NewestFirst()
        page = pager.paginate_queryset(rows, request, view=self) or []
        return pager.get_paginated_response(rules.RuleSet(map(told, page), many=True).data)

    @extend_schema(
        request=rules.StartBody,
        responses={201: rules.WholeRuleSet},
        parameters=[KEY],
        summary="Begin a draft",
    )
    def create(self, request: Request) -> Response:
        said = signed(self.body(rules.StartBody), self.actor.pk)
        visible(rulesets(), str(said["source"]), field="source")
        row = self.once(
            request,
            "rulesets.start",
            lambda: editing.start_draft(**said),
            identify=lambda row: row.pk,
            again=one,
        )
        return Response(whole(row.pk), status=201)

    @extend_schema(responses=rules.WholeRuleSet, summary="Read a rule set")
    def retrieve(self, request: Request, number: int) -> Response:
        return Response(whole(number))

    @extend_schema(
        request=rules.RewriteBody,
        responses=rules.WholeRuleSet,
        parameters=[IF_MATCH],
        summary="Put other rules in place of a draft's",
    )
    def update(self, request: Request, number: int) -> Response:
        one(number)
        rulefiles.take(number=number, **signed(self.body(rules.RewriteBody), self.actor.pk))
        return Response(whole(number))


# Formats ----------------------------------------------------------------------------------------------------


class Raw(BaseRenderer):
    """Bytes as they are."""

    charset = None
    render_style = "binary"

    def render(self, data: Any, media_type: Any = None, context: Any = None) -> Any:
        return data


class AsDMN(Raw):
    media_type, format = "application/xml", "dmn"


class AsXLSX(Raw):
    media_type, format = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"


def download(row: RuleSet, data: bytes, kind: str) -> Response:
    """A file to be kept, named after the rule set."""
    name = f"dayaq-rules-{row.number}.{kind}"
    return Response(data, headers={"Content-Disposition": f'attachment; filename="{name}"'})


class RuleSetModel(APIView):
    """A rule set as a model in DMN 1.3, which modellers open."""

    actions = {"GET": Action.RULES_VIEW}
    renderer_classes = [AsDMN]

    @extend_schema(
        responses={(200, AsDMN.media_type): OpenApiTypes.BINARY},
        operation_id="ruleset_dmn",
        summary="A rule set as DMN",
    )
    def get(self, request: Request, number: int) -> Response:
        row = one(number)
        return download(row, rulefiles.as_dmn(row), "dmn")


class RuleSetSheet(Door, APIView):
    """A rule set as a workbook, and back into a draft."""

    actions = {"GET": Action.RULES_VIEW, "POST": Action.RULES_EDIT}
    parser_classes = [BoundedForm]

    def get_renderers(self) -> list[BaseRenderer]:
        return [AsXLSX()] if self.request.method in ("GET", "HEAD") else super().get_renderers()

    @extend_schema(
        responses={(200, AsXLSX.media_type): OpenApiTypes.BINARY},
        operation_id="ruleset_workbook",
        summary="A rule set as a workbook",
    )
    def get(self, request: Request, number: int) -> Response:
        row = one(number)
        return download(row, rulefiles.as_workbook(row), "xlsx")

    @extend_schema(
        request={BoundedForm.media_type: rules.SheetBody},
        responses=rules.WholeRuleSet,
        parameters=[KEY, IF_MATCH],
        operation_id="ruleset_take_workbook",
        summary="Put a workbook in place of a draft's rules",
    )
    def post(self, request: Request, number: int) -> Response:
        one(number)
        said = signed(self.body(rules.SheetBody), self.actor.pk)
        data = said.pop("file").read()
        self.once(
            request,
            "rulesets.xlsx",
            lambda: rulefiles.take_workbook(number=number, data=data, **said),
            identify=lambda row: row.pk,
            again=one,
            sent=repr(sorted(said.items())).encode() + data,
        )
        return Response(whole(number))


class RuleSetSchema(APIView):
    """The JSON Schema of a rule set."""

    actions = {"GET": Action.RULES_VIEW}

    @extend_schema(
        responses={200: {"type": "object"}},
        operation_id="ruleset_schema",
        summary="JSON Schema of a rule set",
    )
    def get(self, request: Request) -> Response:
        return Response(check.schema())
