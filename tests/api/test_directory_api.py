"""The directory in the API: who serves what where, and how a unit's own system reports its room."""

from __future__ import annotations

from typing import Any

import pytest

from agencies.models import Service
from tests.access.stage import Stage

from .conftest import rolled_back

pytestmark = pytest.mark.django_db

ROOM = {"status": "full", "capacity": 12, "alert": "Yanvaradək yer yoxdur."}


def units(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["unit"] for row in answer.json()["results"]]


def test_the_directory_is_read_by_subject_and_district(ask: Any, day: Stage) -> None:
    with rolled_back():
        Service.objects.filter(unit="YASHAT").update(districts=["BA"])
        assert len(units(ask("worker of TABIB", "get", "reference/services/"))) == 38
        path = "reference/services/?subtopic=PRO-REPAIR"
        assert units(ask("clinician", "get", path)) == ["MLSPP.DTSERA", "YASHAT"]
        assert units(ask("clinician", "get", f"{path}&district=BA")) == ["MLSPP.DTSERA", "YASHAT"]
        assert units(ask("clinician", "get", f"{path}&district=TAR")) == ["MLSPP.DTSERA"]


@pytest.mark.parametrize("name", ["subtopic", "district"])
@pytest.mark.parametrize("code", ["XX", "%00", "x" * 40])
def test_an_unknown_filter_is_refused_at_its_name(ask: Any, day: Stage, name: str, code: str) -> None:
    answer = ask("operator", "get", f"reference/services/?{name}={code}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [name]


def test_open_referrals_are_told_to_whom_the_queue_is_open(ask: Any, day: Stage) -> None:
    def used(who: str) -> dict[str, int | None]:
        rows = ask(who, "get", "reference/services/").json()["results"]
        return {row["unit"]: row["used"] for row in rows if row["unit"] in ("MLSPP.DTSERA", "YASHAT")}

    assert used("operator") == {"MLSPP.DTSERA": 1, "YASHAT": 1}
    assert used("machine of MLSPP") == {"MLSPP.DTSERA": 1, "YASHAT": None}
    assert used("administrator") == {"MLSPP.DTSERA": None, "YASHAT": None}


def test_a_units_own_system_reports_its_room_once_per_key(ask: Any, day: Stage) -> None:
    path = f"reference/services/{day.services['MLSPP.DTSERA'].pk}/capacity/"
    with rolled_back():
        sent = {**ROOM, "version": 1}
        answers = [
            ask("machine of MLSPP", "post", path, sent, HTTP_IDEMPOTENCY_KEY="k") for _twice in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        told = answers[0].json()
        assert {name: told[name] for name in ROOM} == ROOM
        assert (told["version"], told["stale"], told["confirmed_on"]) == (2, True, None)

        stale = ask("machine of MLSPP", "post", path, sent)
        assert stale.status_code == 409
        assert {name: stale.json()[name] for name in ("code", "yours", "current")} == {
            "code": "stale_version", "yours": 1, "current": 2,
        }  # fmt: skip
        limitless = ask("machine of MLSPP", "post", path, {**ROOM, "capacity": None}, HTTP_IF_MATCH='"2"')
        assert limitless.json()["capacity"] is None


@pytest.mark.parametrize("missing", ROOM)
def test_a_report_says_all_of_it(ask: Any, day: Stage, missing: str) -> None:
    path = f"reference/services/{day.services['MLSPP.DTSERA'].pk}/capacity/"
    answer = ask("machine of MLSPP", "post", path, {k: v for k, v in ROOM.items() if k != missing})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [missing]


def test_a_service_of_others_is_seen_and_not_reported(ask: Any, day: Stage) -> None:
    path = f"reference/services/{day.services['TABIB'].pk}/capacity/"
    assert ask("machine of MLSPP", "post", path, ROOM).status_code == 403
    ghost = "reference/services/019f0000-0000-7000-8000-000000000000/capacity/"
    assert ask("machine of MLSPP", "post", ghost, ROOM).status_code == 404
