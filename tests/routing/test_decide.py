"""The decision: the first rule that holds, who is kept out, who may see what, and why. Plain Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decide import HEALTH, LADDER, OPENLY, Decision, decide
from routing.directory import Directory, Unit
from tests.routing.rulesets import FLAGS, book_of, lead, plain

DIRECTORY = Directory(
    {
        unit.code: unit
        for unit in (
            Unit("MOH", ("MOH",), health=True),
            Unit("MOH.TRO", ("MOH", "MOH.TRO"), health=True),
            Unit("MLSPP", ("MLSPP",), health=False),
            Unit("MLSPP.DTSERA", ("MLSPP", "MLSPP.DTSERA"), health=True),
            Unit("YASHAT", ("YASHAT",), health=False),
            Unit("TABIB", ("TABIB",), health=True),
            Unit("OLD", ("OLD",), health=True, active=False),
        )
    }
)
UNITS = DIRECTORY.units

BOOK = book_of(
    always=[
        {"id": "UNCLEAR", "when": {"fact": "unclear", "in": [True]}, "then": {"triage": True}},
        {"id": "AMPUTEE", "when": {"fact": "amputee", "in": [True]}, "then": {"raise": 1}},
        {"id": "ALONE", "when": {"fact": "lives_alone", "in": [True]}, "then": {"raise": 1}},
    ],
    subject=[
        lead("PRO", "MLSPP.DTSERA", "MOH.TRO", "YASHAT"),
        lead("CRISIS", "MOH", "TABIB", priority="P0", policy="lead", target="24 h"),
        lead("URGENT", "TABIB", priority="P1"),
        lead("CMP", "MOH", "TABIB", health=False),
        lead("CLOSED", "OLD", "TABIB"),
        lead("PARTNER-CLOSED", "TABIB", "OLD", "NOBODY"),
        lead("LOST", "NOBODY"),
        lead("BAKU", "TABIB", when={"and": [plain("subtopic", "PLACE"), plain("district", "BA", "SUM")]}),
        lead("ELSEWHERE", "MOH", when=plain("subtopic", "PLACE")),
    ],
    questions=FLAGS,
)


def decided(**facts: Any) -> Decision:
    return decide(facts, BOOK, DIRECTORY)


def failed_steps(decision: Decision) -> list[tuple[str, str]]:
    return [(step.rule, step.fact) for step in decision.trace if not step.matched]


# Which rule -------------------------------------------------------------------------------------------------


def test_a_prosthesis_goes_to_its_lead_with_its_partners() -> None:
    decision = decided(subtopic="PRO")

    assert (decision.lead, decision.joint) == ("MLSPP.DTSERA", ("MOH.TRO", "YASHAT"))
    assert (decision.policy, decision.priority, decision.target) == ("all", "P3", "15 wd")
    assert [(part.unit, part.is_lead) for part in decision.parts] == [
        ("MLSPP.DTSERA", True),
        ("MOH.TRO", False),
        ("YASHAT", False),
    ]
    assert decision.trace[-1].matched


def test_the_first_rule_that_holds_concludes() -> None:
    assert decided(subtopic="PLACE", district="SUM").rule == "BAKU"
    assert decided(subtopic="PLACE", district="GAN").rule == "ELSEWHERE"
    assert decided(subtopic="PLACE").rule == "ELSEWHERE"


def test_a_value_of_another_kind_counts_as_unknown() -> None:
    decision = decided(subtopic="PLACE", district=["GAN", "BA"])

    assert decision.rule == "ELSEWHERE"
    assert [step.found for step in decision.trace if step.rule == "BAKU"] == [None]


@pytest.mark.parametrize("facts", [{}, {"subtopic": None}, {"subtopic": "NO-SUCH"}, {"subtopic": ["x"]}])
def test_what_no_rule_knows_goes_to_a_person(facts: dict[str, Any]) -> None:
    decision = decide(facts, BOOK, DIRECTORY)

    assert decision.to_triage
    assert decision.parts == ()


def test_the_unclear_goes_to_a_person_and_keeps_its_urgency() -> None:
    decision = decided(subtopic="CRISIS", unclear=True)

    assert decision.to_triage
    assert (decision.rule, decision.priority, decision.target) == ("UNCLEAR", "P0", "24 h")


def test_the_trace_says_which_condition_failed_first() -> None:
    decision = decided(subtopic="PLACE", district="GAN")

    (step,) = [step for step in decision.trace if step.rule == "BAKU"]
    assert (step.matched, step.fact, step.found) == (False, "district", "GAN")
    assert step.wanted == {"in": ["BA", "SUM"]}


def test_rules_of_other_subjects_say_nothing_in_the_trace() -> None:
    told = {step.rule for step in decided(subtopic="PRO").trace}

    assert told == {"UNCLEAR", "AMPUTEE", "ALONE", "PRO"}


# Priority ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subtopic", "facts", "priority"),
    [
        ("PRO", {}, "P3"),
        ("PRO", {"amputee": True}, "P2"),
        ("PRO", {"amputee": True, "lives_alone": True}, "P2"),
        ("PRO", {"amputee": False}, "P3"),
        ("PRO", {"amputee": "True"}, "P3"),
        ("URGENT", {"amputee": True}, "P1"),
        ("CRISIS", {"amputee": True}, "P0"),
    ],
)
def test_what_raises_the_priority_raises_it_one_class_and_never_to_a_crisis(
    subtopic: str, facts: dict[str, Any], priority: str
) -> None:
    assert decided(subtopic=subtopic, **facts).priority == priority


# Who is kept out --------------------------------------------------------------------------------------------


def test_a_complaint_does_not_go_to_whom_it_is_about() -> None:
    about_partner, about_lead = (decided(subtopic="CMP", complained_about=code) for code in ("TABIB", "MOH"))

    assert (about_partner.lead, about_partner.joint) == ("MOH", ())
    assert ("GUARD-TABIB", "complained_about") in failed_steps(about_partner)
    assert about_lead.to_triage
    assert ("GUARD-MOH", "complained_about") in failed_steps(about_lead)


def test_a_complaint_about_an_agency_keeps_its_units_out_too() -> None:
    about_the_agency = decided(subtopic="PRO", complained_about="MOH")
    about_the_unit = decided(subtopic="PRO", complained_about="MOH.TRO")

    assert "MOH.TRO" not in about_the_agency.joint
    assert "MOH.TRO" not in about_the_unit.joint
    assert decided(subtopic="PRO", complained_about="MLSPP").to_triage


def test_a_complaint_about_a_unit_may_go_to_the_agency_above_it() -> None:
    assert decided(subtopic="CMP", complained_about="MOH.TRO").lead == "MOH"


@pytest.mark.parametrize("about", ["moh", "NOBODY", "Dr. Əliyev", ["MOH"], 5, True])
def test_a_complaint_about_somebody_unknown_goes_to_a_person(about: Any) -> None:
    """Whom nobody can name nobody can keep out; silence would send it to them."""
    decision = decided(subtopic="CMP", complained_about=about)

    assert decision.to_triage
    assert ("GUARD-UNKNOWN", "complained_about") in failed_steps(decision)


@pytest.mark.parametrize("about", [None, "", [], False])
def test_a_complaint_about_nobody_goes_its_way(about: Any) -> None:
    assert decided(subtopic="CMP", complained_about=about).lead == "MOH"


def test_a_closed_or_unknown_unit_is_not_asked() -> None:
    assert decided(subtopic="CLOSED").to_triage
    assert decided(subtopic="LOST").to_triage
    partner = decided(subtopic="PARTNER-CLOSED")
    assert (partner.lead, partner.joint) == ("TABIB", ())
    assert {("DIRECTORY-OLD", "unit"), ("DIRECTORY-NOBODY", "unit")} <= set(failed_steps(partner))


# Who may see what -------------------------------------------------------------------------------------------


def disclosed(decision: Decision) -> dict[str, bool]:
    """Which units read the health details."""
    for part in decision.parts:
        assert set(part.disclosed) in (set(OPENLY), {*OPENLY, *HEALTH})
    return {part.unit: set(HEALTH) <= set(part.disclosed) for part in decision.parts}


def test_health_details_go_to_those_who_treat_or_assess() -> None:
    assert disclosed(decided(subtopic="PRO")) == {"MLSPP.DTSERA": True, "MOH.TRO": True, "YASHAT": False}


@pytest.mark.parametrize(
    ("consents", "sees"),
    [
        (["YASHAT"], True),
        (["MLSPP", "YASHAT"], True),
        (["MLSPP"], False),
        ([], False),
        (None, False),
        (["yashat"], False),
        (["YASHAT.X"], False),
    ],
)
def test_others_read_them_with_the_citizens_consent(consents: Any, sees: bool) -> None:
    assert disclosed(decided(subtopic="PRO", consents=consents))["YASHAT"] == sees


def test_what_is_no_health_matter_is_read_by_all_who_are_asked() -> None:
    assert disclosed(decided(subtopic="CMP")) == {"MOH": True, "TABIB": True}


# Properties -------------------------------------------------------------------------------------------------

words = st.sampled_from(["PRO", "CRISIS", "URGENT", "CMP", "CLOSED", "PLACE", "NO-SUCH"])
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from([*UNITS, "BA", "x"]),
    st.lists(st.sampled_from([*UNITS, "x"]), max_size=3),
)
facts = st.builds(
    lambda subtopic, rest: {**rest, "subtopic": subtopic},
    words,
    st.dictionaries(
        st.sampled_from(
            ["unclear", "amputee", "lives_alone", "district", "complained_about", "consents", "colour"]
        ),
        values,
    ),
).filter(lambda made: isinstance(made.get("consents"), (list, type(None))))


@given(facts)
def test_the_same_facts_give_the_same_decision(made: dict[str, Any]) -> None:
    backwards = dict(reversed(list(made.items())))

    assert decide(made, BOOK, DIRECTORY) == decide(backwards, BOOK, DIRECTORY)


@given(facts)
def test_a_decision_is_never_half_made(made: dict[str, Any]) -> None:
    decision = decide(made, BOOK, DIRECTORY)

    units = [part.unit for part in decision.parts]
    assert units == ([decision.lead, *decision.joint] if decision.lead else [])
    assert len(set(units)) == len(units)
    assert [part.is_lead for part in decision.parts].count(True) == bool(decision.lead)
    assert all(UNITS[unit].active for unit in units)
    assert decision.priority in LADDER
    about = made.get("complained_about")
    assert not [unit for unit in units if about in UNITS[unit].path]


@given(facts, st.sampled_from(["YASHAT", "MLSPP", "TABIB"]))
def test_a_consent_more_shows_more_to_that_one_only(made: dict[str, Any], code: str) -> None:
    before = {part.unit: set(part.disclosed) for part in decide(made, BOOK, DIRECTORY).parts}
    consented = {**made, "consents": [*(made.get("consents") or []), code]}
    after = {part.unit: set(part.disclosed) for part in decide(consented, BOOK, DIRECTORY).parts}

    assert set(before) == set(after)
    for unit, seen in before.items():
        assert seen <= after[unit]
        assert seen == after[unit] or code in UNITS[unit].path


@given(facts, st.text(max_size=8), values)
def test_a_fact_nobody_asks_for_changes_nothing(made: dict[str, Any], name: str, value: Any) -> None:
    asked = {"subtopic", "unclear", "amputee", "lives_alone", "district", "complained_about", "consents"}
    if name not in asked:
        assert decide({**made, name: value}, BOOK, DIRECTORY) == decide(made, BOOK, DIRECTORY)
