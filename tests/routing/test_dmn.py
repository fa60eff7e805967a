"""A rule set as DMN: valid by OMG's schema, read back by others, and deciding as the product decides."""

from __future__ import annotations

from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree
from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

from routing import dmn, feel, selectors
from routing.decide import decide
from routing.directory import Directory, Unit
from routing.models import RuleSet
from routing.rules.book import compile_book
from routing.rules.check import unusable
from routing.rules.facts import Kind
from routing.rules.forms import Cell, TooManyAlternatives
from tests.routing import drawn
from tests.routing.feeling import holds, value_of
from tests.routing.rulesets import FLAGS, document, lead, plain

NAMES = {"dmn": dmn.MODEL}
LABELS = {
    "facts": {"subtopic": "Mövzu", "amputee": 'Amputasiya & "protez" <1>'},
    "sections": {"safety": "Təhlükəsizlik"},
}


def exported(whole: Any, vocabulary: Any = drawn.VOCABULARY) -> Any:
    return etree.fromstring(dmn.export(whole, vocabulary, LABELS))


def schema() -> Any:
    """OMG's own schema of DMN 1.3, which SpiffWorkflow ships."""
    spiff = find_spec("SpiffWorkflow")
    assert spiff is not None
    assert spiff.origin is not None
    return etree.XMLSchema(etree.parse(Path(spiff.origin).parent / "dmn" / "parser" / "schema" / "DMN13.xsd"))


SCHEMA = schema()


def read(model: Any) -> dict[str, Any]:
    """Every decision table by its section, as SpiffWorkflow reads it (it takes one decision a file)."""
    found = {}
    for decision in model.iterfind("dmn:decision[dmn:decisionTable]", NAMES):
        alone = etree.Element(model.tag, nsmap=model.nsmap)
        alone.append(deepcopy(decision))
        for annotation in alone.xpath("//dmn:annotation", namespaces=NAMES):
            annotation.getparent().remove(annotation)  # SpiffWorkflow reads the descriptions of the rows
        parser = DMNParser(None, alone, NAMES)
        parser.parse()
        (found[decision.get("name")],) = parser.decision.decisionTables
    return found


def matched(table: Any, facts: dict[str, Any]) -> list[Any]:
    """The rows of a table that hold."""
    return [
        rule
        for rule in table.rules
        if all(
            holds(entry.text, facts.get(entry.input.expression.removesuffix("_")))
            for entry in rule.inputEntries
        )
    ]


def outputs(rule: Any) -> dict[str, Any]:
    return {entry.output.name: value_of(entry.text) for entry in rule.outputEntries}


def codes(rules: list[Any]) -> list[str]:
    return list(dict.fromkeys(rule.description.partition(":")[0] for rule in rules))


# Form -------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn.documents(), drawn.facts())
def test_every_rule_holds_in_the_model_exactly_when_it_holds_in_the_product(whole: Any, facts: Any) -> None:
    assert unusable(whole, drawn.VOCABULARY) == []
    model = exported(whole)

    SCHEMA.assertValid(model)
    book, tables = compile_book(whole), read(model)
    for section in whole["sections"]:
        ours = [rule.code for rule in book.sections[section["code"]].rules if rule.holds(facts)]
        assert codes(matched(tables[section["code"]], facts)) == ours


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn.documents())
def test_rows_conclude_what_their_rules_conclude(whole: Any) -> None:
    tables = read(exported(whole))

    for section in whole["sections"]:
        then = {rule["id"]: rule["then"] for rule in section["rules"]}
        for row in tables[section["code"]].rules:
            told = {name: value for name, value in outputs(row).items() if value is not None}
            assert told == then[codes([row])[0]]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn.documents(), drawn.facts())
def test_a_table_that_says_unique_is(whole: Any, facts: Any) -> None:
    """Alternatives of one rule may overlap: then it says ANY, and they agree."""
    table = read(exported(whole))["subject"]
    rows = matched(table, facts)

    if table.hit_policy == "ANY":
        conclusions = {code: [outputs(row) for row in rows if codes([row]) == [code]] for code in codes(rows)}
        assert all(each == [each[0]] * len(each) for each in conclusions.values())
    elif table.hit_policy == "UNIQUE":
        assert len(rows) == len(codes(rows))


def test_the_same_rules_give_the_same_bytes() -> None:
    whole = document(always=[lead("A", "MOH", when=plain("categories", "VET", "SHF", "WDIS"))])

    first = dmn.export(whole, drawn.VOCABULARY, LABELS)

    assert first == dmn.export(deepcopy(whole), drawn.VOCABULARY, LABELS)
    assert first.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")


def test_sections_keep_their_hit_policies_and_the_top_decision_requires_them() -> None:
    model = exported(document(hit="unique", subject=[lead("PRO-NEW", "MOH")]))

    policies = {
        table.getparent().get("name"): table.get("hitPolicy") for table in model.iter("{*}decisionTable")
    }
    assert policies == {"safety": "FIRST", "always": "COLLECT", "subject": "UNIQUE", "default": "FIRST"}
    needed = model.xpath("//dmn:decision[@id='routing']//dmn:requiredDecision/@href", namespaces=NAMES)
    assert needed == ["#decision_safety", "#decision_always", "#decision_subject", "#decision_default"]


