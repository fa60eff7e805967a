"""Rule sets and facts drawn by Hypothesis, over a small vocabulary of their own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from routing.decide import LADDER
from routing.rules.check import Vocabulary
from tests.routing.rulesets import document

TOPICS = {"PRO": ("PRO-NEW", "PRO-REPAIR"), "MED": ("MED-EXAM",), "SOC": ("SOC-STIP", "SOC-INSPAY")}
REGIONS = {"ER01": ("BA", "SUM"), "ER02": ("NV",)}
UNITS = ("MOH", "MOH.PHC", "TABIB", "YASHAT")
VOCABULARY = Vocabulary(
    codes={
        "subtopics": frozenset(code for codes in TOPICS.values() for code in codes),
        "topics": frozenset(TOPICS),
        "priorities": frozenset(LADDER),
        "districts": frozenset(code for codes in REGIONS.values() for code in codes),
        "regions": frozenset(REGIONS),
        "categories": frozenset({"VET", "WDIS", "SHF"}),
        "channels": frozenset({"phone", "web"}),
        "units": frozenset(UNITS),
        "documents": frozenset({"ID", "EPI"}),
    },
    under={
        "topic": ("subtopic", {topic: frozenset(codes) for topic, codes in TOPICS.items()}),
        "region": ("district", {region: frozenset(codes) for region, codes in REGIONS.items()}),
    },
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
QUESTIONS = [
    {
        "code": "degree", "kind": "code", "az": "Dərəcə", "en": "Degree", "ru": "Степень", "topics": ["MED"],
        "options": [{"value": it, "az": it, "en": it, "ru": it} for it in ("1", "2", '"x", y')],
    },
    {
        "code": "days_left", "kind": "number", "az": "Gün", "en": "Days", "ru": "Дней", "topics": [],
        "options": [{"value": days, "az": "=1+1", "en": "-", "ru": "@x"} for days in (0, 1)],
    },
    {"code": "amputee", "kind": "flag", "az": "Amputasiya", "en": "Amputation", "ru": "Ампутация"},
    {"code": "in", "kind": "flag", "az": "Açar söz", "en": "A keyword", "ru": "Ключевое слово"},
]  # fmt: skip
TERMS = {
    "young": {"az": "Gənc", "when": {"fact": "age", "between": [None, 17]}},
    "frail": {"az": "Zəif", "when": {"or": [{"term": "young"}, {"fact": "amputee", "in": [True]}]}},
}
VALUES: dict[str, list[Any]] = {
    **{
        fact: sorted(VOCABULARY.codes[of])
        for fact, of in {
            "subtopic": "subtopics", "topic": "topics", "district": "districts", "region": "regions",
            "categories": "categories", "urgency": "priorities", "channel": "channels",
        }.items()
    },
    "degree": ["1", "2", '"x", y'],
    "age": [0, 17, 18, 64, 65],
    "days_left": [0, 1, 2],
    "amputee": [True, False],
    "in": [True, False],
}  # fmt: skip


@st.composite
def _plain(draw: Any) -> dict[str, Any]:
    fact = draw(st.sampled_from(sorted(VALUES)))
    return {"fact": fact, "in": draw(st.lists(st.sampled_from(VALUES[fact]), min_size=1, unique=True))}


@st.composite
def _between(draw: Any) -> dict[str, Any]:
    low = draw(st.one_of(st.none(), st.integers(0, 20)))
    high = draw(st.integers(low or 0, 70) if low is None else st.one_of(st.none(), st.integers(low, 70)))
    return {"fact": draw(st.sampled_from(["age", "days_left"])), "between": [low, high]}


LEAVES = st.one_of(
    _plain(),
    _plain(),
    _between(),
    st.builds(lambda fact: {"fact": fact, "unknown": True}, st.sampled_from(sorted(VALUES))),
    st.builds(lambda name: {"term": name}, st.sampled_from(sorted(TERMS))),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda parts: st.one_of(
        st.builds(lambda each: {"and": each}, st.lists(parts, max_size=3)),
        st.builds(lambda each: {"or": each}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, parts),
    ),
    max_leaves=4,
)


def _some(**members: Any) -> Any:
    return st.fixed_dictionaries({}, optional=members)


def _codes(codes: Any) -> Any:
    return st.lists(st.sampled_from(sorted(codes)), unique=True, max_size=3)


SHARED = {"documents": _codes({"ID", "EPI"}), "consents": _codes(UNITS), "joint": _codes(UNITS)}
CONCLUSIONS = st.one_of(
    st.builds(
        lambda lead, more: {"lead": lead, "priority": "P2", "first": "2 wd", "target": "15 wd", **more},
        st.sampled_from(UNITS),
        _some(**SHARED, policy=st.sampled_from(["all", "lead", "any"]), health=st.booleans()),
    ).map(lambda then: {**then, "joint": [unit for unit in then.get("joint", []) if unit != then["lead"]]}),
    st.just({"triage": True}),
)
ADDITIONS = _some(**SHARED, forbid=_codes(UNITS), triage=st.just(True), **{"raise": st.just(1)}).map(
    lambda then: then or {"raise": 1}
)
CASES = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.just(""),
            "az": WORDS,
            "facts": st.fixed_dictionaries(
                {}, optional={"age": st.integers(0, 99), "district": st.just("NV")}
            ),
            "expect": st.one_of(
                st.just({"triage": True}),
                st.builds(lambda joint: {"lead": "MOH", **joint}, _some(joint=_codes({"TABIB"}))),
            ),
        }
    ),
    max_size=2,
)


@st.composite
def _rules(draw: Any, letter: str, then: Any, most: int) -> list[dict[str, Any]]:
    conditions = st.one_of(CONDITIONS, CONDITIONS, CONDITIONS, st.none()).map(lambda tree: {"when": tree})
    details = _some(
        reason=st.fixed_dictionaries({"az": WORDS}, optional={"en": WORDS, "ru": WORDS}),
        cases=CASES,
        mark=st.sampled_from(["", "D", "=D"]),
    )
    made = [
        {
            "id": f"{letter}.{place}",
            "then": draw(then),
            **draw(st.one_of(conditions, conditions, st.just({}))),
            **draw(details),
        }
        for place in range(draw(st.integers(0, most)))
    ]
    for rule in made:
        for place, case in enumerate(rule.get("cases", ())):
            case["id"] = f"{rule['id']}.{place}"
    return made


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """Usable documents (``rules.check.unusable`` finds nothing); not always fit to be published."""
    last = {"id": "LAST", "when": None, "then": {"triage": True}}
    return document(
        safety=draw(_rules("S", CONCLUSIONS, 2)),
        always=draw(_rules("A", ADDITIONS, 3)),
        subject=draw(_rules("R", CONCLUSIONS, 4)),
        default=[*draw(_rules("D", CONCLUSIONS, 1)), last],
        hit=draw(st.sampled_from(["unique", "first"])),
        questions=QUESTIONS,
        terms=TERMS,
    )


@st.composite
def facts(draw: Any) -> dict[str, Any]:
    """What could be known of an application: a subtopic is of one topic, a district of one region."""
    told = {
        code: draw(st.one_of(st.none(), st.lists(st.sampled_from(values), unique=True)))
        if code == "categories"
        else draw(st.one_of(st.none(), st.sampled_from(values)))
        for code, values in VALUES.items()
    }
    for wide, narrow, groups in (("topic", "subtopic", TOPICS), ("region", "district", REGIONS)):
        told[wide] = next((code for code, below in groups.items() if told[narrow] in below), None)
    return {code: value for code, value in told.items() if value is not None}
