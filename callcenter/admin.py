"""The administrator's site: reference data and users. No case content, no engine rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from access.admin import ACCESS
from access.permissions import may
from access.policy import Action
from agencies.admin import AGENCIES
from agencies.models import Unit
from intake.admin import INTAKE
from intake.models import Document, Subtopic
from people.admin import PEOPLE, ReferenceAdmin, ReferenceForm
from routing.admin import ROUTING
from sla.arithmetic import TARGET


class DayaqAdmin(admin.AdminSite):
    """Open to the roles the policy table lets edit reference data; staff and superuser flags say nothing."""

    site_header = site_title = "Dayaq"
    index_title = "Reference data and users"

    def has_permission(self, request: HttpRequest) -> bool:
        return may(request.user, Action.REFERENCE_EDIT)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Everybody signs in at the one door; who is in and may not enter here is told so."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or request.path)


class SubtopicForm(ReferenceForm):
    """Checks what the files' loader checks: units, documents and targets have to be real."""

    def clean_lead(self) -> str:
        return _known(Unit, [self.cleaned_data["lead"]])[0]

    def clean_joint(self) -> list[str]:
        return _known(Unit, self.cleaned_data["joint"])

    def clean_documents(self) -> list[str]:
        return _known(Document, self.cleaned_data["documents"])

    def clean_first(self) -> str:
        return _target(self.cleaned_data["first"])

    def clean_resolve(self) -> str:
        return _target(self.cleaned_data["resolve"])


def _known(model: Any, codes: list[str]) -> list[str]:
    unknown = set(codes) - set(model.objects.filter(pk__in=codes).values_list("pk", flat=True))
    if unknown:
        raise ValidationError(f"Unknown: {', '.join(sorted(unknown))}")
    return codes


def _target(text: str) -> str:
    if not TARGET.fullmatch(text):
        raise ValidationError("A number and min, h, wh or wd, such as 8 wh or 7 wd.")
    return text


class SubtopicAdmin(ReferenceAdmin):
    """What is asked. Routing follows the published rules: a change of lead here re-routes nothing."""

    form = SubtopicForm
    list_display = ("code", "az", "en", "ru", "lead", "urgency", "resolve", "active")
    list_filter = ("active", "urgency", "topic")
    list_select_related = ("topic",)
    fixed = ("topic",)


site = DayaqAdmin(name="admin")

for table in (PEOPLE, INTAKE, {Subtopic: SubtopicAdmin}, AGENCIES, ROUTING, ACCESS):
    for model, options in table.items():
        site.register(model, options)
