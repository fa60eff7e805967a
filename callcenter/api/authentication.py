"""Who calls: a machine by token, a browser by session."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from access.models import Token, User


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Token <secret>``; the secret is looked up by its hash."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "token":
            return None
        token = (
            Token.objects.select_related("user")
            .filter(digest=Token.hash(secret.strip()), revoked_at=None, user__is_active=True)
            .first()
        )
        if token is None:
            raise exceptions.AuthenticationFailed(_("This token is not valid. Ask for a new one."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class SessionAuthentication(authentication.SessionAuthentication):
    """Django's session with its CSRF check."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"
