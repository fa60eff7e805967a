"""Users: added, given one role and their units, disabled; never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth import admin as auth
from django.contrib.auth import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from agencies.admin import MembershipInline
from people.admin import KeptAdmin

from .models import User
from .roles import AGENCY, Role

if TYPE_CHECKING:
    NewUserForm = forms.AdminUserCreationForm[User]
    OldUserForm = forms.UserChangeForm[User]
else:
    NewUserForm = forms.AdminUserCreationForm
    OldUserForm = forms.UserChangeForm


class UserChangeForm(OldUserForm):
    """An administrator cannot lock out the last one: oneself."""

    oneself = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or {}
        if self.oneself and not (cleaned.get("is_active") and cleaned.get("role") == Role.ADMINISTRATOR):
            raise ValidationError("Another administrator has to disable you or change your role.")
        return cleaned


class UserAdmin(KeptAdmin, auth.UserAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = NewUserForm
    list_display = ("username", "display", "role", "is_active", "last_login")
    list_filter = ("role", "is_active", "memberships__unit__agency")
    filter_horizontal = ()
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("username", "password", "is_active")}),
        ("Work", {"fields": ("role", "station", "language")}),
        ("Name", {"fields": ("first_name", "last_name", "email")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets: Any = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        ("Work", {"fields": ("role", "first_name", "last_name")}),
    )
    readonly_fields = ("last_login", "date_joined")
    inlines = (MembershipInline,)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.oneself = obj is not None and obj.pk == request.user.pk
        return form

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Units are asked for those who work in agencies, once the user exists."""
        return self.inlines if obj is not None and obj.role in AGENCY else ()


ACCESS = {User: UserAdmin}
