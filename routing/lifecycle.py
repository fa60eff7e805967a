"""The life of a rule set. Plain Python; tests walk every pair."""

from __future__ import annotations

from enum import StrEnum

from events.moves import Moves


class RuleSetStatus(StrEnum):
    """A published rule set never changes; what replaces it retires it. ``discarded`` was never in force."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    RETIRED = "retired"
    DISCARDED = "discarded"


S = RuleSetStatus

RULESET = Moves(
    "ruleset",
    {
        S.DRAFT: {S.REVIEW, S.DISCARDED},
        S.REVIEW: {S.DRAFT, S.PUBLISHED, S.DISCARDED},
        S.PUBLISHED: {S.RETIRED},
        S.RETIRED: set(),
        S.DISCARDED: set(),
    },
)
