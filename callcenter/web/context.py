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
from access.roles import AGENCY, Role
from access.visibility import referrals_for
from agencies.lifecycle import OPEN
from delivery.selectors import dead_letters
from sla.selectors import open_hours
from workflows import queue

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
        "work_windows": open_windows(),
    }


def actor_line(actor: User) -> str:
    return " · ".join(part for part in (str(ROLE_WORDS[Role(actor.role)]), actor.station) if part)


def navigation(actor: User, path: str) -> list[dict[str, Any]]:
    """The places this role works in, in the order of the line from call to confirmation."""
    places = [
        ("desk", _("Desk"), "phone", Action.PERSON_ADD, None),
        ("triage", _("Triage"), "route", Action.TRIAGE_VIEW, waiting_in_triage),
        ("confirmations", _("Confirm"), "check", Action.CONFIRMATIONS_VIEW, waiting_for_confirmation),
        ("queue", _("Queue"), "list", Action.QUEUE_VIEW, nobody_has),
        ("applications", _("Applications"), "file", Action.APPLICATION_LIST, None),
        ("board", _("Board"), "home", Action.BOARD_VIEW, wait_for_a_supervisor),
        ("directory", _("Services"), "pin", Action.DIRECTORY_VIEW, None),
        ("rules", _("Rules"), "merge", Action.RULES_VIEW, None),
        ("deliveries", _("Deliveries"), "send", Action.WEBHOOKS_VIEW, given_up),
        ("calendar", _("Calendar"), "cal", Action.CALENDAR_EDIT, None),
        ("admin:index", _("Reference data"), "list", Action.REFERENCE_EDIT, None),
    ]
    return [
        {
            "url": url,
            "label": label,
            "icon": icon,
            "current": path.startswith(url),
            "count": count(actor) if count else None,
        }
        for name, label, icon, action, count in places
        if may(actor, action)
        for url in [reverse(name)]
    ]


def waiting_in_triage(actor: User) -> int:
    return queue.triage_applications().count() + queue.returned().count()


def waiting_for_confirmation(actor: User) -> int:
    return queue.confirmations().count()


def wait_for_a_supervisor(actor: User) -> int | None:
    """Breaches in which he has to step in; none are shown to others."""
    return (queue.escalations().count() or None) if may(actor, Action.ESCALATIONS_VIEW) else None


def given_up(actor: User) -> int | None:
    """Messages to the agency's own system that were given up: somebody has to decide about them."""
    return dead_letters(actor) or None


def nobody_has(actor: User) -> int | None:
    """Open referrals nobody has taken in the actor's own queues; the call centre has none of its own."""
    if actor.role not in AGENCY:
        return None
    return referrals_for(actor).filter(state__in=OPEN, assignee=None).count()


def open_windows() -> list[list[str]]:
    """Working hours around now for the clocks that count in the browser."""
    return [[start.isoformat(), end.isoformat()] for start, end in open_hours(back=14, ahead=35)]
