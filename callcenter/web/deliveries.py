"""Deliveries to agencies' own systems: where they go, how they fare, and what to do about those that fail."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.policy import Action
from callcenter import words
from delivery import selectors, services
from delivery.models import Delivery, DeliveryState, Endpoint, EndpointState, Secret
from events import clock
from events.catalog import Kind
from events.errors import Conflict, Invalid, NotVisible
from people.services import SENTENCES

from .doors import actor_of, page, visible
from .forms import Line, Typed

Context = dict[str, Any]
Words = dict[str, str | Promise]

PAGE = 20
KINDS = [kind for kind in Kind if not kind.startswith("application.")]  # an agency hears of its referrals

STATES: dict[str, tuple[str, str | Promise]] = {  # look of the pill, and its word
    EndpointState.ACTIVE: ("ontime", gettext_lazy("Active")),
    EndpointState.PAUSED: ("paused", gettext_lazy("Paused")),
    EndpointState.GONE: ("none", gettext_lazy("Ended")),
}
ERRORS: Words = {
    "address": gettext_lazy("the address cannot be used"),
    "scheme": gettext_lazy("the address is not https"),
    "port": gettext_lazy("the port is not allowed"),
    "forbidden": gettext_lazy("the name leads into a private network"),
    "unknown": gettext_lazy("there is no host of this name"),
    "connect": gettext_lazy("no connection"),
    "tls": gettext_lazy("the certificate is not valid"),
    "timeout": gettext_lazy("no answer in 10 seconds"),
    "broken": gettext_lazy("the connection broke off"),
    "protocol": gettext_lazy("the answer is not HTTP"),
}
REASONS: Words = {
    "attempts": gettext_lazy("all attempts used up"),
    "gone": gettext_lazy("the address has ended"),
    "set_aside": gettext_lazy("set aside by hand"),
}
SHOWS: dict[str, tuple[str, str | Promise]] = {
    "waiting": (DeliveryState.PENDING, gettext_lazy("Waiting")),
    "dead": (DeliveryState.DEAD, gettext_lazy("Given up")),
    "delivered": (DeliveryState.DELIVERED, gettext_lazy("Delivered")),
}

# What can be done with an address, and with one message; and what is said when it is done.
VERBS: dict[str, tuple[Callable[..., Any], str | Promise]] = {
    "pause": (services.pause, gettext_lazy("Paused. What happens meanwhile is collected.")),
    "resume": (services.resume, gettext_lazy("Messages are sent again, those collected first.")),
    "end": (services.end, gettext_lazy("Ended. Nothing more is sent to this address.")),
    "revive": (services.revive, gettext_lazy("Messages are sent again, of what happens from now on.")),
    "test": (services.ping, gettext_lazy("The test message is on its way. Reload to see what came of it.")),
    "now": (services.try_now, gettext_lazy("The next attempt is made now.")),
    "redrive": (services.redrive_all, gettext_lazy("Everything given up is sent again, in its order.")),
}
OF_ONE: dict[str, tuple[Callable[..., Any], str | Promise]] = {
    "redrive": (services.redrive, gettext_lazy("The message is sent again.")),
    "set-aside": (services.set_aside, gettext_lazy("Set aside. Those behind it go on.")),
}


@page(Action.WEBHOOKS_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    found = selectors.with_figures(selectors.endpoints_for(actor_of(request))).order_by("agency", "id")
    rows = [_line(row) for row in found]
    context = {"rows": rows, "several": len({row["agency"] for row in rows}) > 1}
    return render(request, "deliveries/index.html", context)


def _line(row: Any) -> Context:
    """An address with its figures."""
    look, word = STATES[row.state]
    if row.state == EndpointState.ACTIVE and row.blocked:
        look, word = "late", _("Does not answer")
    elif row.state == EndpointState.ACTIVE and not row.last_success:
        look, word = "none", _("Nothing has arrived yet")
    return {
        "id": row.pk,
        "url": row.url,
        "agency": row.agency.name,
        "state": row.state,
        "look": look,
        "word": word,
        "kinds": [words.of(words.EVENTS, kind) for kind in row.kinds],
        "created_at": row.created_at,
        "last_success": row.last_success,
        "waiting": row.waiting,
        "dead": row.dead,
        "blocked": row.blocked,
        "next_at": row.next_at,
    }


# --- one address --------------------------------------------------------------------------------------


@page(Action.WEBHOOKS_VIEW)
def show(request: HttpRequest, endpoint: UUID) -> HttpResponse:
    """An address, with one page of the messages that wait, were given up, or have arrived."""
    rows = selectors.with_figures(selectors.endpoints_for(actor_of(request)))
    line = _line(visible(rows, endpoint))
    shown = request.GET.get("show", "")
    if shown not in SHOWS:
        shown = "waiting" if line["waiting"] or not line["dead"] else "dead"
    place = _place(request.GET.get("page", ""))
    found, more = _page(endpoint, shown, place)
    now = clock.now()
    valid = Secret.objects.filter(endpoint=endpoint).exclude(expires_at__lte=now).order_by("-id")
    context = {
        "line": line,
        "shown": shown,
        "shows": [(name, word, line.get(name)) for name, (_state, word) in SHOWS.items()],
        "deliveries": [_message(each, now) for each in found],
        "earlier_url": _at(shown, place - 1) if place > 1 else "",
        "further_url": _at(shown, place + 1) if more else "",
        "secrets": list(valid),
        "test": _last_test(endpoint, now),
        "first": place == 1,
    }
    return render(request, "deliveries/show.html", context)


def _last_test(endpoint: UUID, now: Any) -> Context | None:
    """What came of the newest test message; it is counted nowhere else."""
    tests = Delivery.objects.filter(endpoint=endpoint, event=None).prefetch_related("tries")
    newest = tests.order_by("-id").first()
    return _message(newest, now) if newest else None


FURTHEST = 500  # pages; who has more waiting does not find anything by turning pages


def _place(text: str) -> int:
    return min(int(text), FURTHEST) if text.isdecimal() and len(text) < 5 and int(text) else 1


def _at(shown: str, place: int) -> str:
    return "?" + urlencode({"show": shown, "page": place})


def _page(endpoint: UUID, shown: str, place: int) -> tuple[list[Delivery], bool]:
    """What waits in the order in which it goes; of the others the newest first."""
    state = SHOWS[shown][0]
    order = {
        DeliveryState.PENDING: ("position", "id"),
        DeliveryState.DEAD: ("-position", "-id"),
        DeliveryState.DELIVERED: ("-delivered_at", "-id"),
    }
    rows: QuerySet[Delivery] = Delivery.objects.filter(endpoint=endpoint, state=state)
    rows = rows.select_related("event").prefetch_related("tries").order_by(*order[DeliveryState(state)])
    found = list(rows[(place - 1) * PAGE : place * PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def _message(row: Delivery, now: Any) -> Context:
    return {
        "id": row.pk,
        "what": words.of(words.EVENTS, row.event.kind) if row.event else _("Test message"),
        "unit": row.event.unit if row.event else "",
        "at": row.event.at if row.event else None,
        "test": row.event is None,
        "state": row.state,
        "delivered_at": row.delivered_at,
        "next_at": row.next_at if row.next_at > now else None,
        "reason": words.of(REASONS, row.reason) if row.reason else "",
        "tries": [
            {
                "at": each.at,
                "milliseconds": each.milliseconds,
                "said": f"HTTP {each.status}" if each.status else words.of(ERRORS, each.error),
                "well": each.status is not None and each.status < 300,
            }
            for each in reversed(row.tries.all())
        ],
    }


@page(Action.WEBHOOKS_EDIT, methods=("POST",))
def act(request: HttpRequest, endpoint: UUID, verb: str) -> HttpResponse:
    if verb == "rotate":
        row = visible(selectors.endpoints_for(actor_of(request)), endpoint)
        return _secret(
            request, row, services.rotate_secret(actor=actor_of(request), endpoint=endpoint), new=False
        )
    if verb not in VERBS:
        raise NotVisible
    command, said = VERBS[verb]
    return _done(request, endpoint, said, lambda: command(actor=actor_of(request), endpoint=endpoint))


@page(Action.WEBHOOKS_EDIT, methods=("POST",))
def act_on_one(request: HttpRequest, endpoint: UUID, delivery: UUID, verb: str) -> HttpResponse:
    mine = Delivery.objects.filter(endpoint__in=selectors.endpoints_for(actor_of(request)), endpoint=endpoint)
    if verb not in OF_ONE:
        raise NotVisible
    command, said = OF_ONE[verb]
    row = visible(mine, delivery)
    return _done(request, endpoint, said, lambda: command(actor=actor_of(request), delivery=row.pk))


def _done(
    request: HttpRequest, endpoint: UUID, said: str | Promise, command: Callable[[], Any]
) -> HttpResponse:
    """Do it, and go back to where one was; what is refused by the present state is said there."""
    try:
        command()
        messages.success(request, str(said))
    except Conflict as refusal:
        messages.error(request, str(refusal.message))
    shown = request.POST.get("show", "")
    back = reverse("delivery", args=[endpoint])
    return redirect(f"{back}?show={shown}" if shown in SHOWS else back)


# --- a new one ----------------------------------------------------------------------------------------


MISSING: Any = {"required": SENTENCES["required"]}


class EndpointForm(Typed):
    """Where messages shall go, and of which events."""

    agency = forms.ChoiceField(label=gettext_lazy("Agency"), error_messages=MISSING)
    url = Line(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Begins with https:// and leads to your own system"),
        widget=forms.URLInput(attrs={"placeholder": "https://system.example/dayaq", "spellcheck": "false"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Only these events"),
        help_text=gettext_lazy("When none is chosen: all, also those that come to be later"),
        required=False,
        choices=[(kind.value, words.EVENTS[kind]) for kind in KINDS],
        widget=forms.CheckboxSelectMultiple,
    )


@page(Action.WEBHOOKS_EDIT, methods=("GET", "POST"))
def add(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    agencies = list(selectors.agencies_for(actor))
    form = EndpointForm(request.POST if request.method == "POST" else None)
    choice: Any = form.fields["agency"]
    choice.choices = [(each.pk, each.name) for each in agencies]
    only = agencies[0].pk if len(agencies) == 1 else ""
    if only:  # nothing to choose
        choice.required, choice.initial, choice.widget = False, only, forms.HiddenInput()
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            made, secret = services.add_endpoint(
                actor=actor, agency=typed["agency"] or only, url=typed["url"].strip(), kinds=typed["kinds"]
            )
            return _secret(request, made, secret, new=True)
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "deliveries/add.html", {"form": form}, status=status)


def _secret(request: HttpRequest, endpoint: Endpoint, secret: str, *, new: bool) -> HttpResponse:
    """The one page that shows a secret. It is no address: nobody comes back to it."""
    context = {"endpoint": endpoint, "secret": secret, "new": new, "hours": services.ROTATION.days * 24}
    return render(request, "deliveries/secret.html", context)
