"""A draft from its first change to its publication, and what stands in its way."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.utils import InternalError, ProgrammingError

from events.errors import IllegalMove, Invalid, StaleVersion
from intake.models import Application
from routing import editing, selectors
from routing.errors import NotADraft, NotReady, Overtaken, SecondPerson
from routing.lifecycle import RULESET, RuleSetStatus
from routing.models import Decision, RuleEdit, RuleSet

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew() -> Any:
    selectors.forget()
    yield
    selectors.forget()


@pytest.fixture
def author(people_at_work: Any) -> int:
    number: int = people_at_work.supervisor.pk
    return number


@pytest.fixture
def second(people_at_work: Any) -> int:
    number: int = people_at_work.admin.pk
    return number


def draft(author: int) -> RuleSet:
    return editing.start_draft(actor_id=author, source=1, note="Protez təmiri TƏBİB-ə keçir")


def rule_of(row: RuleSet, code: str) -> dict[str, Any]:
    found = next(it for section in row.document["sections"] for it in section["rules"] if it["id"] == code)
    return deepcopy(found)


def with_other_lead(row: RuleSet, code: str = "R-PRO-REPAIR", lead: str = "TABIB") -> dict[str, Any]:
    rule = rule_of(row, code)
    rule["then"]["lead"] = lead
    rule["cases"] = [{**case, "expect": {**case["expect"], "lead": lead}} for case in rule["cases"]]
    return rule


def put(row: RuleSet, actor: int, rule: dict[str, Any], **more: Any) -> RuleSet:
    place = {"section": "subject", "replaces": rule["id"]}
    return editing.put_rule(actor_id=actor, number=row.pk, rule=rule, why="Razılaşma", **place, **more)


def ready(author: int) -> RuleSet:
    row = draft(author)
    put(row, author, with_other_lead(row))
    return editing.rehearse(number=row.pk, days=30)


def test_a_change_is_published_by_a_second_person_and_routes_what_comes_then(
    author: int, second: int, register: Any
) -> None:
    before = register(subtopic="PRO-REPAIR")
    row = ready(author)
    editing.submit(actor_id=author, number=row.pk)

    editing.publish(actor_id=second, number=row.pk)
    selectors.forget()
    after = register(subtopic="PRO-REPAIR")

    old, new = RuleSet.objects.get(pk=1), RuleSet.objects.get(pk=row.pk)
    assert (old.status, new.status) == ("retired", "published")
    assert (new.published_by_id, new.submitted_by_id, new.base_id) == (second, author, 1)
    leads = {it.application_id: (it.lead, it.ruleset_id) for it in Decision.objects.all()}
    assert leads[before.pk] == ("MLSPP.DTSERA", 1)
    assert leads[after.pk] == ("TABIB", row.pk)
    assert Application.objects.get(pk=before.pk).referrals.get(is_lead=True).unit_id == "MLSPP.DTSERA"


def test_who_wrote_changed_or_submitted_it_does_not_publish_it(
    author: int, second: int, people_at_work: Any
) -> None:
    row = ready(author)
    third = people_at_work.operator.pk
    put(row, third, with_other_lead(row, "R-PRO-WHEEL"))
    editing.rehearse(number=row.pk, days=30)
    editing.submit(actor_id=author, number=row.pk)

    for actor in (author, third):
        with pytest.raises(SecondPerson):
            editing.publish(actor_id=actor, number=row.pk)
    editing.publish(actor_id=second, number=row.pk)


def _reverse(section: dict[str, Any]) -> None:
    section["rules"].reverse()


def _first(section: dict[str, Any]) -> None:
    section["hit"] = "first"


@pytest.mark.parametrize("change", [_reverse, _first])
def test_who_changed_the_order_or_a_hit_policy_alone_does_not_publish_it(
    author: int, second: int, change: Callable[[dict[str, Any]], None]
) -> None:
    row = draft(author)
    document = deepcopy(row.document)
    change(document["sections"][2])
    assert document != row.document
    editing.rewrite(actor_id=second, number=row.pk, document=document, why="Sıra")
    editing.rehearse(number=row.pk, days=30)
    editing.submit(actor_id=author, number=row.pk)

    with pytest.raises(SecondPerson):
        editing.publish(actor_id=second, number=row.pk)


def test_the_database_keeps_what_was_in_force(author: int, second: int) -> None:
    row = ready(author)
    editing.submit(actor_id=author, number=row.pk)
    editing.publish(actor_id=second, number=row.pk)

    for number in (1, row.pk):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            RuleSet.objects.filter(pk=number).update(document={})
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            RuleSet.objects.filter(pk=number)._raw_delete("default")
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleSet.objects.filter(pk=row.pk).update(published_by=author)


def test_a_failing_case_a_missing_rehearsal_and_an_overlap_stand_in_the_way(author: int, second: int) -> None:
    row = draft(author)
    with pytest.raises(NotReady) as refused:
        editing.submit(actor_id=author, number=row.pk)
    assert refused.value.extra == {"problems": [], "cases": [], "rehearsed": False}

    rule = rule_of(row, "R-PRO-REPAIR")
    put(row, author, {**rule, "then": {**rule["then"], "lead": "TABIB"}})
    report: Any = editing.rehearse(number=row.pk, days=30).rehearsal
    assert [case["case"] for case in report["cases"] if not case["passed"]] == [
        "PRO-REPAIR.1",
        "PRO-REPAIR.2",
    ]
    with pytest.raises(NotReady) as refused:
        editing.submit(actor_id=author, number=row.pk)
    assert refused.value.extra["cases"] == ["R-PRO-REPAIR/PRO-REPAIR.1", "R-PRO-REPAIR/PRO-REPAIR.2"]

    put(row, author, {**rule_of(row, "R-PRO-WHEEL"), "when": {"fact": "topic", "in": ["PRO"]}})
    problems, failing = editing.standing(RuleSet.objects.get(pk=row.pk))
    assert ("R-PRO-WHEEL", "overlap") in {(it.row, it.code) for it in problems}
    assert failing == []
    with pytest.raises(NotReady):
        editing.submit(actor_id=author, number=row.pk)
    assert RuleSet.objects.get(status="published").pk == 1


def test_a_rehearsal_counts_for_the_very_document_only(author: int) -> None:
    row = ready(author)
    put(row, author, with_other_lead(row, "R-PRO-WHEEL"))

    with pytest.raises(NotReady) as refused:
        editing.submit(actor_id=author, number=row.pk)
    assert refused.value.extra["rehearsed"] is False


def test_what_is_overtaken_is_begun_anew(author: int, second: int) -> None:
    first, other = ready(author), ready(author)
    for row in (first, other):
        editing.submit(actor_id=author, number=row.pk)
    editing.publish(actor_id=second, number=first.pk)

    with pytest.raises(Overtaken):
        editing.publish(actor_id=second, number=other.pk)


def test_who_publishes_a_moment_after_somebody_else_is_told(author: int, second: int) -> None:
    """He waited for the rules in force, and when he got to look there were others."""
    row = ready(author)
    editing.submit(actor_id=author, number=row.pk)
    RuleSet.objects.filter(pk=1).update(status="retired")

    with pytest.raises(Overtaken):
        editing.publish(actor_id=second, number=row.pk)


def test_going_back_is_a_draft_from_what_was_in_force(author: int, second: int) -> None:
    row = ready(author)
    editing.submit(actor_id=author, number=row.pk)
    editing.publish(actor_id=second, number=row.pk)

    back = editing.start_draft(actor_id=second, source=1, note="Razılaşma ləğv edildi")
    editing.rehearse(number=back.pk, days=30)
    editing.submit(actor_id=second, number=back.pk)
    editing.publish(actor_id=author, number=back.pk)

    now = RuleSet.objects.get(status="published")
    assert now.digest == RuleSet.objects.get(pk=1).digest
    assert (now.base_id, now.source_id) == (row.pk, 1)


def test_who_changed_what_and_why_is_kept(author: int) -> None:
    row = draft(author)
    before, after = rule_of(row, "R-PRO-REPAIR"), with_other_lead(row)

    put(row, author, after)

    edit = RuleEdit.objects.get(ruleset=row)
    assert (edit.row, edit.why, edit.by_id) == ("R-PRO-REPAIR", "Razılaşma", author)
    assert edit.before == {"section": "subject", **before}
    assert edit.after == {"section": "subject", **after}


def test_rules_are_added_moved_and_removed(author: int) -> None:
    row = draft(author)
    rule = {
        "id": "YOUNG", "when": {"fact": "age", "between": [None, 17]}, "then": {"joint": ["MLSPP"]},
        "reason": {"az": "Yetkinlik yaşına çatmayıb"},
    }  # fmt: skip
    common = {"actor_id": author, "number": row.pk, "why": "Sınaq"}

    editing.put_rule(section="always", rule=rule, **common)
    editing.move_rule(rule="YOUNG", by=-2, **common)
    codes = [it["id"] for it in RuleSet.objects.get(pk=row.pk).document["sections"][1]["rules"]]
    assert codes.index("YOUNG") == len(codes) - 3
    editing.move_rule(rule="YOUNG", by=-99, **common)
    editing.remove_rule(rule="YOUNG", **common)

    assert RuleSet.objects.get(pk=row.pk).document == RuleSet.objects.get(pk=1).document
    assert list(RuleEdit.objects.order_by("id").values_list("row", flat=True)) == ["YOUNG"] * 4


LONG = "q" * 40  # as long as a name may be
QUESTION = {"code": LONG, "kind": "flag", "az": "Piyada gələ bilmir", "en": "Cannot walk", "ru": "Не ходит"}
TERM = {"az": "Piyada gələ bilmir", "when": {"fact": LONG, "in": [True]}}


def test_questions_and_terms_are_added_changed_and_removed(author: int) -> None:
    row = draft(author)
    common = {"actor_id": author, "number": row.pk, "why": "Sınaq"}

    editing.put_question(question=QUESTION, **common)
    editing.put_question(question={**QUESTION, "en": "Does not walk"}, replaces=LONG, **common)
    editing.put_term(name=LONG, term=TERM, **common)
    editing.put_term(name=LONG, term={**TERM, "az": "Gəzmir"}, replaces=LONG, **common)
    document = RuleSet.objects.get(pk=row.pk).document
    assert document["questions"][-1] == {**QUESTION, "en": "Does not walk"}
    assert document["terms"] == {LONG: {**TERM, "az": "Gəzmir"}}
    editing.remove_term(name=LONG, **common)
    editing.remove_question(question=LONG, **common)

    document = RuleSet.objects.get(pk=row.pk).document
    assert document == {**RuleSet.objects.get(pk=1).document, "terms": {}}
    rows = list(RuleEdit.objects.order_by("id").values_list("row", flat=True))
    assert rows == [f"?{LONG}"] * 2 + [f"={LONG}"] * 3 + [f"?{LONG}"]


def test_what_rules_and_terms_look_at_is_not_removed(author: int) -> None:
    row = draft(author)
    common = {"actor_id": author, "number": row.pk, "why": "Sınaq"}
    editing.put_question(question=QUESTION, **common)
    editing.put_term(name="lame", term=TERM, **common)
    rule = {**rule_of(row, "RAISE-AMPUTEE"), "when": {"term": "lame"}}
    editing.put_rule(section="always", rule=rule, replaces="RAISE-AMPUTEE", **common)

    with pytest.raises(Invalid) as refused:
        editing.remove_question(question=LONG, **common)
    assert set(refused.value.errors) == {"rows.lame", "rows.RAISE-AMPUTEE"}
    with pytest.raises(Invalid) as refused:
        editing.remove_term(name="lame", **common)
    assert set(refused.value.errors) == {"rows.RAISE-AMPUTEE"}
    for name, term in (("lame", TERM), ("other", {**TERM, "when": {"term": "other"}})):
        with pytest.raises(Invalid):
            editing.put_term(name=name, term=term, **common)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (editing.put_question, {"question": QUESTION, "replaces": "nope"}),
        (editing.remove_question, {"question": "nope"}),
        (editing.put_term, {"name": "nope", "term": TERM, "replaces": "nope"}),
        (editing.remove_term, {"name": "nope"}),
        (editing.set_hit, {"section": "nope", "hit": "first"}),
        (editing.set_hit, {"section": "safety", "hit": "unique"}),
        (editing.set_hit, {"section": "subject", "hit": "collect"}),
    ],
)
def test_what_is_not_there_and_what_cannot_be_is_refused(author: int, command: Any, what: Any) -> None:
    row = draft(author)
    with pytest.raises(Invalid):
        command(actor_id=author, number=row.pk, why="Sınaq", **what)
    assert RuleSet.objects.get(pk=row.pk).version == 1


def test_a_hit_policy_is_kept_with_what_it_was(author: int, second: int) -> None:
    row = draft(author)
    editing.set_hit(actor_id=second, number=row.pk, section="subject", hit="first", why="Sıra", version=1)

    edit: Any = RuleEdit.objects.get(ruleset=row)
    assert (edit.row, edit.before["hit"], edit.after["hit"]) == ("#subject", "unique", "first")
    with pytest.raises(StaleVersion):
        editing.set_hit(actor_id=second, number=row.pk, section="subject", hit="unique", why="x", version=1)


def test_an_edit_over_a_newer_one_is_refused(author: int) -> None:
    row = draft(author)
    put(row, author, with_other_lead(row), version=1)

    with pytest.raises(StaleVersion):
        put(row, author, with_other_lead(row, "R-PRO-WHEEL"), version=1)


@pytest.mark.parametrize("why", ["", "   ", "x" * 301])
def test_a_change_without_a_reason_is_refused(author: int, why: str) -> None:
    row = draft(author)

    with pytest.raises(Invalid):
        editing.remove_rule(actor_id=author, number=row.pk, rule="R-PRO-NEW", why=why)
    assert RuleSet.objects.get(pk=row.pk).version == 1


def test_what_cannot_be_read_is_refused_with_its_row_and_changes_nothing(author: int) -> None:
    row = draft(author)
    rule = {**rule_of(row, "R-PRO-NEW"), "when": {"fact": "district", "in": ["ATLANTIS"]}}

    with pytest.raises(Invalid) as refused:
        put(row, author, rule)
    assert list(refused.value.errors) == ["rows.R-PRO-NEW"]
    assert "ATLANTIS" in str(refused.value.errors["rows.R-PRO-NEW"][0])
    assert RuleSet.objects.get(pk=row.pk).digest == row.digest


def test_only_a_draft_is_changed(author: int) -> None:
    with pytest.raises(NotADraft):
        editing.remove_rule(actor_id=author, number=1, rule="R-PRO-NEW", why="Sınaq")
    row = ready(author)
    editing.submit(actor_id=author, number=row.pk)
    with pytest.raises(NotADraft):
        editing.remove_rule(actor_id=author, number=row.pk, rule="R-PRO-NEW", why="Sınaq")
    editing.send_back(actor_id=author, number=row.pk, why="Bir sətir səhvdir")
    editing.remove_rule(actor_id=author, number=row.pk, rule="R-PRO-NEW", why="Sınaq")
    assert editing.discard(number=row.pk).status == "discarded"
    with pytest.raises(IllegalMove):
        editing.discard(number=1)


def test_every_move_of_a_rule_set_is_in_the_table() -> None:
    allowed = {(a, b) for a, b, may in RULESET.pairs() if may}

    S = RuleSetStatus
    assert allowed == {
        (S.DRAFT, S.REVIEW),
        (S.DRAFT, S.DISCARDED),
        (S.REVIEW, S.DRAFT),
        (S.REVIEW, S.PUBLISHED),
        (S.REVIEW, S.DISCARDED),
        (S.PUBLISHED, S.RETIRED),
    }


def test_all_subtopics_and_regions_have_golden_cases_that_pass() -> None:
    row = RuleSet.objects.get(pk=1)

    assert editing.standing(row) == ([], [])
    cases = [
        case
        for section in row.document["sections"]
        for it in section["rules"]
        for case in it.get("cases", ())
    ]
    words = selectors.vocabulary()
    assert {case["facts"]["subtopic"] for case in cases} == words.codes["subtopics"]
    assert {case["facts"]["region"] for case in cases} == words.codes["regions"]
