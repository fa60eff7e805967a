"""What the decision reads: the published rules and the directory of units."""

from __future__ import annotations

from django.core.cache import cache

from agencies.models import Unit

from .decide import UnitFacts
from .errors import NoRules
from .models import RuleSet


def published() -> RuleSet:
    """The rule set in force. Cached for a few seconds: it is read at every keystroke of a preview."""
    known: RuleSet | None = cache.get("routing-rules")
    if known is None:
        known = RuleSet.objects.filter(status="published").first()
        if known is None:
            raise NoRules
        cache.set("routing-rules", known, 5)
    return known


def directory() -> dict[str, UnitFacts]:
    """All units by code."""
    known: dict[str, UnitFacts] | None = cache.get("routing-directory")
    if known is None:
        known = {
            unit.code: UnitFacts(unit.code, tuple(unit.path), unit.health, unit.active)
            for unit in Unit.objects.all()
        }
        cache.set("routing-directory", known, 5)
    return known


def forget() -> None:
    """Read the rules and the directory anew, after either was changed in this process."""
    cache.delete_many(["routing-rules", "routing-directory"])
