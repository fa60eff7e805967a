"""The first rule set: one rule for each subject, with the questions and additions of ``rules.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from intake.models import Channel, Subtopic, Topic, Urgency
from routing.decide import LADDER
from routing.errors import sentence
from routing.rules.check import Vocabulary, problems

from .files import Files

RULES, CASES = "rules.yaml", "cases.yaml"
PARTS = ("questions", "always", "default")

RuleDocument = dict[str, Any]


def rules(files: Files, topics: Iterable[Topic], subtopics: Iterable[Subtopic]) -> RuleDocument:
    """The document of the first rule set, before its codes are checked."""
    written = files.document(RULES, dict)
    for name in sorted(set(PARTS) ^ set(written)):
        files.problem(RULES, name, f"The file has to hold {', '.join(PARTS)} and nothing else.")
    cases = files.document(CASES, dict)
    health = {topic.code: topic.health for topic in topics}
    subjects = list(subtopics)
    for code in sorted({subtopic.code for subtopic in subjects} ^ set(cases)):
        files.problem(CASES, code, "Every subtopic of topics.yaml has its cases here, and nothing else has.")
    return {
        "format": 1,
        "questions": written.get("questions", []),
        "sections": [
            {"code": "safety", "hit": "first", "rules": []},
            {"code": "always", "hit": "collect", "rules": written.get("always", [])},
            {
                "code": "subject",
                "hit": "unique",
                "rules": [
                    _of_subject(subtopic, health.get(subtopic.topic_id, False), cases.get(subtopic.code, []))
                    for subtopic in subjects
                ],
            },
            {"code": "default", "hit": "first", "rules": written.get("default", [])},
        ],
    }


def _of_subject(subtopic: Subtopic, health: bool, cases: list[Any]) -> RuleDocument:
    return {
        "id": f"R-{subtopic.code}",
        "when": {"fact": "subtopic", "in": [subtopic.code]},
        "then": {
            "lead": subtopic.lead,
            "joint": subtopic.joint,
            # A crisis is answered when the lead confirms safety; it does not wait for the partners [D].
            "policy": "lead" if subtopic.urgency == Urgency.P0 else "all",
            "priority": subtopic.urgency,
            "first": subtopic.first,
            "target": subtopic.resolve,
            "health": health,
            "documents": subtopic.documents,
        },
        "reason": {"az": subtopic.az, "en": subtopic.en, "ru": subtopic.ru},
        "cases": cases,
        "mark": subtopic.mark[:40],
    }


def check_rules(files: Files, document: RuleDocument, tables: dict[str, Iterable[Any]]) -> None:
    """Note what is wrong with the document; ``tables`` are the rows its codes have to be among."""
    codes = {name: frozenset(row.code for row in rows) for name, rows in tables.items()}
    vocabulary = Vocabulary(
        {**codes, "priorities": frozenset(LADDER), "channels": frozenset(Channel.values)},
        under={
            "topic": ("subtopic", _below(tables["subtopics"], "topic_id")),
            "region": ("district", _below(tables["districts"], "region_id")),
        },
    )
    for problem in problems(document, vocabulary):
        files.problem(RULES, problem.row, str(sentence(problem)))


def _below(rows: Iterable[Any], wide: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(getattr(row, wide), set()).add(row.code)
    return {code: frozenset(codes) for code, codes in found.items()}
