"""Editing reference data: the base that every package's admin shares, and the places and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from .models import Category, District, Region
from .reference import CODE, edited

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm


class KeptAdmin(ModelAdmin):
    """Who may enter the site may add and change; nobody deletes, history keeps its names."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReferenceForm(ModelForm):
    """Codes are for ever, so a new one has to be usable everywhere."""

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if not CODE.fullmatch(code):
            raise ValidationError("1 to 32 Latin letters, digits, . _ - and a letter or digit first.")
        return code


class ReferenceAdmin(KeptAdmin):
    """Rows of reference data. The code of a used row never changes; a row is switched off, not deleted."""

    form = ReferenceForm
    list_display: Any = ("code", "az", "en", "ru", "active")
    list_filter: ClassVar[Any] = ("active",)
    search_fields: ClassVar[Any] = ("code", "az", "en", "ru")
    fixed: ClassVar[tuple[str, ...]] = ()
    """Fields that are set once, with the code."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("mark",) if obj is None else ("code", *self.fixed, "mark")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if form.changed_data:
            obj.mark = edited(obj.mark)
        super().save_model(request, obj, form, change)


class RegionAdmin(ReferenceAdmin):
    pass


class DistrictAdmin(ReferenceAdmin):
    list_display = ("code", "az", "en", "ru", "kind", "region", "active")
    list_filter = ("active", "kind", "region")
    list_select_related = ("region",)


class CategoryAdmin(ReferenceAdmin):
    pass


PEOPLE = {Region: RegionAdmin, District: DistrictAdmin, Category: CategoryAdmin}
