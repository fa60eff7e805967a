"""Deny what is not declared: every operation names the action of the policy table it needs."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from access.permissions import may
from access.policy import Action


class Declared(BasePermission):
    """Allows an operation whose view declares ``actions = {method or verb: Action}`` to that role."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = request.method or ""
        if method == "OPTIONS" or not hasattr(view, method.lower()):
            return bool(request.user and request.user.is_authenticated)  # the view answers 405 itself
        action = declared(view, method)
        return action is not None and may(request.user, action)


def declared(view: Any, method: str) -> Action | None:
    """The action a view declares for its current verb, or for the HTTP method."""
    actions: dict[str, Action] = getattr(view, "actions", {})
    verb = getattr(view, "action", None)
    if method == "HEAD":
        method = "GET"
    return actions.get(verb or "") or actions.get(method)
