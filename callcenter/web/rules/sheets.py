"""A spreadsheet back into a draft: what cannot be read is told by sheet, row and column."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.policy import Action
from callcenter import rulefiles
from callcenter.web.doors import actor_of, page, version_of
from callcenter.web.forms import Typed
from events.errors import Conflict, Invalid
from routing import sheet
from routing.errors import NotADraft

from .common import Sight, sight_of


class SheetForm(Typed):
    """The workbook and why it is taken. A file cannot be shown again: after a mistake it is chosen anew."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet (XLSX)"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        help_text=gettext_lazy("The one downloaded here and changed; at most 2 MB"),
    )
    why = forms.CharField(
        label=gettext_lazy("Why you change it"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def upload(request: HttpRequest, number: int) -> HttpResponse:
    """Put what a workbook says in place of a draft's rules; nothing is taken while anything is wrong."""
    sight = sight_of(request, number)
    if not sight.is_draft:
        raise NotADraft
    if request.method == "GET":
        return _page(request, sight, SheetForm())
    form = SheetForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, sight, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    document, errors = sheet.read(form.cleaned_data["file"].read(), sight.ruleset.document)
    if errors:
        return _page(request, sight, form, HTTPStatus.UNPROCESSABLE_ENTITY, errors=_told(errors))
    return _taken(request, sight, form, document)


def _taken(request: HttpRequest, sight: Sight, form: SheetForm, document: Any) -> HttpResponse:
    try:
        rulefiles.take(
            actor_id=actor_of(request).pk,
            number=sight.ruleset.pk,
            document=document,
            why=form.cleaned_data["why"],
            version=version_of(request),
        )
    except (Invalid, Conflict) as refusal:
        form.refuse(refusal)
        conflict = isinstance(refusal, Conflict)
        status = HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, sight, form, status)
    messages.success(request, _("The spreadsheet is in the draft. Look at what has changed."))
    return redirect("ruleset-compare", number=sight.ruleset.base_id, other=sight.ruleset.pk)


def _told(errors: list[sheet.RowError]) -> list[dict[str, Any]]:
    """Where something cannot be read, and why."""
    return [
        {"sheet": it.sheet, "row": it.row, "column": it.column, "said": sheet.sentence(it)} for it in errors
    ]


def _page(
    request: HttpRequest, sight: Sight, form: SheetForm, status: int = HTTPStatus.OK, **more: Any
) -> HttpResponse:
    context = {"form": form, "sight": sight, "ruleset": sight.ruleset, **more}
    return render(request, "rules/upload.html", context, status=status)
