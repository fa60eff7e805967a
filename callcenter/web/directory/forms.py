"""The two forms of a service: how much room there is, and all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.models import Service, Unit
from callcenter.web.forms import Line, Seen
from people.services import SENTENCES

from .rows import STATUSES, Group

MISSING: Any = {"required": SENTENCES["required"]}


class ReportForm(Seen):
    """What a unit says from day to day."""

    status = forms.ChoiceField(
        label=_("Does it take referrals?"),
        choices=[(code, word) for code, (_look, _icon, word) in STATUSES.items()],
        widget=forms.RadioSelect,
        error_messages=MISSING,
    )
    capacity = forms.IntegerField(
        label=_("Capacity"),
        help_text=_("How many referrals can be open at once; empty when there is no limit"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": _("Write a whole number, or leave it empty.")},
    )
    alert = Line(
        label=_("Alert"),
        help_text=_("What has to be known before one sends somebody. No names of citizens."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ServiceForm(ReportForm):
    """Everything about a service but its unit, which never changes."""

    subtopics = forms.MultipleChoiceField(
        label=_("Subjects"), required=False, widget=forms.CheckboxSelectMultiple
    )
    districts = forms.MultipleChoiceField(
        label=_("Catchment"),
        help_text=_("When none is chosen: the whole country"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("unit", "subtopics", "districts", "status", "capacity", "alert")

    def __init__(self, *args: Any, subjects: Sequence[Group], places: Sequence[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "subtopics", subjects)
        _choices(self, "districts", places)


class NewServiceForm(ServiceForm):
    """A service that is still to be; its unit is chosen here."""

    unit = forms.ChoiceField(label=_("Unit"), error_messages=MISSING)

    def __init__(self, *args: Any, units: Sequence[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "unit", [("", _("Choose a unit")), *units])


def _choices(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    field: Any = form.fields[name]
    field.choices = choices


def units() -> list[Group]:
    """Every open unit below the name of its agency."""
    found: dict[str, list[tuple[str, str]]] = {}
    for unit in Unit.objects.filter(active=True).select_related("agency").order_by("-agency__scope", "path"):
        found.setdefault(unit.agency.name, []).append((unit.code, unit.name))
    return list(found.items())


def reported(service: Service) -> dict[str, Any]:
    """What the report form shows of a service."""
    return {"status": service.status, "capacity": service.capacity, "alert": service.alert}


def whole(service: Service) -> dict[str, Any]:
    """What the form of the whole service shows."""
    return {
        "subtopics": list(service.subtopics),
        "districts": list(service.districts),
        **reported(service),
    }
