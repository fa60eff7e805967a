"""The reference data load completely, twice is as good as once, and say where every fact is from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
import yaml
from django.core.management import call_command
from django.db import connection

from agencies.models import Agency, Effect, Reason, Service, Unit
from callcenter.reference import FOLDER, load
from events import clock
from intake.models import Disposition, Document, Subtopic, Topic
from people.models import Category, District, Region
from routing.models import RuleSet
from routing.rules.book import digest
from sla import calendars
from sla.arithmetic import BAKU
from sla.models import CalendarVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]

TABLES: dict[Any, int] = {
    Region: 14,
    District: 75,
    Category: 10,
    Document: 26,
    Agency: 18,  # five in the system, thirteen outside; MOD.CMMC is a unit of MOD
    Unit: 47,
    Topic: 12,
    Subtopic: 60,
    Service: 38,  # one for every unit that a subtopic names
    Reason: 31,
    Disposition: 35,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files that a test may change."""
    for file in FOLDER.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    return tmp_path


def replace(folder: Path, file: str, old: str, new: str) -> None:
    content = (folder / file).read_text("utf-8")
    assert old in content
    (folder / file).write_text(content.replace(old, new, 1), "utf-8")


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (*TABLES, CalendarVersion, RuleSet)
    }


def empty_tables() -> None:
    with pgtrigger.ignore("routing.RuleSet:kept"):
        for model in (RuleSet, CalendarVersion, *reversed(TABLES)):
            model.objects.all()._raw_delete("default")


@pytest.mark.parametrize("model", TABLES, ids=lambda model: str(model.__name__))
def test_every_table_has_its_rows_with_names_and_provenance(model: Any) -> None:
    rows = list(model.objects.all())
    assert len(rows) == TABLES[model]
    for row in rows:
        assert row.active
        assert model is Service or all((row.az, row.en, row.ru)), row.pk  # a service is named by its unit
        assert row.mark.startswith(("S:", "G", "D")), row.pk


def test_an_empty_database_is_filled_in_one_go_and_fast() -> None:
    before = everything()
    empty_tables()
    started = time.process_time()
    report = load()
    assert time.process_time() - started < 3
    assert report.touched == sum(TABLES.values()) + CalendarVersion.objects.count()
    assert report.rules == "Rule set 1 is published."
    after = everything()
    fresh: Any = {"RuleSet": [], "CalendarVersion": []}  # these say when they were published
    assert {**after, **fresh} == {**before, **fresh}


def test_the_second_load_changes_nothing_and_says_so(capsys: Any) -> None:
    before = everything()
    with connection.execute_wrapper(refuse_writing):
        call_command("load_reference")
    total = sum(TABLES.values()) + CalendarVersion.objects.count()
    assert capsys.readouterr().out == f"Nothing changed: {total} rows are as in the files.\n"
    assert everything() == before


def refuse_writing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert sql.startswith(("SELECT", "SAVEPOINT", "RELEASE")), sql
    return execute(sql, params, many, context)


def test_a_changed_file_changes_the_row(folder: Path) -> None:
    replace(folder, "documents.yaml", 'en: "Discharge summary"', 'en: "Summary of the stay"')
    report = load(folder)
    assert [(table.name, table.changed) for table in report.tables if table.touched] == [("documents", 1)]
    assert Document.objects.get(pk="EPI").en == "Summary of the stay"


def test_a_row_that_left_the_files_is_switched_off_and_comes_back(folder: Path) -> None:
    lines = (folder / "documents.yaml").read_text("utf-8").splitlines()
    rest = [line for line in lines if not line.startswith("- {id: PROXY")]
    (folder / "documents.yaml").write_text("\n".join(rest), "utf-8")
    assert load(folder).touched == 1
    assert not Document.objects.get(pk="PROXY").active
    assert load(folder).touched == 0
    assert load().touched == 1
    assert Document.objects.get(pk="PROXY").active


