"""Guards on generated rule sets and facts: every application ends somewhere, and never where it must not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import explain, golden
from routing.decide import HEALTH, OPENLY, Decision, Proposal, decide
from routing.directory import Directory, Offer, Unit, at_rest, digest, read
from routing.rules.book import RuleBook, compile_book
from tests.routing.rulesets import FLAGS, book_of, document, lead, plain

UNITS = {
    "MOH": (("MOH",), True),
    "MOH.PHC": (("MOH", "MOH.PHC"), True),
    "MOH.PHC.GA": (("MOH", "MOH.PHC", "MOH.PHC.GA"), True),
    "MOH.PHC.SUM": (("MOH", "MOH.PHC", "MOH.PHC.SUM"), True),
    "TABIB": (("TABIB",), True),
    "YASHAT": (("YASHAT",), False),
    "MLSPP": (("MLSPP",), False),
}


def directory(**offers: list[Offer]) -> Directory:
    return Directory(
        {
            code: Unit(code, path, health, True, tuple(offers.get(code.replace(".", "_"), ())))
            for code, (path, health) in UNITS.items()
        }
    )


PLAIN = directory()
SUBJECTS = ("PSY", "PRO", "CMP")
DISTRICTS = ("BA", "GA", "SUM")
MINOR = {"fact": "age", "between": [None, 17]}

# Generated rule sets and facts ------------------------------------------------------------------------------

codes = st.sampled_from(sorted(UNITS))
conditions = st.one_of(
    st.just({"and": []}),
    st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=2, unique=True).map(
        lambda values: plain("subtopic", *values)
    ),
    st.lists(st.sampled_from(DISTRICTS), min_size=1, max_size=2, unique=True).map(
        lambda values: {"and": [plain("subtopic", "PSY"), plain("district", *values)]}
    ),
    st.booleans().map(lambda value: {"not": plain("amputee", value)}),
    st.just({"fact": "age", "between": [None, 17]}),
    st.just({"fact": "age", "unknown": True}),
)


@st.composite
def rule(draw: Any, name: str) -> dict[str, Any]:
    made = lead(
        name, draw(codes), *draw(st.lists(codes, max_size=3, unique=True)), when=draw(conditions),
        health=draw(st.booleans()), priority=draw(st.sampled_from(["P0", "P1", "P3"])),
    )  # fmt: skip
    made["then"]["joint"] = [code for code in made["then"]["joint"] if code != made["then"]["lead"]]
    return made


@st.composite
def adding(draw: Any, name: str) -> dict[str, Any]:
    then = draw(
        st.one_of(
            st.just({"raise": 1}),
            st.just({"triage": True}),
            st.lists(codes, min_size=1, max_size=2, unique=True).map(lambda units: {"joint": units}),
            st.lists(codes, min_size=1, max_size=1).map(lambda units: {"forbid": units}),
            st.just({"documents": ["ID"], "consents": ["TABIB"]}),
        )
    )
    return {"id": name, "when": draw(conditions), "then": then}


@st.composite
def documents(draw: Any, hit: str = "first") -> dict[str, Any]:
    return document(
        safety=[draw(rule("S1"))] if draw(st.booleans()) else [],
        always=[draw(adding(f"A{n}")) for n in range(draw(st.integers(0, 3)))],
        subject=[draw(rule(f"R{n}")) for n in range(draw(st.integers(0, 5)))],
        questions=FLAGS,
        hit=hit,
    )


facts = st.fixed_dictionaries(
    {},
    optional={
        "subtopic": st.sampled_from([*SUBJECTS, "ELSE"]),
        "district": st.sampled_from(DISTRICTS),
        "amputee": st.booleans(),
        "age": st.one_of(st.integers(0, 99), st.text(max_size=2)),
        "complained_about": st.one_of(codes, st.sampled_from(["NOBODY", 5, ["MOH"]])),
        "consents": st.one_of(st.lists(codes, max_size=2), st.text(max_size=3)),
        "deceased": st.booleans(),
        "load": st.dictionaries(codes, st.integers(0, 5), max_size=2),
    },
)


def units_of(decision: Decision) -> set[str]:
    return {part.unit for part in decision.parts}


@settings(max_examples=300)
@given(documents(), facts)
def test_every_application_ends_with_agencies_or_in_triage(made: Any, known: dict[str, Any]) -> None:
    decision = decide(known, compile_book(made), PLAIN)

    assert bool(decision.parts) != decision.to_triage
    assert not decision.incident
    assert decision.rule


@settings(max_examples=300)
@given(documents(), facts)
def test_a_complaint_never_reaches_whom_it_is_about(made: Any, known: dict[str, Any]) -> None:
    decision = decide(known, compile_book(made), PLAIN)

    about = known.get("complained_about")
    proposal = decision.proposal or Proposal("", ())
    for unit in units_of(decision) | {proposal.lead, *proposal.joint} - {""}:
        assert about not in UNITS[unit][0]
    if about and not (isinstance(about, str) and about in UNITS):
        assert decision.to_triage


@settings(max_examples=300)
@given(documents(), facts)
def test_health_details_reach_only_who_may_have_them(made: Any, known: dict[str, Any]) -> None:
    book = compile_book(made)
    decision = decide(known, book, PLAIN)

    given_to = known.get("consents") if isinstance(known.get("consents"), list) else []
    matched = [book.rule(step.rule) for step in decision.trace if step.matched]
    subject = next((it for it in matched if it and "lead" in it.then), None)
    named = {code for it in matched if it for code in it.then.get("consents", ())}
    for part in decision.parts:
        path, health_unit = UNITS[part.unit]
        needs = (subject is not None and subject.then["health"] and not health_unit) or named & set(path)
        sees = set(HEALTH) <= set(part.disclosed)
        assert sees == (not needs or bool(set(given_to or []) & set(path)))
        assert set(part.disclosed) in (set(OPENLY), {*OPENLY, *HEALTH})


@given(documents(), facts)
def test_the_same_facts_and_rules_give_the_same_bytes(made: Any, known: dict[str, Any]) -> None:
    once = decide(known, compile_book(made), PLAIN)
    again = decide(dict(reversed(list(known.items()))), compile_book(made), read(PLAIN.as_data()))

    assert once.encoded == again.encoded


@given(documents(), facts, st.data())
def test_a_rule_about_something_else_changes_nothing(made: Any, known: dict[str, Any], data: Any) -> None:
    decision = decide(known, compile_book(made), PLAIN)
    rules = made["sections"][2]["rules"]
    rules.insert(
        data.draw(st.integers(0, len(rules))), lead("ALIEN", "TABIB", when=plain("subtopic", "ALIEN"))
    )

    assert decide(known, compile_book(made), PLAIN).encoded == decision.encoded


@given(st.permutations(["A", "B", "C", "D"]), facts)
def test_where_one_rule_may_hold_the_order_does_not_matter(order: list[str], known: dict[str, Any]) -> None:
    rules = {
        "A": lead("A", "MOH", "TABIB", when={"and": [plain("subtopic", "PSY"), plain("district", "BA")]}),
        "B": lead("B", "TABIB", when={"and": [plain("subtopic", "PSY"), plain("district", "GA")]}),
        "C": lead("C", "YASHAT", when=plain("subtopic", "PRO")),
        "D": lead("D", "MLSPP", when=plain("subtopic", "CMP")),
    }

    def end(names: list[str]) -> tuple[Any, ...]:
        decision = decide(known, book_of(subject=[rules[name] for name in names], hit="unique"), PLAIN)
        return decision.rule, decision.lead, decision.joint, {step.rule for step in decision.trace}

    assert end(order) == end(sorted(order))


@given(st.permutations(range(3)), facts)
def test_what_is_collected_is_the_same_in_any_order(order: list[int], known: dict[str, Any]) -> None:
    rules = [
        {"id": "X", "when": plain("amputee", True), "then": {"joint": ["TABIB"]}},
        {"id": "Y", "when": plain("district", "GA"), "then": {"joint": ["YASHAT"], "documents": ["ID"]}},
        {"id": "Z", "when": {"fact": "age", "between": [None, 17]}, "then": {"raise": 1}},
    ]

    def end(places: Any) -> tuple[Any, ...]:
        decision = decide(known, book_of(always=[rules[place] for place in places], **BASE), PLAIN)
        return decision.lead, set(decision.joint), decision.priority, set(decision.documents)

    assert end(order) == end(range(3))


BASE: dict[str, Any] = {"subject": [lead("PSY", "MOH.PHC", "MLSPP")], "questions": FLAGS}


def test_two_rules_where_one_may_hold_are_an_incident_and_triage() -> None:
    """The check forbids publishing such a set; if one got in all the same, nobody is sent astray."""
    twice = book_of(subject=[lead("A", "MOH", when=plain("subtopic", "PSY")),
                             lead("B", "TABIB", when=plain("subtopic", "PSY"))], hit="unique")  # fmt: skip

    decision = decide({"subtopic": "PSY"}, twice, PLAIN)

    assert decision.to_triage
    assert decision.incident == "B: Overlap"


def test_an_error_in_a_rule_is_an_incident_and_triage(monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_of(**BASE)
    broken = book.sections["subject"].rules[0]
    object.__setattr__(broken, "holds", lambda _facts: 1 / 0)

    decision = decide({"subtopic": "PSY", "deceased": True}, book, PLAIN)

    assert decision.to_triage
    assert decision.incident == "PSY: ZeroDivisionError"
    assert decision.notices == ("deceased",)


# The directory ----------------------------------------------------------------------------------------------


def offer(*districts: str, capacity: int | None = None, status: str = "open") -> list[Offer]:
    return [Offer(frozenset({"PSY"}), frozenset(districts), capacity, status)]


def chosen(known: dict[str, Any], units: Directory) -> tuple[str, list[Any]]:
    decision = decide({"subtopic": "PSY", **known}, book_of(**BASE), units)
    steps = [step for step in decision.trace if step.rule == "DIRECTORY-MOH.PHC"]
    return decision.lead, [step.wanted if step.matched else step.found for step in steps]


def test_the_unit_that_serves_the_district_acts_down_to_the_centre() -> None:
    units = directory(MOH_PHC_GA=offer("GA"), MOH_PHC_SUM=offer("SUM"))

    assert chosen({"district": "GA"}, units) == ("MOH.PHC.GA", ["area"])
    assert chosen({"district": "SUM"}, units) == ("MOH.PHC.SUM", ["area"])
    assert chosen({"district": "BA"}, units) == ("", ["no_service"])
    assert chosen({}, units) == ("MOH.PHC", [])


def test_the_narrower_area_then_room_then_load_decides() -> None:
    units = directory(
        MOH_PHC=offer(), MOH_PHC_GA=offer("GA", "SUM", capacity=4), MOH_PHC_SUM=offer("SUM", "GA", capacity=2)
    )

    assert chosen({"district": "BA"}, units) == ("MOH.PHC", [])
    assert chosen({"district": "GA"}, units) == ("MOH.PHC.GA", ["first"])
    assert chosen({"district": "GA", "load": {"MOH.PHC.GA": 2}}, units) == ("MOH.PHC.SUM", ["load"])
    assert chosen({"district": "GA", "load": {"MOH.PHC.GA": 4}}, units) == ("MOH.PHC.SUM", ["free"])
    full = {"MOH.PHC.GA": 4, "MOH.PHC.SUM": 2}
    assert chosen({"district": "GA", "load": full}, units) == ("MOH.PHC", [])


def test_the_named_unit_acts_before_those_below_it_unless_it_has_no_room() -> None:
    units = directory(MOH_PHC=offer(capacity=4), MOH_PHC_GA=offer())

    assert chosen({"district": "BA", "load": {"MOH.PHC": 3}}, units) == ("MOH.PHC", [])
    assert chosen({"district": "BA", "load": {"MOH.PHC": 4}}, units) == ("MOH.PHC.GA", ["free"])


def test_a_full_unit_acts_only_where_nobody_has_room_and_a_closed_one_never() -> None:
    assert chosen({"district": "GA"}, directory(MOH_PHC_GA=offer("GA", status="full"))) == (
        "MOH.PHC.GA",
        ["full"],
    )
    closed = directory(MOH_PHC_GA=offer("GA", status="closed"))
    assert chosen({"district": "GA"}, closed) == ("MOH", ["above"])
    assert chosen({}, closed) == ("MOH", ["above"])


def test_when_a_whole_body_has_closed_the_partners_stay_proposed() -> None:
    """A crisis must not lose those who could help because its lead closed today."""
    units = directory(MOH=offer(status="closed"), MOH_PHC=offer(status="closed"))

    decision = decide({"subtopic": "PSY", "district": "GA"}, book_of(**BASE), units)

    assert (decision.lead, decision.proposal) == ("", Proposal("", ("MLSPP",)))
    steps = {step.rule: step.found for step in decision.trace if not step.matched}
    assert steps["DIRECTORY-MOH.PHC"] == "closed"


def test_golden_cases_do_not_depend_on_who_is_closed_today() -> None:
    units = directory(MOH_PHC=offer(status="closed"), MOH_PHC_GA=offer("GA", capacity=1, status="full"))

    assert chosen({"district": "BA"}, at_rest(units))[0] == "MOH.PHC"
    assert chosen({"district": "GA"}, at_rest(units))[0] == "MOH.PHC.GA"


def test_a_complaint_about_one_centre_goes_to_another() -> None:
    units = directory(MOH_PHC_GA=offer("GA"), MOH_PHC_SUM=offer("GA", "SUM"))

    assert chosen({"district": "GA", "complained_about": "MOH.PHC.GA"}, units)[0] == "MOH.PHC.SUM"


def test_a_directory_is_the_same_from_its_data() -> None:
    units = directory(MOH_PHC_GA=offer("GA", capacity=3), TABIB=offer(status="full"))

    assert digest(read(units.as_data())) == digest(units)
    assert digest(directory(TABIB=offer())) != digest(units)


# Held for a person, pointed out, explained ------------------------------------------------------------------


def held() -> RuleBook:
    return book_of(
        always=[{"id": "HOLD", "when": plain("unclear", True), "then": {"triage": True}}],
        subject=[
            lead("PSY", "MOH.PHC", "MLSPP", priority="P2", target="7 wd"),
            lead("YOUNG", "TABIB", when={"and": [plain("subtopic", "PRO"), MINOR]}),
            lead("PRO", "MLSPP", "YASHAT", when=plain("subtopic", "PRO")),
        ],
        questions=FLAGS,
    )  # fmt: skip


def test_what_a_person_looks_at_first_keeps_the_proposal_and_the_promise() -> None:
    decision = decide({"subtopic": "PSY", "unclear": True}, held(), PLAIN)

    assert decision.to_triage
    assert decision.proposal is not None
    assert (decision.proposal.lead, decision.proposal.joint) == ("MOH.PHC", ("MLSPP",))
    assert (decision.rule, decision.priority, decision.target) == ("HOLD", "P2", "7 wd")
    assert decision.consents == ("MLSPP",)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, ()),
        ({"deceased": True}, ("deceased",)),
        ({"duplicate": True, "answers_given": 2}, ("duplicate",)),
        ({"answers_given": 3}, ("repeated",)),
        ({"deceased": True, "duplicate": True, "answers_given": 9}, ("deceased", "duplicate", "repeated")),
    ],
)
def test_what_is_pointed_out_stops_nothing(known: dict[str, Any], told: tuple[str, ...]) -> None:
    decision = decide({"subtopic": "PSY", **known}, held(), PLAIN)

    assert decision.notices == told
    assert decision.lead == "MOH.PHC"


def test_the_nearest_rules_say_their_first_condition_that_failed() -> None:
    near = explain.nearest({"subtopic": "PRO", "age": 40}, held(), akin=["PSY"])
    assert explain.nearest({"subtopic": "PRO", "age": 40}, held()) == near[:1]

    assert [(it.rule.code, it.first.fact, it.first.found) for it in near] == [
        ("YOUNG", "age", 40),
        ("PSY", "subtopic", "PRO"),
    ]


def test_an_answer_that_would_change_the_way_is_hinted_at_while_it_is_unknown() -> None:
    (hint,) = explain.hints({"subtopic": "PRO"}, held(), PLAIN)

    assert (hint.fact, hint.values, hint.lead) == ("age", (17,), "TABIB")
    assert hint.adds == ("TABIB",)
    assert hint.drops == ("MLSPP", "YASHAT")
    assert explain.hints({"subtopic": "PRO", "age": 40}, held(), PLAIN) == []


def test_a_golden_case_names_the_rule_that_stole_it() -> None:
    case = {"id": "PRO.1", "az": "Nümunə", "facts": {"subtopic": "PRO", "age": 12},
            "expect": {"lead": "MLSPP", "joint": ["YASHAT"]}}  # fmt: skip
    made = document(
        subject=[
            lead("YOUNG", "TABIB", when=MINOR),
            {**lead("PRO", "MLSPP", "YASHAT"), "cases": [case]},
        ]
    )

    (outcome,) = golden.run(compile_book(made), PLAIN)

    assert (outcome.passed, outcome.is_stolen, outcome.by) == (False, True, "YOUNG")
    assert outcome.got["lead"] == "TABIB"
    made["sections"][2]["rules"].reverse()
    (outcome,) = golden.run(compile_book(made), PLAIN)
    assert outcome.passed
