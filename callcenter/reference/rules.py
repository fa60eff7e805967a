"""The first rule set, derived from the subjects (``reference/domain.md`` 4.1, 4.4 [D])."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from intake.models import Subtopic, Topic, Urgency

Rule = dict[str, Any]

# What raises the priority by one class; never more than one class, never to P0 (routing.decide).
RAISES: dict[str, tuple[str, Any]] = {
    "RAISE-DISABILITY-1": ("disability_degree", "1"),
    "RAISE-AMPUTEE": ("amputee", True),
    "RAISE-SPINAL-INJURY": ("spinal_injury", True),
    "RAISE-LIVES-ALONE": ("lives_alone", True),
    "RAISE-MINOR": ("minor", True),
    "RAISE-PREGNANT": ("pregnant", True),
    "RAISE-THIRD-REPEAT": ("third_repeat", True),
    "RAISE-RISK-FLAG": ("risk_flag", True),
    "RAISE-MEDICINE-ENDS": ("medicine_days_left", [0, 1, 2, 3]),
}


def derive(topics: Iterable[Topic], subtopics: Iterable[Subtopic]) -> list[Rule]:
    """Unclear matters to a person first, then what raises the priority, then one rule per subtopic."""
    health = {topic.code: topic.health for topic in topics}
    return [
        {"id": "TRIAGE-UNCLEAR", "when": {"unclear": True}, "then": {"triage": True}},
        *(
            {"id": name, "when": {fact: value}, "then": {"raise": 1}}
            for name, (fact, value) in RAISES.items()
        ),
        *(_of_subtopic(subtopic, health[subtopic.topic_id]) for subtopic in subtopics),
    ]


def _of_subtopic(subtopic: Subtopic, health: bool) -> Rule:
    return {
        "id": f"R-{subtopic.code}",
        "when": {"subtopic": subtopic.code},
        "then": {
            "lead": subtopic.lead,
            "joint": subtopic.joint,
            # A crisis is answered when the lead confirms safety; it does not wait for the partners [D].
            "policy": "lead" if subtopic.urgency == Urgency.P0 else "all",
            "priority": subtopic.urgency,
            "first": subtopic.first,
            "target": subtopic.resolve,
            "health": health,
        },
    }


def digest(rules: list[Rule]) -> str:
    """A fingerprint of the rules, the same on every machine."""
    canonical = json.dumps(rules, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
