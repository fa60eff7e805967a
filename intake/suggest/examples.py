"""What is learned from: closed applications with the subtopic they ended on, and the taxonomy's own words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from people.text import fold

from .words import Known

OWN_WORDS = 3.0
"""How many applications one line of the taxonomy's own words counts for: it is short and never wrong."""

MOST = 400
"""Applications of one subtopic that are learned from; the given order decides which."""

ALIKE = 0.5
"""Share of common words from which two texts of a subtopic are near copies of each other."""

FEWEST = 50
"""Groups of applications below which nothing can be measured, and so nothing is learned."""


class TooFew(ValueError):
    """There are not enough applications that differ."""


class Example(NamedTuple):
    """One folded text with its subtopic. Near copies share a ``group``: none is tested on its twin."""

    text: str
    code: str
    weight: float
    group: int


def of_taxonomy(subtopics: Iterable[Known], spoken: Mapping[str, str]) -> list[Example]:
    """Names, keywords and the ``spoken`` words by code, a line each; a subtopic is a group of its own."""
    return [
        Example(line, known.code, OWN_WORDS, group)
        for group, known in enumerate(sorted(subtopics))
        for line in map(fold, (*known.names, " ".join(known.keywords), spoken.get(known.code, "")))
        if line
    ]


def of_applications(texts: Iterable[tuple[str, str]], codes: Iterable[str]) -> list[Example]:
    """Texts with their subtopic, of ``codes`` only, each once and in a stable order."""
    chosen: dict[str, dict[str, None]] = {code: {} for code in sorted(codes)}
    for text, code in texts:
        if code in chosen and len(chosen[code]) < MOST and (folded := fold(text)):
            chosen[code].setdefault(folded)
    examples: list[Example] = []
    for code, folded_texts in chosen.items():
        first = examples[-1].group + 1 if examples else 0
        grouped = _near_copies(sorted(folded_texts))
        examples += [Example(text, code, 1.0, first + group) for text, group in grouped]
    return examples


def check(applications: Iterable[Example]) -> None:
    """Raises ``TooFew`` when there are not enough groups of applications."""
    count = len({example.group for example in applications})
    if count < FEWEST:
        raise TooFew(f"{count} of {FEWEST}")


def _near_copies(texts: list[str]) -> list[tuple[str, int]]:
    """Texts with the number of their group, from 0 without gaps; each joins the first group it resembles."""
    members: dict[int, list[str]] = defaultdict(list)
    heads: list[set[str]] = []
    for text in texts:
        words = set(text.split())
        near = (number for number, head in enumerate(heads) if _overlap(words, head) >= ALIKE)
        number = next(near, len(heads))
        if number == len(heads):
            heads.append(words)
        members[number].append(text)
    return [(text, number) for number, alike in members.items() for text in alike]


def _overlap(some: set[str], others: set[str]) -> float:
    """Jaccard index of two sets of words."""
    return len(some & others) / len(some | others)
