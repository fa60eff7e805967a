"""Every route of the product, read from the URL resolver: what the other tests walk over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

# Routes that ask for no action of the policy table, each with who guards it instead.
OWN_GUARD = {
    "healthz": "anybody: says only that the house stands",
    "readyz": "anybody: says only whether it is ready, and what it waits for",
    "metrics": "who has the token of the settings, or this very machine; tests/test_health.py",
    "set_language": "anybody: sets a cookie",
    "login": "anybody: the door itself",
    "logout": "the session's own",
}
ADMIN = "admin/"  # AdminSite.has_permission asks for reference.edit, tested below


@dataclass(frozen=True)
class Route:
    """One pattern with its view; ``verbs`` are (HTTP method, name of the operation) of an API view."""

    path: str
    name: str
    view: Any = field(compare=False)
    converters: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        return self.path.startswith(ADMIN)

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def verbs(self) -> list[tuple[str, str]]:
        """(HTTP method, key under which the view has to declare it)."""
        bound: dict[str, str] | None = getattr(self.view, "actions", None)
        if bound:  # a viewset: methods mapped to verbs
            return [(method.upper(), verb) for method, verb in bound.items() if method != "head"]
        plain = [m for m in self.view.cls.http_method_names if m not in ("options", "head")]
        return [(method.upper(), method.upper()) for method in plain if hasattr(self.view.cls, method)]


def routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, "", ()))


def _walk(patterns: Any, prefix: str, converters: tuple[str, ...]) -> Iterator[Route]:
    for entry in patterns:
        path = prefix + str(entry.pattern)
        names = (*converters, *entry.pattern.converters)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path, names)
        elif isinstance(entry, URLPattern):
            yield Route(path, entry.name or "", entry.callback, names)
