"""The part of a page that says who else has its record open."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from access.models import User
from access.policy import Action
from access.roles import CALL_CENTRE
from agencies.models import Membership
from callcenter.live import presence

from .doors import actor_of, page


@page(Action.APPLICATION_VIEW)
def others(request: HttpRequest, kind: str, record: UUID) -> HttpResponse:
    """First names with their house; never of a record that the actor may not see."""
    actor = actor_of(request)
    found = presence.others(presence.place(actor, f"{kind}:{record}"), actor.pk)
    return render(request, "parts/_others.html", {"people": people(found)})


def people(users: set[int]) -> list[str]:
    rows = User.objects.filter(pk__in=users, is_active=True).order_by("first_name", "username")
    houses = dict(
        Membership.objects.filter(user__in=users).order_by("-id").values_list("user_id", "unit__agency__abbr")
    )
    return [_("%(name)s (%(house)s)") % {"name": name(row), "house": house(row, houses)} for row in rows]


def name(user: User) -> str:
    return user.first_name or user.username


def house(user: User, houses: dict[int, str]) -> str:
    return _("call centre") if user.role in CALL_CENTRE else houses.get(user.pk) or _("guest")
