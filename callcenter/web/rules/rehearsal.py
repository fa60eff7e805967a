"""The rehearsal of a rule set on the past: its report, and doing it again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from access.policy import Action
from callcenter.web.doors import page
from routing import editing

from .common import done, sight_of
from .report import DAYS, USUAL, whole


@page(Action.RULES_VIEW)
def show(request: HttpRequest, number: int) -> HttpResponse:
    """Everything the last rehearsal found."""
    sight = sight_of(request, number)
    context = {"sight": sight, "ruleset": sight.ruleset, "summary": whole(sight)}
    return render(request, "rules/rehearsal.html", context)


@page(Action.RULES_EDIT, methods=("POST",))
def again(request: HttpRequest, number: int) -> HttpResponse:
    """Try a rule set on the past; the report is kept with it."""
    sight_of(request, number)
    days = request.POST.get("days", "")
    looked_back = int(days) if days in map(str, DAYS) else USUAL

    def command() -> None:
        editing.rehearse(number=number, days=looked_back)

    said = _("Rehearsed. Nothing was written but this report.")
    return done(request, "rehearsal", said, command, number=number)
