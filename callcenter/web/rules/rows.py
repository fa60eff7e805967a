"""The decision table as it is read: sections from top to bottom, one row a rule, everything in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from people.text import fold, sort_key
from routing.rules.book import SECTIONS, Document

from . import changes
from .conditions import COLUMNS as CONDITIONS
from .conditions import taken_apart
from .speech import FIELDS, HITS, Speech, names
from .speech import SECTIONS as SECTION_WORDS
from .standing import Standing

COLUMNS = ("subject", "place", "people", "further", "lead", "joint", "policy", "priority")
RESULTS = ("lead", "joint", "policy", "priority")

Above = Mapping[str, str]  # the group of each subject and the region of each district


@dataclass(frozen=True)
class Row:
    """One rule. ``number`` is its place in the whole table, ``held`` how often the last rehearsal saw it."""

    code: str
    number: int
    rule: Mapping[str, Any]
    words: Mapping[str, str]
    mark: str = ""
    problems: tuple[str, ...] = ()
    cases: int = 0
    failing: int = 0
    held: int | None = None

    @property
    def look(self) -> str:
        return changes.WORDS[self.mark][0] if self.mark else ""

    @property
    def mark_word(self) -> str | Promise:
        return changes.WORDS[self.mark][1] if self.mark else ""

    @property
    def conditions(self) -> list[tuple[str, str | Promise, str]]:
        """(column, its heading, words) of what has to hold."""
        return [(name, FIELDS[name], self.words[name]) for name in COLUMNS if name not in RESULTS]


@dataclass(frozen=True)
class Section:
    """A part of the table with its hit policy in words; ``total`` counts the rules that no filter hides."""

    code: str
    number: int
    word: str | Promise
    hit: str | Promise
    total: int
    rows: list[Row]


@dataclass(frozen=True)
class Wanted:
    """What of the table is shown, and sorted by what; as it stands in the address."""

    q: str = ""
    section: str = ""
    unit: str = ""
    subject: str = ""
    place: str = ""
    people: str = ""
    changed: str = ""
    sort: str = ""
    folded: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.q))

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Wanted:
        """The filters of an address; what is no value of a filter is no filter."""
        section, sort = given.get("section", ""), given.get("sort", "")
        return cls(
            q=given.get("q", "")[:100].replace("\0", "").strip(),
            section=section if section in SECTIONS else "",
            unit=given.get("unit", "")[:40],
            **{name: given.get(name, "")[:40] for name in CONDITIONS},
            changed="1" if given.get("changed") == "1" else "",
            sort=sort if sort in COLUMNS else "",
        )

    @property
    def filters(self) -> bool:
        return any((self.q, self.section, self.unit, self.changed, self.codes))

    @property
    def codes(self) -> dict[str, str]:
        """The code that is looked for by column of a condition."""
        return {name: code for name in CONDITIONS if (code := getattr(self, name))}

    @property
    def as_it_is(self) -> bool:
        """Is the whole table shown in its own order? Only then can rules be moved in it."""
        return not self.filters and not self.sort

    def takes(self, row: Row, above: Above) -> bool:
        """Does the row pass all filters?"""
        return (
            (not self.changed or bool(row.mark))
            and (not self.unit or self.unit in units_of(row.rule))
            and _speaks_of(row.rule, self.codes, above)
            and (not self.folded or self.folded in _searched(row))
        )


def units_of(rule: Mapping[str, Any]) -> set[str]:
    then = rule["then"]
    named = [code for name in ("joint", "forbid", "consents") for code in then.get(name, ())]
    return {then.get("lead", ""), *named}


def _speaks_of(rule: Mapping[str, Any], wanted: Mapping[str, str], above: Above) -> bool:
    """Can the rule hold for these codes? A rule that chooses nothing in a column speaks of all."""
    chosen = taken_apart(rule.get("when")).chosen if wanted else {}
    for column, code in wanted.items():
        codes = [each for fact in CONDITIONS[column] for each in chosen.get(fact, ())]
        if codes and code not in codes and above.get(code) not in codes:
            return False
    return True


def _searched(row: Row) -> str:
    """What a search looks at: all words of the row, its reason in every language, and units' full names."""
    units = names("units", units_of(row.rule) - {""})
    return fold(" ".join([row.code, *row.words.values(), *row.rule.get("reason", {}).values(), units]))


@dataclass(frozen=True)
class Table:
    """Everything the rows of a rule set are made from. ``held`` counts the last rehearsal by rule."""

    document: Document
    standing: Standing
    changes: changes.Changes
    held: Mapping[str, int]

    def sections(self, wanted: Wanted, above: Above) -> list[Section]:
        """The sections with the rows that are wanted; one that is filtered out whole is left out."""
        found = [self._shown(section, wanted, above) for section in self._whole()]
        return [
            section
            for section in found
            if (section.rows or not wanted.filters) and wanted.section in ("", section.code)
        ]

    def _whole(self) -> Iterator[Section]:
        speech, number = Speech(self.document), 0
        for place, section in enumerate(self.document["sections"], 1):
            rows = [self._row(rule, number + at, speech) for at, rule in enumerate(section["rules"], 1)]
            number += len(rows)
            word, hit = SECTION_WORDS[section["code"]], HITS[section["hit"]]
            yield Section(section["code"], place, word, hit, len(rows), rows)

    def _shown(self, section: Section, wanted: Wanted, above: Above) -> Section:
        rows = [row for row in section.rows if wanted.takes(row, above)]
        if wanted.sort:
            rows.sort(key=lambda row: (not row.words[wanted.sort], sort_key(row.words[wanted.sort])))
        return Section(section.code, section.number, section.word, section.hit, section.total, rows)

    def _row(self, rule: Mapping[str, Any], number: int, speech: Speech) -> Row:
        code = rule["id"]
        outcomes = self.standing.of(code)
        return Row(
            code=code,
            number=number,
            rule=rule,
            words=speech.fields(rule),
            mark=self.changes.of(code),
            problems=tuple(self.standing.sentences(code)),
            cases=len(rule.get("cases", ())),
            failing=sum(not outcome.passed for outcome in outcomes),
            held=self.held.get(code),
        )
