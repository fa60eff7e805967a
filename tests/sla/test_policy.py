"""Promises as data: what is refused, which policy counts, and that a running clock keeps its own."""

from __future__ import annotations

import copy
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import translation

from events import clock
from events.errors import Invalid, StaleVersion
from sla import policies
from sla.models import Clock, PolicyVersion
from sla.policy import Policies, PolicyError, read

FILE = Path(__file__).parents[2] / "fixtures" / "reference" / "sla.yaml"
TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = copy.deepcopy(yaml.safe_load(FILE.read_text("utf-8"))["policies"])
    return loaded


def chosen(known: Policies, **facts: str) -> str:
    return known.choose(
        {"priority": "P3", "topic": "MED", "subtopic": "MED-EXAM", "resolve": "10 wd"} | facts
    ).id


def test_the_first_policy_that_fits_counts(rows: list[dict[str, Any]]) -> None:
    known = read(1, rows)

    assert chosen(known) == "ORDINARY"
    assert chosen(known, priority="P0", resolve="24 h") == "P0"
    assert chosen(known, priority="P2") == "P2"
    assert chosen(known, priority="P2", resolve="30 wd") == "HIGH-STUDY"
    assert chosen(known, resolve="30 wd") == "STUDY"


def test_the_law_is_never_shorter_than_a_promise(rows: list[dict[str, Any]]) -> None:
    """A subject that needs 30 working days is under the longer limit from the start (1308-IVQ, 10.1)."""
    known = read(1, rows)

    for resolve, limit in (("15 wd", "15 wd"), ("30 wd", "30 wd")):
        for priority in ("P1", "P2", "P3", "P4"):
            policy = known.choose({"priority": priority, "topic": "", "subtopic": "", "resolve": resolve})
            days = int(policy.target("legal_answer", resolve).split()[0])
            assert days >= int(limit.split()[0]), (priority, resolve)


def test_a_crisis_runs_on_minutes_and_waits_for_nobody(rows: list[dict[str, Any]]) -> None:
    crisis = read(1, rows).named("P0")

    assert crisis.target("accept", "24 h") == "5 min"
    assert crisis.target("resolution", "24 h") == "24 h"
    assert not crisis.target("legal_answer", "24 h")
    assert not crisis.waits
    assert crisis.consequences("accept", 100) == ("notify", "task")


def test_only_waiting_for_the_citizen_pauses_and_never_the_law(rows: list[dict[str, Any]]) -> None:
    ordinary = read(1, rows).named("ORDINARY")

    assert ordinary.pauses("resolution", "waiting_citizen")
    assert ordinary.pauses("resolve", "waiting_citizen")
    assert not ordinary.pauses("legal_answer", "waiting_citizen")
    assert not ordinary.pauses("resolution", "waiting_commission")
    assert not ordinary.pauses("resolution", "anything")


def named(mistake: Any) -> str:
    return str(mistake.__name__)


def without_targets(rows: Any) -> str:
    rows[-1]["targets"] = {}
    return "no_target"


def without_the_units_share(rows: Any) -> str:
    del rows[0]["targets"]["resolve"]
    return "no_target"


def a_target_of_nothing(rows: Any) -> str:
    rows[0]["targets"]["accept"] = "0 min"
    return "not_a_target"


def a_target_in_weeks(rows: Any) -> str:
    rows[0]["targets"]["accept"] = "2 weeks"
    return "not_a_target"


def a_target_for_nothing_known(rows: Any) -> str:
    rows[0]["targets"]["smile"] = "2 h"
    return "unknown_measure"


def a_warning_after_the_breach(rows: Any) -> str:
    rows[0]["warn"] = [120]
    return "not_a_level"


def warnings_in_the_wrong_order(rows: Any) -> str:
    rows[0]["warn"] = [75, 50]
    return "levels_do_not_rise"


def no_warning(rows: Any) -> str:
    rows[0]["warn"] = []
    return "levels_do_not_rise"


def a_pause_for_another_body(rows: Any) -> str:
    rows[-1]["waits"]["waiting_stock"] = {"party": "third", "longest": "5 wd", "pauses": True}
    return "pauses_for_another"


def a_wait_without_an_end(rows: Any) -> str:
    rows[-1]["waits"]["waiting_stock"] = {"party": "third"}
    return "not_a_target"


def an_extension_without_its_article(rows: Any) -> str:
    rows[-1]["extensions"]["additional_study"] = {"to": "30 wd"}
    return "not_an_extension"


def an_unknown_consequence(rows: Any) -> str:
    rows[0]["on_breach"] = ["dismiss"]
    return "unknown_consequence"


def a_consequence_of_an_unknown_measure(rows: Any) -> str:
    rows[0]["on_breach"] = {"smile": ["notify"]}
    return "unknown_measure"


def an_unknown_condition(rows: Any) -> str:
    rows[0]["when"] = {"weather": "rain"}
    return "unknown_condition"


def an_unknown_field(rows: Any) -> str:
    rows[0]["warm"] = [75]
    return "unknown_key"


def no_default(rows: Any) -> str:
    rows[-1]["when"] = {"priority": "P3"}
    return "no_default"


def a_policy_that_hides_the_rest(rows: Any) -> str:
    rows[0]["when"] = {}
    return "hides_the_rest"


def a_name_twice(rows: Any) -> str:
    rows[1]["id"] = rows[0]["id"]
    return "twice"


def a_policy_without_a_name(rows: Any) -> str:
    rows[0]["id"] = ""
    return "no_id"


def nothing_at_all(rows: Any) -> str:
    rows.clear()
    return "no_policies"


def targets_as_a_text(rows: Any) -> str:
    rows[0]["targets"] = "8 wh"
    return "not_readable"


