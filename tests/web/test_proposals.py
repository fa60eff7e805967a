"""Returns that happened again and again become a draft, by the hand of a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from routing import selectors
from routing.models import RuleEdit, RuleSet
from workflows import actions

from .reading import text_of


@pytest.fixture(autouse=True)
def _read_anew() -> Any:
    selectors.forget()
    yield
    selectors.forget()


@pytest.fixture
def returns(register: Any, people_at_work: Any) -> None:
    """Six repairs of prostheses that DTSERA sent back and TƏBİB took over."""
    for _ in range(6):
        application = register(subtopic="PRO-REPAIR")
        lead = application.referrals.get(is_lead=True)
        actions.reject(actor=people_at_work.mlspp, referral=lead.pk, reason="not_ours", text="")
        actions.triage(
            actor=people_at_work.operator, application=application.pk, lead="TABIB", referral=lead.pk
        )


NAMED = {"subtopic": "PRO-REPAIR", "unit": "MLSPP.DTSERA", "instead": "TABIB"}


def test_a_proposal_shows_its_effect_and_becomes_a_draft(browser: Any, returns: None) -> None:
    client = browser("supervisor")
    page = client.get(reverse("rule-proposals"))
    (row,) = page.context["rows"]
    assert (row.proposal.returned, row.percent, row.changed, row.returned) == (6, 100, 6, 6)
    assert "6 applications would have gone another way" in text_of(page)

    answer = client.post(reverse("rule-proposal-take"), NAMED)

    draft = RuleSet.objects.get(status="draft")
    assert answer.headers["Location"] == reverse("ruleset", args=[draft.pk])
    edit: Any = RuleEdit.objects.get(ruleset=draft)
    assert (edit.row, edit.after["then"]["lead"]) == ("R-PRO-REPAIR", "TABIB")
    assert RuleSet.objects.get(status="published").pk == 1


def test_without_returns_there_is_nothing_to_take(browser: Any) -> None:
    client = browser("supervisor")

    assert "Nothing comes back often enough" in text_of(client.get(reverse("rule-proposals")))
    answer = client.post(reverse("rule-proposal-take"), NAMED, follow=True)
    assert "The returns no longer speak for this." in text_of(answer)
    assert not RuleSet.objects.filter(status="draft").exists()


@pytest.mark.parametrize("who", ["operator", "tabib", "clinician"])
def test_others_see_no_proposals(browser: Any, who: str) -> None:
    assert browser(who).get(reverse("rule-proposals")).status_code in (403, 404)
    assert browser(who).post(reverse("rule-proposal-take"), NAMED).status_code in (403, 404)
