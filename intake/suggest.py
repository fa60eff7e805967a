"""Subjects that a text may be about, and signs of distress in it. Plain Python over word roots.

It proposes; a person decides. Azerbaijani glues endings to a word (protez, protezim, protezlərin), so a
word matches when it begins with a root. Both sides go through ``people.text.fold``: people type without
Azerbaijani letters, and notes come in Russian too. Nothing is learned and nothing is sent anywhere.

The signs of distress are a hint for the operator and for the order of triage, **never a classifier**: they
miss what is said in other words and they meet what was not meant. Nothing is refused or routed by them
(``domain.md`` 8.4 [D], roots to be reviewed by clinicians).
"""

from __future__ import annotations

import re
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
    [
        "ve",
        "ile",
        "ucun",
        "uzre",
        "olan",
        "bagli",
        "sexs",
        "sexse",
        "xidmet",
        "xidmeti",
        "problem",
        "teminat",
        "yeni",
        "muraciet",
        "tehsil",
        "yardim",
        "destek",
        "dlya",
        "ili",
        "pri",
        "obraschenie",
        "pomosch",
        "vopros",
    ]
)

# Crisis: roots of domain.md 8.4 [D], kept apart from everyday words by their endings. Folded, "öl-" (die) and
# "ol-" (be) begin alike; vowel harmony tells them apart: ölmək is olmek, olmaq stays olmaq.
CRISIS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bintihar|\bsuisid|\bsuitsid",
        r"\bozum[eu]\w* (?:\w+ )?(?:qesd|qiy|zerer|oldur)|\bozune (?:\w+ )?(?:qesd|qiy|zerer)|\bozunu (?:\w+ )?oldur",
        r"\bolmek (?:\w+ )?(?:iste|fikr|arzu)|\boleceyem\b|\bolsem (?:yaxsi|rahat|canim)|\bolum(?:u|e)? (?:iste|fikri|axtar)",
        r"\byasamaq (?:\w+ )?(?:iste[mny]|bezdir)|\byasamagin (?:\w+ )?(?:menasi|mena)|\byasamaga (?:\w+ )?(?:guc|heves)",
        r"\bcanima (?:\w+ )?(?:qiy|qesd|son)|\bcanimdan (?:bez|doy)",
        r"\b(?:heyatima|omrume|heyatina|omrune|her seye) (?:\w+ )?son (?:qoy|ver)",
        r"\b(?:hap|derman|tablet)\w* (?:\w+ )?hamisini (?:\w+ )?(?:ic|at)",
        r"\bozumu (?:\w+ )?as(?:im|aram|acag)",
        r"\b(?:heyatdan|yasamaqdan|hamisindan) (?:\w+ )?bez",
        r"\bhec kime (?:\w+ )?lazim deyil",
        r"\bmensiz (?:\w+ ){0,3}yaxsi olar|\bmenim yerim yox",
        r"\bonun yanina getmek iste",
        r"\bvidalas",
        r"\bdaha (?:gucu|gucum) cat|\bdoze bilmi",
        r"\bpokonci\w* s soboy|\bne xoc\w* jit|\bsuisida|\bne xocu bolse jit",
    )
)
# Emergency: the body or the house, now [D].
EMERGENCY = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bhusunu itir|\bhussuz|\bozunden ge[td]|\bbayil(?:ib|di)",
        r"\bnefes\w* (?:\w+ )?(?:ala bilm|al[ai]mm|gelm|kesil|darix)|\bbogulur",
        r"\bqan(?:axma| kesilmir| dayanmir| axir)|\binfarkt|\burek ?tutma",
        r"\b(?:cox|duzbeduz) derman ic(?:ib|mis)|\bzeherlen(?:ib|di)",
        r"\b(?:ev\w*|heyet\w*|menzil\w*) (?:\w+ )?yanir|\byangin var|\bqaz iyi|\bbicaqla|\bsilahla",
        r"\bne disit|\bpoteral\w* soznani|\bkrovotec",
    )
)


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
    if any(pattern.search(folded) for pattern in CRISIS):
        return "crisis"
    if any(pattern.search(folded) for pattern in EMERGENCY):
        return "emergency"
    return None


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
