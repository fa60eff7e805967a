"""What the decision reads: the published rules and the directory of units."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from time import monotonic

from django.db.models import Count, Prefetch

from agencies.lifecycle import OPEN
from agencies.models import Referral, Service, Unit
from intake.models import Channel, Document, Subtopic, Topic
from people.models import Category, District, Region

from . import directory as directories
from .decide import LADDER
from .directory import Directory
from .errors import NoRules
from .models import RuleSet
from .rules.book import RuleBook, compile_book
from .rules.check import Vocabulary

FRESH = 2.0  # seconds for which rules and directory are not asked for again: previews come with every key


@dataclass(frozen=True)
class InForce:
    """The published rule set, ready to decide."""

    number: int
    book: RuleBook


@dataclass(frozen=True)
class Listed:
    """The directory as it is now, with the fingerprint under which it is kept."""

    digest: str
    directory: Directory


_known_rules: tuple[float, int, str] | None = None
_known_directory: tuple[float, Listed] | None = None


def published() -> InForce:
    """The rule set in force. Raises ``NoRules`` when none is published."""
    global _known_rules
    if _known_rules is None or monotonic() - _known_rules[0] > FRESH:
        row = RuleSet.objects.filter(status="published").values_list("number", "digest").first()
        if row is None:
            raise NoRules
        _known_rules = (monotonic(), *row)
    _at, number, digest = _known_rules
    return InForce(number, book(number, digest))


@lru_cache(maxsize=64)
def book(number: int, digest: str) -> RuleBook:
    """A rule set compiled; the digest tells a changed draft from what it was."""
    return compile_book(RuleSet.objects.values_list("document", flat=True).get(number=number))


def directory() -> Listed:
    """All units with what they offer, as they are now."""
    global _known_directory
    if _known_directory is None or monotonic() - _known_directory[0] > FRESH:
        _known_directory = (monotonic(), _listed())
    return _known_directory[1]


def _listed() -> Listed:
    services = Prefetch("services", Service.objects.filter(active=True).order_by("pk"))
    found = Directory(
        {
            unit.code: directories.Unit(
                unit.code,
                tuple(unit.path),
                unit.health,
                unit.active,
                tuple(
                    directories.Offer(
                        frozenset(service.subtopics),
                        frozenset(service.districts),
                        service.capacity,
                        service.status,
                    )
                    for service in unit.services.all()
                ),
            )
            for unit in Unit.objects.order_by("code").prefetch_related(services)
        }
    )
    return Listed(directories.digest(found), found)


def load(known: Directory) -> dict[str, int]:
    """Open referrals by unit, of the units whose capacity is limited; asks nothing when there are none."""
    limited = [unit.code for unit in known.units.values() if any(offer.capacity for offer in unit.offers)]
    if not limited:
        return {}
    rows = Referral.objects.filter(unit__in=limited, state__in=OPEN).values_list("unit")
    return dict(rows.annotate(open=Count("pk")).order_by())


def forget() -> None:
    """Read the rules and the directory anew, after either was changed in this process."""
    global _known_rules, _known_directory
    _known_rules = _known_directory = None


def vocabulary() -> Vocabulary:
    """The codes of the reference data in use, that rules may name."""
    subtopics = list(Subtopic.objects.filter(active=True).values_list("code", "topic_id"))
    districts = list(District.objects.filter(active=True).values_list("code", "region_id"))
    return Vocabulary(
        codes={
            "subtopics": frozenset(code for code, _topic in subtopics),
            "topics": frozenset(Topic.objects.filter(active=True).values_list("code", flat=True)),
            "priorities": frozenset(LADDER),
            "districts": frozenset(code for code, _region in districts),
            "regions": frozenset(Region.objects.filter(active=True).values_list("code", flat=True)),
            "categories": frozenset(Category.objects.filter(active=True).values_list("code", flat=True)),
            "channels": frozenset(Channel.values),
            "units": frozenset(Unit.objects.filter(active=True).values_list("code", flat=True)),
            "documents": frozenset(Document.objects.filter(active=True).values_list("code", flat=True)),
        },
        under={
            "topic": ("subtopic", _grouped(subtopics)),
            "region": ("district", _grouped(districts)),
        },
    )


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """(narrow, wide) pairs as the narrow codes by the wide one."""
    wides = {wide for _narrow, wide in pairs}
    return {wide: frozenset(narrow for narrow, own in pairs if own == wide) for wide in wides}
