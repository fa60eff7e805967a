"""The life of a referral: every pair of states, the steps between them, and when a round is answered."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.lifecycle import ANSWERED, OPEN, REFERRAL, JoinPolicy, ReferralState, path, policy_met
from events.errors import IllegalMove

R = ReferralState
ALL = list(ReferralState)
PAIRS = list(product(ALL, ALL))

# The drawing of docs/processes, as arrows.
ARROWS = {
    (R.REQUESTED, R.ACCEPTED),
    (R.REQUESTED, R.REJECTED),
    (R.REQUESTED, R.CANCELLED),
    (R.ACCEPTED, R.IN_PROGRESS),
    (R.ACCEPTED, R.CANCELLED),
    (R.IN_PROGRESS, R.ON_HOLD),
    (R.IN_PROGRESS, R.COMPLETED),
    (R.IN_PROGRESS, R.FAILED),
    (R.IN_PROGRESS, R.CANCELLED),
    (R.ON_HOLD, R.IN_PROGRESS),
    (R.ON_HOLD, R.COMPLETED),
    (R.ON_HOLD, R.FAILED),
    (R.ON_HOLD, R.CANCELLED),
}


@pytest.mark.parametrize(("state", "target"), PAIRS)
def test_a_move_is_legal_exactly_where_an_arrow_is_drawn(state: R, target: R) -> None:
    assert REFERRAL.allowed(state, target) == ((state, target) in ARROWS)
    if (state, target) in ARROWS:
        REFERRAL.check(state, target)
    else:
        with pytest.raises(IllegalMove) as refusal:
            REFERRAL.check(state, target)
        assert refusal.value.extra == {"record": "referral", "state": state, "wanted": target}


def test_the_table_knows_every_state_and_pairs_walks_them_all() -> None:
    assert set(REFERRAL.table) == set(ReferralState)
    assert {(a, b) for a, b, _ok in REFERRAL.pairs()} == set(PAIRS)
    assert {(a, b) for a, b, ok in REFERRAL.pairs() if ok} == ARROWS


def test_what_is_over_stays_over_and_what_is_open_can_end() -> None:
    for state in ALL:
        exits = REFERRAL.table[state]
        assert bool(exits) == (state in OPEN)
        if state in OPEN:
            assert R.CANCELLED in exits
    assert not OPEN & ANSWERED


# Steps that one command walks at once: answering what was only requested also accepts and begins it.
WALKS = {
    (R.REQUESTED, R.ACCEPTED): [R.ACCEPTED],
    (R.REQUESTED, R.IN_PROGRESS): [R.ACCEPTED, R.IN_PROGRESS],
    (R.REQUESTED, R.COMPLETED): [R.ACCEPTED, R.IN_PROGRESS, R.COMPLETED],
    (R.REQUESTED, R.FAILED): [R.ACCEPTED, R.IN_PROGRESS, R.FAILED],
    (R.REQUESTED, R.ON_HOLD): [R.ACCEPTED, R.IN_PROGRESS, R.ON_HOLD],
    (R.REQUESTED, R.REJECTED): [R.REJECTED],
    (R.REQUESTED, R.CANCELLED): [R.CANCELLED],
    (R.ACCEPTED, R.IN_PROGRESS): [R.IN_PROGRESS],
    (R.ACCEPTED, R.ON_HOLD): [R.IN_PROGRESS, R.ON_HOLD],
    (R.ACCEPTED, R.COMPLETED): [R.IN_PROGRESS, R.COMPLETED],
    (R.ACCEPTED, R.FAILED): [R.IN_PROGRESS, R.FAILED],
    (R.ACCEPTED, R.CANCELLED): [R.CANCELLED],
    (R.IN_PROGRESS, R.ON_HOLD): [R.ON_HOLD],
    (R.IN_PROGRESS, R.COMPLETED): [R.COMPLETED],
    (R.IN_PROGRESS, R.FAILED): [R.FAILED],
    (R.IN_PROGRESS, R.CANCELLED): [R.CANCELLED],
    (R.ON_HOLD, R.IN_PROGRESS): [R.IN_PROGRESS],
    (R.ON_HOLD, R.COMPLETED): [R.COMPLETED],
    (R.ON_HOLD, R.FAILED): [R.FAILED],
    (R.ON_HOLD, R.CANCELLED): [R.CANCELLED],
}


@pytest.mark.parametrize(("state", "target"), PAIRS)
def test_the_way_between_two_states_is_the_drawn_one_or_none(state: R, target: R) -> None:
    if (state, target) not in WALKS:
        with pytest.raises(IllegalMove):
            path(state, target)
        return

    steps = path(state, target)

    assert steps == WALKS[state, target]
    for before, after in zip([state, *steps], steps, strict=False):
        assert (before, after) in ARROWS, f"{before} to {after} is no arrow"


# Join policies ---------------------------------------------------------------------------------------------

LEAD, JOINT = True, False
ROUNDS = [
    # lead, joint                 all    lead   any
    (R.REQUESTED, R.REQUESTED, False, False, False),
    (R.COMPLETED, R.REQUESTED, False, True, True),
    (R.REQUESTED, R.COMPLETED, False, False, True),
    (R.COMPLETED, R.COMPLETED, True, True, True),
    (R.FAILED, R.REQUESTED, False, True, False),
    (R.REQUESTED, R.FAILED, False, False, False),
    (R.FAILED, R.FAILED, True, True, True),
    (R.REJECTED, R.REQUESTED, False, False, False),
    (R.REJECTED, R.COMPLETED, True, False, True),
    (R.COMPLETED, R.REJECTED, True, True, True),
    (R.REJECTED, R.REJECTED, True, False, True),
    (R.ON_HOLD, R.COMPLETED, False, False, True),
    (R.IN_PROGRESS, R.IN_PROGRESS, False, False, False),
]


@pytest.mark.parametrize(("lead", "joint", "by_all", "by_lead", "by_any"), ROUNDS)
def test_a_round_is_over_when_its_policy_says_so(
    lead: R, joint: R, by_all: bool, by_lead: bool, by_any: bool
) -> None:
    parts = [(LEAD, lead), (JOINT, joint)]

    assert policy_met(JoinPolicy.ALL, parts) == by_all
    assert policy_met(JoinPolicy.LEAD, parts) == by_lead
    assert policy_met(JoinPolicy.ANY, parts) == by_any
    assert policy_met(JoinPolicy.ALL, reversed(parts)) == by_all


@pytest.mark.parametrize("policy", JoinPolicy)
def test_a_round_of_nobody_is_over(policy: JoinPolicy) -> None:
    assert policy_met(policy, [])


def test_without_a_lead_the_leads_policy_waits_for_all() -> None:
    assert not policy_met(JoinPolicy.LEAD, [(JOINT, R.COMPLETED), (JOINT, R.REQUESTED)])
    assert policy_met(JoinPolicy.LEAD, [(JOINT, R.COMPLETED), (JOINT, R.FAILED)])


parts = st.lists(st.tuples(st.just(JOINT), st.sampled_from(ALL)), max_size=5)


@given(st.sampled_from(JoinPolicy), st.sampled_from(ALL), parts)
def test_who_has_answered_never_opens_a_round_again(
    policy: JoinPolicy, lead: R, joint: list[tuple[bool, R]]
) -> None:
    """An answer more never turns "over" into "not over", whatever the policy."""
    round_ = [(LEAD, lead), *joint]
    if policy_met(policy, round_):
        for place, (is_lead, state) in enumerate(round_):
            if state in OPEN:
                later = [*round_[:place], (is_lead, R.COMPLETED), *round_[place + 1 :]]
                assert policy_met(policy, later)


@given(st.sampled_from(ALL), parts)
def test_all_is_the_strictest_policy(lead: R, joint: list[tuple[bool, R]]) -> None:
    round_ = [(LEAD, lead), *joint]
    if policy_met(JoinPolicy.ALL, round_):
        assert policy_met(JoinPolicy.ANY, round_)
