"""An agency's queue and its referrals: the list, one referral, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import AGENCY
from access.visibility import own_units, referrals_for, units_for
from agencies.errors import Taken
from agencies.lifecycle import OPEN
from agencies.models import Referral, Unit
from callcenter import words
from callcenter.errors import status_of
from callcenter.sight import ReferralSight
from events.errors import Conflict, Denied, IllegalMove, KeyReused, NotVisible, Refusal, StaleVersion
from workflows import actions

from . import clock_verbs, item, listing
from .doors import actor_of, page, version_of, visible
from .listing import Place
from .sending import Refused, announce, is_part, once, status_for
from .verb_forms import bound
from .waits import instant

Context = dict[str, Any]


def _hold(*, until: str, **given: Any) -> Referral:
    """Wait until the instant that was typed, in local time; without one as long as the policy allows."""
    return actions.hold(until=instant(until), **given)


# Verb, the fields it takes from its form, and what is said when it is done.
VERBS: dict[str, tuple[Callable[..., Referral], tuple[str, ...], Any]] = {
    "accept": (actions.accept, (), gettext_lazy("Accepted. It is yours now.")),
    "start": (actions.start, (), gettext_lazy("Work has begun.")),
    "hold": (_hold, ("reason", "until", "text"), gettext_lazy("On hold. It goes on by itself at the end.")),
    "resume": (actions.resume, (), gettext_lazy("It goes on.")),
    "complete": (actions.complete, ("outcome", "text"), gettext_lazy("The answer is given.")),
    "reject": (actions.reject, ("reason", "suggested_unit", "text"), gettext_lazy("Returned to triage.")),
    "fail": (actions.fail, ("reason", "text"), gettext_lazy("Marked as not carried out.")),
    "release": (actions.release, (), gettext_lazy("Released to the queue.")),
    "cancel": (actions.cancel, ("reason", "text"), gettext_lazy("The referral is cancelled.")),
    "contest": (clock_verbs.contest_share, ("firing", "text"), gettext_lazy("The objection is on record.")),
}


# --- pages ------------------------------------------------------------------------------------------------


@page(Action.QUEUE_VIEW)
def first(request: HttpRequest) -> HttpResponse:
    """The actor's own queue; for the call centre, and on request, all queues to choose from."""
    actor = actor_of(request)
    if actor.role in AGENCY and "choose" not in request.GET:
        own = Unit.objects.filter(pk__in=own_units(actor)).order_by("path__len", "code").first()
        if own is not None:
            return redirect("queue-unit", unit=own.pk)
    return render(request, "queue/choose.html", {"groups": listing.groups(actor)})


@page(Action.QUEUE_VIEW)
def queue(request: HttpRequest, unit: str) -> HttpResponse:
    place = Place.of(request, unit)
    opened = _uuid(request.GET.get("item"))
    return _page(request, place, opened, item.context(actor_of(request), opened) if opened else {})


@page(Action.QUEUE_VIEW)
def rows(request: HttpRequest, unit: str) -> HttpResponse:
    """The list alone, for live refetching."""
    actor, place = actor_of(request), Place.of(request, unit)
    found = _unit(actor, unit)
    return render(
        request, "queue/_rows.html", listing.page_of(actor, found, place, _uuid(request.GET.get("item")))
    )


@page(Action.REFERRAL_VIEW)
def row(request: HttpRequest, referral: UUID) -> HttpResponse:
    """One line; an answer without content when the referral is not in this list any more."""
    actor, place = actor_of(request), Place.of(request, request.GET.get("unit", ""))
    unit = _unit(actor, place.unit)
    found = listing.lines(actor, listing.shown(actor, unit, place.show).filter(pk=referral), place)
    if not found:
        visible(referrals_for(actor), referral)
        return HttpResponse(status=204)
    return render(request, "queue/_row.html", {"it": found[0]})


@page(Action.QUEUE_VIEW, methods=("POST",))
def take_next(request: HttpRequest, unit: str) -> HttpResponse:
    actor, place = actor_of(request), Place.of(request, unit)
    taken = actions.take_next(actor=actor, unit=_unit(actor, unit))
    if taken is None:
        messages.info(request, _("Nothing in this queue is without an owner. Thank you."))
        return redirect(replace(place, after="").url())
    return redirect(Place(unit).url(opened=taken.pk))


@page(Action.REFERRAL_VIEW)
def referral(request: HttpRequest, referral: UUID) -> HttpResponse:
    """The referral as a page, or as the part that stands beside its queue."""
    return _item(request, _place(request), referral, item.context(actor_of(request), referral))


# --- verbs ------------------------------------------------------------------------------------------------


@page(Action.REFERRAL_VIEW, methods=("POST",))
def act(request: HttpRequest, referral: UUID, verb: str) -> HttpResponse:
    """Run a verb. A refusal is shown in place, with what was typed."""
    actor = actor_of(request)
    visible(referrals_for(actor), referral)
    if verb not in VERBS:
        raise NotVisible
    try:
        once(
            request,
            f"referrals.{verb}",
            lambda: _run(actor, referral, verb, request),
            identify=lambda row: row.pk,
            again=lambda key: visible(referrals_for(actor), key),
        )
    except (Denied, NotVisible):
        raise
    except Refusal as refusal:
        return _refused(request, referral, verb, refusal)
    return _done(request, referral, verb)


