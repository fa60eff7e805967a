"""Suggestions from the taxonomy's own words, where nothing has been learned yet.

Azerbaijani glues endings to a word (protez, protezim, protezlərin), so a word matches when it begins with a
root. Both sides go through ``people.text.fold``: people type without Azerbaijani letters, and notes come in
Russian too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import NamedTuple

from people.text import fold

LIMIT = 3
"""How many subtopics are proposed at most."""

Found = list[tuple[str, float]]
"""Codes of subtopics with a confidence from 0 to 1, the likeliest first."""

NAME_WORD = 0.5  # a word of the subject's name counts half of a root chosen for it
HALF_SURE = 1.6  # the sum of weights at which the confidence is one half
LEAST = 0.2  # below this confidence a suggestion is noise
SHORTEST = 3  # of a root, in letters
LONGEST = 40  # of a keyword, as its column has it

# Words of subjects' names that say nothing about the subject.
COMMON = frozenset(
    {"olan", "bagli", "sexs", "sexse", "xidmet", "xidmeti", "problem", "teminat", "yeni", "muraciet",
     "tehsil", "yardim", "destek", "obraschenie", "pomosch", "vopros"}
)  # fmt: skip


class Known(NamedTuple):
    """A subtopic as the taxonomy has it: keywords are word roots, names are in Azerbaijani and Russian."""

    code: str
    topic: str
    keywords: Sequence[str]
    names: Sequence[str]


class Roots:
    """The word roots of a taxonomy, folded and weighed once; one weighs less the more subtopics share it."""

    def __init__(self, subtopics: Iterable[Known]) -> None:
        weights = {known.code: dict(_roots(known)) for known in subtopics}
        owners: dict[str, dict[str, float]] = defaultdict(dict)
        for code, own in weights.items():
            for root, weight in own.items():
                owners[root][code] = weight
        total = len(owners) + 1
        self._codes = list(weights)
        self._owners = {
            root: {code: weight * log(total / len(own)) / log(total) for code, weight in own.items()}
            for root, own in owners.items()
        }
        self._phrases = [root for root in owners if " " in root]
        self._forms: dict[str, set[str]] = defaultdict(set)
        for root in owners:
            for form in _forms(root):
                self._forms[form].add(root)

    def scores(self, folded: str) -> dict[str, float]:
        """By the code of every subtopic, the weight of its roots in a folded text."""
        scores = dict.fromkeys(self._codes, 0.0)
        begun = {word[:size] for word in folded.split() for size in range(SHORTEST, len(word[:LONGEST]) + 1)}
        met = {root for form in begun & self._forms.keys() for root in self._forms[form]}
        met.update(root for root in self._phrases if f" {root}" in f" {folded}")
        for root in sorted(met):
            for code, weight in self._owners[root].items():
                scores[code] += weight
        return scores

    def suggest(self, text: str) -> Found:
        """Subtopics that ``text`` may be about; none for a text that names no root."""
        scores = self.scores(fold(text))
        likely = sorted(scores, key=lambda code: -scores[code])[:LIMIT]
        sure = [(code, scores[code] / (scores[code] + HALF_SURE)) for code in likely]
        return [found for found in sure if found[1] >= LEAST]


def _roots(known: Known) -> Iterator[tuple[str, float]]:
    """Folded roots with their weight; a chosen keyword outweighs the same word of a name."""
    for name in known.names:
        for word in fold(name).split():
            if len(word) > SHORTEST and word not in COMMON:
                yield word[: max(4, len(word) - 2)], NAME_WORD
    for keyword in known.keywords:
        if len(root := fold(keyword)) >= SHORTEST:
            yield root, 1.0


def _forms(root: str) -> tuple[str, ...]:
    """Before a vowel k becomes y and q becomes ğ: əlillik, əlilliyim; uşaq, uşağım."""
    soft = {"k": "y", "q": "g"}.get(root[-1])
    return (root, root[:-1] + soft) if soft else (root,)