def test_rows_of_an_administrator_and_rows_from_elsewhere_stay(folder: Path) -> None:
    Document.objects.filter(pk="EPI").update(az="Epikriz", mark="A (D)", active=False)
    Document.objects.create(code="OWN", az="Başqa sənəd", mark="A")
    Document.objects.create(code="ELSEWHERE", az="Başqa sənəd")
    report = load(folder)
    assert report.touched == 0
    assert [(table.name, table.kept) for table in report.tables if table.kept] == [("documents", 1)]
    assert Document.objects.get(pk="EPI").az == "Epikriz"
    assert not Document.objects.get(pk="EPI").active
    assert Document.objects.filter(pk__in=["OWN", "ELSEWHERE"], active=True).count() == 2


# --- the calendar is published, never edited ------------------------------------------------------------

SPRING = datetime(2026, 4, 1, 10, tzinfo=BAKU)


@pytest.fixture
def in_spring() -> Iterator[None]:
    with clock.at(SPRING):
        yield
    calendars.forget()


@pytest.fixture
def more_days_off(folder: Path) -> Path:
    """The files after the Cabinet gave 25 June 2026 away and set no date for it to be worked."""
    replace(folder, "calendar.yaml", "  shortened: [01-19, 03-19, 05-08, 05-26, 06-25, 12-30]\n", "")
    replace(folder, "calendar.yaml", "  working_days: 241\n", "  working_days: 240\n  cabinet_off: [06-25]\n")
    return folder


def test_the_first_calendar_is_the_files() -> None:
    version = CalendarVersion.objects.get()
    assert (version.number, version.note, version.by) == (1, "fixtures", None)
    assert version.units == {"MOH.PSM": "round_the_clock", "TABIB.AMB": "round_the_clock"}
    assert [year for year, lists in version.years.items() if lists["confirmed"]] == ["2025", "2026"]
    assert all(lists["mark"] == "S:W2,W3,W5" for lists in version.years.values())


@pytest.mark.usefixtures("in_spring")
def test_other_days_in_the_files_are_the_next_calendar(more_days_off: Path) -> None:
    report = load(more_days_off)
    assert (report.touched, report.calendar) == (1, "")
    assert CalendarVersion.objects.count() == 2
    assert not calendars.calendar().is_working(date(2026, 6, 25))
    assert load(more_days_off).touched == 0


@pytest.mark.usefixtures("in_spring")
def test_what_an_administrator_published_outlives_the_files(more_days_off: Path, people_at_work: Any) -> None:
    CalendarVersion.objects.create(
        number=2,
        digest="of another calendar",
        published_at=SPRING,
        by=people_at_work.admin,
        **CalendarVersion.objects.values("years", "hours", "units").get(),
    )
    assert load().calendar == "", "the files say what they said"
    report = load(more_days_off)
    assert report.calendar == "The calendar differs from version 2, which stays in force."
    assert (report.touched, CalendarVersion.objects.count()) == (0, 2)


@pytest.mark.usefixtures("in_spring")
def test_the_files_do_not_change_a_closed_year(folder: Path) -> None:
    replace(folder, "calendar.yaml", "  cabinet_off: [01-03, 03-27, 03-28]", "  cabinet_off: [01-03]")
    report = load(folder)
    assert report.calendar == "The calendar in force stays: 2025 is closed: its days do not change any more."
    assert CalendarVersion.objects.count() == 1


def test_units_know_their_agency_and_the_way_down_to_them() -> None:
    units = Unit.objects.in_bulk()
    assert units["MLSPP.VEM"].path == ["MLSPP", "MLSPP.DOST", "MLSPP.VEM"]
    assert units["MLSPP.VEM"].agency_id == "MLSPP"
    assert units["MOD.CMMC"].path == ["MOD", "MOD.CMMC"]
    assert not Agency.objects.filter(pk="MOD.CMMC").exists()
    for agency in Agency.objects.all():
        assert units[agency.code].path == [agency.code]
        assert units[agency.code].agency_id == agency.code
    assert Agency.objects.filter(scope="in_system").count() == 5
    assert all(unit.abbr for unit in units.values())
    assert len({unit.abbr for unit in units.values()}) == len(units), "a label names one unit"


