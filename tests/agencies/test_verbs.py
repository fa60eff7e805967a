"""What people do to a referral, and what they are told when it cannot be done."""

from __future__ import annotations

from typing import Any

import pytest

from agencies.models import Answer, Referral

pytestmark = pytest.mark.django_db


@pytest.fixture
def referral(register: Any) -> Referral:
    return Referral.objects.get(application=register(subtopic="INS-STATUS"))


def test_who_comes_later_is_told_who_has_it(api: Any, people_at_work: Any, referral: Referral) -> None:
    api(people_at_work.samhi).post(f"referrals/{referral.pk}/claim/", {})

    for verb, body in (
        ("claim", {}),
        ("accept", {}),
        ("start", {}),
        ("complete", {"outcome": "provided", "text": "Oldu."}),
        ("reject", {"reason": "not_ours"}),
        ("fail", {"reason": "no_show"}),
    ):
        late = api(people_at_work.samhi2).post(f"referrals/{referral.pk}/{verb}/", body)
        assert (late.status_code, late.json()["code"]) == (409, "taken"), verb
        assert late.json()["assignee"] == "Samhi"
    again = api(people_at_work.samhi).post(f"referrals/{referral.pk}/claim/", {})
    assert (again.status_code, again.json()["code"]) == (409, "taken")


def test_who_comes_later_with_an_old_copy_is_told_who_has_it_too(
    api: Any, people_at_work: Any, referral: Referral
) -> None:
    api(people_at_work.samhi).post(f"referrals/{referral.pk}/claim/", {"version": 1})

    late = api(people_at_work.samhi2).post(f"referrals/{referral.pk}/claim/", {"version": 1})

    assert (late.status_code, late.json()["code"], late.json()["assignee"]) == (409, "taken", "Samhi")


@pytest.mark.parametrize("verb", ["claim", "accept", "release", "complete", "fail"])
def test_who_may_not_is_told_so_before_anything_about_versions(
    api: Any, people_at_work: Any, referral: Referral, verb: str
) -> None:
    body = {"version": 9, **({"outcome": "provided", "text": "Oldu."} if verb == "complete" else {})}
    body |= {"reason": "no_show"} if verb == "fail" else {}

    answer = api(people_at_work.operator).post(f"referrals/{referral.pk}/{verb}/", body)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_what_is_given_back_can_be_taken_by_another(
    api: Any, people_at_work: Any, referral: Referral
) -> None:
    first, second = api(people_at_work.samhi), api(people_at_work.samhi2)
    first.post(f"referrals/{referral.pk}/claim/", {})

    assert second.post(f"referrals/{referral.pk}/release/", {}).status_code == 403
    assert first.post(f"referrals/{referral.pk}/release/", {}).json()["assignee"] == ""
    assert second.post(f"referrals/{referral.pk}/claim/", {}).json()["assignee"] == "samhi2"


def test_nothing_is_released_that_nobody_has(api: Any, people_at_work: Any, referral: Referral) -> None:
    answer = api(people_at_work.samhi_admin).post(f"referrals/{referral.pk}/release/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_taken")


def test_who_leads_the_unit_frees_what_a_colleague_holds(
    api: Any, people_at_work: Any, referral: Referral
) -> None:
    api(people_at_work.samhi).post(f"referrals/{referral.pk}/claim/", {})

    freed = api(people_at_work.samhi_admin).post(f"referrals/{referral.pk}/release/", {})

    assert (freed.status_code, freed.json()["assignee"]) == (200, "")


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("claim", {}),
        ("accept", {}),
        ("start", {}),
        ("complete", {"outcome": "provided", "text": "Yenə."}),
        ("reject", {"reason": "not_ours"}),
        ("fail", {"reason": "no_show"}),
    ],
)
def test_what_is_answered_is_answered(
    api: Any, people_at_work: Any, referral: Referral, verb: str, body: dict[str, str]
) -> None:
    client = api(people_at_work.samhi)
    client.post(f"referrals/{referral.pk}/complete/", {"outcome": "provided", "text": "Oldu."})

    answer = client.post(f"referrals/{referral.pk}/{verb}/", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert [row.text for row in Answer.objects.filter(referral=referral)] == ["Oldu."]


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("reject", {"reason": "no_show"}, "reason_required"),
        ("reject", {"reason": "need_info"}, "note_required"),
        ("reject", {"reason": "not_eligible", "text": "  "}, "note_required"),
        ("fail", {"reason": "not_ours"}, "reason_required"),
        ("fail", {"reason": "technical"}, "note_required"),
        ("complete", {"outcome": "not_ours", "text": "Oldu."}, "reason_required"),
        ("complete", {"outcome": "provided", "text": " \n "}, "required"),
    ],
)
def test_a_reason_is_of_its_kind_and_has_its_words(
    api: Any, people_at_work: Any, referral: Referral, verb: str, body: dict[str, str], code: str
) -> None:
    answer = api(people_at_work.samhi).post(f"referrals/{referral.pk}/{verb}/", body)

    assert answer.status_code == 400
    assert code in (answer.json()["code"], "required")
    referral.refresh_from_db()
    assert (referral.state, referral.version) == ("requested", 1)


def test_accepted_work_is_not_returned_but_may_fail(
    api: Any, people_at_work: Any, referral: Referral
) -> None:
    client = api(people_at_work.samhi)
    client.post(f"referrals/{referral.pk}/accept/", {})

    returned = client.post(f"referrals/{referral.pk}/reject/", {"reason": "not_ours"})
    failed = client.post(f"referrals/{referral.pk}/fail/", {"reason": "no_show"})

    assert (returned.status_code, returned.json()["code"]) == (409, "illegal_move")
    assert (failed.status_code, failed.json()["state"]) == (200, "failed")


def test_each_step_counts_the_version_up_by_one(api: Any, people_at_work: Any, referral: Referral) -> None:
    client = api(people_at_work.samhi)

    versions = [
        client.post(f"referrals/{referral.pk}/{verb}/", {**body, "version": version}).json()["version"]
        for version, (verb, body) in enumerate(
            [
                ("claim", {}),
                ("accept", {}),
                ("start", {}),
                ("complete", {"outcome": "provided", "text": "Oldu."}),
            ],
            start=1,
        )
    ]

    assert versions == [2, 3, 4, 5]
