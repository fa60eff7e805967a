"""The moves of an application and of a contact. Plain Python; tests walk every pair."""

from __future__ import annotations

from enum import StrEnum

from events.moves import Moves


class ApplicationState(StrEnum):
    """Where the citizen's request stands."""

    REGISTERED = "registered"
    TRIAGE = "triage"
    ROUTED = "routed"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    ENTERED_IN_ERROR = "entered_in_error"


A = ApplicationState

APPLICATION = Moves(
    "application",
    {
        A.REGISTERED: {A.TRIAGE, A.ROUTED, A.WITHDRAWN, A.ENTERED_IN_ERROR},
        A.TRIAGE: {A.ROUTED, A.WITHDRAWN, A.ENTERED_IN_ERROR},
        A.ROUTED: {A.TRIAGE, A.AWAITING_CONFIRMATION, A.WITHDRAWN, A.ENTERED_IN_ERROR},
        A.AWAITING_CONFIRMATION: {A.ROUTED, A.CLOSED, A.WITHDRAWN, A.ENTERED_IN_ERROR},
        A.CLOSED: {A.ROUTED, A.ENTERED_IN_ERROR},
        A.WITHDRAWN: set(),
        A.ENTERED_IN_ERROR: set(),
    },
)

OPEN = frozenset({A.REGISTERED, A.TRIAGE, A.ROUTED, A.AWAITING_CONFIRMATION})


class ContactState(StrEnum):
    """One conversation, from the first keystroke to its disposition."""

    DRAFT = "draft"
    ACTIVE = "active"
    WRAP_UP = "wrap_up"
    FINALISED = "finalised"


CONTACT = Moves(
    "contact",
    {
        ContactState.DRAFT: {ContactState.ACTIVE, ContactState.FINALISED},
        ContactState.ACTIVE: {ContactState.WRAP_UP, ContactState.FINALISED},
        ContactState.WRAP_UP: {ContactState.ACTIVE, ContactState.FINALISED},
        ContactState.FINALISED: set(),
    },
)
