"""The service directory of the files: where subjects go, and what the files leave to those who report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agencies.models import Service, Taking
from callcenter import directory
from callcenter.reference import load
from callcenter.reference.services import SERVICES, key
from intake.models import Subtopic

from .test_load import everything, folder, replace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

__all__ = ["folder"]


def test_every_unit_that_a_subtopic_names_serves_it_everywhere_and_no_other_subtopic() -> None:
    """So a subtopic still goes to exactly the lead and the partners of its row."""
    named: dict[str, set[str]] = {}
    for subtopic in Subtopic.objects.all():
        for unit in (subtopic.lead, *subtopic.joint):
            named.setdefault(unit, set()).add(subtopic.pk)

    rows = Service.objects.all()
    assert {row.unit_id: set(row.subtopics) for row in rows} == named
    assert all(row.covers(None) and row.capacity is None and row.status == Taking.OPEN for row in rows)
    assert {(row.mark, row.confirmed_on) for row in rows} == {("D", None)}


def test_a_catchment_in_the_file_reaches_the_row_as_a_new_version(folder: Path) -> None:
    replace(
        folder, SERVICES, "{id: MOH.REH, unit: MOH.REH,", "{id: MOH.REH, unit: MOH.REH, districts: [SM, BA],"
    )
    report = load(folder)

    assert [(table.name, table.changed) for table in report.tables if table.touched] == [("services", 1)]
    row = Service.objects.get(unit="MOH.REH")
    assert (row.districts, row.version) == (["BA", "SM"], 2)
    assert load(folder).touched == 0


def test_what_a_unit_reported_stays_when_the_file_changes(folder: Path, people_at_work: Any) -> None:
    pk, admin = Service.objects.get(unit="MOH.REH").pk, people_at_work.moh_admin
    directory.report(actor=admin, service=pk, version=1, status="full", capacity=4, alert="Təmir gedir.")
    directory.confirm(actor=admin, service=pk, version=2)
    assert load().touched == 0
    replace(folder, SERVICES, "{id: MOH.REH, unit: MOH.REH,", "{id: MOH.REH, unit: MOH.REH, districts: [BA],")
    assert load(folder).touched == 1

    row = Service.objects.get(pk=pk)
    assert (row.districts, row.status, row.capacity, row.alert) == (["BA"], "full", 4, "Təmir gedir.")
    assert (row.confirmed_by, row.version) == (admin, 4)
    assert isinstance(row.confirmed_on, date)


def test_what_an_editor_changed_added_or_ended_stays(people_at_work: Any) -> None:
    supervisor = people_at_work.supervisor
    changed, ended = Service.objects.get(unit="MOH.REH").pk, Service.objects.get(unit="MOH.SKR").pk
    directory.change(actor=supervisor, service=changed, version=1, changes={"districts": ["BA"]})
    directory.close(actor=supervisor, service=ended, version=1)
    made = directory.add(actor=supervisor, unit="MOH.CAR", subtopics=["MED-INST"], districts=["BA"])
    before = everything()
    report = load()

    assert (report.touched, everything()) == (0, before)
    assert [(table.name, table.kept) for table in report.tables if table.kept] == [("services", 2)]
    assert Service.objects.get(pk=changed).mark == "A (D)"
    assert not Service.objects.get(pk=ended).active
    assert Service.objects.get(pk=made.pk).active


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("{id: MOH.REH, unit: MOH.REHX,", "unit: 'MOH.REHX' is no agency or unit."),
        ("{id: MOH.REH, unit: MOH.REH, districts: [XX],", "districts: 'XX' is no district."),
        ("{id: MOH.REH, unit: MOH.REH, capacity: 5,", "There is no field 'capacity' here."),
        ("{id: MOH.REH, unit: MOH.SKR,", None),
        (
            "{id: ONE-MORE, unit: MOH.REH, mark: D, subtopics: [REH-NEURO], districts: [BA]}\n"
            "- {id: MOH.REH, unit: MOH.REH,",
            "The unit offers one of these in the same place by another row.",
        ),
        (
            "{id: ONE-MORE, unit: MOH.REH, mark: D, subtopics: []}\n- {id: MOH.REH, unit: MOH.REH,",
            "subtopics: This field cannot be blank.",
        ),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(folder: Path, new: str, said: str | None) -> None:
    replace(folder, SERVICES, "{id: MOH.REH, unit: MOH.REH,", new)
    before = everything()
    report = load(folder)

    told = [problem.sentence for problem in report.problems]
    assert told == ([said] if said else [])
    assert (everything() == before) == bool(said)


def test_a_row_is_the_same_row_on_every_machine() -> None:
    assert str(key("MOH.REH")) == "87f18c8d-e0f0-5fb3-9106-b7a15bb0700a"
