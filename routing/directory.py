"""Which unit serves what, where: the directory as a decision reads it, and the choice among units.

Terms follow HSDS: a unit offers services with a service area (catchment), a capacity and a status.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

from .rules.book import canonical
from .rules.facts import Facts


@dataclass(frozen=True)
class Offer:
    """A service. No ``districts``: the whole country; no ``capacity``: not limited."""

    subtopics: frozenset[str]
    districts: frozenset[str] = frozenset()
    capacity: int | None = None
    status: str = "open"  # open, full or closed

    def covers(self, district: str | None) -> bool:
        return not self.districts or district in self.districts


@dataclass(frozen=True)
class Unit:
    """What the decision needs to know of a unit. ``path``: codes from its agency's front desk down."""

    code: str
    path: tuple[str, ...]
    health: bool
    active: bool = True
    offers: tuple[Offer, ...] = ()

    def offers_of(self, subtopic: str | None) -> list[Offer]:
        return [offer for offer in self.offers if subtopic in offer.subtopics]

    def has_closed(self, subtopic: str | None) -> bool:
        return any(offer.status == "closed" for offer in self.offers_of(subtopic))


@dataclass(frozen=True)
class Directory:
    """All units by code: one immutable version."""

    units: Mapping[str, Unit]

    @cached_property
    def below(self) -> Mapping[str, tuple[Unit, ...]]:
        """By code: the units that belong to it, itself included, in order of their codes."""
        found: dict[str, list[Unit]] = {}
        for unit in sorted(self.units.values(), key=lambda unit: unit.code):
            for code in unit.path:
                found.setdefault(code, []).append(unit)
        return {code: tuple(units) for code, units in found.items()}

    def as_data(self) -> dict[str, Any]:
        """JSON from which ``read`` makes the same directory."""
        return {
            unit.code: {
                "path": list(unit.path),
                "health": unit.health,
                "active": unit.active,
                "offers": [
                    {
                        "subtopics": sorted(offer.subtopics),
                        "districts": sorted(offer.districts),
                        "capacity": offer.capacity,
                        "status": offer.status,
                    }
                    for offer in unit.offers
                ],
            }
            for unit in self.units.values()
        }


def at_rest(directory: Directory) -> Directory:
    """The directory as it is meant: whoever is closed or full today is not what rules are judged by."""
    return Directory(
        {
            unit.code: replace(
                unit,
                offers=tuple(replace(offer, status="open", capacity=None) for offer in unit.offers),
            )
            for unit in directory.units.values()
        }
    )


def digest(directory: Directory) -> str:
    """The fingerprint under which this version is kept."""
    return hashlib.sha256(canonical(directory.as_data())).hexdigest()


def read(data: Mapping[str, Any]) -> Directory:
    return Directory(
        {
            code: Unit(
                code,
                tuple(row["path"]),
                row["health"],
                row["active"],
                tuple(
                    Offer(
                        frozenset(offer["subtopics"]),
                        frozenset(offer["districts"]),
                        offer["capacity"],
                        offer["status"],
                    )
                    for offer in row["offers"]
                ),
            )
            for code, row in data.items()
        }
    )


@dataclass(frozen=True)
class Choice:
    """A unit and why: ``named`` (the rule's own), ``only``, ``area``, ``free``, ``load``, ``first`` (by
    code), ``full`` (nobody has room) or ``above`` (who could act has closed).

    Without one: ``unknown``, ``closed``, ``excluded`` or ``no_service``.
    """

    unit: Unit | None
    why: str
    wanted: str = "active"


def choose(code: str, facts: Facts, directory: Directory, without: Collection[str] = ()) -> Choice:
    """The unit that acts where a rule names ``code``: itself, or the one below it that serves the place.

    A unit without a service for the subtopic serves it everywhere when the rule names it, and never when
    it does not. ``facts["load"]`` are open referrals by unit, of units whose capacity is limited.
    """
    named = directory.units.get(code)
    if named is None:
        return Choice(None, "unknown")
    if not named.active:
        return Choice(None, "closed")
    if not frozenset(without).isdisjoint(named.path):
        return Choice(None, "excluded")
    subtopic, district = facts.get("subtopic"), facts.get("district")
    offers = [
        (unit, offer)
        for unit in directory.below.get(code, ())
        if unit.active and frozenset(without).isdisjoint(unit.path)
        for offer in unit.offers_of(subtopic)
    ]
    if not offers:
        return Choice(named, "named")
    here = [pair for pair in offers if district is None or pair[1].covers(district)]
    if not here:
        return Choice(None, "no_service", "a service here")
    taking = [(unit, offer) for unit, offer in here if offer.status != "closed"]
    if not taking:
        return _above(named, subtopic, directory)
    serving = [(unit, offer) for unit, offer in taking if offer.covers(district)]
    if not serving:  # where the citizen lives is not known: the named unit finds out
        return Choice(named, "named")
    return _best(code, serving, facts.get("load") or {})


def _above(named: Unit, subtopic: str | None, directory: Directory) -> Choice:
    """Whoever could act has closed: the nearest unit above finds somebody, so that nothing waits unasked."""
    for code in reversed(named.path[:-1]):
        unit = directory.units.get(code)
        if unit is not None and unit.active and not unit.has_closed(subtopic):
            return Choice(unit, "above")
    return Choice(None, "closed")


def _best(named: str, serving: list[tuple[Unit, Offer]], load: Mapping[str, int]) -> Choice:
    """Room first, then the narrower area, then the named unit itself, then the lower load, then the code."""
    ranked = sorted(serving, key=lambda pair: (_rank(named, pair[0], pair[1], load), pair[0].code))
    ranks = [_rank(named, unit, offer, load) for unit, offer in ranked]
    (unit, offer), best = ranked[0], ranks[0]
    if best.full:
        return Choice(unit, "full")
    if any(rank.full and rank.area <= best.area for rank in ranks):
        return Choice(unit, "free")
    if len(ranks) == 1:
        return Choice(unit, "area" if offer.districts else "only")
    other = ranks[1]
    if best.area != other.area:
        return Choice(unit, "area")
    if best.below != other.below:
        return Choice(unit, "named")
    return Choice(unit, "load" if best.load != other.load else "first")


class Rank(NamedTuple):
    """What makes a unit the better choice, in this order; the lower the better."""

    full: bool
    area: float  # districts served; infinite for the whole country
    below: bool  # another unit than the one the rule names
    load: float  # open referrals by capacity


def _rank(named: str, unit: Unit, offer: Offer, load: Mapping[str, int]) -> Rank:
    used = load.get(unit.code, 0) / offer.capacity if offer.capacity else 0.0
    area = float(len(offer.districts)) if offer.districts else inf
    return Rank(offer.status == "full" or used >= 1.0, area, unit.code != named, used)
