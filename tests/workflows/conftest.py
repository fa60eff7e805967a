"""Stories of running applications, for the tests of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from access.models import User
from agencies.models import Referral
from intake.models import Application
from workflows import actions

Worker = Callable[[Referral], User]


@pytest.fixture
def worker(people_at_work: Any) -> Worker:
    """Who works for a referral's agency; the operator for a body outside."""

    def of(referral: Referral) -> User:
        found: User = people_at_work.users.get(referral.agency_id.lower(), people_at_work.operator)
        return found

    return of


@pytest.fixture
def referrals() -> Callable[[Application], list[Referral]]:
    """The open referrals of an application, the lead first."""
    return lambda application: list(
        Referral.objects.filter(application=application).open().order_by("-is_lead", "unit")
    )


@pytest.fixture
def answer(worker: Worker) -> Callable[..., Referral]:
    """Let the referral's agency answer it."""

    def complete(referral: Referral, outcome: str = "provided") -> Referral:
        return actions.complete(
            actor=worker(referral), referral=referral.pk, outcome=outcome, text="Həll olundu."
        )

    return complete


@pytest.fixture
def give_back(worker: Worker) -> Callable[..., Referral]:
    """Let the referral's agency return it."""

    def reject(referral: Referral, reason: str = "not_ours") -> Referral:
        return actions.reject(
            actor=worker(referral), referral=referral.pk, reason=reason, text="Bizim səlahiyyətimiz deyil."
        )

    return reject
