"""From draft to force: begin one, hand it to a second person, send it back, give it up, publish it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from access.permissions import may
from access.policy import Action
from callcenter.web.doors import actor_of, page, version_of
from callcenter.web.forms import Line, Typed
from events.errors import Conflict, Invalid, NotVisible
from routing import editing

from .common import Sight, done, sight_of


@dataclass(frozen=True)
class Check:
    """One thing that has to be before rules can be published, and whether it is."""

    done: bool
    words: str


def checklist(sight: Sight) -> list[Check]:
    """What stands in the way of publishing; nothing for rules that were in force or given up."""
    if not sight.is_open:
        return []
    found, failing = len(sight.standing.problems), len(sight.standing.failing)
    return [
        Check(not found, _problems(found)),
        Check(not failing and not found, _cases(failing, found)),
        Check(
            sight.rehearsed,
            _("Rehearsed as it is now") if sight.rehearsed else _("Not rehearsed as it is now"),
        ),
        Check(_is_second(sight), _second(sight)),
    ]


def _problems(found: int) -> str:
    if not found:
        return _("No rule has a problem")
    return ngettext("%(n)s problem in the rules", "%(n)s problems in the rules", found) % {"n": found}


def _cases(failing: int, problems: int) -> str:
    if problems:
        return _("Golden cases are tried when there is no problem")
    if not failing:
        return _("All golden cases pass")
    return ngettext("%(n)s golden case fails", "%(n)s golden cases fail", failing) % {"n": failing}


def _is_second(sight: Sight) -> bool:
    return sight.in_review and may_publish(sight)


def _second(sight: Sight) -> str:
    if _is_second(sight):
        return _("You are the second person")
    if sight.in_review:
        return _("You wrote part of it: another person publishes it")
    return _("A second person looks at it after you hand it over")


def may_publish(sight: Sight) -> bool:
    """May this actor put it in force? Who wrote part of it may not."""
    return sight.in_review and may(sight.actor, Action.RULES_PUBLISH) and sight.actor.pk not in sight.writers


# A new draft ------------------------------------------------------------------------------------------------


class NoteForm(Typed):
    """Why a draft is begun."""

    note = Line(
        label=gettext_lazy("What you are going to change, and why"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Whoever reads the versions later sees this sentence."),
    )


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def begin(request: HttpRequest, number: int) -> HttpResponse:
    """Begin a draft from this version; from an earlier one it is the way back."""
    sight = sight_of(request, number)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = editing.start_draft(
                actor_id=actor_of(request).pk, source=number, note=form.cleaned_data["note"]
            )
        except (Invalid, Conflict) as refusal:
            form.refuse(refusal)
        else:
            return redirect("ruleset", number=made.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"form": form, "sight": sight, "ruleset": sight.ruleset}
    return render(request, "rules/begin.html", context, status=status)


# The way of a draft -----------------------------------------------------------------------------------------


def _submit(request: HttpRequest, number: int) -> None:
    editing.submit(actor_id=actor_of(request).pk, number=number, version=version_of(request))


def _send_back(request: HttpRequest, number: int) -> None:
    why = request.POST.get("why", "")
    editing.send_back(actor_id=actor_of(request).pk, number=number, why=why, version=version_of(request))


def _discard(request: HttpRequest, number: int) -> None:
    editing.discard(number=number, version=version_of(request))


Command = Callable[[HttpRequest, int], None]
VERBS: Mapping[str, tuple[Command, str | Promise]] = {  # what is done, and what is said then
    "submit": (_submit, gettext_lazy("Handed over. A second person looks at it and publishes it.")),
    "send-back": (_send_back, gettext_lazy("Sent back. It is a draft again.")),
    "discard": (_discard, gettext_lazy("Given up. It is kept, and a draft can be begun from it.")),
}


@page(Action.RULES_EDIT, methods=("POST",))
def act(request: HttpRequest, number: int, verb: str) -> HttpResponse:
    """One step of a draft's life that its writers may take."""
    sight_of(request, number)
    if verb not in VERBS:
        raise NotVisible
    command, said = VERBS[verb]
    return done(request, "ruleset", said, lambda: command(request, number), number=number)


@page(Action.RULES_PUBLISH, methods=("POST",))
def publish(request: HttpRequest, number: int) -> HttpResponse:
    """Put a reviewed rule set in force; the domain wants a second person for it."""
    sight_of(request, number)
    said = _("Rules %(number)s are in force. Open applications keep their way.") % {"number": number}

    def command() -> None:
        editing.publish(actor_id=actor_of(request).pk, number=number, version=version_of(request))

    return done(request, "ruleset", said, command, number=number)
