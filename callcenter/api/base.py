"""What every resource of the API shares: the actor, idempotency, versions, and visible rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from access.models import User
from access.policy import Action
from events import idempotency
from events.errors import Invalid, NotVisible

from . import bodies

T = TypeVar("T")
M = TypeVar("M", bound=Model)

KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Any text you choose; the same key and body do the work once.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", location=OpenApiParameter.HEADER, description="The version you read, like `version`."
)


class Door:
    """What an operation needs: who calls, and that the same call twice does its work once."""

    request: Any

    @property
    def actor(self) -> User:
        return cast(User, self.request.user)

    def once(
        self,
        request: Request,
        operation: str,
        work: Callable[[], T],
        *,
        identify: Callable[[T], object],
        again: Callable[[str], T],
        sent: bytes | None = None,
    ) -> T:
        """Do it once per Idempotency-Key, key and work in one transaction.

        ``sent`` is what makes the request another one, where its body is a form that was read already.
        """
        raw = request.path.encode() + b"\n" + (request._request.body if sent is None else sent)
        with transaction.atomic():
            return idempotency.once(
                principal=self.actor.pk,
                operation=operation,
                key=request.headers.get("Idempotency-Key"),
                digest=idempotency.fingerprint(raw),
                work=work,
                identify=identify,
                again=again,
            )

    def body(self, shape: type[bodies.Strict], *, partial: bool = False) -> dict[str, Any]:
        """The checked body, with the version of an If-Match header where the body has none."""
        form = shape(data=self.request.data, partial=partial)
        form.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(form.validated_data)
        if "version" in form.fields and "version" not in data:
            data["version"] = self._if_match()
        return data

    def _if_match(self) -> int | None:
        header = self.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        if not header or header == "*":
            return None
        if not (header.isascii() and header.isdecimal() and len(header) < 10):
            raise Invalid.field("If-Match", _("The version is a whole number."), code="bad_version")
        return int(header)


class Resource(Door, ViewSet):
    """A resource whose operations each declare an action of the policy table."""

    actions: ClassVar[dict[str, Action]] = {}
    lookup_value_converter = "uuid"


def visible(rows: QuerySet[M], pk: UUID | str | None, *, field: str = "") -> M:
    """The row if the actor can see it; for a body's reference, ``field`` makes a 400 of the 404."""
    found = rows.filter(pk=pk).first() if pk is not None else None
    if found is None and field:
        raise Invalid.field(field, NotVisible.message, code=f"unknown_{field}")
    if found is None:
        raise NotVisible
    return found
