"""What is wrong with a rule set is said by row, and none of it is kept or published."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from routing.rules.book import compile_book
from routing.rules.caution import cautions
from routing.rules.check import Vocabulary, problems, shadowed, unusable
from tests.routing.rulesets import FLAGS, document, lead, plain

WORDS = Vocabulary(
    {
        "subtopics": frozenset({"PRO-NEW", "PRO-FIX", "PSY-PTSD"}),
        "topics": frozenset({"PRO", "PSY"}),
        "priorities": frozenset({"P0", "P1", "P2", "P3", "P4"}),
        "districts": frozenset({"BA", "GA"}),
        "regions": frozenset({"ER01", "ER02"}),
        "categories": frozenset({"VET", "SHF"}),
        "channels": frozenset({"phone"}),
        "units": frozenset({"MOH", "TABIB", "YASHAT"}),
        "documents": frozenset({"ID"}),
    },
    {
        "topic": ("subtopic", {"PRO": frozenset({"PRO-NEW", "PRO-FIX"}), "PSY": frozenset({"PSY-PTSD"})}),
        "region": ("district", {"ER01": frozenset({"BA"}), "ER02": frozenset({"GA"})}),
    },
)
SOUND = document(
    subject=[
        lead("NEW", "MOH", "TABIB", when=plain("subtopic", "PRO-NEW")),
        lead("FIX", "TABIB", when=plain("subtopic", "PRO-FIX"), documents=["ID"]),
    ],
    always=[{"id": "UP", "when": plain("amputee", True), "then": {"raise": 1}}],
    questions=FLAGS,
    hit="unique",
)


def found(made: Any) -> list[tuple[str, str]]:
    return [(problem.row, problem.code) for problem in problems(made, WORDS)]


def changed(section: int, place: int, **row: Any) -> dict[str, Any]:
    made = deepcopy(SOUND)
    made["sections"][section]["rules"][place].update(row)
    return made


def test_a_sound_one_has_no_problems() -> None:
    assert found(SOUND) == []
    assert shadowed(SOUND, WORDS) == []


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (None, ("", "malformed")),
        ([], ("", "malformed")),
        ({"format": 2, "sections": []}, ("", "malformed")),
        (changed(2, 0, when={"eval": "__import__('os')"}), ("NEW", "malformed")),
        (changed(2, 0, when={"fact": "subtopic", "in": []}), ("NEW", "malformed")),
        (changed(2, 0, id="lower"), ("lower", "malformed")),
        (changed(2, 0, id=7), ("3.1", "malformed")),
        (changed(2, 0, when=plain("subtopic", "PRO-GONE")), ("NEW", "unknown_code")),
        (changed(2, 0, when=plain("colour", "red")), ("NEW", "unknown_fact")),
        (changed(2, 0, when={"term": "nobody"}), ("NEW", "unknown_term")),
        (changed(2, 0, when=plain("verification", "high")), ("NEW", "wrong_value")),
        (changed(2, 0, when={"fact": "channel", "between": [1, 2]}), ("NEW", "not_a_number")),
        (changed(2, 0, when={"fact": "age", "between": [9, 3]}), ("NEW", "empty_range")),
        (changed(2, 0, when={"fact": "age", "between": [None, None]}), ("NEW", "empty_range")),
        (changed(2, 1, id="NEW"), ("NEW", "rule_twice")),
        (changed(2, 0, then={"lead": "MOH"}), ("NEW", "missing")),
        (changed(2, 0, then={}), ("NEW", "lead_or_triage")),
        (changed(2, 0, then={"triage": True, "lead": "MOH"}), ("NEW", "lead_or_triage")),
        (changed(1, 0, then={}), ("UP", "concludes_nothing")),
        (changed(1, 0, then={"lead": "MOH"}), ("UP", "not_in_section")),
        (changed(2, 1, when=plain("subtopic", "PRO-NEW", "PRO-FIX")), ("FIX", "overlap")),
        (changed(2, 1, when=plain("topic", "PRO")), ("FIX", "overlap")),
        (changed(2, 1, when={"and": []}), ("FIX", "overlap")),
        (
            changed(2, 0, when={"and": [plain("subtopic", "PRO-NEW"), {"not": plain("topic", "PRO")}]}),
            ("NEW", "never_holds"),
        ),
        (changed(3, 0, when=plain("district", "BA")), ("NOBODY", "no_default")),
        (document(default=[]), ("", "no_default")),
    ],
)
def test_each_fault_is_told_at_its_row(made: Any, problem: tuple[str, str]) -> None:
    assert problem in found(made)


def test_unknown_units_and_documents_are_told() -> None:
    then = SOUND["sections"][2]["rules"][0]["then"]
    made = changed(2, 0, then={**then, "lead": "NOBODY", "joint": ["X"], "documents": ["PASSPORT"]})

    values = {problem.details.get("value") for problem in problems(made, WORDS)}

    assert values == {"NOBODY", "X", "PASSPORT"}


def test_terms_that_define_themselves_are_told() -> None:
    made = document(
        subject=[lead("NEW", "MOH", when={"term": "one"})],
        terms={"one": {"az": "bir", "when": {"term": "two"}}, "two": {"az": "iki", "when": {"term": "one"}}},
    )

    assert {code for _row, code in found(made)} == {"cycle"}
    assert {row for row, _code in found(made)} == {"one", "two", "NEW"}


def test_deep_and_huge_ones_are_refused_before_anybody_walks_them() -> None:
    deep: Any = plain("subtopic", "PRO-NEW")
    for _ in range(100_000):
        deep = {"not": deep}

    assert found(changed(2, 0, when=deep)) == [("", "too_deep")]
    made = deepcopy(SOUND)
    made["sections"][2]["rules"] = [lead(f"R{n}", "MOH", when=None) for n in range(60)]
    made["sections"][2]["rules"][0]["reason"] = {"az": "ə" * 2_000_001}
    assert found(made) == [("", "too_large")]


@pytest.mark.parametrize("text", ["\ud800", "\x00", float("nan"), {1, 2}])
def test_what_the_database_could_not_keep_is_refused(text: Any) -> None:
    made = changed(2, 0, reason={"az": text})

    assert {code for _row, code in found(made)} <= {"not_text", "malformed"}
    assert found(made)


def test_a_condition_with_too_many_alternatives_is_told() -> None:
    either = {"or": [plain("amputee", True), plain("lives_alone", True)]}

    assert found(changed(2, 0, when={"and": [plain("subtopic", "PRO-NEW"), *[either] * 8]})) == []
    assert found(changed(2, 0, when={"and": [either] * 9})) == [("NEW", "too_many_alternatives")]


def test_overlaps_are_no_problem_where_the_first_rule_wins_and_hidden_rules_are_listed() -> None:
    made = changed(2, 1, when=plain("subtopic", "PRO-NEW"))
    made["sections"][2]["hit"] = "first"

    assert found(made) == []
    assert shadowed(made, WORDS) == [("FIX", "NEW")]


def test_a_draft_may_overlap_but_not_be_unreadable() -> None:
    overlapping = changed(2, 1, when=plain("topic", "PRO"))

    assert unusable(overlapping, WORDS) == []
    assert [it.code for it in unusable(changed(2, 0, when=plain("district", "XX")), WORDS)] == [
        "unknown_code"
    ]


def test_cases_have_to_name_what_exists_and_expect_one_end() -> None:
    case = {"id": "NEW.1", "az": "Nümunə", "facts": {"subtopic": "PRO-GONE"}, "expect": {"lead": "NOBODY"}}
    both = {**case, "facts": {"colour": "red", "age": "old"}, "expect": {"lead": "MOH", "triage": True}}

    assert {it.details.get("value") for it in problems(changed(2, 0, cases=[case]), WORDS)} == {
        "PRO-GONE",
        "NOBODY",
    }
    assert {code for _row, code in found(changed(2, 0, cases=[both]))} == {
        "unknown_fact",
        "wrong_value",
        "lead_or_triage",
    }


# Cautions ---------------------------------------------------------------------------------------------------


def warned(made: Any, base: Any = None) -> list[tuple[str, str, str]]:
    told = cautions(made, compile_book(made), WORDS.codes["subtopics"], base or made)
    return [(problem.row, problem.code, problem.details.get("value", "")) for problem in told]


def example(code: str, unit: str) -> dict[str, Any]:
    return {"id": code, "az": code, "facts": {"subtopic": "PRO-FIX"}, "expect": {"lead": unit}}


def test_a_subject_without_a_rule_and_a_rule_without_a_case_are_pointed_out() -> None:
    made = changed(2, 1, cases=[example("FIX.1", "TABIB")])

    assert warned(made) == [("", "no_rule", "PSY-PTSD"), ("NEW", "no_case", "")]


def test_a_golden_case_that_was_weakened_or_dropped_is_pointed_out() -> None:
    base = changed(2, 1, cases=[example("FIX.1", "TABIB"), example("FIX.2", "TABIB")])
    made = changed(2, 1, cases=[example("FIX.1", "MOH")])
    without = deepcopy(base)
    del without["sections"][2]["rules"][1]

    assert {("FIX", "case_changed", "FIX.1"), ("FIX", "case_gone", "FIX.2")} <= set(warned(made, base))
    assert ("", "case_gone", "FIX.1") in warned(without, base)
    assert not any(code.startswith("case") for _row, code, _value in warned(base, base))


def test_two_golden_cases_do_not_share_a_name() -> None:
    made = changed(2, 0, cases=[example("FIX.1", "MOH")])
    made["sections"][2]["rules"][1]["cases"] = [example("FIX.1", "TABIB")]

    assert found(made) == [("FIX.1", "case_twice")]
