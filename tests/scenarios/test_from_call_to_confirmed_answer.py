"""The main job, told once, through HTTP only: a prosthesis needs two agencies, both answer, she confirms."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.django_db

HƏSƏNLI = {
    "family_name": "Həsənli",
    "given_name": "Orxan",
    "patronymic": "Vaqif",
    "fin": "5ABC12D",
    "phones": ["050 123 45 67"],
    "district": "TAR",
    "categories": ["veteran"],
    "birth_date": "1994-03-02",
}


def test_a_prosthesis_from_the_call_to_the_confirmed_answer(people_at_work: Any, api: Any) -> None:
    desk = api(people_at_work.operator)
    mlspp, yashat = api(people_at_work.mlspp), api(people_at_work.yashat)

    person = desk.post("people/", HƏSƏNLI).json()
    assert [row["id"] for row in desk.get("people/?q=0501234567").json()["results"]] == [person["id"]]
    assert [row["id"] for row in desk.get("people/?q=hesenli orxan").json()["results"]] == [person["id"]]
    assert [row["id"] for row in desk.get("people/?q=5abc12d").json()["results"]] == [person["id"]]

    call = desk.post(
        "contacts/", {"channel": "phone", "direction": "in", "caller": person["id"], "verification": 1}
    ).json()
    preview = desk.post(
        "routing/preview/", {"person": person["id"], "subtopic": "PRO-REPAIR", "facts": {}}
    ).json()
    answer = desk.post(
        "applications/",
        {
            "person": person["id"],
            "contact": call["id"],
            "subtopic": "PRO-REPAIR",
            "text": "Protez iki həftədir düz oturmur.",
            "facts": {"consents": ["YASHAT"]},
        },
    )
    assert answer.status_code == 201, answer.content
    application = answer.json()
    assert application["number"].startswith("VET-")
    assert application["state"] == "routed"
    assert application["due"]
    assert application["decision"] == {
        "lead": "MLSPP.DTSERA",
        "joint": ["YASHAT"],
        "policy": "all",
        "priority": "P2",
        "ruleset": 1,
    }
    assert (preview["lead"], preview["joint"]) == ("MLSPP.DTSERA", ["YASHAT"])
    assert {row["unit"]: row["is_lead"] for row in application["referrals"]} == {
        "MLSPP.DTSERA": True,
        "YASHAT": False,
    }

    for agency, unit in ((mlspp, "MLSPP"), (yashat, "YASHAT")):
        (row,) = agency.get(f"referrals/?unit={unit}&state=open").json()["results"]
        assert agency.post(f"referrals/{row['id']}/claim/", {"version": row["version"]}).status_code == 200
        assert agency.post(f"referrals/{row['id']}/accept/", {}).json()["state"] == "accepted"
        assert agency.post(f"referrals/{row['id']}/start/", {}).json()["state"] == "in_progress"
        done = agency.post(
            f"referrals/{row['id']}/complete/", {"outcome": "provided", "text": "Protez uyğunlaşdırılacaq."}
        )
        assert done.json()["state"] == "completed"

    waiting = desk.get(f"applications/{application['id']}/").json()
    assert waiting["state"] == "awaiting_confirmation"
    assert {row["answer"]["outcome"] for row in waiting["referrals"]} == {"provided"}

    closed = desk.post(f"applications/{application['id']}/confirm/", {"text": "Razıdır."}).json()
    assert closed["state"] == "closed"
    assert closed["closed_at"]
    ended = desk.post(f"contacts/{call['id']}/finalise/", {"disposition": "application_opened"})
    assert ended.json()["state"] == "finalised"


def test_what_is_disputed_goes_back_to_the_agency_concerned(
    people_at_work: Any, api: Any, register: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    desk, samhi = api(people_at_work.operator), api(people_at_work.samhi)
    (first,) = samhi.get("referrals/?unit=SAMHI").json()["results"]
    samhi.post(f"referrals/{first['id']}/complete/", {"outcome": "explained", "text": "Status aktivdir."})

    disputed = desk.post(
        f"applications/{application.pk}/dispute/", {"referral": first["id"], "text": "Hələ aktiv deyil."}
    ).json()

    assert disputed["state"] == "routed"
    assert disputed["due"] == desk.get(f"applications/{application.pk}/").json()["due"]
    (second,) = samhi.get("referrals/?unit=SAMHI&state=open").json()["results"]
    assert second["replaces"] == first["id"]


def test_what_is_not_theirs_comes_back_and_finds_its_place(
    people_at_work: Any, api: Any, register: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    desk, samhi, tabib = (api(getattr(people_at_work, name)) for name in ("operator", "samhi", "tabib"))
    (row,) = samhi.get("referrals/").json()["results"]
    returned = samhi.post(
        f"referrals/{row['id']}/reject/",
        {"reason": "not_ours", "text": "TƏBİB baxır.", "suggested_unit": "TABIB"},
    )
    assert returned.json()["state"] == "rejected"
    assert desk.get(f"applications/{application.pk}/").json()["state"] == "triage"

    settled = desk.post(
        f"applications/{application.pk}/triage/", {"lead": "TABIB", "text": "Razıyam."}
    ).json()

    assert settled["state"] == "routed"
    assert settled["number"] == application.number
    (there,) = tabib.get("referrals/?state=open").json()["results"]
    assert (there["replaces"], there["is_lead"]) == (row["id"], True)
