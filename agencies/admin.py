"""Editing agencies, their units, and the coded reasons; memberships stand with the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from people.admin import ReferenceAdmin, ReferenceForm
from people.reference import EDITED

from .models import Agency, Membership, Reason, Unit

if TYPE_CHECKING:
    TabularInline = admin.TabularInline[Any, Any]
else:
    TabularInline = admin.TabularInline


class AgencyAdmin(ReferenceAdmin):
    """A new agency gets its front desk at once, a unit of the same code: without one nobody could ask it."""

    list_display = ("code", "abbr", "az", "en", "ru", "scope", "active")
    list_filter = ("active", "scope")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            names = {name: getattr(obj, name) for name in ("az", "en", "ru", "abbr", "active")}
            Unit.objects.create(code=obj.code, agency=obj, path=[obj.code], mark=EDITED, **names)


class UnitForm(ReferenceForm):
    """A new unit stands below another one of its agency; front desks come with their agency."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        parent, agency = cleaned.get("parent"), cleaned.get("agency")
        if self.instance._state.adding and parent is None:
            raise ValidationError(
                {"parent": "Choose the unit above it; an agency's front desk comes with the agency."}
            )
        if parent is not None and agency is not None and parent.agency_id != agency.pk:
            raise ValidationError({"parent": "This unit belongs to another agency."})
        return cleaned


class UnitAdmin(ReferenceAdmin):
    form = UnitForm
    list_display = ("code", "abbr", "az", "en", "ru", "agency", "health", "active")
    list_filter = ("active", "health", "agency")
    list_select_related = ("agency",)
    exclude = ("path",)
    fixed = ("agency", "parent")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and obj.parent is not None:
            obj.path = [*obj.parent.path, obj.code]
        super().save_model(request, obj, form, change)


class ReasonAdmin(ReferenceAdmin):
    list_display = ("code", "az", "en", "ru", "kind", "effect", "needs_note", "active")
    list_filter = ("active", "kind", "effect")
    fixed = ("kind",)


class MembershipInline(TabularInline):
    """The units a user works for. Taking one away ends what the user sees there."""

    model = Membership
    extra = 0
    fields = ("unit",)
    autocomplete_fields = ("unit",)

    def _allowed(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    has_view_permission = has_add_permission = has_change_permission = has_delete_permission = _allowed


AGENCIES = {Agency: AgencyAdmin, Unit: UnitAdmin, Reason: ReasonAdmin}