def a_wait_as_a_text(rows: Any) -> str:
    rows[-1]["waits"]["waiting_stock"] = "5 wd"
    return "not_a_wait"


def an_unknown_priority(rows: Any) -> str:
    rows[0]["when"] = {"priority": "P9"}
    return "unknown_value"


def a_crisis_under_the_default(rows: Any) -> str:
    del rows[0]
    return "crisis_sleeps"


def a_crisis_that_waits(rows: Any) -> str:
    rows[0]["waits"] = {"waiting_citizen": {"party": "citizen", "longest": "1 h", "pauses": True}}
    return "crisis_sleeps"


MISTAKES = [
    an_unknown_priority,
    a_crisis_under_the_default,
    a_crisis_that_waits,
    targets_as_a_text,
    a_wait_as_a_text,
    without_targets,
    without_the_units_share,
    a_target_of_nothing,
    a_target_in_weeks,
    a_target_for_nothing_known,
    a_warning_after_the_breach,
    warnings_in_the_wrong_order,
    no_warning,
    a_pause_for_another_body,
    a_wait_without_an_end,
    an_extension_without_its_article,
    an_unknown_consequence,
    a_consequence_of_an_unknown_measure,
    an_unknown_condition,
    an_unknown_field,
    no_default,
    a_policy_that_hides_the_rest,
    a_name_twice,
    a_policy_without_a_name,
    nothing_at_all,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=named)
def test_what_cannot_be_right_is_refused(rows: list[dict[str, Any]], mistake: Any) -> None:
    code = mistake(rows)

    with pytest.raises(PolicyError) as refused:
        read(1, rows)

    assert refused.value.code == code


@pytest.mark.django_db
@pytest.mark.parametrize("mistake", MISTAKES, ids=named)
def test_publishing_it_says_why_in_a_sentence_and_changes_nothing(
    rows: list[dict[str, Any]], reference: None, mistake: Any
) -> None:
    before, code = PolicyVersion.objects.count(), mistake(rows)

    with translation.override("az"), pytest.raises(Invalid) as refused:
        policies.publish(rows=rows)

    (sentence,) = refused.value.errors["policies"]
    assert refused.value.code == code
    assert str(policies.SENTENCES[code]) in str(sentence)
    assert PolicyVersion.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"when": {"topic": "NONE"}},
        {"when": {"subtopic": ["PRO-NEW", "NONE"]}},
        {"waits": {"waiting_rain": {"party": "third", "longest": "2 wd"}}},
    ],
    ids=str,
)
def test_what_does_not_exist_cannot_be_named(
    rows: list[dict[str, Any]], reference: None, change: dict[str, Any]
) -> None:
    rows.insert(1, {**rows[-1], "id": "NEW", **change})
    if not rows[1]["when"]:
        rows[1]["when"] = {"priority": "P3"}

    with pytest.raises(Invalid) as refused:
        policies.publish(rows=rows)

    assert refused.value.code == "unknown_value"


@pytest.mark.django_db
def test_a_running_clock_keeps_the_version_it_started_under(
    rows: list[dict[str, Any]], register: Any, reference: None, people_at_work: Any
) -> None:
    number = policies.in_force().number
    with clock.at(TUESDAY):
        before = register("INS-STATUS")
    rows[-1]["targets"]["resolution"] = "2 wd"
    rows[-1]["warn"] = [50, 90]
    published = policies.publish(rows=rows, actor=people_at_work.admin, note="Qısa", expected=number)
    policies.forget()
    try:
        with clock.at(TUESDAY):
            after = register("INS-STATUS")
    finally:
        policies.forget()

    old = Clock.objects.get(application=before, measure="resolution")
    new = Clock.objects.get(application=after, measure="resolution")
    assert (old.policy_version_id, new.policy_version_id) == (number, published.number)
    assert (old.target, new.target) == (before.subtopic.resolve, "2 wd")
    assert (old.levels, new.levels) == ([75, 100], [50, 90, 100])
    assert new.due_at - TUESDAY == timedelta(days=2, hours=8)


@pytest.mark.django_db
def test_two_who_publish_at_once_do_not_overwrite_each_other(
    rows: list[dict[str, Any]], reference: None
) -> None:
    number = policies.in_force().number
    with pytest.raises(StaleVersion):
        policies.publish(rows=rows, expected=number - 1)


# --- at the command line ---------------------------------------------------------------------------------


def told(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("promises", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_an_administrator_publishes_what_was_printed_and_changed(
    reference: None, people_at_work: Any, tmp_path: Path
) -> None:
    before, file = policies.in_force(), tmp_path / "promises.yaml"
    changed = told().replace("resolution: 24 h", "resolution: 12 h").replace("accept: 5 min", "accept: 3 min")
    file.write_text(changed, "utf-8")

    for who in (None, "operator"):
        with pytest.raises(CommandError):
            told(str(file), who=who)
    assert "in force" in told(str(file), who=people_at_work.admin.username, note="Əmr 12")

    policies.forget()
    newest = PolicyVersion.objects.latest("number")
    assert (newest.number, newest.by, newest.note) == (before.number + 1, people_at_work.admin, "Əmr 12")
    assert policies.in_force().named("P0").target("accept", "24 h") == "3 min"
    newest.delete()
    policies.forget()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    ["", "policies:", "policies: []", "- 1", "policies: [{id: A}]", "policies: [1]", "policies: x", "{"],
)
def test_a_file_without_promises_is_refused(
    reference: None, people_at_work: Any, tmp_path: Path, text: str
) -> None:
    file, before = tmp_path / "promises.yaml", PolicyVersion.objects.count()
    file.write_text(text, "utf-8")

    with pytest.raises(CommandError):
        told(str(file), who=people_at_work.admin.username)

    assert PolicyVersion.objects.count() == before
