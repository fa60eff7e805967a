"""Small rule sets for tests, built in the format of the product."""

from __future__ import annotations

from typing import Any

from routing.rules.book import RuleBook, compile_book

Rule = dict[str, Any]

FLAGS = [
    {"code": code, "kind": "flag", "az": code, "en": code, "ru": code}
    for code in ("amputee", "lives_alone", "wounded")
]
TRIAGE = {
    "id": "NOBODY",
    "when": None,
    "then": {"triage": True, "priority": "P3", "first": "2 wd", "target": "15 wd"},
}


def plain(fact: str, *values: Any) -> dict[str, Any]:
    return {"fact": fact, "in": list(values)}


def lead(code: str, unit: str, *joint: str, when: Any = None, **then: Any) -> Rule:
    """A rule that sends its own subject, or what ``when`` says, to a unit."""
    shared = {"priority": "P3", "first": "2 wd", "target": "15 wd", "health": True}
    return {
        "id": code,
        "when": when or plain("subtopic", code),
        "then": {"lead": unit, "joint": list(joint), **shared, **then},
    }


def document(
    *,
    safety: list[Rule] | None = None,
    always: list[Rule] | None = None,
    subject: list[Rule] | None = None,
    default: list[Rule] | None = None,
    hit: str = "first",
    questions: list[Rule] | None = None,
    terms: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "format": 1,
        "questions": questions or [],
        "terms": terms or {},
        "sections": [
            {"code": "safety", "hit": "first", "rules": safety or []},
            {"code": "always", "hit": "collect", "rules": always or []},
            {"code": "subject", "hit": hit, "rules": subject or []},
            {"code": "default", "hit": "first", "rules": [TRIAGE] if default is None else default},
        ],
    }


def book_of(**parts: Any) -> RuleBook:
    return compile_book(document(**parts))
