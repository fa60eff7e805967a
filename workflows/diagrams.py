"""Drawings of the processes: BPMN for the archive, SVG for pages and documents.

The class bodies in ``flows`` are the source. The main line (what happens when everything goes well)
runs from left to right; what leads away from it or back to it lies below and above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from django.utils.encoding import force_str
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from viewflow.workflow import chart
from viewflow.workflow.models import Process, Task
from viewflow.workflow.status import STATUS

from .flows import ApplicationFlow, ReferralFlow
from .nodes import OnClock

FLOWS = (ApplicationFlow, ReferralFlow)
TITLES = {
    "application": _("From the call to the confirmed answer"),
    "referral": _("What one agency does for an application"),
}

EVENT, GATE, TASK, CLOCK = (26, 26), (34, 34), (134, 66), (22, 22)
SIZES = {"START": EVENT, "END": EVENT, "SWITCH": GATE, "BOUNDARY": CLOCK}
GAP, MARGIN, LINE = 28, 44, 15
LANE = 86  # from the main line up to the way back and to further starts
ROW = 132  # from the main line down to the next row
CLOCKS = 28  # from the corners of an activity to the clocks on its lower edge

# A drawing that stands alone brings its colours along; in a page they come from the style sheet.
ALONE = """<style>
text { font: 12px system-ui, sans-serif; fill: #1c2733; }
.b { font-weight: 600; }
.small { font-size: 11px; fill: #4a5765; }
.edge { fill: none; stroke: #75828f; stroke-width: 1.4; }
.tip { fill: #75828f; }
.gate { fill: #fff; stroke: #75828f; stroke-width: 1.4; }
</style>"""


@dataclass
class Place:
    """A node's place in the drawing. ``lane`` is 0 on the main line, -1 above, 1 and more below."""

    node: Any
    column: int
    lane: int
    title: str
    x: int = 0
    y: int = 0
    size: tuple[int, int] = TASK
    label_below: bool = True
    host: Place | None = None  # of a clock: the activity on whose edge it sits

    @property
    def left(self) -> int:
        return self.x - self.size[0] // 2

    @property
    def right(self) -> int:
        return self.x + self.size[0] // 2

    @property
    def top(self) -> int:
        return self.y - self.size[1] // 2

    @property
    def bottom(self) -> int:
        return self.y + self.size[1] // 2

    def at(self, share: float) -> int:
        """The x at this share of the width, where several edges arrive side by side."""
        return self.left + round(self.size[0] * share)


Point = tuple[int, int]


@dataclass
class Drawing:
    """A flow laid out: places by node name, edges as polylines between them."""

    flow: Any
    places: dict[str, Place]
    edges: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    width: int = 0
    height: int = 0


def bpmn(flow: Any) -> str:
    """The process as BPMN 2.0 with its diagram, in the active language."""
    drawing = _draw(flow)
    grid = chart.calc_layout_data(flow)
    for node, cell in grid.grid.items():
        place = drawing.places[node.name]
        cell.shape.x, cell.shape.y = place.left, place.top
        cell.shape.width, cell.shape.height = place.size
    for edge in grid.edges:
        edge.segments = drawing.edges[edge.src.name, edge.dst.name]
    lines = chart.grid_to_bpmn(grid).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"


def svg(flow: Any, process: Process | None = None, *, alone: bool = False) -> SafeString:
    """The process as a picture in the active language; of one ``process`` with where it stands now.

    Reads the tasks of the process in one statement. ``alone`` makes a file of its own; otherwise
    the picture goes into a page, whose style sheet has the classes.
    """
    drawing = _draw(flow)
    states = _states(flow, process) if process else {}
    key = f"{flow.instance.flow_label}-{process.pk if process else 'map'}"
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="proc" viewBox="0 0 {} {}" role="img"'
        ' aria-labelledby="proc-{}-title proc-{}-desc">\n'
        '<title id="proc-{}-title">{}</title>\n<desc id="proc-{}-desc">{}</desc>\n{}'
        '<defs><marker id="proc-{}-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path class="tip" d="M0 0l8 4-8 4z"/></marker></defs>\n{}\n{}\n</svg>\n',
        drawing.width,
        drawing.height,
        *(key, key, key, TITLES[flow.instance.flow_label], key),
        _told(drawing, states),
        SafeString(ALONE + "\n" if alone else ""),
        key,
        format_html_join(
            "\n",
            '<path class="edge" d="{}" marker-end="url(#proc-{}-tip)"/>',
            ((_polyline(points), key) for points in drawing.edges.values()),
        ),
        format_html_join("\n", "{}", ((_shape(place, states),) for place in drawing.places.values())),
    )


# --- where everything lies ------------------------------------------------------------------------


def _draw(flow: Any) -> Drawing:
    nodes = list(flow.instance.nodes())
    line = max((_main_line(node) for node in nodes if node.task_type == "START"), key=len)
    places = {node.name: _place(node, column, 0) for column, node in enumerate(line)}
    clocks = [node for node in nodes if isinstance(node, OnClock)]
    aside = [node for node in nodes if node not in line and node not in clocks]
    for node in sorted(aside, key=lambda node: (_is_led_to_by_a_clock(node), node.name)):
        places[node.name] = _beside(node, places)
    for node in clocks:
        places[node.name] = _on_edge(node, places)
    drawing = Drawing(flow, places)
    _measure(drawing)
    for edge in sorted((edge for node in nodes for edge in node._outgoing()), key=_edge_name):
        drawing.edges[_edge_name(edge)] = _way(places[edge.src.name], places[edge.dst.name])
    ends = {point for points in drawing.edges.values() for point in (points[0], points[-1])}
    for place in places.values():
        place.label_below = (place.x, place.bottom) not in ends
    return drawing


def _edge_name(edge: Any) -> tuple[str, str]:
    return edge.src.name, edge.dst.name


def _main_line(start: Any) -> list[Any]:
    """From a start along what usually happens: the only next node, or a choice's default."""
    line = [start]
    while following := [edge.dst for edge in line[-1]._outgoing() if edge.edge_class != "cond_true"]:
        if following[0] in line:
            break
        line.append(following[0])
    return line


def _place(node: Any, column: int, lane: int) -> Place:
    title = force_str(node.task_title or node.name)
    return Place(node, column, lane, title, size=SIZES.get(node.task_type, TASK))


def _is_led_to_by_a_clock(node: Any) -> bool:
    return any(isinstance(edge.src, OnClock) for edge in node._incoming())


def _on_edge(node: OnClock, places: dict[str, Place]) -> Place:
    """A clock on the lower edge of its activity: the warning on the left, the breach on the right."""
    host = places[node.host.name]
    place = _place(node, host.column, host.lane)
    place.host = host
    return place


def _beside(node: Any, places: dict[str, Place]) -> Place:
    """A further start above and before where it leads; any other node below where it leads.

    What a clock leads to stands beside and below the activities that have clocks.
    """
    if _is_led_to_by_a_clock(node):
        hosts = [places[edge.src.host.name] for edge in node._incoming()]
        column = max(host.column for host in hosts)
        return _place(node, column, 1 + max(host.lane for host in hosts))
    target = places[next(iter(node._outgoing())).dst.name]
    column, lane = (target.column - 1, -1) if node.task_type == "START" else (target.column, 1)
    while any((other.column, other.lane) == (column, lane) for other in places.values()):
        lane += 1 if lane > 0 else -1
    return _place(node, column, lane)


def _measure(drawing: Drawing) -> None:
    """Give every place its centre, and the drawing its size."""
    places = list(drawing.places.values())
    widths = [0] * (1 + max(place.column for place in places))
    for place in places:
        widths[place.column] = max(widths[place.column], place.size[0])
    main = MARGIN + (LANE if _needs_lane_above(drawing) else 0)
    for place in places:
        before = sum(widths[: place.column]) + GAP * place.column
        place.x = MARGIN + before + widths[place.column] // 2
        place.y = main + place.lane * (ROW if place.lane > 0 else LANE)
    for place in places:
        if place.host is not None:
            inward = CLOCKS if not place.node.breach else TASK[0] - CLOCKS
            place.x, place.y = place.host.left + inward, place.host.bottom
    drawing.width = 2 * MARGIN + sum(widths) + GAP * (len(widths) - 1)
    drawing.height = max([main + TASK[1] // 2 + 3 * LINE, *(place.bottom + 10 for place in places)])


def _needs_lane_above(drawing: Drawing) -> bool:
    places = drawing.places
    edges = [edge for place in places.values() for edge in place.node._outgoing()]
    back = any(_goes_back(places[edge.src.name], places[edge.dst.name]) for edge in edges)
    return back or any(place.lane < 0 for place in places.values())


def _goes_back(a: Place, b: Place) -> bool:
    return a.lane == b.lane == 0 and b.column <= a.column


def _way(a: Place, b: Place) -> list[Point]:
    """The polyline of an edge: straight on the line, else with one or two corners."""
    if a.host is not None:
        return _way_from_clock(a, b)
    if a.lane == b.lane and b.column == a.column + 1:
        return [(a.right, a.y), (b.left, b.y)]
    if a.lane == b.lane:  # back, or past others: over the lane above
        lane = a.y - LANE
        return [(a.x, a.top), (a.x, lane), (b.at(0.75), lane), (b.at(0.75), b.top)]
    if a.lane < b.lane and a.node.task_type == "START":
        return [(a.right, a.y), (b.at(0.25), a.y), (b.at(0.25), b.top)]
    if a.lane < b.lane:
        return [(a.x, a.bottom), (a.x, b.y), (b.left if a.x < b.x else b.right, b.y)]
    if a.column == b.column:
        return [(a.x, a.top), (b.x, b.bottom)]
    return [(a.right if a.x < b.x else a.left, a.y), (b.x, a.y), (b.x, b.bottom)]


def _way_from_clock(a: Place, b: Place) -> list[Point]:
    """Down from the edge of the activity; into a task below from above, into one aside from its side."""
    if a.column == b.column:
        return [(a.x, a.bottom), (a.x, b.top)]
    if a.host is not None and a.host.lane == b.lane - 1:
        return [(a.x, a.bottom), (a.x, b.y), (b.left, b.y)]
    gap = a.bottom + LINE + 4
    return [(a.x, a.bottom), (a.x, gap), (b.at(0.25), gap), (b.at(0.25), b.top)]


# --- where one process stands -----------------------------------------------------------------------

ACTIVE = {STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED, STATUS.SCHEDULED}


def _states(flow: Any, process: Process) -> dict[str, str]:
    """``done``, ``now``, ``cancelled``, ``later`` or ``past`` (can no longer come) of every node.

    A process that went back counts from there: what lay after it is to come again.
    """
    way: list[tuple[str, str]] = []
    tasks = Task.objects.filter(process=process).order_by("pk").values_list("flow_task", "status")
    for node, status in tasks:
        names = [name for name, _ in way]
        if node.name in names:
            del way[names.index(node.name) :]
        way.append((node.name, _state(status)))
    states = dict(way)
    to_come = _reachable(flow, {name for name, state in way if state == "now"})
    return {
        node.name: states.get(node.name, "later" if node.name in to_come else "past")
        for node in flow.instance.nodes()
    }


def _state(status: str) -> str:
    if status in ACTIVE:
        return "now"
    return "done" if status == STATUS.DONE else "cancelled"


def _reachable(flow: Any, names: set[str]) -> set[str]:
    ahead = {node.name: {edge.dst.name for edge in node._outgoing()} for node in flow.instance.nodes()}
    reached: set[str] = set()
    while names:
        reached |= names
        names = set().union(*(ahead[name] for name in names)) - reached
    return reached


def _word(state: str) -> str:
    return {
        "done": gettext("done"),
        "now": gettext("now"),
        "cancelled": gettext("cancelled"),
        "later": gettext("not yet"),
        "past": gettext("not taken"),
    }[state]


# --- drawing ------------------------------------------------------------------------------------------


def _told(drawing: Drawing, states: dict[str, str]) -> str:
    """The picture in words, for those who do not see it."""
    places = sorted(drawing.places.values(), key=lambda place: (place.column, place.lane))
    return "; ".join(
        f"{place.title}: {_word(states[place.node.name])}" if states else place.title for place in places
    )


def _polyline(points: Iterable[Point]) -> str:
    return "M" + " L".join(f"{x} {y}" for x, y in points)


def _shape(place: Place, states: dict[str, str]) -> SafeString:
    state = states.get(place.node.name, "")
    look = {"": "gate", "cancelled": "later", "past": "later"}.get(state, state)
    outline = {EVENT: _circle, GATE: _diamond, CLOCK: _clock}.get(place.size, _box)(place, look)
    lines = _inside(place, state) if place.size == TASK else _outside(place, state)
    texts = format_html_join("", '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', lines)
    return format_html("<g>{}{}</g>", outline, texts)


def _box(place: Place, look: str) -> SafeString:
    rectangle = format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="7"/>',
        *(look, place.left, place.top, *place.size),
    )
    if place.node.task_type != "SUBPROCESS":
        return rectangle
    d = f"M{place.x - 7} {place.bottom - 4}v-7m7 7v-7m7 7v-7"  # BPMN's mark of several at once
    return format_html('{}<path class="edge" d="{}"/>', rectangle, d)


def _circle(place: Place, look: str) -> SafeString:
    ring = format_html('<circle class="{}" cx="{}" cy="{}" r="13"/>', look, place.x, place.y)
    if place.node.task_type != "END":
        return ring
    return format_html('{}<circle class="edge" cx="{}" cy="{}" r="10"/>', ring, place.x, place.y)


def _clock(place: Place, look: str) -> SafeString:
    """A clock face; dashed, because it interrupts nothing (BPMN). Its title is told on pointing at it."""
    return format_html(
        '<title>{}</title><circle class="{}" cx="{}" cy="{}" r="11" stroke-dasharray="3 2"/>'
        '<path class="edge" d="M{} {}v-6m0 6h4"/>',
        *(place.title, look, place.x, place.y, place.x, place.y),
    )


def _diamond(place: Place, look: str) -> SafeString:
    corners = (
        f"M{place.x} {place.top}L{place.right} {place.y}L{place.x} {place.bottom}L{place.left} {place.y}z"
    )
    cross = f"M{place.x - 5} {place.y - 5}l10 10m0-10l-10 10"
    return format_html('<path class="{}" d="{}"/><path class="edge" d="{}"/>', look, corners, cross)


Line = tuple[str, int, int, str, str]


def _inside(place: Place, state: str) -> Iterator[Line]:
    """A task's title in the middle of its box, below it the word for its state."""
    titles = wrap(place.title, 16)
    rows = [("b", title) for title in titles] + ([("small", _marked(state))] if state else [])
    first = place.y + 4 - LINE * (len(rows) - 1) // 2 - (3 if place.node.task_type == "SUBPROCESS" else 0)
    for number, (look, text) in enumerate(rows):
        yield look, place.x, first + LINE * number, "middle", text


def _outside(place: Place, state: str) -> Iterator[Line]:
    """An event's or a choice's label: where no edge of it runs and no box is in the way."""
    if place.host is not None:
        yield from _beside_clock(place, state)
        return
    rows = wrap(place.title, 13, break_long_words=False)
    rows += [_marked(state)] if state and place.size == EVENT else []
    height = LINE * (len(rows) - 1)
    if place.lane < 0:
        x, anchor, first = place.left - 6, "end", place.y + 4 - height // 2
    elif not place.label_below:
        x, anchor, first = place.x, "middle", place.top - 6 - height
    else:  # an event's own may be wider than the gap to its neighbour: it goes below the boxes
        below = place.y + TASK[1] // 2 + 12 if place.size == EVENT else place.bottom + LINE
        x, anchor, first = place.x, "middle", below
    for number, row in enumerate(rows):
        yield "small", x, first + LINE * number, anchor, row


def _beside_clock(place: Place, state: str) -> Iterator[Line]:
    """A clock's label beside the line that leads away from it: on the map, and where it has fired."""
    if state not in ("", "done"):
        return
    x, anchor = (place.x + 6, "start") if place.node.breach else (place.x, "middle")
    for number, row in enumerate(wrap(place.title, 12)):
        yield "small", x, place.bottom + LINE - 2 + (LINE - 3) * number, anchor, row


def _marked(state: str) -> str:
    return f"✓ {_word(state)}" if state == "done" else _word(state)
