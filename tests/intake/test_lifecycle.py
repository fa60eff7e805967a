"""The lives of an application and of a contact: every pair of states."""

from __future__ import annotations

from itertools import product

import pytest

from events.errors import IllegalMove
from intake.lifecycle import APPLICATION, CONTACT, OPEN, ApplicationState, ContactState

A, C = ApplicationState, ContactState

OF_AN_APPLICATION = {
    (A.REGISTERED, A.TRIAGE),
    (A.REGISTERED, A.ROUTED),
    (A.REGISTERED, A.WITHDRAWN),
    (A.REGISTERED, A.ENTERED_IN_ERROR),
    (A.TRIAGE, A.ROUTED),
    (A.TRIAGE, A.WITHDRAWN),
    (A.TRIAGE, A.ENTERED_IN_ERROR),
    (A.ROUTED, A.TRIAGE),
    (A.ROUTED, A.AWAITING_CONFIRMATION),
    (A.ROUTED, A.WITHDRAWN),
    (A.ROUTED, A.ENTERED_IN_ERROR),
    (A.AWAITING_CONFIRMATION, A.ROUTED),
    (A.AWAITING_CONFIRMATION, A.CLOSED),
    (A.AWAITING_CONFIRMATION, A.WITHDRAWN),
    (A.AWAITING_CONFIRMATION, A.ENTERED_IN_ERROR),
    (A.CLOSED, A.ROUTED),
    (A.CLOSED, A.ENTERED_IN_ERROR),
}
OF_A_CONTACT = {
    (C.DRAFT, C.ACTIVE),
    (C.DRAFT, C.FINALISED),
    (C.ACTIVE, C.WRAP_UP),
    (C.ACTIVE, C.FINALISED),
    (C.WRAP_UP, C.ACTIVE),
    (C.WRAP_UP, C.FINALISED),
}


@pytest.mark.parametrize(("state", "target"), list(product(A, A)))
def test_an_application_moves_exactly_where_an_arrow_is_drawn(
    state: ApplicationState, target: ApplicationState
) -> None:
    assert APPLICATION.allowed(state, target) == ((state, target) in OF_AN_APPLICATION)
    if (state, target) not in OF_AN_APPLICATION:
        with pytest.raises(IllegalMove):
            APPLICATION.check(state, target)


@pytest.mark.parametrize(("state", "target"), list(product(C, C)))
def test_a_contact_moves_exactly_where_an_arrow_is_drawn(state: ContactState, target: ContactState) -> None:
    assert CONTACT.allowed(state, target) == ((state, target) in OF_A_CONTACT)
    if (state, target) not in OF_A_CONTACT:
        with pytest.raises(IllegalMove):
            CONTACT.check(state, target)


def test_whatever_is_open_can_be_withdrawn_and_what_ended_cannot() -> None:
    for state in A:
        assert APPLICATION.allowed(state, A.WITHDRAWN) == (state in OPEN)


def test_only_a_closed_application_opens_again() -> None:
    assert [state for state in A if state not in OPEN and APPLICATION.table[state] & OPEN] == [A.CLOSED]


def test_a_mistake_can_always_be_marked_until_the_citizen_took_it_back() -> None:
    for state in set(A) - {A.WITHDRAWN, A.ENTERED_IN_ERROR}:
        assert APPLICATION.allowed(state, A.ENTERED_IN_ERROR)


def test_every_state_but_the_first_can_be_reached() -> None:
    reached, edge = {A.REGISTERED}, {A.REGISTERED}
    while edge:
        edge = {target for state in edge for target in APPLICATION.table[state]} - reached
        reached |= edge

    assert reached == set(A)
