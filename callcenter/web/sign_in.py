"""The sign-in form, in our own words: Django's Azerbaijani ones begin with a foreign letter."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.forms import CharField, PasswordInput, TextInput
from django.utils.translation import gettext_lazy as _


class SignIn(AuthenticationForm):
    """User name and password; what went wrong is said without saying which of the two it was."""

    username = CharField(label=_("User name"), widget=TextInput(attrs={"autofocus": True}))
    password = CharField(
        label=_("Password"), strip=False, widget=PasswordInput(attrs={"autocomplete": "current-password"})
    )
    error_messages = {
        "invalid_login": _("User name and password do not match. Type both again."),
        "inactive": _("This account is switched off. Ask your administrator."),
    }
