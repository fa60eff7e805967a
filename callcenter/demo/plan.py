"""Casting the stories: which kind tells of which subtopic and of whom, and when each act happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from random import Random
from typing import Any

from routing.decide import Decision
from sla.arithmetic import Calendar

from .cast import Invented, invent
from .hours import Axis
from .material import Material, pick, share_out, shuffled
from .scores import CRISES, KINDS, Act, Kind, Part

Timed = tuple[datetime, Act]

# Whom a subtopic is about, where it is not just anybody.
CATEGORY = {
    "PSY-GRIEF": "SHF", "STA-SHEHID": "SHF", "STA-BURIAL": "SHF", "STA-MISS": "MISS", "STA-VET": "VET",
    "PRO-NEW": "WDIS", "PRO-REPAIR": "WDIS", "PRO-WHEEL": "WDIS", "HOU-CAR": "WDIS", "DIS-REEX": "WDIS",
}  # fmt: skip
RAISING = ("lives_alone", "amputee", "minor", "spinal_injury", "third_repeat", "risk_flag")
IN_SYSTEM = ("MOH", "TABIB", "SAMHI", "MLSPP", "YASHAT")
LONG_TARGETS = ("30 wd",)  # being late with these takes longer than the month that is played
# How contacts with an application end; and a death has a protocol of its own, which is not played.
WITH_APPLICATION = {
    "application_opened", "crisis_handled", "crisis_detected", "completed_need_found", "person_deceased",
}  # fmt: skip
ATTEMPTS = 0.25  # contacts that lead to no application, per application [D]


@dataclass
class Story:
    """One application to be: what is said, whom it goes to, and what happens when."""

    number: int
    kind: str
    subtopic: str
    lateness: str = ""
    person: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    turn: int = 0  # the how manieth of its subtopic
    text: str = ""
    channel: dict[str, str] = field(default_factory=dict)
    verification: int = 1
    units: tuple[str, ...] = ()
    desks: tuple[int, ...] = ()
    wanted: tuple[str, str] | None = None  # (agency, progress) its queue has to show
    acts: list[Timed] = field(default_factory=list)

    @property
    def begin(self) -> datetime:
        return self.acts[0][0]


@dataclass
class Call:
    """A contact that leads to no application."""

    at: datetime
    person: int | None
    direction: str
    disposition: str


@dataclass(frozen=True)
class Plan:
    """Everything that will happen, decided before the first write."""

    people: list[Invented]
    stories: list[Story]
    calls: list[Call]


def make(count: int, seed: str, end: datetime, material: Material, calendar: Calendar) -> Plan:
    """Plan ``count`` applications that end now. Choices depend on the seed alone, only times on ``end``."""
    rng = Random(f"{seed}:plan")
    stories = _kinds_and_subtopics(count, material, rng)
    people = _cast(stories, material, rng)
    axes = {crisis: Axis(calendar, end, round_the_clock=crisis) for crisis in (False, True)}
    for story in stories:
        _fill(story, people, material, Random(f"{seed}:{story.number}"))
        part_rng, time_rng = Random(f"{seed}:{story.number}:score"), Random(f"{seed}:{story.number}:time")
        phases = KINDS[story.kind].score(_part(story, people, material, part_rng))
        story.acts = list(_timed(story, phases, axes[story.subtopic in CRISES], material, time_rng))
    return Plan(people, stories, list(_calls(count, people, axes[False], material, rng)))


# --- kinds and subtopics --------------------------------------------------------------------------------


def _kinds_and_subtopics(count: int, material: Material, rng: Random) -> list[Story]:
    """Match the shares of kinds with those of subtopics; kinds that fit few subtopics choose first."""
    weights = material.volumes["subtopics"]
    left = Counter(share_out(weights, count, each=True))
    kinds = share_out({name: kind.share for name, kind in KINDS.items()}, count)
    combinations = cycle(_combinations())
    stories = []
    for number, name in enumerate(sorted(kinds, key=_choice_order)):
        story = Story(number, name, "")
        if name == "open":
            agency, progress, story.lateness = next(combinations)
            story.wanted = (agency, progress)
        _choose_subtopic(story, left, material, rng)
        stories.append(story)
    return stories


def _choice_order(name: str) -> tuple[bool, bool]:
    """The plain kinds, which may tell of anything, come last; what has to show in a queue comes first."""
    return (name != "open", KINDS[name].crisis)


def _combinations() -> Iterator[tuple[str, str, str]]:
    """What every agency's queue shows, the most telling first."""
    progress, lateness = ("new", "in_progress", "accepted"), ("late", "soon", "ontime")
    for step in range(9):
        for agency in IN_SYSTEM:
            yield agency, progress[step % 3], lateness[(step + step // 3) % 3]


def _choose_subtopic(story: Story, left: Counter[str], material: Material, rng: Random) -> None:
    fitting = {code: number for code, number in left.items() if number and _fits(story, code, material)}
    if (
        story.wanted == ("MOH", "accepted")
        and fitting.get(CRISES[0])
        and not story.number > len(IN_SYSTEM) * 3
    ):
        fitting = {CRISES[0]: 1}  # one crisis has to be seen in work
    if not fitting:  # what is left suits nobody but a plain story
        story.kind, story.wanted = "closed", None
        fitting = {code: number for code, number in left.items() if number}
    story.subtopic = pick(fitting, rng)
    story.turn = left[story.subtopic]
    left[story.subtopic] -= 1


def _fits(story: Story, code: str, material: Material) -> bool:
    kind, row = KINDS[story.kind], material.subtopics[code]
    units = [row.lead, *row.joint]
    if (code in CRISES and not kind.crisis) or len(units) < kind.at_least:
        return False
    if story.wanted is None:
        return True
    if story.lateness != "ontime" and (row.resolve in LONG_TARGETS or code in CRISES):
        return False
    return any(material.agency(unit) == story.wanted[0] for unit in units)


# --- people ---------------------------------------------------------------------------------------------


def _cast(stories: list[Story], material: Material, rng: Random) -> list[Invented]:
    """Give every story its person; a share of the stories repeats somebody who has called before."""
    repeats = round(len(stories) * material.volumes["repeats"])
    order = shuffled(range(len(stories)), rng)
    new, again = order[repeats:], order[:repeats]
    wanted = []
    for place, number in enumerate(new):
        stories[number].person = place
        if category := CATEGORY.get(stories[number].subtopic):
            wanted.append((place, category))
    for number in again:
        stories[number].person = rng.randrange(len(new))
    return invent(len(new), material, wanted, rng)


# --- words and units ------------------------------------------------------------------------------------


def _fill(story: Story, people: list[Invented], material: Material, rng: Random) -> None:
    story.facts = _facts(story, material, rng)
    texts = material.texts[story.subtopic]["texts"]
    words = {"district": people[story.person].district_name, "rel": material.generic("rel", rng)}
    story.text = texts[story.turn % len(texts)].format(**words)
    channels = material.volumes["channels"]
    story.channel = rng.choices(channels, [channel["weight"] for channel in channels])[0]
    story.verification = rng.choices([0, 1, 2, 3], [1, 5, 6, 1])[0]
    story.units = tuple(part.unit for part in _decision(story, material).parts)
    story.desks = tuple(rng.randrange(100) for _ in story.units)


def _facts(story: Story, material: Material, rng: Random) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if KINDS[story.kind].unclear:
        facts["unclear"] = True
    if rng.random() < 0.12:
        facts[rng.choice(RAISING)] = True
    row = material.subtopics[story.subtopic]
    if row.topic_id == "CMP" and row.joint and KINDS[story.kind].at_least == 1 and story.wanted is None:
        facts["complained_about"] = rng.choice(row.joint)
    if row.topic.health and rng.random() < 0.5:
        others = [unit for unit in (row.lead, *row.joint) if not material.directory.units[unit].health]
        facts["consents"] = others or ["YASHAT"]
    return facts


def _decision(story: Story, material: Material) -> Decision:
    """What the rules will say; for an unclear one what the person at the triage desk will say."""
    facts = {**story.facts, "subtopic": story.subtopic, "unclear": False}
    return material.decide(facts)


def _part(story: Story, people: list[Invented], material: Material, rng: Random) -> Part:
    words = {"district": people[story.person].district_name, "rel": material.generic("rel", rng)}
    forced = None
    if story.wanted:
        agency, progress = story.wanted
        slot = next(k for k, unit in enumerate(story.units) if material.agency(unit) == agency)
        forced = (slot, progress)
    return Part(story.subtopic, story.units, words, material, rng, forced)


# --- time -----------------------------------------------------------------------------------------------


def _timed(
    story: Story, phases: list[tuple[float, list[list[Act]]]], axis: Axis, material: Material, rng: Random
) -> Iterator[Timed]:
    """The registration, then every act at its instant, in order."""
    target = material.subtopics[story.subtopic].resolve
    begin, until = _span(KINDS[story.kind], story.lateness, target, axis, rng)
    yield axis.at(begin), Act("register")
    total, passed = sum(share for share, _ in phases), 0.0
    for share, tracks in phases:
        first, last = (begin + (until - begin) * (passed + part) / total for part in (0.05 * share, share))
        passed += share
        yield from _in_phase(tracks, int(first), int(last), axis, rng)


def _in_phase(tracks: list[list[Act]], first: int, last: int, axis: Axis, rng: Random) -> list[Timed]:
    """The acts of tracks side by side: at random seconds, each track in its own order."""
    placed = []
    for track in tracks:
        seconds = sorted(rng.randint(first, last) for _ in track)
        placed += list(zip(seconds, track, strict=True))
    return [(axis.at(second), act) for second, act in sorted(placed, key=lambda one: one[0])]


def _span(kind: Kind, lateness: str, target: str, axis: Axis, rng: Random) -> tuple[int, int]:
    """First and last second of a story. What is over fits into the month, whatever its target."""
    if kind.over:
        length = min(int(axis.length(target) * rng.uniform(0.25, 1.15)), int(axis.month * 0.9))
        until = axis.end - rng.randrange(axis.month - length) - 60
        return until - length, until
    if not lateness:
        lateness = rng.choices(["ontime", "soon", "late"], [7, 2, 1])[0]
        lateness = "ontime" if target in LONG_TARGETS else lateness
    return axis.begin(target, lateness, rng), axis.end - 1


def _calls(count: int, people: list[Invented], axis: Axis, material: Material, rng: Random) -> Iterator[Call]:
    """Calls that lead to no application: information given, nobody reached, no need found."""
    groups = {"inbound": "in", "outbound_no_contact": "out", "outbound_contact": "out"}
    known = {
        group: [code for code in material.dispositions.get(group, []) if code not in WITH_APPLICATION]
        for group in groups
    }
    for _ in range(round(count * ATTEMPTS)):
        group = rng.choices(list(groups), [5, 4, 3])[0]
        person = rng.randrange(len(people)) if groups[group] == "out" or rng.random() < 0.6 else None
        at = axis.at(axis.end - 60 - rng.randrange(axis.month))
        yield Call(at, person, groups[group], rng.choice(known[group]))
