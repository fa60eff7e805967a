"""The drawings: valid, up to date, readable without colour and without a style sheet of their own."""

from __future__ import annotations

import re
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from lxml import etree

from callcenter.management.commands.export_processes import drawings
from workflows import diagrams
from workflows.flows import ApplicationFlow, ReferralFlow

# Rows in flight store these names: renaming or removing one needs a V2 flow beside this one.
NODES = {
    ApplicationFlow: [
        ("answered", "SWITCH"),
        ("confirm", "HUMAN"),
        ("confirm_breached", "BOUNDARY"),
        ("confirm_warned", "BOUNDARY"),
        ("confirmed", "SWITCH"),
        ("end", "END"),
        ("escalation", "HUMAN"),
        ("refer", "SUBPROCESS"),
        ("refer_breached", "BOUNDARY"),
        ("refer_warned", "BOUNDARY"),
        ("reopen", "START"),
        ("route", "FUNCTION"),
        ("routed", "SWITCH"),
        ("settle", "FUNCTION"),
        ("start", "START"),
        ("triage", "HUMAN"),
        ("triage_breached", "BOUNDARY"),
        ("triage_warned", "BOUNDARY"),
    ],
    ReferralFlow: [
        ("end", "END"),
        ("escalation", "HUMAN"),
        ("outcome", "SWITCH"),
        ("reroute", "HUMAN"),
        ("start", "START"),
        ("work", "HUMAN"),
        ("work_breached", "BOUNDARY"),
        ("work_warned", "BOUNDARY"),
    ],
}


def schema() -> Any:
    """OMG's own schema of BPMN 2.0, which SpiffWorkflow ships."""
    spiff = find_spec("SpiffWorkflow")
    assert spiff is not None
    assert spiff.origin is not None
    return etree.XMLSchema(
        etree.parse(Path(spiff.origin).parent / "bpmn" / "parser" / "schema" / "BPMN20.xsd")
    )


@pytest.mark.parametrize("flow", NODES, ids=str)
def test_node_names_are_an_api(flow: Any) -> None:
    assert sorted((node.name, node.task_type) for node in flow.instance.nodes()) == NODES[flow]


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_clocks_hang_on_activities_and_interrupt_nothing(flow: Any) -> None:
    document = etree.fromstring(diagrams.bpmn(flow).encode())
    names = {"bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
    drawn = {found.get("id"): found for found in document.iterfind(".//bpmn:boundaryEvent", names)}

    assert set(drawn) == {f"id_node_{name}" for name, kind in NODES[flow] if kind == "BOUNDARY"}
    for key, found in drawn.items():
        assert found.get("attachedToRef") == key.rsplit("_", 1)[0]
        assert found.get("cancelActivity") == "false"
        assert found.find("bpmn:timerEventDefinition", names) is not None


def test_stored_names_of_the_flows_are_an_api() -> None:
    assert [flow.instance.flow_label for flow in diagrams.FLOWS] == ["application", "referral"]
    assert {flow.__module__ + "." + flow.__qualname__ for flow in diagrams.FLOWS} == {
        "workflows.flows.ApplicationFlow",
        "workflows.flows.ReferralFlow",
    }


@pytest.mark.parametrize("path", drawings(), ids=lambda path: path.name)
def test_documents_are_as_the_flows_are(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == drawings()[path], "run: ./run manage export_processes"


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_bpmn_is_valid(flow: Any) -> None:
    document = etree.fromstring(diagrams.bpmn(flow).encode())

    schema().assertValid(document)


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_every_node_and_every_edge_is_drawn(flow: Any) -> None:
    drawing = diagrams._draw(flow)

    assert set(drawing.places) == {node.name for node in flow.instance.nodes()}
    assert all(len(points) >= 2 for points in drawing.edges.values())
    assert not overlapping(list(drawing.places.values()))


def overlapping(places: list[diagrams.Place]) -> list[tuple[str, str]]:
    return [
        (a.title, b.title)
        for number, a in enumerate(places)
        for b in places[number + 1 :]
        if a is not b.host
        and b is not a.host  # a clock sits on the edge of its activity
        and a.left < b.right
        and b.left < a.right
        and a.top < b.bottom
        and b.top < a.bottom
    ]


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_no_edge_runs_through_a_node(flow: Any) -> None:
    drawing = diagrams._draw(flow)

    for (source, target), points in drawing.edges.items():
        others = [place for name, place in drawing.places.items() if name not in (source, target)]
        crossed = [place.title for place in others if any(crosses(place, *leg) for leg in pairwise(points))]
        assert not crossed, (source, target)


def crosses(place: diagrams.Place, a: diagrams.Point, b: diagrams.Point) -> bool:
    (x1, x2), (y1, y2) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return x1 < place.right and place.left < x2 and y1 < place.bottom and place.top < y2


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_page_version_needs_no_style_of_its_own(flow: Any) -> None:
    picture = diagrams.svg(flow)

    assert not re.search(r"<style|style=|fill=|stroke=|<script| on\w+=", picture)
    used = {name for names in re.findall(r'class="([^"]+)"', picture) for name in names.split()}
    assert used <= {"proc", "edge", "tip", "gate", "b", "small"}


@pytest.mark.parametrize("flow", diagrams.FLOWS, ids=str)
def test_picture_tells_itself_in_words(flow: Any) -> None:
    with translation.override("en"):
        picture = etree.fromstring(diagrams.svg(flow))
        titles = [str(node.task_title) for node in flow.instance.nodes()]

    ns = {"s": "http://www.w3.org/2000/svg"}
    title, told = picture.find("s:title", ns), picture.find("s:desc", ns)
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
    assert all(words in told.text for words in titles)


def test_drawing_twice_gives_the_same() -> None:
    assert drawings() == drawings()
