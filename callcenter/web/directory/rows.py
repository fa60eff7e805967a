"""What a row of the directory shows: names for codes, districts by region, hours, and states in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.models import Taking
from callcenter.directory import ServiceSight
from callcenter.web import months
from intake.models import Topic
from people.models import Region
from people.text import sort_key
from sla import calendars
from sla.almanac import Book

STATUSES: dict[str, tuple[str, str, str | Promise]] = {  # look of the pill, its icon, its word
    Taking.OPEN: ("ontime", "ok", _("Takes referrals")),
    Taking.FULL: ("soon", "half", _("No room")),
    Taking.CLOSED: ("none", "off", _("Takes none for now")),
}

Group = tuple[str, list[tuple[str, str]]]  # a heading, and (code, name) below it


@dataclass(frozen=True)
class Lists:
    """All subjects and places by name: for the choices of a form, and for the words of a row."""

    topics: tuple[Topic, ...]
    regions: tuple[Region, ...]

    @classmethod
    def read(cls) -> Lists:
        """Four statements, however much there is."""
        topics = Topic.objects.filter(active=True).prefetch_related("subtopics")
        regions = Region.objects.filter(active=True).prefetch_related("districts")
        return cls(tuple(topics), tuple(sorted(regions, key=lambda row: sort_key(row.name))))

    @cached_property
    def subjects(self) -> list[Group]:
        return [(topic.name, _named(topic.subtopics.all())) for topic in self.topics]

    @cached_property
    def places(self) -> list[Group]:
        return [
            (region.name, sorted(_named(region.districts.all()), key=lambda pair: sort_key(pair[1])))
            for region in self.regions
        ]

    def names(self) -> dict[str, str]:
        """The name of every subtopic and district; their codes do not meet."""
        return dict(pair for _heading, pairs in (*self.subjects, *self.places) for pair in pairs)


def _named(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in rows if row.active]


@dataclass(frozen=True)
class Part:
    """The chosen ones of a group: all of them, or these."""

    heading: str
    whole: bool
    names: tuple[str, ...]


def parts(groups: Sequence[Group], chosen: Collection[str]) -> list[Part]:
    """What of ``chosen`` lies in which group, in the order of the groups."""
    found = []
    for heading, pairs in groups:
        names = tuple(name for code, name in pairs if code in chosen)
        if names:
            found.append(Part(heading, len(names) == len(pairs), names))
    return found


@dataclass(frozen=True)
class Row:
    """A service with everything in words. ``places`` is empty for the whole country."""

    seen: ServiceSight
    subjects: list[Part]
    places: list[Part]
    hours: tuple[str, ...]

    @property
    def look(self) -> str:
        return STATUSES[self.seen.status][0]

    @property
    def icon(self) -> str:
        return STATUSES[self.seen.status][1]

    @property
    def word(self) -> str | Promise:
        return STATUSES[self.seen.status][2]

    @property
    def over(self) -> bool:
        """Is more open than there is room for?"""
        seen = self.seen
        return seen.capacity is not None and seen.used is not None and seen.used >= seen.capacity


def rows(services: Iterable[ServiceSight], lists: Lists) -> list[Row]:
    book = calendars.book()
    return [
        Row(
            seen,
            parts(lists.subjects, seen.subtopics),
            parts(lists.places, seen.districts),
            hours(book, seen.path),
        )
        for seen in services
    ]


def hours(book: Book, path: Sequence[str]) -> tuple[str, ...]:
    """When the unit at the end of ``path`` works, one line per run of days that are alike."""
    return tuple(months.lines(book.schedules[book.schedule(path)].hours))


def by_agency(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """(name of the agency, its rows), in the order of the rows."""
    grouped = groupby(rows, key=lambda row: (row.seen.agency, row.seen.agency_name))
    return [(name, list(found)) for (_code, name), found in grouped]
