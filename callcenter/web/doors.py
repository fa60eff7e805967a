"""How a page declares what it needs: no declaration, no page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from access.models import User
from access.permissions import require
from access.policy import Action
from events.errors import NotVisible

View = Callable[..., HttpResponse]
M = TypeVar("M", bound=Model)


def page(action: Action, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Declare a page or a page's part: who may open it, by which methods.

    Only the role is asked here. What the page shows starts from ``access.visibility``; what it
    does, it does through a command that asks again about the very record.
    """

    def declare(view: View) -> View:
        @require_http_methods([*methods, *(["HEAD"] if "GET" in methods else [])])
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            require(request.user, action)
            return view(request, *args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]
        return guarded

    return declare


def actor_of(request: HttpRequest) -> User:
    """The signed-in user; ``page`` has made sure that there is one."""
    return cast(User, request.user)


def visible(rows: QuerySet[M], pk: UUID | str) -> M:
    """The row, or ``NotVisible``: told exactly alike whether it is hidden or does not exist."""
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotVisible
    return found


def version_of(request: HttpRequest) -> int | None:
    """The version a form was rendered from; without one the last writer wins knowingly."""
    value = request.POST.get("version", "")
    return int(value) if value.isdecimal() and len(value) < 10 else None
