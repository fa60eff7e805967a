"""Returns become proposals for rules, with their effect rehearsed."""

from __future__ import annotations

from typing import Any

import pytest

from routing import documents, misroutes
from routing.misroutes import Proposal, weigh
from routing.models import RuleSet
from routing.rules.check import problems
from routing.selectors import vocabulary
from workflows import actions


def test_only_what_came_back_often_enough_is_proposed() -> None:
    rows: list[misroutes.Way] = [
        ("PRO-REPAIR", "TABIB", "ER01", 6, "YASHAT"),
        ("PRO-REPAIR", "TABIB", "ER01", 4, None),
        ("PRO-NEW", "TABIB", "ER01", 4, "YASHAT"),
        ("MED-EXAM", "TABIB", "ER01", 6, "MOH"),
        ("MED-EXAM", "TABIB", "ER01", 94, None),
    ]

    assert weigh(rows) == [Proposal("PRO-REPAIR", "TABIB", "YASHAT", 10, 6)]


def test_regions_that_never_come_back_keep_their_rule() -> None:
    rows: list[misroutes.Way] = [
        ("PRO-REPAIR", "TABIB", "ER02", 6, "YASHAT"),
        ("PRO-REPAIR", "TABIB", "ER02", 1, None),
        ("PRO-REPAIR", "TABIB", "ER01", 9, None),
        ("PRO-REPAIR", "TABIB", None, 2, None),
    ]

    assert weigh(rows) == [Proposal("PRO-REPAIR", "TABIB", "YASHAT", 7, 6, ("ER02",))]


@pytest.mark.django_db
@pytest.mark.parametrize("regions", [(), ("ER02", "ER05")])
def test_a_proposal_makes_a_sound_document(reference: None, regions: tuple[str, ...]) -> None:
    row = RuleSet.objects.get(pk=1)
    proposal = Proposal("PRO-REPAIR", "MLSPP.DTSERA", "YASHAT", 10, 6, regions)

    made = misroutes.applied(row.document, proposal)

    assert problems(made, vocabulary()) == []
    changed = documents.changed_rows(row.document, made)
    assert set(changed) == ({"R-PRO-REPAIR", "R-PRO-REPAIR.1"} if regions else {"R-PRO-REPAIR"})
    after = changed["R-PRO-REPAIR.1" if regions else "R-PRO-REPAIR"][1]
    assert after is not None
    assert (after["then"]["lead"], after["then"]["joint"]) == ("YASHAT", [])


@pytest.mark.django_db
def test_returns_that_really_happened_are_counted_to_who_took_over(
    register: Any, people_at_work: Any
) -> None:
    for _ in range(6):
        application = register(subtopic="PRO-REPAIR")
        lead = application.referrals.get(is_lead=True)
        actions.reject(actor=people_at_work.mlspp, referral=lead.pk, reason="not_ours", text="")
        actions.triage(
            actor=people_at_work.operator, application=application.pk, lead="TABIB", referral=lead.pk
        )
    register(subtopic="PRO-REPAIR")

    (proposal,) = misroutes.proposals(days=30)

    assert proposal == Proposal("PRO-REPAIR", "MLSPP.DTSERA", "TABIB", 7, 6)
    report = misroutes.effect(RuleSet.objects.get(pk=1).document, proposal, days=30)
    assert (report["applications"], report["changed"], report["returned_before"]) == (7, 7, 6)
    with pytest.raises(LookupError):
        misroutes.applied(RuleSet.objects.get(pk=1).document, Proposal("PRO-REPAIR", "MES", "MOH", 9, 9))
