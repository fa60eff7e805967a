"""Reading the environment: a bad value is refused at start with a sentence."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

MODES = ("demo", "local", "test", "production")


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Start through ./run, or set it (see README).")
    return value


def optional(name: str) -> str:
    return os.environ.get(name, "")


def choice(name: str, options: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; it has to be one of {', '.join(options)}.")
    return value


def names(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Networks by number, parted by commas."""
    try:
        return [ipaddress.ip_network(part) for part in names(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} names no network: {error}") from None


def secret(name: str, *, strong: bool) -> str:
    value = text(name)
    if strong and (len(value) < 50 or len(set(value)) < 10):
        raise ImproperlyConfigured(f"{name} is too weak: at least 50 characters, not repeated ones.")
    return value


def database(name: str) -> dict[str, Any]:
    """Django's database settings from a PostgreSQL URL; a socket directory goes in ``?host=``."""
    try:
        parts = conninfo_to_dict(text(name))
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} is not a PostgreSQL address: {error}") from None
    if "dbname" not in parts:
        raise ImproperlyConfigured(f"{name} names no database.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": str(parts["dbname"]),
        "USER": str(parts.get("user", "")),
        "PASSWORD": str(parts.get("password", "")),
        "HOST": str(parts.get("host", "")),
        "PORT": str(parts.get("port", "")),
    }


def redis(name: str) -> str:
    value = text(name)
    if not value.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(f"{name} has to start with redis://, rediss:// or unix://.")
    return value
