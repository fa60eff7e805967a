"""Applications: the list, and one application with its process, its agencies and what has happened."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.policy import Action
from access.visibility import applications_for
from agencies.models import Agency, Referral
from callcenter import sight, words
from callcenter.errors import status_of
from events import clock
from events.errors import Conflict, Denied, IllegalMove, Invalid, KeyReused, NotVisible, Refusal, StaleVersion
from intake.lifecycle import OPEN, ApplicationState
from intake.models import Application, Topic
from people.models import Region
from people.reference import find
from people.text import registration_number
from sla.models import Clock
from workflows import actions

from . import clock_verbs, whole
from .doors import actor_of, page, version_of, visible
from .sending import Refused, announce, is_part, once, status_for
from .times import left

PAGE = 50
TIMES = ("late", "soon", "paused")
STATES = ("open", "all", *ApplicationState)

Context = dict[str, Any]

# Verb, the fields it takes, and what is said when it is done.
VERBS: dict[str, tuple[Callable[..., Application], tuple[str, ...], Any]] = {
    "confirm": (actions.confirm, ("text",), gettext_lazy("Confirmed. The application is closed.")),
    "dispute": (actions.dispute, ("referral", "text"), gettext_lazy("The agency is asked again.")),
    "unreachable": (actions.unreachable, ("text",), gettext_lazy("Noted. The call stays in the list.")),
    "reopen": (actions.reopen, ("referral", "text"), gettext_lazy("The application is open again.")),
    "extend": (actions.extend, ("reason", "text"), gettext_lazy("The promise has more time.")),
    "contest": (clock_verbs.contest, ("firing", "text"), gettext_lazy("The objection is on record.")),
    "settle": (clock_verbs.settle, ("firing", "text"), gettext_lazy("Noted what was done.")),
    "withdraw": (actions.withdraw, ("text",), gettext_lazy("The application is withdrawn.")),
    "annul": (actions.annul, ("text",), gettext_lazy("Marked as entered in error.")),
}


# --- the list ---------------------------------------------------------------------------------------------


@page(Action.APPLICATION_LIST)
def index(request: HttpRequest) -> HttpResponse:
    """Applications the actor sees: open ones by due instant, others the newest first."""
    actor, wanted = actor_of(request), _wanted(request)
    if number := registration_number(wanted["q"]) if wanted["q"] else None:
        found = applications_for(actor).filter(number=number).first()
        if found is not None:
            return redirect("application", application=found.pk)
    rows = [] if wanted["q"] else _page_of(actor, wanted)
    more = rows[PAGE:]
    context = {
        "wanted": wanted,
        "rows": [{"seen": row, "left": left(row.due, row.target, row.paused_until)} for row in rows[:PAGE]],
        "next_url": _url(wanted, after=_mark(rows[PAGE - 1], wanted)) if more else "",
        "first_url": _url(wanted, after="") if wanted["after"] else "",
        "topics": Topic.objects.filter(active=True),
        "states": [("open", _("Open")), *words.APPLICATION_STATES.items(), ("all", _("All"))],
        "urgencies": words.URGENCY.items(),
        "agency": find(Agency, wanted["agency"]),
        "region": find(Region, wanted["region"]),
    }
    return render(request, "applications/index.html", context)


def _wanted(request: HttpRequest) -> dict[str, str]:
    """The filters of the query string; an unknown value is no filter."""
    given = request.GET
    state, time = given.get("state", "open"), given.get("late", "")
    return {
        "state": state if state in STATES else "open",
        "late": time if time in TIMES else "",
        "topic": given.get("topic", "")[:32],
        "region": given.get("region", "")[:32],
        "agency": given.get("agency", "")[:32],
        "urgency": given.get("urgency", "") if given.get("urgency", "") in words.URGENCY else "",
        "q": given.get("q", "").strip()[:40],
        "after": given.get("after", "")[:200],
    }


def _url(wanted: dict[str, str], **changes: str) -> str:
    return f"?{urlencode({name: value for name, value in (wanted | changes).items() if value})}"


def _page_of(actor: User, wanted: dict[str, str]) -> list[sight.ApplicationSight]:
    """One row more than a page, so that the page knows whether there is another."""
    found = _filtered(applications_for(actor), wanted)
    rows = sight.with_parts(_after(found, wanted).order_by(*_order(wanted)))[: PAGE + 1]
    return [sight.application(actor, row) for row in rows]


def _filtered(rows: QuerySet[Application], wanted: dict[str, str]) -> QuerySet[Application]:
    present = clock.now()
    if wanted["state"] == "open" or wanted["late"]:
        rows = rows.filter(state__in=sorted(OPEN))
    if wanted["state"] not in ("open", "all"):
        rows = rows.filter(state=wanted["state"])
    if wanted["late"] == "late":
        rows = rows.filter(due_at__lt=present)
    if wanted["late"] == "soon":
        rows = rows.filter(due_at__gte=present, warn_at__lte=present)
    if wanted["late"] == "paused":
        waits = Clock.objects.filter(
            application=OuterRef("pk"), measure="resolution", stopped_at=None, paused_until__gt=present
        )
        rows = rows.filter(Exists(waits), due_at__gte=present, warn_at__gt=present)
    if find(Region, wanted["region"]):
        rows = rows.filter(person__district__region=wanted["region"])
    if find(Topic, wanted["topic"]):
        rows = rows.filter(subtopic__topic=wanted["topic"])
    if wanted["urgency"]:
        rows = rows.filter(priority=wanted["urgency"])
    if find(Agency, wanted["agency"]):
        asked = Referral.objects.filter(application=OuterRef("pk"), agency=wanted["agency"])
        rows = rows.filter(Exists(asked))
    return rows


def _by_due(wanted: dict[str, str]) -> bool:
    return bool(wanted["late"]) or wanted["state"] in {"open", *OPEN}


def _order(wanted: dict[str, str]) -> tuple[str, str]:
    return ("due_at", "id") if _by_due(wanted) else ("-registered_at", "-id")


def _mark(row: sight.ApplicationSight, wanted: dict[str, str]) -> str:
    instant = (row.due if _by_due(wanted) else None) or row.registered_at
    return base64.urlsafe_b64encode(json.dumps([instant.isoformat(), str(row.id)]).encode()).decode()


def _after(rows: QuerySet[Application], wanted: dict[str, str]) -> QuerySet[Application]:
    """The rows behind a mark; a mark that is none begins at the beginning."""
    try:
        moment, key = json.loads(base64.urlsafe_b64decode(wanted["after"].encode()))
        instant, pk = datetime.fromisoformat(moment), UUID(key)
    except (ValueError, TypeError, binascii.Error):
        return rows
    if _by_due(wanted):
        return rows.filter(Q(due_at__gt=instant) | Q(due_at=instant, pk__gt=pk), due_at__gte=instant)
    older = Q(registered_at__lt=instant) | Q(registered_at=instant, pk__lt=pk)
    return rows.filter(older, registered_at__lte=instant)


# --- one application --------------------------------------------------------------------------------------


@page(Action.APPLICATION_VIEW)
def show(request: HttpRequest, application: UUID) -> HttpResponse:
    return _draw(request, application, whole.context(actor_of(request), application))


@page(Action.APPLICATION_VIEW)
def part(request: HttpRequest, application: UUID) -> HttpResponse:
    """The whole of the page below its frame, for live refetching."""
    context = whole.context(actor_of(request), application) | _setting(application)
    return render(request, "applications/_main.html", context)


@page(Action.APPLICATION_VIEW, methods=("POST",))
def act(request: HttpRequest, application: UUID, verb: str) -> HttpResponse:
    """Run a verb. A refusal is shown in place, with what was typed."""
    actor = actor_of(request)
    visible(applications_for(actor), application)
    if verb not in VERBS:
        raise NotVisible
    try:
        once(
            request,
            f"applications.{verb}",
            lambda: _run(actor, application, verb, request),
            identify=lambda row: row.pk,
            again=lambda key: visible(applications_for(actor), key),
        )
    except (Denied, NotVisible):
        raise
    except Refusal as refusal:
        return _refused(request, application, verb, refusal)
    return _done(request, application, str(VERBS[verb][2]))


def _run(actor: User, application: UUID, verb: str, request: HttpRequest) -> Application:
    command, fields, _said = VERBS[verb]
    given: dict[str, Any] = {name: request.POST.get(name, "") for name in fields}
    if "referral" in given:
        given["referral"] = _referral(given["referral"])
    return command(actor=actor, application=application, version=version_of(request), **given)


def _referral(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        raise Invalid.field("referral", _("Choose from the list."), code="unknown_referral") from None


def _done(request: HttpRequest, application: UUID, said: str) -> HttpResponse:
    if not is_part(request):
        messages.success(request, said)
        back = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(back, allowed_hosts=None):  # a path of ours, such as the calls
            return redirect(back)
        return redirect("application", application=application)
    return announce(_draw(request, application, whole.context(actor_of(request), application)), said)


def _refused(request: HttpRequest, application: UUID, verb: str, refusal: Refusal) -> HttpResponse:
    actor, form = actor_of(request), whole.bound(verb, request.POST)
    if form is not None:
        form.refuse(refusal)
    context = whole.context(actor, application, typed=form, verb=verb)
    seen: sight.ApplicationSight = context["whole"]
    stale = isinstance(refusal, StaleVersion)
    who, when = whole.changed_by(actor, seen) if stale else ("", None)
    context["refused"] = Refused(
        verb=verb,
        label=whole.label(verb),
        notice=_notice(refusal, seen),
        form=form,
        still=verb in context["possible"],
        stale=stale,
        who=who,
        when=when,
        changes=whole.changes_since(seen, refusal.extra["yours"]) if stale else (),
    )
    return _draw(request, application, context, status=status_for(request, status_of(refusal)))


def _notice(refusal: Refusal, seen: sight.ApplicationSight) -> str:
    """The refusal in the words of this page; one that names fields is told at the fields."""
    match refusal:
        case StaleVersion():
            return ""
        case IllegalMove():
            state = words.of(words.APPLICATION_STATES, seen.state)
            return _("This step is not possible any more: the application is now “%(state)s”.") % {
                "state": state
            }
        case KeyReused():
            return _("This form was sent before with other words. Look at the stage, then decide again.")
        case Conflict():
            return str(refusal.message)
    return "" if refusal.errors else str(refusal.message)


def _draw(request: HttpRequest, application: UUID, context: Context, *, status: int = 200) -> HttpResponse:
    template = "applications/_main.html" if is_part(request) else "applications/show.html"
    response = render(request, template, context | _setting(application), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _setting(application: UUID) -> Context:
    address = reverse("application", args=[application])
    return {"act_base": address, "act_query": "", "leave_url": address}