def test_health_details_go_to_those_who_treat_or_assess() -> None:
    healthy = set(Unit.objects.filter(health=True).values_list("pk", flat=True))
    inside = {code for code in Unit.objects.values_list("pk", flat=True) if code.startswith(("MOH", "TABIB"))}
    assert healthy == inside | {"SAMHI", "MLSPP.DTSERA", "MOD.CMMC"}
    assert set(Topic.objects.filter(health=True).values_list("pk", flat=True)) == {
        "PSY", "REH", "PRO", "MED", "RX", "DIS", "INS",
    }  # fmt: skip


def test_districts_have_iso_codes_but_one() -> None:
    codes = set(District.objects.values_list("pk", flat=True))
    assert {code for code in codes if not (code.isalpha() and len(code) in (2, 3))} == {"XX-AGDERE"}
    assert District.objects.get(pk="XX-AGDERE").az == "Ağdərə"
    assert District.objects.get(pk="TAR").region_id == "ER06"


def test_reasons_carry_their_effect() -> None:
    effects = {
        reason.code: (reason.kind, reason.effect, reason.needs_note) for reason in Reason.objects.all()
    }
    assert effects["not_ours"] == ("rejected", Effect.TRIAGE, False)
    assert effects["need_info"] == ("rejected", Effect.TRIAGE, True)
    assert effects["not_eligible"] == ("rejected", Effect.NOT_ELIGIBLE, True)
    assert effects["failed_not_eligible"] == ("failed", Effect.NOT_ELIGIBLE, True)
    assert effects["not_available"] == ("failed", Effect.TRIAGE, False)
    for code in ("policy_met", "withdrawn", "entered_in_error"):
        assert effects[code] == ("cancelled", Effect.NONE, False)
    assert {kind for kind, _, _ in effects.values()} == {kind for kind, _ in Reason.KINDS}


def test_dispositions_say_what_follows() -> None:
    follows = dict(Disposition.objects.exclude(next_action="").values_list("code", "next_action"))
    assert follows["busy"] == "retry"
    assert follows["wrong_person"] == "trace_contact"
    assert follows["crisis_detected"] == "P0"
    assert len(follows) == 9


def test_words_about_the_fallen_and_about_people_follow_the_desk() -> None:
    """SCREENS.md, "Words": said nowhere in a name that an operator or a citizen reads."""
    names = [
        row.az.lower()
        for model in (Category, Topic, Subtopic, Reason, Disposition)
        for row in model.objects.all()
    ]
    for word in ("mərhum", "ölən", "vəfat", " itki", "əlil "):
        assert not [name for name in names if word in f"{name} "], word


def test_every_subtopic_has_roots_to_be_suggested_by() -> None:
    for subtopic in Subtopic.objects.all():
        assert 4 <= len(subtopic.keywords) <= 8, subtopic.code
        assert all(word == word.lower() and len(word) > 2 and " " not in word for word in subtopic.keywords)


def test_the_rule_set_is_published_once_and_never_changed_by_the_files(folder: Path) -> None:
    ruleset = RuleSet.objects.get()
    assert (ruleset.number, ruleset.status, ruleset.digest) == (1, "published", digest(ruleset.document))
    replace(folder, "topics.yaml", "{id: PRO-NEW, lead: MLSPP.DTSERA,", "{id: PRO-NEW, lead: MOH,")
    replace(folder, "topics.yaml", "with: [MOH.TRO, YASHAT], urg: P3", "with: [YASHAT], urg: P3")
    assert "stays in force" in load(folder).rules
    assert RuleSet.objects.get().document == ruleset.document


def test_the_files_name_no_code_that_yaml_reads_as_something_else() -> None:
    for file in FOLDER.glob("*.yaml"):
        assert yaml.safe_load(file.read_text("utf-8")), file.name