def test_alternatives_of_one_rule_that_overlap_make_the_table_one_of_any() -> None:
    either = {"or": [plain("amputee", True), plain("lives_alone", True)]}
    model = exported(document(hit="unique", questions=FLAGS, subject=[lead("R", "MOH", when=either)]))

    assert read(model)["subject"].hit_policy == "ANY"


def test_terms_are_written_out_and_what_is_wider_is_written_as_what_it_holds() -> None:
    when = {"and": [{"term": "far"}, plain("topic", "PRO")]}
    far = {"az": "Uzaq", "when": {"not": plain("region", "ER01")}}
    (row,) = read(exported(document(subject=[lead("R", "MOH", when=when)], terms={"far": far})))[
        "subject"
    ].rules

    assert [entry.text for entry in row.inputEntries] == [
        '"PRO-NEW", "PRO-REPAIR"',
        'not(null, "BA", "SUM")',
    ]


def test_names_are_escaped_and_what_xml_cannot_hold_is_replaced() -> None:
    rule = {**lead("R", "MOH", when=plain("amputee", True)), "reason": {"az": "a < b & \x0b\ufffe"}}
    model = exported(document(questions=FLAGS, subject=[rule]))

    SCHEMA.assertValid(model)
    assert model.find(".//*[@id='fact_amputee']").get("label") == LABELS["facts"]["amputee"]
    assert model.find(".//dmn:rule[@id='rule_R_1']/dmn:description", NAMES).text == "R: a < b & \ufffd\ufffd"


def test_a_fact_named_as_a_word_of_feel_can_be_read() -> None:
    question = {"code": "in", "kind": "flag", "az": "a", "en": "a", "ru": "a"}
    model = exported(document(questions=[question], subject=[lead("R", "MOH", when=plain("in", True))]))

    (clause,) = read(model)["subject"].inputs
    assert clause.expression == "in_" == model.find(".//*[@id='fact_in']").get("name")
    assert feel.name("in_") == "in__"


def test_every_element_is_drawn_and_every_line_ends_where_something_is() -> None:
    model = exported(document(questions=FLAGS, subject=[lead("R", "MOH", when=plain("amputee", True))]))
    drawn_ids = set(model.xpath("//*[local-name()='DMNShape']/@dmnElementRef"))
    lines = model.xpath("//*[local-name()='DMNEdge']/@dmnElementRef")

    assert drawn_ids == {
        node.get("id") for tag in ("decision", "inputData") for node in model.iter(f"{{*}}{tag}")
    }
    assert sorted(lines) == sorted(model.xpath("//dmn:informationRequirement/@id", namespaces=NAMES))


def test_a_rule_that_no_table_could_show_is_named() -> None:
    many = {"and": [{"or": [plain("amputee", True), plain("in", True)]}] * 9}

    with pytest.raises(TooManyAlternatives, match="R"):
        exported(document(questions=drawn.QUESTIONS, subject=[lead("R", "MOH", when=many)]))


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (None, Kind.CODE, "-"),
        (Cell(unknown=True), Kind.CODES, "null"),
        (Cell(), Kind.CODE, "not(null)"),
        (Cell(within=frozenset({"B", "A"})), Kind.CODE, '"A", "B"'),
        (Cell(out_of=frozenset({"A"})), Kind.CODE, 'not(null, "A")'),
        (Cell(within=frozenset({True})), Kind.FLAG, "true"),
        (Cell(low=18, high=65), Kind.NUMBER, "[18..65]"),
        (Cell(high=17), Kind.NUMBER, "<= 17"),
        (Cell(low=18), Kind.NUMBER, ">= 18"),
        (Cell(within=frozenset({1, 9}), high=5), Kind.NUMBER, "1"),
        (Cell(out_of=frozenset({3}), low=1, high=5), Kind.NUMBER, "not(null, 3, < 1, > 5)"),
        (Cell(), Kind.CODES, "? != null"),
        (
            Cell(meets=frozenset({frozenset("AB")}), out_of=frozenset("B")),
            Kind.CODES,
            '? != null and list contains(?, "A") and not(list contains(?, "B"))',
        ),
    ],
)
def test_a_cell_is_written_as_unary_tests(cell: Any, kind: Kind, text: str) -> None:
    assert feel.tests(cell, kind) == text


# The published rules ----------------------------------------------------------------------------------------


@pytest.fixture
def published(reference: None) -> Any:
    return RuleSet.objects.get(status="published").document


@pytest.mark.django_db
def test_the_published_rules_decide_the_same_in_the_model(published: Any) -> None:
    """Their golden cases: the same rule concludes and names the same lead."""
    model = exported(published, selectors.vocabulary())
    SCHEMA.assertValid(model)
    tables, book = read(model), compile_book(published)
    units = selectors.vocabulary().codes["units"]
    everywhere = Directory({code: Unit(code, (code,), health=True) for code in units})

    cases = [case for rule in book.rules for case in rule.cases]
    assert len(cases) >= 100
    for case in cases:
        rows = next(
            found for code in ("safety", "subject", "default") if (found := matched(tables[code], case.facts))
        )
        decision = decide(case.facts, book, everywhere)
        assert outputs(rows[0])["lead"] == (decision.proposal or decision).lead, case.code
        assert codes(rows) == [decision.rule]
