"""Where a signed-in user starts: at the place their role works in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from access.policy import Action
from access.roles import Role

from .doors import actor_of, page

START = {
    Role.OPERATOR: "desk",
    Role.SUPERVISOR: "board",
    Role.AGENCY_WORKER: "queue",
    Role.AGENCY_ADMIN: "queue",
    Role.MACHINE: "queue",
    Role.CLINICIAN: "applications",
    Role.ADMINISTRATOR: "admin:index",
}


@page(Action.ANYONE_SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    return redirect(START[Role(actor_of(request).role)])
