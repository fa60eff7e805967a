"""Time in detail: what has to be done, what will probably be late, and how everything stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callcenter import board, forecast
from events import clock
from events.errors import Invalid, NotVisible
from workflows import actions, firing

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku


@pytest.fixture
def waiting(register: Any, people_at_work: Any) -> Any:
    """An urgent application that nobody answered: its breach asks for the supervisor."""
    with clock.at(TUESDAY):
        application = register("PSY-INPAT")
    after = application.due_at + timedelta(minutes=1)
    with clock.at(after):
        while firing.turn(after):
            pass
    return application, after


@pytest.mark.parametrize(
    ("name", "status"), [("supervisor", 200), ("operator", 200), ("tabib_admin", 200), ("tabib", 403)]
)
def test_who_leads_sees_it(browser: Any, name: str, status: int) -> None:
    assert browser(name).get("/board/time/").status_code == status


def test_another_agencys_time_is_not_there(browser: Any) -> None:
    assert browser("tabib_admin").get("/board/time/?agency=SAMHI").status_code == 404


def test_the_supervisor_finds_where_to_step_in(browser: Any, waiting: Any) -> None:
    application, after = waiting
    with clock.at(after):
        page = browser("supervisor").get("/board/time/").content.decode()
        others = browser("operator").get("/board/time/").content.decode()

    assert f"/applications/{application.pk}/#clocks" in page
    assert f"/applications/{application.pk}/#clocks" not in others
    assert application.person.family_name not in page


def test_every_open_application_stands_in_one_place(register: Any, people_at_work: Any) -> None:
    with clock.at(TUESDAY):
        late, soon, held, calm = (register("INS-STATUS") for _ in range(4))
    referral = held.referrals.get()
    with clock.at(TUESDAY + timedelta(hours=1)):
        worker = people_at_work.samhi
        actions.hold(actor=worker, referral=referral.pk, reason="waiting_citizen")
    for row, instant in ((soon, late.warn_at), (late, late.warn_at)):
        assert row.due_at > instant
    type(late).objects.filter(pk=late.pk).update(due_at=TUESDAY, warn_at=TUESDAY)
    type(soon).objects.filter(pk=soon.pk).update(warn_at=TUESDAY)

    with clock.at(TUESDAY + timedelta(hours=2)):
        figures = board.figures(people_at_work.supervisor, None)

    assert calm.state == "routed"
    standing = {name: figures["totals"][name] for name in board.STANDING}
    assert standing == {"open": 4, "late": 1, "soon": 1, "paused": 1, "ontime": 1}
    for table in ("topics", "regions"):
        for name in board.STANDING:
            assert sum(row[name] for row in figures[table]) == standing[name], (table, name)
    for row in (*figures["topics"], *figures["regions"], *figures["agencies"]):
        assert row["open"] == row["late"] + row["soon"] + row["paused"] + row["ontime"]


def test_without_history_there_is_no_forecast(register: Any, people_at_work: Any) -> None:
    with clock.at(TUESDAY):
        application = register("INS-STATUS")
    with clock.at(application.due_at - timedelta(hours=1)):
        outlook = forecast.outlook(people_at_work.supervisor, 4)

    assert (outlook.rows, outlook.calibration) == ((), None)


def test_what_took_others_longer_is_foretold(register: Any, people_at_work: Any) -> None:
    """Most of thirty of the same subject were late: the next one probably will be, too."""
    for number in range(30):
        with clock.at(TUESDAY):
            one = register("INS-STATUS")
        lateness = timedelta(hours=-1) if number < 6 else timedelta(hours=16, minutes=number)
        with clock.at(one.due_at + lateness):
            worker, referral = people_at_work.samhi, one.referrals.get()
            actions.complete(actor=worker, referral=referral.pk, outcome="explained", text="Aktivdir.")
            actions.confirm(actor=people_at_work.operator, application=one.pk)
    with clock.at(TUESDAY):
        application = register("INS-STATUS")

    with clock.at(application.due_at - timedelta(hours=3)):
        outlook = forecast.outlook(people_at_work.supervisor, 4)
        own = forecast.outlook(people_at_work.samhi_admin, 24, "SAMHI")
        theirs = forecast.outlook(people_at_work.tabib_admin, 24, "TABIB")

    (row,) = outlook.rows
    assert (row.id, row.agency, row.basis) == (application.pk, "SAMHI", ("INS", "INS-STATUS", "SAMHI"))
    assert row.probability is not None
    assert row.probability > 0.5
    assert [it.id for it in own.rows] == [application.pk]
    assert theirs.rows == ()


def test_the_forecast_is_not_for_everybody(people_at_work: Any) -> None:
    for name, agency in (("tabib_admin", "SAMHI"), ("tabib_admin", None), ("tabib", "TABIB")):
        with pytest.raises(NotVisible):
            forecast.outlook(getattr(people_at_work, name), 4, agency)
    with pytest.raises(Invalid):
        forecast.outlook(people_at_work.supervisor, 5)
