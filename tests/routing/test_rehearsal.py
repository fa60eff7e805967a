"""A rehearsal: the past decided anew, compared with how it ended, without a single write."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext

from intake.models import Application
from routing import past, selectors
from routing.decide import decide
from routing.models import Decision, DirectoryVersion, RuleSet
from routing.rules.book import compile_book, digest
from workflows import actions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew() -> Any:
    selectors.forget()
    yield
    selectors.forget()


def changed(code: str, **then: Any) -> Any:
    document = deepcopy(RuleSet.objects.get(pk=1).document)
    rule = next(it for it in document["sections"][2]["rules"] if it["id"] == code)
    rule["then"].update(then)
    return document


def test_it_says_what_would_go_elsewhere_and_how_that_ended(register: Any, people_at_work: Any) -> None:
    for _ in range(3):
        register(subtopic="PRO-REPAIR")
    returned = Application.objects.order_by("id").first()
    assert returned is not None
    lead = returned.referrals.get(is_lead=True)
    actions.reject(
        actor=people_at_work.mlspp, referral=lead.pk, reason="not_ours", text="", suggested_unit="TABIB"
    )
    register(subtopic="INS-STATUS")

    report = past.rehearse(compile_book(changed("R-PRO-REPAIR", lead="TABIB", priority="P1")), days=30)

    assert (report["applications"], report["changed"], report["changed_priority"]) == (4, 3, 3)
    (way,) = report["matrix"]
    assert (way["from"], way["to"], way["count"]) == ("MLSPP.DTSERA", "TABIB", 3)
    assert (way["returned"], way["closed"], len(way["examples"])) == (1, 0, 3)
    assert report["rules"]["R-PRO-REPAIR"] == 3
    assert "R-PRO-NEW" in report["dead"]
    assert {case["case"] for case in report["cases"] if not case["passed"]} == {
        "PRO-REPAIR.1",
        "PRO-REPAIR.2",
    }


def test_the_rules_in_force_change_nothing(register: Any) -> None:
    for subtopic in ("PRO-NEW", "PSY-COUNS", "CMP-STAFF"):
        register(subtopic=subtopic, facts={"amputee": True})
    register(subtopic="MED-EXAM", facts={"unclear": True})

    report = past.rehearse(selectors.published().book, days=1)

    assert (report["applications"], report["changed"], report["changed_priority"]) == (4, 0, 0)


def test_postgresql_itself_keeps_it_from_writing(register: Any) -> None:
    register()
    with CaptureQueriesContext(connection) as seen:
        past.rehearse(selectors.published().book, days=30)
    asked = [query["sql"].split(None, 1)[0].upper() for query in seen]
    assert set(asked) <= {"SAVEPOINT", "SET", "SELECT", "RELEASE", "DECLARE", "FETCH", "CLOSE"}

    with pytest.raises(InternalError), past.reading_only():
        Decision.objects.update(note="changed")


def test_the_command_reports_as_json_and_for_people(register: Any, capsys: Any) -> None:
    register()
    call_command("rehearse", ruleset=1, days=365, json=True)
    report = json.loads(capsys.readouterr().out)
    assert (report["ruleset"], report["applications"], report["changed"]) == (1, 1, 0)
    assert report["us_per_decision"] > 0
    assert report["ratio_to_dictionary"] > 1

    call_command("rehearse")
    assert "1 applications" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("rehearse", ruleset=99)
    with pytest.raises(CommandError):
        call_command("rehearse", days=0)


def test_every_stored_decision_gives_its_bytes_again(register: Any, person: Any, capsys: Any) -> None:
    for subtopic in RuleSet.objects.get(pk=1).document["sections"][2]["rules"][:20]:
        register(subtopic=subtopic["id"].removeprefix("R-"), person=person(birth_date=date(2012, 1, 1)))
    register(subtopic="CMP-STAFF", facts={"complained_about": "MOH"})
    register(subtopic="PRO-NEW", facts={"unclear": True, "consents": ["YASHAT"]})

    assert past.replay() == (22, [])
    call_command("replay")
    assert "22 decisions made again, 0 with other bytes." in capsys.readouterr().out
    assert DirectoryVersion.objects.count() == 1

    bent = Decision.objects.latest("id")
    Decision.objects.filter(pk=bent.pk).update(facts={**bent.facts, "subtopic": "PRO-REPAIR"})
    assert past.replay() == (22, [bent.pk])
    with pytest.raises(CommandError):
        call_command("replay", json=True)


def test_old_rule_lists_are_read_as_documents_that_decide_alike() -> None:
    from importlib import import_module

    migration = import_module("routing.migrations.0002_versions")
    then = {"lead": "MOH.TRO", "joint": ["TABIB"], "priority": "P3", "first": "2 wd", "target": "15 wd"}
    old = [
        {"id": "TRIAGE-UNCLEAR", "when": {"unclear": True}, "then": {"triage": True}},
        {"id": "RAISE-AMPUTEE", "when": {"amputee": True}, "then": {"raise": 1}},
        {"id": "R-PRO-NEW", "when": {"subtopic": "PRO-NEW"}, "then": {**then, "health": True}},
    ]

    document = migration.as_document(old)

    from routing.rules.check import problems

    assert problems(document, selectors.vocabulary()) == []
    found = decide(
        {"subtopic": "PRO-NEW", "amputee": True}, compile_book(document), selectors.directory().directory
    )
    assert (found.lead, found.joint, found.priority) == ("MOH.TRO", ("TABIB",), "P2")
    assert len(digest(document)) == 64
