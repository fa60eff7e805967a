"""Signs in a text that somebody may be in danger. Plain Python over word roots.

They are a hint for the operator and for the order of triage, **never a classifier**: they miss what is said
in other words and they meet what was not meant. Nothing is refused or routed by them (``domain.md`` 8.4 [D],
roots to be reviewed by clinicians). What they miss and where they cry wolf is measured on
``fixtures/labelled/distress.yaml`` by ``manage evaluate_subjects``. Texts go through ``people.text.fold``, so
roots are written without Azerbaijani letters and Russian ones in Latin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from people.text import fold

Distress = Literal["crisis", "emergency"]

# Each sign is a row of roots that follow each other, with at most GAP words between them; a word ended by "="
# has to be met as it is. Folded, "öl-" (die) and "ol-" (be) begin alike; vowel harmony tells them apart:
# ölmək is olmek, olmaq stays olmaq. "Hap iç-" of the source would meet everybody who takes a medicine.
GAP = 2
_DEEDS = ("oldur", "asim", "asib", "asac", "asm", "atac", "atm", "bog", "gulle", "tulla", "dograya", "yandir",
          "zeherle", "partlad")  # fmt: skip
CRISIS = (
    "intihar", "suisid", "suitsid",
    *(f"{self} {deed}" for self in ("ozum", "ozunu") for deed in _DEEDS),
    *(f"{self} {harm}" for self in ("ozum", "ozune", "canima") for harm in ("qesd", "qiy", "zerer")),
    "damarlarimi kes", "damarlarimi dogra", "damarlarini kes", "damarlarini dogra", "bileyimi kes",
    "bileyini kes", "korpuden tullan", "korpuden at", "damdan tullan", "damdan at", "balkondan tullan",
    "pencereden tullan", "qatarin altina", "masinin altina at", "boynuna ip", "boynuna kemer", "bogazina ip",
    "bogazina kemer", "kemerini bogaz", "ipi bogaz", "tapanca bas", "tapanca gicgah", "silahi basina",
    "butun derman ic", "butun heb ic", "haplar hamisini",
    "olmek iste", "olmek fikr", "olmek arzu", "oleceyem", "olsem yaxsi", "olsem rahat", "olumden basqa",
    "olum arzu", "niye men olmedim", "kas olaydim", "kas oleydim", "kas olseydim", "yox olmaq iste",
    "oyanmaq istem", "oyanmamaq iste", "bir de oyanma", "bir de durmayay", "sabahki gunu gormek istem",
    # "Yaşamaq istəmirik", of many, is said of a house or a village.
    "yasamaq istemirem", "yasamaq istemir=", "yasamaq istemed", "yasamaqdan bez", "yasamaqdan yorul",
    "yasamagin mena", "yasamaga guc", "yasamaga heves", "her sey menasiz",
    "heyatdan bez", "heyatdan yorul", "heyatdan doy", "heyati dayandir", "canimdan bez", "canimdan doy",
    "canima son", "heyatima son", "heyatina son", "omrume son", "omrune son",
    "kime lazim deyilem", "kime lazim olmadi", "hec kime fayda yox", "mensiz yaxsi", "mensiz rahat",
    "daha menim yerim yox", "dunyada yerim", "onun yanina getmek iste",
    "hami vidalas", "hamiyla vidalas", "vidalasan kimi",
    "daha gucu catm", "daha gucum catm", "dozmeye gucum", "daha doze bilm", "artiq doze bilm",
    "pokonc sobo", "pokoncit vsem", "samoubiy", "xoc umeret", "ctobi umeret", "lucse umeret", "ubit sebya",
    "ubyu sebya", "ubyet sebya", "zarej sebya", "povesits", "povesils", "povesus", "zastrelits", "zastrelyus",
    "zastrelus", "utoplyus", "utopitsya", "otravlyus", "otravitsya", "sceti jizn", "scyoti jizn",
    "viprign okn", "vipriqn okn", "spriqn kris", "spriqn most", "pod= poezd", "porej ven", "vskr ven",
    "naqlota tablet", "nalojit ruki", "nalojit sebya ruki", "naloju ruki", "naloju sebya ruki",
    "ne= xoc jit", "ne= xoc bolse jit", "jit= ne= xoc", "ne= xocetsya jit", "smisl jit", "net= sil jit",
    "zacem jit", "ustal jit", "ne= prosnut", "nikomu ne= nuj", "bez= menya lucse", "lucse bi poqib",
    "prostite prosayte",
)  # fmt: skip
EMERGENCY = (
    "husunu itir", "hussuz", "ozunden getdi", "ozunden gedib", "bayilib", "bayildi", "ayilmir",
    "nefes ala bilm", "nefes kesil", "nefes gelm", "bogulur=", "boguluram",
    "qanaxma", "qan ax", "qan dayanm", "qan kesilm", "qan fisqir", "qan itirir",
    # Of somebody who had one long ago it is history.
    "infarkt kecirir", "infarkt olub", "infarkta oxsa", "infarkt deyes", "u= infarkt", "insult kecirir",
    "urek tutmasi var", "urek tutmasi kecirir", "urek tutmasi olub", "ureyi tutdu", "ureyi tutub",
    "sinesinde guclu agri", "agzindan kopuk", "qic olub", "agzi eyilib", "tok vur", "basi yarilib",
    "nefesi zeif", "nefesi yox", "nefes almir", "urek dayan", "ureyi dayan", "nebz yox", "nebzi yox",
    "suda batir",
    "zeherlenib", "zeherlendi", "ev yanir", "evimiz yanir", "menzil yanir", "yangin var", "qaz iyi",
    "bicaqla ust", "bicaqla uz", "bicaqla hede", "bicaqla hucum", "silahla ust", "silahla uz", "silahla hede",
    "ne= disit", "poteryal soznani", "poteryala soznani", "bez= soznani", "krovotec", "zadixa", "pojar=",
    "sudoroq", "izo= rta pena", "paxnet qazom", "s= nojom",
    "proqloti tablet", "ploxo serdc", "serdec pristup", "ne= prixodit sebya", "udar tok",
)  # fmt: skip


_CRISIS, _EMERGENCY = ([tuple(row.split()) for row in rows] for rows in (CRISIS, EMERGENCY))
_ROOTS = {root for row in (*_CRISIS, *_EMERGENCY) for root in row}
_SIZES = sorted({len(root) for root in _ROOTS})


def sign(text: str) -> Distress | None:
    """The sign of danger in a text as it was typed. Crisis before emergency."""
    met = _places(fold(text).split())
    if any(_follow(row, met) for row in _CRISIS):
        return "crisis"
    return "emergency" if any(_follow(row, met) for row in _EMERGENCY) else None


def _places(words: Sequence[str]) -> dict[str, set[int]]:
    """Where each root of a sign is met."""
    met: dict[str, set[int]] = defaultdict(set)
    for place, word in enumerate(words):
        for root in {f"{word}=", *(word[:size] for size in _SIZES)} & _ROOTS:
            met[root].add(place)
    return met


def _follow(roots: Sequence[str], met: Mapping[str, set[int]]) -> bool:
    """Do words with these roots follow each other somewhere?"""
    if not all(root in met for root in roots):
        return False
    places = met[roots[0]]
    for root in roots[1:]:
        places = {place for place in met[root] if places & set(range(place - GAP - 1, place))}
    return bool(places)
