"""Who comes through the socket door: a browser with its session and origin, or a machine with its token."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from access.models import Token

from .asking import asked

Scope = dict[str, Any]


class Door:
    """A token needs no origin: no browser sends it by itself. A cookie does: it comes along from every page,
    so that the page has to be ours, to the port; a missing origin is refused."""

    def __init__(self, inner: Any) -> None:
        self.by_token = inner
        self.by_session = AuthMiddlewareStack(inner)
        self.denied = WebsocketDenier.as_asgi()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> Any:
        scheme, _space, secret = _header(scope, b"authorization").partition(" ")
        if scheme.lower() == "token":
            token = await asked(_token)(secret.strip())
            known = {"token": token, "user": token.user if token else None}
            return await self.by_token({**scope, **known}, receive, send)
        within = self.by_session if _is_ours(scope) else self.denied
        return await within(scope, receive, send)


def _is_ours(scope: Scope) -> bool:
    """Was the page served by us, at the very address that the socket is opened at?"""
    host, origin = _header(scope, b"host").lower(), urlsplit(_header(scope, b"origin").lower())
    name, _port = split_domain_port(host)
    if not (name and validate_host(name, settings.ALLOWED_HOSTS)):
        return False
    return origin.netloc == host and origin.scheme in (
        {"https"} if settings.PRODUCTION else {"http", "https"}
    )


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope.get("headers", []) if key == name), "")


def _token(secret: str) -> Token | None:
    return Token.objects.select_related("user").filter(digest=Token.hash(secret), revoked_at=None).first()
