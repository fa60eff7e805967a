"""Who comes through the socket door: a browser with its session and origin, or a machine with its token."""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.security.websocket import AllowedHostsOriginValidator

from access.models import Token

from .asking import asked


class Door:
    """A token needs no origin: no browser sends it by itself. A cookie does, so its origin is checked,
    and a missing one is refused."""

    def __init__(self, inner: Any) -> None:
        self.by_token = inner
        self.by_session = AllowedHostsOriginValidator(AuthMiddlewareStack(inner))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        header = dict(scope.get("headers", [])).get(b"authorization", b"").decode("latin-1")
        scheme, _space, secret = header.partition(" ")
        if scheme.lower() != "token":
            return await self.by_session(scope, receive, send)
        token = await asked(_token)(secret.strip())
        known = {"token": token, "user": token.user if token else None}
        return await self.by_token({**scope, **known}, receive, send)


def _token(secret: str) -> Token | None:
    return Token.objects.select_related("user").filter(digest=Token.hash(secret), revoked_at=None).first()
