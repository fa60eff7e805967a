"""The clocks of record: a promise to the citizen, a share per agency, and who may not stretch them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agencies.models import Referral
from events import clock
from sla import selectors
from sla.models import Clock

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku


def of(application: Any) -> dict[str, Clock]:
    answers = Clock.objects.filter(application=application, measure__in=["resolution", "resolve"])
    rows = answers.select_related("referral")
    return {row.referral.unit_id if row.referral else "promise": row for row in rows}


def test_registering_promises_to_the_citizen_and_gives_each_agency_its_share(register: Any) -> None:
    with clock.at(TUESDAY):
        application = register(subtopic="PRO-REPAIR")

    clocks = of(application)
    assert set(clocks) == {"promise", "MLSPP.DTSERA", "YASHAT"}
    assert {row.due_at for row in clocks.values()} == {application.due_at}
    assert {row.target for row in clocks.values()} == {"10 wd"}
    # ten working days after the 24th of November 2026, at six in the evening of Baku
    assert application.due_at == datetime(2026, 12, 8, 14, 0, tzinfo=UTC)
    assert all(TUESDAY < row.warn_at < row.due_at for row in clocks.values())


def test_after_hours_counts_from_the_next_working_day(register: Any) -> None:
    with clock.at(TUESDAY.replace(hour=15)):  # 19:00 in Baku
        late = register(subtopic="PRO-REPAIR")
    with clock.at(TUESDAY + timedelta(days=1)):
        next_morning = register(subtopic="PRO-REPAIR")

    assert late.due_at == next_morning.due_at


def test_a_crisis_runs_round_the_clock(register: Any) -> None:
    with clock.at(TUESDAY.replace(hour=20)):
        application = register(subtopic="PSY-CRISIS")

    assert application.due_at == TUESDAY.replace(hour=20) + timedelta(hours=24)


def test_beyond_the_published_calendar_a_date_is_provisional(register: Any) -> None:
    with clock.at(datetime(2026, 12, 29, 6, 0, tzinfo=UTC)):
        application = register(subtopic="PRO-REPAIR")

    assert of(application)["promise"].provisional


def test_an_answer_stops_the_agencys_share_and_not_the_promise(
    register: Any, api: Any, people_at_work: Any
) -> None:
    application = register(subtopic="PRO-REPAIR")
    referral = application.referrals.get(unit="MLSPP.DTSERA")

    api(people_at_work.mlspp).post(
        f"referrals/{referral.pk}/complete/", {"outcome": "provided", "text": "Oldu."}
    )

    running = {name: row.stopped_at is None for name, row in of(application).items()}
    assert running == {"promise": True, "MLSPP.DTSERA": False, "YASHAT": True}


@pytest.mark.parametrize("verb", ["withdraw", "annul"])
def test_what_is_over_has_no_clock_running(register: Any, api: Any, people_at_work: Any, verb: str) -> None:
    application = register(subtopic="PRO-REPAIR")

    api(people_at_work.supervisor).post(f"applications/{application.pk}/{verb}/", {"text": "Bitdi."})

    assert not Clock.objects.filter(application=application, stopped_at=None).exists()


def test_a_replacement_gets_no_more_time_than_the_citizen_was_told(
    register: Any, api: Any, people_at_work: Any
) -> None:
    with clock.at(TUESDAY):
        application = register(subtopic="INS-STATUS")
    referral = application.referrals.get()

    with clock.at(TUESDAY + timedelta(days=1)):
        api(people_at_work.samhi).post(f"referrals/{referral.pk}/reject/", {"reason": "not_ours"})
        api(people_at_work.operator).post(f"applications/{application.pk}/triage/", {"lead": "TABIB"})

    second = Referral.objects.get(application=application, unit="TABIB")
    assert second.due_at == second.clocks.get(measure="resolve").due_at == application.due_at
    assert Clock.objects.filter(application=application, measure="resolution").count() == 1


def test_reopening_makes_a_new_promise_and_keeps_the_old_one(
    register: Any, api: Any, people_at_work: Any
) -> None:
    with clock.at(TUESDAY):
        application = register(subtopic="INS-STATUS")
        referral = application.referrals.get()
        done = {"outcome": "explained", "text": "Aktivdir."}
        api(people_at_work.samhi).post(f"referrals/{referral.pk}/complete/", done)
        api(people_at_work.operator).post(f"applications/{application.pk}/confirm/", {})

    with clock.at(TUESDAY + timedelta(days=7)):
        api(people_at_work.operator).post(f"applications/{application.pk}/reopen/", {"text": "Yenə."})

    old, new = Clock.objects.filter(application=application, measure="resolution").order_by("id")
    assert (old.stopped_at, new.stopped_at) == (TUESDAY, None)
    assert new.due_at > old.due_at
    application.refresh_from_db()
    assert application.due_at == new.due_at


def test_lateness_is_told_from_the_due_instant_alone() -> None:
    due, warn = TUESDAY, TUESDAY - timedelta(hours=2)

    def state_at(instant: datetime) -> str:
        with clock.at(instant):
            return selectors.time_state(due, warn)

    second = timedelta(seconds=1)
    assert [state_at(t) for t in (warn - second, warn, due, due + second)] == [
        "ontime",
        "soon",
        "soon",
        "late",
    ]
    assert selectors.time_state(None) == "none"
