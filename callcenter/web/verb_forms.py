"""The forms of the verbs of a referral."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from agencies.models import Effect, Reason, Unit
from callcenter.sight import ReferralSight

from . import clock_panel
from .sending import FIRST, Suggesting, VerbForm, area
from .waits import End, by_clock, spelled

# Reasons that only the product itself writes.
OWN_REASONS = ("policy_met", "withdrawn", "entered_in_error")
REASON_KIND = {"complete": "completed", "reject": "rejected", "fail": "failed", "cancel": "cancelled"}
EFFECTS = {
    Effect.TRIAGE: gettext_lazy("Triage looks for another unit"),
    Effect.ASK_CITIZEN: gettext_lazy("The citizen is asked"),
    Effect.NOT_ELIGIBLE: gettext_lazy("It is a reasoned refusal to the citizen"),
    Effect.NONE: gettext_lazy("It is the answer of this unit"),
}

Choices = list[Any]


class AnswerForm(VerbForm):
    outcome = forms.CharField(label=gettext_lazy("Outcome"), widget=forms.Select)
    text = forms.CharField(
        label=gettext_lazy("Words for the citizen"),
        help_text=gettext_lazy("The citizen will be told exactly this."),
        widget=area(5),
    )


class ReasonForm(VerbForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=Suggesting(attrs=FIRST))
    text = forms.CharField(label=gettext_lazy("A few words"), required=False, widget=area())


class ReturnForm(ReasonForm):
    suggested_unit = forms.CharField(
        label=gettext_lazy("Whose is it? A suggestion for triage"), required=False, widget=forms.Select
    )
    field_order = ("reason", "suggested_unit", "text")


class HoldForm(ReasonForm):
    until = forms.CharField(
        label=gettext_lazy("Until when (Baku time)"),
        required=False,
        help_text=gettext_lazy("Empty means the latest that the reason allows."),
        widget=forms.TextInput(attrs={"type": "datetime-local"}),
    )
    field_order = ("reason", "until", "text")

    def offer(self, ends: list[End]) -> None:
        """Reasons under what they do to the clock; choosing one suggests the latest end it allows."""
        widget = self.fields["reason"].widget
        assert isinstance(widget, Suggesting)
        widget.choices = [("", _("Choose")), *by_clock(ends)]
        widget.suggestions = {each.reason: spelled(each.latest) for each in ends}
        widget.target = "hold-until"


FORMS: dict[str, type[VerbForm]] = {
    "hold": HoldForm,
    "complete": AnswerForm,
    "reject": ReturnForm,
    "fail": ReasonForm,
    "cancel": ReasonForm,
}


def bound(verb: str, data: Any) -> VerbForm | None:
    """The form of a verb with what was typed; None for a verb without fields."""
    kind = {**FORMS, **clock_panel.FORMS}.get(verb)
    return kind(data, auto_id=f"{verb}-%s") if kind else None


def referral_forms(
    actor: User, row: ReferralSight, ends: list[End], *, typed: VerbForm | None, verb: str
) -> dict[str, VerbForm]:
    """Empty forms for the verbs that are possible now, and the typed one as it was refused."""
    wanted = [name for name in FORMS if name in row.verbs or (name == verb and typed is not None)]
    if not wanted:
        return {}
    reasons = list(
        Reason.objects.filter(active=True).exclude(code__in=OWN_REASONS).order_by("effect", "code")
    )
    made = {}
    for name in wanted:
        form = typed if name == verb and typed is not None else FORMS[name](auto_id=f"{name}-%s")
        if isinstance(form, HoldForm):
            form.offer(ends)
        else:
            _fill(form, name, reasons, row)
        made[name] = form
    return made


def _fill(form: VerbForm, verb: str, reasons: list[Reason], row: ReferralSight) -> None:
    fitting = [reason for reason in reasons if reason.kind == REASON_KIND[verb]]
    if verb == "complete":
        _choose(form, "outcome", [(reason.code, reason.name) for reason in fitting])
        return
    _choose(form, "reason", _by_effect(fitting) if verb != "cancel" else [(r.code, r.name) for r in fitting])
    if isinstance(form, ReturnForm):
        units = Unit.objects.filter(active=True).exclude(pk=row.unit).select_related("agency")
        _choose(form, "suggested_unit", _by_agency(list(units)), empty=_("I do not know"))


def _choose(form: VerbForm, field: str, choices: Choices, *, empty: str = "") -> None:
    widget = form.fields[field].widget
    assert isinstance(widget, forms.Select)
    widget.choices = [("", empty or _("Choose")), *choices]


def _by_effect(reasons: list[Reason]) -> Choices:
    """Reasons under what they lead to, so that the consequence is read before the choice."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for reason in reasons:
        groups.setdefault(reason.effect, []).append((reason.code, reason.name))
    order = [Effect.TRIAGE, Effect.ASK_CITIZEN, Effect.NOT_ELIGIBLE, Effect.NONE]
    return [(str(EFFECTS[effect]), groups[effect]) for effect in order if effect in groups]


def _by_agency(units: list[Unit]) -> Choices:
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in sorted(units, key=lambda unit: (unit.agency.scope != "in_system", unit.agency_id, unit.path)):
        groups.setdefault(unit.agency.name, []).append((unit.code, unit.name))
    return list(groups.items())
