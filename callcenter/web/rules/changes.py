"""What differs between two rule sets: rows added, removed, changed and moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from routing.rules.book import SECTIONS, Document, rows_of

WORDS: Mapping[str, tuple[str, str | Promise]] = {  # look of the mark, and its word
    "added": ("info", _("new")),
    "changed": ("soon", _("changed")),
    "moved": ("soon", _("moved")),
    "removed": ("late", _("removed")),
}


@dataclass(frozen=True)
class Changes:
    """Ids of the rules that differ; ``other``: how ?questions, =terms and hit policies of #sections do."""

    added: frozenset[str] = frozenset()
    removed: tuple[str, ...] = ()
    changed: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    other: Mapping[str, str] = field(default_factory=dict)
    count: int = field(init=False)

    def __post_init__(self) -> None:
        each = (self.added, self.removed, self.changed, self.moved, self.other)
        object.__setattr__(self, "count", sum(map(len, each)))

    def of(self, row: str) -> str:
        """``added``, ``removed``, ``changed``, ``moved``, or nothing."""
        kinds = ("added", "removed", "changed", "moved")
        return next((kind for kind in kinds if row in getattr(self, kind)), self.other.get(row, ""))


@dataclass(frozen=True)
class Sides:
    """Two documents, row by row. ``hints`` are rules that somebody moved on the way from one to the other."""

    before: Document
    after: Document
    hints: frozenset[str] = frozenset()

    @cached_property
    def ours(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        return _by_id(self.before)

    @cached_property
    def theirs(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        return _by_id(self.after)

    @cached_property
    def changes(self) -> Changes:
        both = [code for code in self.theirs if code in self.ours]
        changed = frozenset(code for code in both if self.ours[code] != self.theirs[code])
        return Changes(
            added=frozenset(self.theirs.keys() - self.ours.keys()),
            removed=tuple(code for code in self.ours if code not in self.theirs),
            changed=changed,
            moved=frozenset(self._moved()) - changed,
            other=_other(named(self.before), named(self.after)),
        )

    def places(self, code: str) -> tuple[int, int]:
        """Where a rule of both stands in its section: before, and after."""
        section = self.theirs[code][0]
        sides = (self.ours, self.theirs)
        orders = ([each for each, (at, _row) in own.items() if at == section] for own in sides)
        before, after = (order.index(code) + 1 for order in orders)
        return before, after

    def _moved(self) -> list[str]:
        """Rules of a section that stand in another order: those that were moved, else the fewest."""
        found: list[str] = []
        for section in SECTIONS:
            ours = _order(self.ours, self.theirs, section)
            theirs = _order(self.theirs, self.ours, section)
            standing = self._standing(ours, theirs)
            found += [code for code in theirs if code not in standing]
        return found

    def _standing(self, ours: Sequence[str], theirs: Sequence[str]) -> set[str]:
        """Rules whose order is the same on both sides, with as many of the moved ones as fit in."""
        left, right = ([code for code in side if code not in self.hints] for side in (ours, theirs))
        blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
        standing = {code for block in blocks for code in left[block.a : block.a + block.size]}
        for code in theirs:
            wider = {*standing, code}
            if code in self.hints and _within(ours, wider) == _within(theirs, wider):
                standing = wider
        return standing


def _within(order: Sequence[str], codes: Collection[str]) -> list[str]:
    return [code for code in order if code in codes]


def _by_id(document: Document) -> dict[str, tuple[str, Mapping[str, Any]]]:
    return {row["id"]: (section, row) for section, row in rows_of(document)}


def _order(own: Mapping[str, Any], other: Mapping[str, Any], section: str) -> Sequence[str]:
    """The rules of a section that both have there."""
    return [
        code for code, (at, _row) in own.items() if at == section and code in other and other[code][0] == at
    ]


def _other(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, str]:
    """How what has a name and is no rule differs: it was added, removed or changed."""
    differing = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
    return {
        name: "added" if name not in ours else "removed" if name not in theirs else "changed"
        for name in differing
    }


def named(document: Document) -> dict[str, Mapping[str, Any]]:
    """The ?questions, =terms and hit policies of #sections, by the names that edits give them."""
    return {
        **{f"?{row['code']}": row for row in document.get("questions", ())},
        **{f"={name}": term for name, term in document.get("terms", {}).items()},
        **{f"#{section['code']}": {"hit": section["hit"]} for section in document["sections"]},
    }
