"""The published rules send every subtopic where the reference says, and the calendar counts as published."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from callcenter.reference import FOLDER
from routing import selectors as routing
from routing.decide import HEALTH, Decision, decide
from sla import calendars

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

SUBTOPICS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (topic, row)
    for topic in yaml.safe_load((FOLDER / "topics.yaml").read_text("utf-8"))
    for row in topic["sub"]
]


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    routing.forget()
    calendars.forget()


def decided(**facts: Any) -> Decision:
    return decide(facts, routing.published().book, routing.directory().directory)


@pytest.mark.parametrize(("topic", "row"), SUBTOPICS, ids=[row["id"] for _, row in SUBTOPICS])
def test_a_subtopic_goes_to_its_lead_and_partners(topic: dict[str, Any], row: dict[str, Any]) -> None:
    decision = decided(subtopic=row["id"])
    assert decision.rule == f"R-{row['id']}"
    assert (decision.lead, list(decision.joint)) == (row["lead"], row["with"])
    assert (decision.priority, decision.first, decision.target) == (row["urg"], row["first"], row["res"])
    assert decision.policy == ("lead" if row["urg"] == "P0" else "all")
    health = {unit.code for unit in routing.directory().directory.units.values() if unit.health}
    for part in decision.parts:
        sees_health = set(HEALTH) <= set(part.disclosed)
        assert sees_health == (part.unit in health or not topic["health"]), part.unit


def test_there_are_sixty() -> None:
    assert len(SUBTOPICS) == 60


def test_the_unclear_goes_to_triage_first() -> None:
    decision = decided(subtopic="PRO-NEW", unclear=True)
    assert decision.to_triage
    assert decision.rule == "TRIAGE-UNCLEAR"


@pytest.mark.parametrize(
    "facts",
    [
        {"disability_degree": "1"},
        {"amputee": True},
        {"spinal_injury": True},
        {"lives_alone": True},
        {"minor": True},
        {"pregnant": True},
        {"third_repeat": True},
        {"risk_flag": True},
        {"medicine_days_left": 0},
        {"medicine_days_left": 3},
        {"amputee": True, "lives_alone": True},
    ],
    ids=str,
)
def test_what_raises_the_priority_raises_it_by_one_class(facts: dict[str, Any]) -> None:
    assert decided(subtopic="PRO-NEW", **facts).priority == "P2"
    assert decided(subtopic="PSY-CRISIS", **facts).priority == "P0"
    assert decided(subtopic="RX-STOCK", **facts).priority == "P1", "P0 is nobody's arithmetic"


@pytest.mark.parametrize(
    "facts", [{"disability_degree": "2"}, {"amputee": False}, {"medicine_days_left": 4}, {}], ids=str
)
def test_other_answers_leave_the_priority(facts: dict[str, Any]) -> None:
    assert decided(subtopic="PRO-NEW", **facts).priority == "P3"


def working_days(year: int) -> int:
    days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(366)]
    return sum(calendars.calendar().is_working(day) for day in days if day.year == year)


def test_the_calendar_counts_the_published_working_days() -> None:
    assert working_days(2026) == 241
    # 241 by the Code; the Cabinet took three days off and gave two back to work.
    assert working_days(2025) == 241 - 3 + 2


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-03-10", True),  # moved off by the Code, worked by the Cabinet
        ("2025-04-01", True),
        ("2025-03-27", False),
        ("2026-01-20", False),
        ("2026-03-09", False),
        ("2026-11-10", False),
        ("2026-11-12", True),
    ],
)
def test_single_days(day: str, works: bool) -> None:
    assert calendars.calendar().is_working(date.fromisoformat(day)) is works
