"""Changing a draft: one form at a time, each change with its reason, nobody's text lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from access.policy import Action
from callcenter.web import changes
from callcenter.web.doors import actor_of, page, version_of
from callcenter.web.forms import Seen
from events.errors import Conflict, Invalid, NotVisible, StaleVersion
from routing import documents, editing, selectors
from routing.errors import NotADraft
from routing.models import RuleEdit, RuleSet
from routing.rules import check
from routing.rules.check import OF_SECTION, Problem

from .choosing import Choices
from .common import Sight, done, rule_of, sight_of
from .conditions import Line
from .forms import RuleForm, shown
from .further import Drawn, line_in

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Editing:
    """A form on a draft: what it shows now, how it is made, and the command that takes what it says.

    ``wrong`` finds the problems of what the form says, for those that the command only names by row.
    """

    sight: Sight
    row: str
    template: str
    now: Mapping[str, Any] | None
    form: Callable[..., Any]
    save: Callable[[Any, int | None], RuleSet]
    wrong: Callable[[Any], list[Problem]]
    back: str
    context: Mapping[str, Any]


def changed(request: HttpRequest, how: Editing) -> HttpResponse:
    """Show the form; by POST save what it says, or show it again with what is wrong."""
    if request.method == "GET":
        if not how.sight.is_draft:
            raise NotADraft
        return _page(request, how, how.form(initial=how.now))
    form = how.form(changes.settled(request.POST, dict(how.now or {})))
    if not form.is_valid():
        return _page(request, how, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        how.save(form, version_of(request))
    except StaleVersion:
        return _meet(request, how, form)
    except (Invalid, Conflict) as refusal:
        return _refused(request, how, form, refusal)
    messages.success(request, _("Saved."))
    return redirect(how.back)


def _meet(request: HttpRequest, how: Editing, form: Seen) -> HttpResponse:
    """Somebody was faster: what only one of the two changed is saved, the rest is asked, field by field."""
    clashing = _clashes(form, how) if how.now else []
    if clashing:
        more = {
            "conflict": clashing,
            "hidden": changes.carried(request.POST),
            "edit": RuleEdit.objects.filter(ruleset=how.sight.ruleset, row=how.row)
            .select_related("by")
            .first(),
        }
        return _page(request, how, form, HTTPStatus.CONFLICT, **more)
    try:
        how.save(form, how.sight.ruleset.version)
    except (Invalid, Conflict) as refusal:
        return _refused(request, how, form, refusal)
    messages.success(request, _("Saved, together with what a colleague changed meanwhile."))
    return redirect(how.back)


def _clashes(form: Any, how: Editing) -> list[dict[str, Any]]:
    """The fields that both changed; those that a record keeps as JSON say it in words."""
    now = dict(how.now or {})
    found = changes.clashes(form, now)
    for clash in found:
        name = clash["name"]
        said = getattr(form.fields[name], "said", None)
        if said is not None:
            was = form.data.get(form.add_initial_prefix(name), "")
            sides = {"was": was, "theirs": now[name], "mine": form.cleaned_data[name]}
            clash |= {side: said(form.choices.speech, value) for side, value in sides.items()}
    return [clash for clash in found if clash["theirs"] != clash["mine"]]


def _refused(request: HttpRequest, how: Editing, form: Any, refusal: Invalid | Conflict) -> HttpResponse:
    """The form with what was refused, at its fields where they can be told."""
    by_row = any(name.startswith("rows.") for name in refusal.errors)
    if not (by_row and form.place(how.wrong(form))):
        form.refuse(refusal)
    conflict = isinstance(refusal, Conflict)
    return _page(request, how, form, HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY)


def _page(
    request: HttpRequest, how: Editing, form: Any, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    ruleset = how.sight.ruleset
    context = {"form": form, "sight": how.sight, "ruleset": ruleset, "back": how.back, **how.context, **more}
    return render(request, how.template, context, status=status)


def put(
    request: HttpRequest, sight: Sight, section: str, rule: Rule, version: int | None, **how: str
) -> RuleSet:
    """Write a rule into the draft with the reason that its form gives."""
    return editing.put_rule(
        actor_id=actor_of(request).pk,
        number=sight.ruleset.pk,
        section=section,
        rule=rule,
        version=version,
        **{"why": request.POST.get("why", ""), **how},
    )


def problems_with(ruleset: RuleSet, section: str, rule: Rule, replaces: str = "") -> list[Problem]:
    """What would be wrong with this rule in this rule set."""
    document = documents.with_rule(ruleset.document, section, rule, replaces)
    return [it for it in check.unusable(document, selectors.vocabulary()) if it.row == rule["id"]]


# One rule ---------------------------------------------------------------------------------------------------


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def edit(request: HttpRequest, number: int, rule: str) -> HttpResponse:
    """Everything about one rule of a draft but its golden cases."""
    sight = sight_of(request, number)
    section, before = rule_of(sight.ruleset, rule)
    choices = Choices(sight.ruleset.document)
    how = Editing(
        sight=sight,
        row=rule,
        template="rules/edit.html",
        now=shown(before, choices),
        form=_maker(number, section, choices),
        save=lambda form, version: put(request, sight, section, form.rule(before), version, replaces=rule),
        wrong=lambda form: problems_with(sight.ruleset, section, form.rule(before), rule),
        back=at_row(number, rule),
        context={"rule": before, "section": section, "problems": sight.standing.sentences(rule)},
    )
    return changed(request, how)


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def add(request: HttpRequest, number: int, section: str) -> HttpResponse:
    """A new rule at the end of a section."""
    if section not in OF_SECTION:
        raise NotVisible
    sight = sight_of(request, number)
    how = Editing(
        sight=sight,
        row="",
        template="rules/edit.html",
        now=None,
        form=_maker(number, section, Choices(sight.ruleset.document), new=True),
        save=lambda form, _version: put(request, sight, section, form.rule({}), None),
        wrong=lambda form: problems_with(sight.ruleset, section, form.rule({})),
        back=at_row(number, request.POST.get("code", "")),
        context={"section": section},
    )
    return changed(request, how)


def _maker(number: int, section: str, choices: Choices, *, new: bool = False) -> Callable[..., RuleForm]:
    address = reverse("rule-line", args=[number, 0]).removesuffix("0/")

    def make(data: QueryDict | None = None, **options: Any) -> RuleForm:
        return RuleForm(data, section=section, choices=choices, address=address, new=new, **options)

    return make


def at_row(number: int, rule: str) -> str:
    """The table with this row in sight."""
    return f"{reverse('ruleset', args=[number])}#r-{rule}"


@page(Action.RULES_EDIT)
def line(request: HttpRequest, number: int, place: int) -> HttpResponse:
    """A part of the form: one further condition whose fact was chosen, or an empty one more."""
    sight = sight_of(request, number)
    typed = line_in(request.GET, f"further-{place}") if place < 100 else Line()
    context = {
        "line": Drawn(place, typed, Choices(sight.ruleset.document)),
        "name": "further",
        "address": reverse("rule-line", args=[number, 0]).removesuffix("0/"),
        "next": place + 1 if "more" in request.GET else None,
    }
    return render(request, "rules/_line.html", context)


@page(Action.RULES_EDIT, methods=("POST",))
def remove(request: HttpRequest, number: int, rule: str) -> HttpResponse:
    """Take a rule out of a draft."""
    sight = sight_of(request, number)
    rule_of(sight.ruleset, rule)

    def command() -> None:
        editing.remove_rule(rule=rule, **said_by(request, number))

    return done(request, "ruleset", _("The rule is taken out of the draft."), command, number=number)


@page(Action.RULES_EDIT, methods=("POST",))
def move(request: HttpRequest, number: int, rule: str) -> HttpResponse:
    """Move a rule within its section."""
    sight = sight_of(request, number)
    rule_of(sight.ruleset, rule)
    by = request.POST.get("by", "")
    places = int(by) if by.removeprefix("-").isdecimal() and len(by) < 5 else 0

    def command() -> None:
        editing.move_rule(rule=rule, by=places, **said_by(request, number))

    answer = done(request, "ruleset", _("The rule has its new place."), command, number=number)
    answer["Location"] = at_row(number, rule)
    return answer


def said_by(request: HttpRequest, number: int) -> dict[str, Any]:
    """Who changes which draft, which version of it was read, and why."""
    return {
        "actor_id": actor_of(request).pk,
        "number": number,
        "why": request.POST.get("why", ""),
        "version": version_of(request),
    }
