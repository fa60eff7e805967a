"""What a rehearsal found, in words and as a picture: where applications would have gone instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from access.models import User
from access.visibility import applications_for
from routing.golden import Outcome
from routing.rehearsal import TRIAGE

from .common import Sight
from .speech import FIELDS, conclusion, unit

Context = dict[str, Any]
DAYS = (30, 90, 365)
USUAL = 90  # days looked back on when nobody says otherwise
MOST = 5  # leads that a picture names; the others are bundled
OTHERS = "…"  # no unit has this code
ENOUGH = {"many": 0.6, "some": 0.25}  # of the largest number: how dark a tile is


@dataclass(frozen=True)
class Tile:
    """So many applications went one way: the number, how dark its tile is, and the same in a sentence."""

    count: int
    look: str
    words: str


@dataclass(frozen=True)
class Heat:
    """From (rows) to (columns), for the leads with the most changes."""

    columns: list[str]
    rows: list[tuple[str, list[Tile]]]


def summary(sight: Sight) -> Context:
    """The figures and the picture of the last rehearsal; no figures when there was none."""
    report = sight.report
    if not report:
        return {"days": DAYS, "usual": USUAL}
    total = report["applications"]
    return {
        "days": DAYS,
        "usual": report["days"],
        "report": report,
        "share": round(report["changed"] * 100 / total, 1) if total else None,
        "heat": heat(report["matrix"]),
        "current": sight.rehearsed,
    }


def heat(matrix: Sequence[Mapping[str, Any]]) -> Heat:
    """The from-to matrix as tiles."""
    froms, tos = _most(matrix, "from"), _most(matrix, "to")
    counts = Counter[tuple[str, str]]()
    for way in matrix:
        counts[_bundled(way["from"], froms), _bundled(way["to"], tos)] += way["count"]
    largest = max(counts.values(), default=0)
    rows = [
        (place(origin), [_tile(origin, to, counts[origin, to], largest) for to in tos]) for origin in froms
    ]
    return Heat([place(to) for to in tos], rows)


def _most(matrix: Iterable[Mapping[str, Any]], end: str) -> list[str]:
    """The leads with the most changes at one end of the ways, and whether there are others."""
    counts = Counter[str]()
    for way in matrix:
        counts[way[end]] += way["count"]
    named = [code for code, _count in counts.most_common(MOST)]
    return [*named, OTHERS] if len(counts) > MOST else named


def _bundled(code: str, named: Sequence[str]) -> str:
    return code if code in named else OTHERS


def _tile(origin: str, to: str, count: int, largest: int) -> Tile:
    look = next((look for look, part in ENOUGH.items() if count >= part * largest), "few") if count else ""
    said = _("%(count)s from %(origin)s to %(to)s") % {
        "count": count,
        "origin": place(origin),
        "to": place(to),
    }
    return Tile(count, look, said)


def place(code: str) -> str:
    """Where an application went: a unit, triage, or one of those that a picture does not name."""
    if code == OTHERS:
        return _("others")
    return _("Triage") if code == TRIAGE else unit(code)


# The whole report -------------------------------------------------------------------------------------------


def whole(sight: Sight) -> Context:
    """Everything that a rehearsal found."""
    report = sight.report
    numbers = _numbers(sight.actor, [pk for way in report.get("matrix", ()) for pk in way["examples"]])
    return {
        **summary(sight),
        "ways": [_way(way, numbers) for way in report.get("matrix", ())],
        "rules": _by_frequency(report.get("rules", {})),
        "cases": [
            {**case, "differs": differing(case["expect"], case["got"])} for case in report.get("cases", ())
        ],
        "dead": report.get("dead", []),
        "shadowed": sight.standing.shadowed,
    }


def _numbers(actor: User, applications: Iterable[str]) -> dict[str, str]:
    """Registration numbers of the applications that the actor may see."""
    rows = applications_for(actor).filter(pk__in=set(applications)).values_list("pk", "number")
    return {str(pk): number for pk, number in rows}


def _way(way: Mapping[str, Any], numbers: Mapping[str, str]) -> Context:
    return {
        **way,
        "before": place(way["from"]),
        "after": place(way["to"]),
        "same_lead": way["from"] == way["to"],
        "seen": [(pk, numbers[pk]) for pk in way["examples"] if pk in numbers],
    }


def _by_frequency(held: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rules that held, the most frequent first."""
    return sorted(((code, count) for code, count in held.items() if count), key=lambda pair: -pair[1])


def differing(expect: Mapping[str, Any], got: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, expected, found) of what a golden case wants otherwise."""
    wanted, found = conclusion(expect), conclusion(got)
    return [
        (str(FIELDS[field]), said, found.get(field, ""))
        for field, said in wanted.items()
        if said != found.get(field, "")
    ]


def failing(outcomes: Iterable[Outcome]) -> list[Context]:
    """Golden cases that fail: what was expected, what came of it, and the rule that decided."""
    return [
        {
            "rule": outcome.rule,
            "case": outcome.case,
            "differs": differing(outcome.case.expect, outcome.got),
            "by": outcome.by if outcome.is_stolen else "",
        }
        for outcome in outcomes
        if not outcome.passed
    ]