def _run(actor: User, referral: UUID, verb: str, request: HttpRequest) -> Referral:
    command, fields, _done_words = VERBS[verb]
    given = {name: request.POST.get(name, "") for name in fields}
    if not given.get("suggested_unit", "-"):
        del given["suggested_unit"]
    return command(actor=actor, referral=referral, version=version_of(request), **given)


def _done(request: HttpRequest, referral: UUID, verb: str) -> HttpResponse:
    """The referral as it is now. Beside a list its line changes with it."""
    actor, place, said = actor_of(request), _place(request), str(VERBS[verb][2])
    if not is_part(request):
        messages.success(request, said)
        return redirect(place.url(opened=referral) if place else reverse("referral", args=[referral]))
    response = _item(request, place, referral, item.context(actor, referral))
    if place is not None:
        response.content += _line(actor, place, referral).encode()
    return announce(response, said, draft=_draft(referral) if verb == "complete" else "")


def _line(actor: User, place: Place, referral: UUID) -> str:
    """The referral's line of the list, to be put in its place by htmx."""
    line = listing.lines(actor, referrals_for(actor).filter(pk=referral), place, opened=referral)[0]
    if not listing.shown(actor, _unit(actor, place.unit), place.show).filter(pk=referral).exists():
        line = replace(line, gone=words.of(words.STAGES, line.seen.state))
    return render_to_string("queue/_row.html", {"it": line, "oob": True})


def _draft(referral: UUID) -> str:
    return f"answer:{referral}"


def _refused(request: HttpRequest, referral: UUID, verb: str, refusal: Refusal) -> HttpResponse:
    actor, form = actor_of(request), bound(verb, request.POST)
    if form is not None:
        form.refuse(refusal)
    context = item.context(actor, referral, typed=form, verb=verb)
    seen: ReferralSight = context["row"]
    # Whose hands it is in says more than that it changed.
    held = seen.state in OPEN and seen.assignee not in ("", actor.username)
    taken = isinstance(refusal, Taken) or (isinstance(refusal, StaleVersion) and held)
    stale = isinstance(refusal, StaleVersion) and not taken
    who, when = item.changed_by(actor, seen) if stale else ("", None)
    context["refused"] = Refused(
        verb=verb,
        label=context["labels"].get(verb, ""),
        notice=_whose(refusal, seen) if taken else _notice(refusal, seen),
        form=form,
        still=verb in context["possible"],
        taken=taken,
        stale=stale,
        in_place=stale or verb != "complete",
        who=who,
        when=when,
        changes=item.changes_since(seen, refusal.extra["yours"]) if stale else (),
    )
    status = status_for(request, status_of(refusal))
    return _item(request, _place(request), referral, context, status=status)


def _whose(refusal: Refusal, seen: ReferralSight) -> str:
    return str((refusal if isinstance(refusal, Taken) else Taken(seen.assignee_name)).message)


def _notice(refusal: Refusal, seen: ReferralSight) -> str:
    """The refusal in the words of this page; a refusal that names fields is told at the fields."""
    match refusal:
        case StaleVersion():
            return ""
        case IllegalMove():
            stage = words.of(words.STAGES, seen.state)
            return _("This step is not possible any more: the stage is now “%(stage)s”.") % {"stage": stage}
        case KeyReused():
            return _("This form was sent before with other words. Look at the stage, then decide again.")
        case Conflict():
            return str(refusal.message)
    return "" if refusal.errors else str(refusal.message)


# --- drawing ----------------------------------------------------------------------------------------------


def _item(
    request: HttpRequest, place: Place | None, opened: UUID, context: Context, *, status: int = 200
) -> HttpResponse:
    """The item in its setting: a part for scripts, beside its queue, or alone."""
    if place is not None and not is_part(request):
        return _page(request, place, opened, context, status=status)
    context |= _setting(actor_of(request), place, opened)
    template = "queue/_main.html" if is_part(request) else "queue/referral.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _setting(actor: User, place: Place | None, opened: UUID) -> Context:
    """Where the item's links and forms lead."""
    return {
        "draft": _draft(opened),
        "item_url": place.item_url(opened) if place else reverse("referral", args=[opened]),
        "act_base": reverse("referral", args=[opened]),
        "act_query": f"?{place.query}" if place else "",
        "leave_url": place.url(opened=opened) if place else reverse("referral", args=[opened]),
        "back_url": place.url() if place else "",
        "next_url": reverse("queue-next", args=[place.unit]) if place else "",
    }


def _page(
    request: HttpRequest, place: Place, opened: UUID | None, context: Context, *, status: int = 200
) -> HttpResponse:
    """The whole page: list and item."""
    actor = actor_of(request)
    unit = _unit(actor, place.unit)
    context |= listing.page_of(actor, unit, place, opened)
    if opened is not None:
        context |= _setting(actor, place, opened)
    return render(request, "queue/queue.html", context, status=status)


def _place(request: HttpRequest) -> Place | None:
    """The queue that the item stands beside, when the request names one the actor may open."""
    unit = request.GET.get("unit", "")
    if not unit or not may(actor_of(request), Action.QUEUE_VIEW):
        return None
    _unit(actor_of(request), unit)
    return Place.of(request, unit)


def _unit(actor: User, code: str) -> Unit:
    if not code.isprintable():
        raise NotVisible
    return visible(units_for(actor).select_related("agency"), code)


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        raise NotVisible from None
