"""Subjects that a text may be about, and signs of distress in it. Plain Python over word roots.

It proposes; a person decides. Azerbaijani glues endings to a word (protez, protezim, protezlərin), so a
word matches when it begins with a root. Both sides go through ``people.text.fold``: people type without
Azerbaijani letters, and notes come in Russian too. Nothing is learned and nothing is sent anywhere.

The signs of distress are a hint for the operator and for the order of triage, **never a classifier**: they
miss what is said in other words and they meet what was not meant. Nothing is refused or routed by them
(``domain.md`` 8.4 [D], roots to be reviewed by clinicians).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

from people import text as rules

Distress = Literal["crisis", "emergency"]
Known = tuple[str, Sequence[str], Sequence[str]]
"""A subject: its code, its word roots, its names."""

NAME_WORD = 0.5  # a word of the subject's name counts half of a root chosen for it
HALF_SURE = 1.6  # the sum of weights at which the confidence is one half
LEAST = 0.2  # below this confidence a suggestion is noise
SHORTEST = 3

# Words of subjects' names that say nothing about the subject.
COMMON = frozenset(
    {"olan", "bagli", "sexs", "sexse", "xidmet", "xidmeti", "problem", "teminat", "yeni", "muraciet",
     "tehsil", "yardim", "destek", "obraschenie", "pomosch", "vopros"}
)  # fmt: skip

# Each sign is a row of roots that follow each other, with at most GAP words between them; a word ended by "="
# has to be met as it is. Folded, "öl-" (die) and "ol-" (be) begin alike; vowel harmony tells them apart:
# ölmək is olmek, olmaq stays olmaq. "Hap iç-" of the source would meet everybody who takes a medicine.
GAP = 2
CRISIS = (
    "intihar", "suisid", "suitsid",
    "ozum qesd", "ozum qiy", "ozum zerer", "ozum oldur", "ozumu asim", "ozumu asaca",
    "ozune qesd", "ozune qiy", "ozune zerer", "ozunu oldur",
    "olmek iste", "olmek fikr", "olmek arzu", "oleceyem", "olsem yaxsi", "olsem rahat", "olum= iste",
    "yasamaq istem", "yasamaqdan bez", "yasamagin mena", "yasamaga guc", "yasamaga heves", "heyatdan bez",
    "canima qiy", "canima qesd", "canima son", "canimdan bez", "canimdan doy",
    "heyatima son", "heyatina son", "omrume son", "omrune son", "butun derman ic", "haplar hamisini",
    "hec= kime lazim deyil", "mensiz yaxsi", "menim yerim yox", "onun yanina getmek iste", "vidalas",
    "daha gucu catm", "daha gucum catm", "doze bilm",
    "pokonc sobo", "ne= xoc jit", "ne= xoc bolse jit",
)  # fmt: skip
EMERGENCY = (
    "husunu itir", "hussuz", "ozunden getdi", "ozunden gedib", "bayilib", "bayildi",
    "nefes ala bilm", "nefes kesil", "nefes gelm", "bogulur", "qanaxma", "qan ax", "qan dayanm", "qan kesilm",
    "infarkt", "urek tutma", "zeherlenib", "zeherlendi", "ev yanir", "menzil yanir", "yangin var", "qaz iyi",
    "bicaqla", "silahla", "ne= disit", "poteryal soznani", "poteryala soznani", "krovotec",
)  # fmt: skip


@dataclass(frozen=True)
class Suggestions:
    """Up to three subjects with a confidence from 0 to 1, the likeliest first; and the sign of distress."""

    suggestions: list[tuple[str, float]]
    distress: Distress | None


def suggest(text: str, subtopics: Sequence[Known], limit: int = 3) -> Suggestions:
    """Subjects of ``subtopics`` that ``text`` may be about; none for a text that names no root."""
    folded = rules.fold(text)
    words = set(folded.split())
    roots = {code: dict(_roots(keywords, names)) for code, keywords, names in subtopics}
    shared = Counter(root for own in roots.values() for root in own)
    scores = {code: _score(own, shared, words, folded) for code, own in roots.items()}
    likely = sorted(scores, key=lambda code: -scores[code])[:limit]
    sure = [(code, scores[code] / (scores[code] + HALF_SURE)) for code in likely]
    return Suggestions([found for found in sure if found[1] >= LEAST], distress(folded))


def distress(folded: str) -> Distress | None:
    """A sign in folded text that somebody may be in danger. Crisis before emergency."""
    words = folded.split()
    if any(_follow(sign.split(), words) for sign in CRISIS):
        return "crisis"
    if any(_follow(sign.split(), words) for sign in EMERGENCY):
        return "emergency"
    return None


def _follow(roots: list[str], words: list[str]) -> bool:
    """Do words with these roots follow each other somewhere?"""
    places = [place for place, word in enumerate(words) if _begins(word, roots[0])]
    for root in roots[1:]:
        near = {place + step for place in places for step in range(1, GAP + 2) if place + step < len(words)}
        places = [place for place in sorted(near) if _begins(words[place], root)]
    return bool(places)


def _begins(word: str, root: str) -> bool:
    return word == root[:-1] if root.endswith("=") else word.startswith(root)


def _roots(keywords: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Folded roots with their weight; a chosen keyword outweighs the same word of a name."""
    for name in names:
        for word in rules.fold(name).split():
            if len(word) > SHORTEST and word not in COMMON:
                yield word[: max(4, len(word) - 2)], NAME_WORD
    for keyword in keywords:
        if len(root := rules.fold(keyword)) >= SHORTEST:
            yield root, 1.0


def _score(own: dict[str, float], shared: Counter[str], words: set[str], folded: str) -> float:
    """Roots met, each weighing less the more subjects share it."""
    total = len(shared) + 1
    rare = {root: log(total / shared[root]) / log(total) for root in own}
    return sum(weight * rare[root] for root, weight in own.items() if _met(root, words, folded))


def _met(root: str, words: set[str], folded: str) -> bool:
    if " " in root:
        return f" {root}" in f" {folded}"
    return any(word.startswith(form) for form in _softened(root) for word in words)


def _softened(root: str) -> tuple[str, ...]:
    """Before a vowel k becomes y and q becomes ğ: əlillik, əlilliyim; uşaq, uşağım."""
    soft = {"k": "y", "q": "g"}.get(root[-1])
    return (root, root[:-1] + soft) if soft else (root,)
