"""A rule set as a model in OMG's DMN 1.3, for modellers and for whoever checks the rules elsewhere.

Plain Python; the same rule set gives the same bytes. Each section is a decision with a decision table: its
rules in normal form (``rules.forms``), terms resolved, one row for each alternative. The decision "routing"
requires all of them. Guards, the directory and how far the urgency rises stay with ``decide``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

from . import feel
from .rules.book import Document, Hit, digest
from .rules.check import Vocabulary, alternatives, setting
from .rules.facts import Fact, Kind
from .rules.forms import Row, meet

Names = Mapping[str, Mapping[str, str]]
"""Names in one language by list of codes, then by code; a code without a name stands for itself."""

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NAMESPACES = {
    "xmlns": MODEL,
    "xmlns:dmndi": "https://www.omg.org/spec/DMN/20191111/DMNDI/",
    "xmlns:dc": "http://www.omg.org/spec/DMN/20180521/DC/",
    "xmlns:di": "http://www.omg.org/spec/DMN/20180521/DI/",
}
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2

CODES, CONCLUSION, ADDITION = "tCodes", "tConclusion", "tAddition"
OUTPUTS: Mapping[str, str] = {
    "lead": "string",
    "joint": CODES,
    "policy": "string",
    "priority": "string",
    "first": "string",
    "target": "string",
    "health": "boolean",
    "documents": CODES,
    "consents": CODES,
    "triage": "boolean",
}
ADDED: Mapping[str, str] = {
    "joint": CODES,
    "documents": CODES,
    "consents": CODES,
    "forbid": CODES,
    "raise": "number",
    "triage": "boolean",
}
ROUTING = """{
  concluded: if safety != null then safety else if subject != null then subject else default,
  added: always
}"""


@dataclass(frozen=True)
class Line:
    """One alternative of a rule. ``tests`` by the facts of its table, ``outputs`` by its output clauses."""

    key: str
    tests: tuple[str, ...]
    outputs: tuple[str, ...]
    annotation: str


@dataclass(frozen=True)
class Table:
    """One section. ``hit`` is a hit policy of DMN."""

    code: str
    hit: str
    facts: tuple[Fact, ...]
    outputs: Mapping[str, str]
    lines: tuple[Line, ...]

    @property
    def type_ref(self) -> str:
        return f"{ADDITION}s" if self.hit == "COLLECT" else CONCLUSION


def export(document: Document, vocabulary: Vocabulary, names: Names) -> bytes:
    """The model as XML. ``document`` is at least usable (``rules.check.unusable`` found nothing).

    ``names`` gives the labels of ``facts`` and ``sections``. Raises ``TooManyAlternatives`` with the id of
    the rule that has more than a table could show.
    """
    drawn = tables(document, vocabulary)
    root = ET.Element(
        "definitions",
        {
            **NAMESPACES,
            "id": "ruleset",
            "name": "routing",
            "namespace": f"urn:dayaq:ruleset:{digest(document)}",
            "exporter": "Dayaq",
        },
    )
    _types(root)
    _top(root, drawn, names)
    for table in drawn:
        _decision(root, table, names)
    inputs = list({fact.code: fact for table in drawn for fact in table.facts}.values())
    for fact in inputs:
        _input_data(root, fact, names)
    _diagram(root, drawn, inputs)
    ET.indent(root)
    encoded: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return encoded + b"\n"


# Tables -----------------------------------------------------------------------------------------------------


def tables(document: Document, vocabulary: Vocabulary) -> list[Table]:
    """The decision tables of the four sections. Raises ``TooManyAlternatives``."""
    known = setting(document, vocabulary)
    forms = alternatives(document, known)
    return [_table(section, forms, known.catalogue) for section in document["sections"]]


def _table(
    section: Mapping[str, Any], forms: Mapping[str, list[Row]], catalogue: Mapping[str, Fact]
) -> Table:
    own = {rule["id"]: forms[rule["id"]] for rule in section["rules"]}
    used = {code for rows in own.values() for row in rows for code in row.cells}
    # Modellers expect a table to ask for something: every decision is about a subject.
    facts = tuple(fact for code, fact in catalogue.items() if code in (used or {"subtopic"}))
    outputs = ADDED if section["hit"] == Hit.COLLECT else OUTPUTS
    return Table(
        section["code"],
        _hit_policy(Hit(section["hit"]), own),
        facts,
        outputs,
        tuple(
            line for rule in section["rules"] for line in _lines(rule, own[rule["id"]], facts, tuple(outputs))
        ),
    )


def _hit_policy(hit: Hit, forms: Mapping[str, list[Row]]) -> str:
    """ANY where alternatives of one rule overlap: they conclude the same, which UNIQUE would not allow
    (clause 8.2.10)."""
    overlapping = any(
        meet([one], [other]) is not None for rows in forms.values() for one, other in combinations(rows, 2)
    )
    return "ANY" if hit == Hit.UNIQUE and overlapping else hit.upper()


def _lines(
    rule: Mapping[str, Any], rows: Sequence[Row], facts: tuple[Fact, ...], outputs: tuple[str, ...]
) -> Iterator[Line]:
    reason = rule.get("reason", {}).get("az", "")
    for place, row in enumerate(rows, 1):
        yield Line(
            key=f"{rule['id']}_{place}",
            tests=tuple(feel.tests(row.cells.get(fact.code), fact.kind) for fact in facts),
            outputs=tuple(feel.literal(rule["then"].get(name)) for name in outputs),
            annotation=f"{rule['id']}: {reason}" if reason else rule["id"],
        )


# Elements ---------------------------------------------------------------------------------------------------


def _add(parent: ET.Element, tag: str, said: str | None = None, **attributes: str) -> ET.Element:
    """A new last element, of the text ``said``; characters that XML does not know are replaced."""
    whole = {name: NOT_XML.sub("\ufffd", value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, whole)
    if said is not None:
        ET.SubElement(element, "text").text = NOT_XML.sub("\ufffd", said)
    return element


def _label(names: Names, of: str, code: str) -> str:
    return names.get(of, {}).get(code) or code


def _types(root: ET.Element) -> None:
    codes = _add(root, "itemDefinition", name=CODES, isCollection="true")
    ET.SubElement(codes, "typeRef").text = "string"
    _context(root, CONCLUSION, OUTPUTS)
    _context(root, ADDITION, ADDED)
    additions = _add(root, "itemDefinition", name=f"{ADDITION}s", isCollection="true")
    ET.SubElement(additions, "typeRef").text = ADDITION
    _context(root, "tRouting", {"concluded": CONCLUSION, "added": f"{ADDITION}s"})


def _context(root: ET.Element, name: str, members: Mapping[str, str]) -> None:
    definition = _add(root, "itemDefinition", name=name)
    for member, type_ref in members.items():
        component = _add(definition, "itemComponent", name=member)
        ET.SubElement(component, "typeRef").text = type_ref


def _top(root: ET.Element, drawn: Sequence[Table], names: Names) -> None:
    top = _add(root, "decision", id="routing", name="routing", label=_label(names, "sections", "routing"))
    _add(top, "variable", id="variable_of_routing", name="routing", typeRef="tRouting")
    for table in drawn:
        need = _add(top, "informationRequirement", id=f"routing_needs_{table.code}")
        _add(need, "requiredDecision", href=f"#decision_{table.code}")
    _add(top, "literalExpression", ROUTING, id="expression_of_routing", typeRef="tRouting")


def _decision(root: ET.Element, table: Table, names: Names) -> None:
    label = _label(names, "sections", table.code)
    decision = _add(root, "decision", id=f"decision_{table.code}", name=table.code, label=label)
    _add(decision, "variable", id=f"variable_of_{table.code}", name=table.code, typeRef=table.type_ref)
    for fact in table.facts:
        need = _add(decision, "informationRequirement", id=f"{table.code}_needs_{fact.code}")
        _add(need, "requiredInput", href=f"#fact_{fact.code}")
    grid = _add(decision, "decisionTable", id=f"table_{table.code}", hitPolicy=table.hit)
    for fact in table.facts:
        key = f"{table.code}_input_{fact.code}"
        clause = _add(grid, "input", id=key, label=_label(names, "facts", fact.code))
        said = feel.name(fact.code)
        _add(clause, "inputExpression", said, id=f"expression_of_{key}", typeRef=_type(fact.kind))
    for name, type_ref in table.outputs.items():
        _add(grid, "output", id=f"{table.code}_output_{name}", name=name, typeRef=type_ref)
    _add(grid, "annotation", name="rule")
    for line in table.lines:
        _rule(grid, table, line)


def _rule(grid: ET.Element, table: Table, line: Line) -> None:
    """A row. Its annotation stands twice: some modellers show annotation entries, others the description."""
    rule = _add(grid, "rule", id=f"rule_{line.key}")
    ET.SubElement(rule, "description").text = NOT_XML.sub("\ufffd", line.annotation)
    for fact, said in zip(table.facts, line.tests, strict=True):
        _add(rule, "inputEntry", said, id=f"rule_{line.key}_if_{fact.code}")
    for name, said in zip(table.outputs, line.outputs, strict=True):
        _add(rule, "outputEntry", said, id=f"rule_{line.key}_then_{name}")
    _add(rule, "annotationEntry", line.annotation)


def _input_data(root: ET.Element, fact: Fact, names: Names) -> None:
    name, label = feel.name(fact.code), _label(names, "facts", fact.code)
    data = _add(root, "inputData", id=f"fact_{fact.code}", name=name, label=label)
    _add(data, "variable", id=f"variable_of_fact_{fact.code}", name=name, typeRef=_type(fact.kind))


def _type(kind: Kind) -> str:
    return feel.TYPES.get(kind, CODES)


# Diagram ----------------------------------------------------------------------------------------------------

BOX, OVAL, GAP, MARGIN = (180, 80), (150, 50), 30, 40
ROWS = (MARGIN, MARGIN + 200, MARGIN + 420)  # where the top decision, the sections and the facts begin


def _diagram(root: ET.Element, drawn: Sequence[Table], inputs: Sequence[Fact]) -> None:
    """Three rows, the requirements as lines upward."""
    diagram = _add(_add(root, "dmndi:DMNDI"), "dmndi:DMNDiagram", id="diagram", name="routing")
    width = max(len(drawn) * (BOX[0] + GAP), len(inputs) * (OVAL[0] + GAP)) - GAP
    ids = (
        ["routing"],
        [f"decision_{table.code}" for table in drawn],
        [f"fact_{fact.code}" for fact in inputs],
    )
    places = {
        key: (MARGIN + (width - _width(row, size)) // 2 + place * (size[0] + GAP), top, size)
        for row, top, size in zip(ids, ROWS, (BOX, BOX, OVAL), strict=True)
        for place, key in enumerate(row)
    }
    for key, (x, y, size) in places.items():
        shape = _add(diagram, "dmndi:DMNShape", id=f"shape_{key}", dmnElementRef=key)
        _add(shape, "dc:Bounds", x=str(x), y=str(y), width=str(size[0]), height=str(size[1]))
    for table in drawn:
        _edge(diagram, f"routing_needs_{table.code}", places[f"decision_{table.code}"], places["routing"])
        for fact in table.facts:
            key = f"{table.code}_needs_{fact.code}"
            _edge(diagram, key, places[f"fact_{fact.code}"], places[f"decision_{table.code}"])


def _width(row: Sequence[str], size: tuple[int, int]) -> int:
    return len(row) * (size[0] + GAP) - GAP


Place = tuple[int, int, tuple[int, int]]


def _edge(diagram: ET.Element, key: str, lower: Place, upper: Place) -> None:
    edge = _add(diagram, "dmndi:DMNEdge", id=f"edge_{key}", dmnElementRef=key)
    _add(edge, "di:waypoint", x=str(lower[0] + lower[2][0] // 2), y=str(lower[1]))
    _add(edge, "di:waypoint", x=str(upper[0] + upper[2][0] // 2), y=str(upper[1] + upper[2][1]))
