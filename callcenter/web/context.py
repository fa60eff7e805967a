"""What every page knows: who is here, where they may go, and whether this is a demonstration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import Role

ROLE_WORDS = {
    Role.OPERATOR: gettext_lazy("operator"),
    Role.AGENCY_WORKER: gettext_lazy("agency"),
    Role.AGENCY_ADMIN: gettext_lazy("agency administrator"),
    Role.SUPERVISOR: gettext_lazy("supervisor"),
    Role.CLINICIAN: gettext_lazy("clinician"),
    Role.ADMINISTRATOR: gettext_lazy("administrator"),
    Role.MACHINE: gettext_lazy("machine"),
}


def house(request: HttpRequest) -> dict[str, Any]:
    """Context of ``base.html``."""
    actor = getattr(request, "user", None)
    if not isinstance(actor, User):
        return {"demo": settings.DEMO, "nav": []}
    return {
        "demo": settings.DEMO,
        "actor": actor,
        "actor_line": actor_line(actor),
        "nav": navigation(actor, request.path),
        "home_url": reverse("home"),
    }


def actor_line(actor: User) -> str:
    return " · ".join(part for part in (str(ROLE_WORDS[Role(actor.role)]), actor.station) if part)


def navigation(actor: User, path: str) -> list[dict[str, Any]]:
    """The places this role works in, in the order of the line from call to confirmation."""
    places = [
        ("desk", _("Desk"), "phone", Action.PERSON_ADD),
        ("triage", _("Triage"), "route", Action.TRIAGE_VIEW),
        ("confirmations", _("Confirm"), "check", Action.CONFIRMATIONS_VIEW),
        ("queue", _("Queue"), "list", Action.QUEUE_VIEW),
        ("applications", _("Applications"), "file", Action.APPLICATION_LIST),
        ("board", _("Board"), "home", Action.BOARD_VIEW),
    ]
    return [
        {"url": url, "label": label, "icon": icon, "current": path.startswith(url)}
        for name, label, icon, action in places
        if may(actor, action)
        for url in [reverse(name)]
    ]
