"""The pages of the rules: reading the table, the life of a draft, conflicts, rehearsals, comparisons."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from people.text import sort_key
from routing import editing, selectors
from routing.models import RuleEdit, RuleSet
from routing.rules.book import rows_of

from .conftest import HTMX
from .reading import form_of, statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Draft = Callable[..., RuleSet]

FORM = "data-restores"  # the form of a rule or a case
RULE = "R-PRO-NEW"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    selectors.forget()


@pytest.fixture
def draft(people_at_work: Any) -> Draft:
    """A draft begun by the administrator."""

    def begin(note: str = "Qaydalar dəqiqləşir") -> RuleSet:
        return editing.start_draft(actor_id=people_at_work.admin.pk, source=1, note=note)

    return begin


def rule_in(number: int, code: str = RULE) -> dict[str, Any]:
    document = RuleSet.objects.get(pk=number).document
    return next(dict(row) for _section, row in rows_of(document) if row["id"] == code)


def codes_in(number: int, section: str) -> list[str]:
    return [row["id"] for at, row in rows_of(RuleSet.objects.get(pk=number).document) if at == section]


def at(number: int, *rest: str) -> str:
    return "/".join(["/rules", str(number), *rest]) + "/"


def opened(client: Client, address: str, **typed: Any) -> dict[str, Any]:
    """What the form at an address sends, with something else typed."""
    page = client.get(address)
    assert page.status_code == 200
    return {**form_of(page, FORM), **typed}


# --- reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [("supervisor", 200), ("admin", 200), ("operator", 403), ("clinician", 403), ("tabib_admin", 403)],
)
def test_who_leads_and_who_administers_see_the_rules(browser: Browser, name: str, status: int) -> None:
    client = browser(name)
    assert client.get(at(1)).status_code == status
    assert client.get(at(1, "rule", RULE)).status_code == status
    assert client.get(at(1, "draft")).status_code == status
    assert client.post(at(1, "draft"), {"note": "Sınaq"}).status_code == (302 if status == 200 else status)
    assert (b'href="/rules/"' in client.get("/calendar/").content) == (status == 200)


def test_the_rules_in_force_are_shown_in_names_and_not_in_codes(browser: Browser) -> None:
    page = browser("supervisor").get("/rules/", follow=True)
    assert page.redirect_chain == [("/rules/1/", 302)]
    said = text_of(page)
    assert "Version 1 · in force since" in said
    assert "1. Safety: before everything else · the first rule that holds decides No rule here" in said
    assert "New or high-technology prosthesis any any any DTSERA Travmatologiya, YAŞAT" in said
    assert "4. When none of them holds" in said
    assert "120 of 120 pass" in said
    assert "Begin a draft" in said


def test_there_are_no_other_rule_sets_and_rules(browser: Browser) -> None:
    client = browser("supervisor")
    for address in (at(2), at(99999999999), at(1, "rule", "NOPE"), at(1, "compare", "7"), "/rules/x/"):
        assert client.get(address).status_code == 404, address


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ({"q": "protez"}, ["R-PRO-NEW", "R-PRO-REPAIR"], ["R-MED-EXAM"]),
        ({"q": "prosthesis"}, ["R-PRO-NEW"], ["R-MED-EXAM"]),
        ({"section": "always"}, ["RAISE-AMPUTEE"], ["R-PRO-NEW", "DEFAULT-TRIAGE"]),
        ({"unit": "YASHAT"}, ["R-PRO-NEW"], ["R-MED-EXAM"]),
        ({"subject": "PRO-NEW"}, ["R-PRO-NEW", "RAISE-AMPUTEE", "DEFAULT-TRIAGE"], ["R-PRO-REPAIR"]),
        ({"q": "no such thing"}, [], ["R-PRO-NEW"]),
        ({"section": "x", "sort": "x", "unit": "", "q": "\0"}, ["R-PRO-NEW", "DEFAULT-TRIAGE"], []),
    ],
)
def test_filters_stand_in_the_address(
    browser: Browser, query: dict[str, str], there: list[str], gone: list[str]
) -> None:
    page = browser("supervisor").get(at(1), query)
    html = page.content.decode()
    assert [code for code in there if f'id="r-{code}"' not in html] == []
    assert [code for code in gone if f'id="r-{code}"' in html] == []


@pytest.mark.parametrize(
    ("query", "there", "gone"),
    [
        ({"place": "SAK"}, ["R-SHAKI", "R-SHAKI-REGION", "R-VETERANS", "R-PRO-NEW"], ["R-BAKU"]),
        ({"people": "VET"}, ["R-VETERANS", "R-SHAKI", "R-PRO-NEW"], ["R-FAMILIES"]),
        ({"place": "SAK", "people": "VET"}, ["R-VETERANS", "R-SHAKI"], ["R-BAKU", "R-FAMILIES"]),
        ({"place": "SAK", "subject": "PRO-NEW"}, ["R-SHAKI", "R-PRO-NEW"], ["R-BAKU", "R-PRO-REPAIR"]),
        ({"place": "NOPE"}, ["R-VETERANS", "R-PRO-NEW"], ["R-SHAKI", "R-BAKU"]),
    ],
)
def test_a_place_and_a_category_leave_the_rules_that_can_hold_there(
    browser: Browser,
    draft: Draft,
    people_at_work: Any,
    query: dict[str, str],
    there: list[str],
    gone: list[str],
) -> None:
    ruleset = draft()
    document = ruleset.document
    chosen = {
        "R-SHAKI": {"fact": "district", "in": ["SAK"]},
        "R-SHAKI-REGION": {"fact": "region", "in": ["ER12"]},
        "R-BAKU": {"fact": "region", "in": ["ER01"]},
        "R-VETERANS": {"fact": "categories", "in": ["VET"]},
        "R-FAMILIES": {"fact": "categories", "in": ["SHF"]},
    }
    joint = {"then": {"joint": ["YASHAT"]}}
    document["sections"][1]["rules"] = [{"id": code, "when": when, **joint} for code, when in chosen.items()]
    editing.rewrite(actor_id=people_at_work.admin.pk, number=ruleset.pk, document=document, why="Yerlər")

    html = browser("supervisor").get(at(ruleset.pk), query).content.decode()
    assert [code for code in there if f'id="r-{code}"' not in html] == []
    assert [code for code in gone if f'id="r-{code}"' in html] == []


def test_sorting_is_for_reading_and_changes_no_order(browser: Browser, draft: Draft) -> None:
    number = draft().pk
    page = browser("admin").get(at(number), {"sort": "lead"})
    rows = next(section for section in page.context["sections"] if section.code == "subject").rows
    leads = [row.words["lead"] for row in rows]
    assert leads == sorted(leads, key=sort_key)
    assert [row.number for row in rows] != sorted(row.number for row in rows)
    assert "Sorted for reading only" in text_of(page)
    assert "data-movable" not in page.content.decode()
    assert codes_in(number, "subject") == codes_in(1, "subject")


def test_the_table_costs_the_same_however_many_rules_there_are(
    browser: Browser, draft: Draft, people_at_work: Any
) -> None:
    ruleset, client = draft(), browser("admin")
    few = statements(lambda: client.get(at(ruleset.pk)))
    document = ruleset.document
    pattern = rule_in(1)
    document["sections"][0]["rules"] = [{**pattern, "id": f"R-MORE-{n}", "cases": []} for n in range(40)]
    editing.rewrite(actor_id=people_at_work.admin.pk, number=ruleset.pk, document=document, why="Çox qayda")

    assert statements(lambda: client.get(at(ruleset.pk))) == few
    assert few <= 30


# --- the life of a draft ----------------------------------------------------------------------------------


def test_a_draft_goes_from_its_beginning_into_force(
    browser: Browser, register: Any, django_capture_on_commit_callbacks: Any
) -> None:
    application = register(subtopic="PRO-NEW")
    writer, second = browser("supervisor"), browser("admin")
    assert "has to understand it" in text_of(writer.post(at(1, "draft"), {"note": " "}))
    made = writer.post(at(1, "draft"), {"note": "YAŞAT aparıcı olur"})
    assert made["Location"] == "/rules/2/"

    sent = opened(writer, at(2, "rule", RULE, "edit"), lead="YASHAT", joint=["MOH.TRO"], why="Fond aparır")
    assert writer.post(at(2, "rule", RULE, "edit"), sent)["Location"] == f"/rules/2/#r-{RULE}"
    said = text_of(writer.get(at(2)))
    assert "1 change" in said
    assert "2 golden cases fail" in said
    assert "Lead: expected DTSERA, now YAŞAT" in said
    told = text_of(writer.post(at(2, "submit"), {"version": "2"}, follow=True))
    assert "The draft is not ready" in told

    for case in ("PRO-NEW.1", "PRO-NEW.2"):
        address = at(2, "rule", RULE, "cases", case)
        sent = opened(writer, address, lead="YASHAT", joint=["MOH.TRO"], why="Yeni aparıcı")
        assert writer.post(address, sent).status_code == 302
    report = writer.post(at(2, "rehearse"), {"days": "30"}, follow=True)
    assert report.redirect_chain == [("/rules/2/rehearsal/", 302)]
    assert "DTSERA YAŞAT 1 0 0 –" in text_of(report)
    assert application.number in text_of(report)
    assert application.number not in text_of(second.get(at(2, "rehearsal"))), "an administrator sees none"

    version = RuleSet.objects.get(pk=2).version
    assert "Handed over" in text_of(writer.post(at(2, "submit"), {"version": version}, follow=True))
    assert "You wrote part of it" in text_of(writer.get(at(2)))
    told = text_of(writer.post(at(2, "publish"), {"version": version + 1}, follow=True))
    assert "Another person has to publish it" in told
    assert "You are the second person" in text_of(second.get(at(2)))
    with django_capture_on_commit_callbacks(execute=True):
        told = text_of(second.post(at(2, "publish"), {"version": version + 1}, follow=True))
    assert "Rules 2 are in force. Open applications keep their way." in told
    assert RuleSet.objects.get(pk=1).status == "retired"
    application.refresh_from_db()
    assert application.referrals.get(is_lead=True).unit_id == "MLSPP.DTSERA"

    back = text_of(writer.get(at(1, "draft")))
    assert "the way back to them" in back
    compared = text_of(second.get(at(1, "compare", "2")))
    assert "Lead DTSERA YAŞAT" in compared
    assert "Fond aparır" in compared
    assert "Yeni aparıcı" in compared


def test_a_draft_is_sent_back_with_a_reason_and_given_up(
    browser: Browser, draft: Draft, people_at_work: Any
) -> None:
    number = draft().pk
    editing.rehearse(number=number, days=30)
    editing.submit(actor_id=people_at_work.admin.pk, number=number)
    client = browser("supervisor")
    assert "Say why" in text_of(client.post(at(number, "send-back"), {"why": ""}, follow=True))
    told = client.post(at(number, "send-back"), {"why": "Şəki üçün hal yoxdur"}, follow=True)
    assert "It is a draft again" in text_of(told)
    assert RuleEdit.objects.get(ruleset=number, row="").why == "Şəki üçün hal yoxdur"
    assert "It is kept" in text_of(client.post(at(number, "discard"), follow=True))
    assert "given up" in text_of(client.get(at(number)))
    assert "not possible any more" in text_of(client.post(at(number, "discard"), follow=True))
    assert client.post(at(number, "explode")).status_code == 404
    assert client.get(at(number, "discard")).status_code == 405


def test_a_form_sent_as_it_was_shown_changes_nothing(browser: Browser, draft: Draft) -> None:
    """Also where a rule has a condition that no line can say."""
    number, client = draft().pk, browser("admin")
    for code in ("R-PSY-CRISIS", "RAISE-MINOR", "RAISE-MEDICINE-ENDS", "TRIAGE-UNCLEAR", "DEFAULT-TRIAGE"):
        sent = opened(client, at(number, "rule", code, "edit"), why="Heç nə")
        assert client.post(at(number, "rule", code, "edit"), sent).status_code == 302
        assert rule_in(number, code) == rule_in(1, code)
    sent = opened(client, at(number, "rule", RULE, "cases", "PRO-NEW.2"), why="Heç nə")
    assert client.post(at(number, "rule", RULE, "cases", "PRO-NEW.2"), sent).status_code == 302
    assert rule_in(number) == rule_in(1)
    assert not RuleEdit.objects.exists()


def test_a_rule_is_added_with_everything_a_form_can_say(browser: Browser, draft: Draft) -> None:
    number, client = draft().pk, browser("admin")
    address = at(number, "add", "subject")
    sent = opened(
        client,
        address,
        code="R-TRIP",
        topic=["MED"],
        subtopic=["PRO-NEW"],
        region=["ER05"],
        district=["SAK"],
        categories=["VET", "WND"],
        expert='{"or": [{"fact": "minor", "in": [true]}, {"fact": "age", "between": [null, 17]}]}',
        lead="TABIB",
        joint=["YASHAT"],
        policy="all",
        priority="P2",
        target_0="7",
        target_1="wd",
        first_0="8",
        first_1="wh",
        documents=["ID"],
        reason_az="Gediş-gəliş",
        why="Uzaqdır",
        **{
            "further-0-fact": "amputee",
            "further-0-how": "in",
            "further-0-values": ["true"],
            "further-1-fact": "channel",
            "further-1-how": "not_in",
            "further-1-values": ['"phone"'],
            "further-2-fact": "medicine_days_left",
            "further-2-how": "between",
            "further-2-low": "",
            "further-2-high": "3",
            "further-3-fact": "insured",
            "further-3-how": "known",
        },
    )
    answer = client.post(address, sent)
    assert answer.status_code == 302, text_of(answer)
    rule = rule_in(number, "R-TRIP")
    assert rule["when"] == {
        "and": [
            {"or": [{"fact": "topic", "in": ["MED"]}, {"fact": "subtopic", "in": ["PRO-NEW"]}]},
            {"or": [{"fact": "region", "in": ["ER05"]}, {"fact": "district", "in": ["SAK"]}]},
            {"fact": "categories", "in": ["VET", "WND"]},
            {"fact": "amputee", "in": [True]},
            {"not": {"fact": "channel", "in": ["phone"]}},
            {"fact": "medicine_days_left", "between": [None, 3]},
            {"not": {"fact": "insured", "unknown": True}},
            {"or": [{"fact": "minor", "in": [True]}, {"fact": "age", "between": [None, 17]}]},
        ]
    }
    assert rule["then"] == {
        "lead": "TABIB",
        "joint": ["YASHAT"],
        "policy": "all",
        "priority": "P2",
        "target": "7 wd",
        "first": "8 wh",
        "documents": ["ID"],
    }
    assert (rule["reason"], rule["mark"]) == ({"az": "Gediş-gəliş"}, "A")
    sent = opened(client, at(number, "rule", "R-TRIP", "edit"), why="Yenə")
    client.post(at(number, "rule", "R-TRIP", "edit"), sent)
    assert rule_in(number, "R-TRIP") == rule
    said = text_of(client.get(at(number)))
    assert "It holds for the same applications as" in said
    assert "new" in said


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"lead": ""}, "lead"),
        ({"lead": "NOPE"}, "lead"),
        ({"triage": "on"}, "lead"),
        ({"joint": ["MLSPP.DTSERA"]}, "joint"),
        ({"target_0": "soon"}, "target"),
        ({"target_0": ""}, "target"),
        ({"why": " "}, "why"),
        ({"why": "x" * 301}, "why"),
        ({"further-0-fact": "age", "further-0-how": "between", "further-0-low": "x"}, "further"),
        ({"further-0-fact": "amputee", "further-0-how": "in"}, "further"),
        ({"further-0-fact": "no_such", "further-0-how": "unknown"}, "further"),
        ({"further-0-fact": "age", "further-0-how": "between"}, "further"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    browser: Browser, draft: Draft, typed: dict[str, Any], field: str
) -> None:
    number, client = draft().pk, browser("admin")
    sent = opened(client, at(number, "rule", RULE, "edit"), **{"why": "Sınaq", **typed})
    page = client.post(at(number, "rule", RULE, "edit"), sent)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    assert not RuleEdit.objects.exists()


@pytest.mark.parametrize(
    "typed",
    [
        "[" * 3000,
        '{"not": ' * 900 + "null" + "}" * 900,
        '{"and": [' * 60 + "]}" * 60,
        "{",
        "NaN",
        '"protez"',
        '{"or": []}',
        '{"fact": "age", "between": [5, 1]}',
        '{"fact": "age", "between": [null, 1e99]}',
        '{"fact": "subtopic", "in": ["NOPE"]}',
        '{"fact": "\\ud800", "in": ["x"]}',
        '{"fact": "subtopic", "in": ["\\u0000"]}',
        '{"term": "nobody_knows"}',
        '{"fact": "amputee", "in": [true], "__class__": 1}',
        '{"fact": "age", "in": [' + ", ".join(map(str, range(900))) + "]}",
        "<script>alert(1)</script>",
        "x" * 9000,
    ],
)
def test_no_expert_writes_anything_but_a_condition(browser: Browser, draft: Draft, typed: str) -> None:
    number, client = draft().pk, browser("admin")
    sent = opened(client, at(number, "rule", RULE, "edit"), expert=typed, why="Sınaq")
    page = client.post(at(number, "rule", RULE, "edit"), sent)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["expert"]
    assert page.context["form"]["expert"].value() == typed, "nothing typed is lost"
    assert b"<script>alert" not in page.content
    assert not RuleEdit.objects.exists()


def test_hostile_lines_are_nobodys_choice(browser: Browser, draft: Draft) -> None:
    number, client = draft().pk, browser("admin")
    hostile = {"further-0-fact": "channel", "further-0-how": "in", "initial-further": "[" * 5000}
    for value in ('"\\ud800"', '{"a": 1}', "1.5", "[", '"' + "x" * 200 + '"'):
        sent = opened(client, at(number, "rule", RULE, "edit"), why="Sınaq", **hostile)
        page = client.post(at(number, "rule", RULE, "edit"), {**sent, "further-0-values": [value]})
        assert page.status_code == 422
    for part in ('[{"fact": "\\ud800", "in": ["x"]}]', '[{"and": 3}]', "[[[[", "7"):
        sent = opened(client, at(number, "rule", RULE, "edit"), why="Sınaq", further=part)
        assert client.post(at(number, "rule", RULE, "edit"), sent).status_code in (302, 422)
    assert rule_in(number) == rule_in(1)


def test_rules_are_moved_and_removed_with_a_reason(browser: Browser, draft: Draft) -> None:
    number, client = draft().pk, browser("admin")
    before = codes_in(number, "subject")
    address = at(number, "rule", before[3])
    moved = client.post(f"{address}move/", {"by": "-2", "why": "Tez-tez olur", "version": "1"})
    assert moved["Location"] == f"/rules/{number}/#r-{before[3]}"
    assert codes_in(number, "subject")[:4] == [before[0], before[3], before[1], before[2]]
    assert "moved" in text_of(client.get(at(number)))
    assert f"Place in the section 4 2 {people('admin')}" in text_of(client.get(at(1, "compare", str(number))))
    for by in ("x", "", "9" * 9):
        client.post(f"{address}move/", {"by": by, "why": "Heç yerə"})
    assert codes_in(number, "subject")[1] == before[3]
    assert "Say why" in text_of(client.post(f"{address}remove/", {"why": ""}, follow=True))
    assert "taken out" in text_of(client.post(f"{address}remove/", {"why": "Artıqdır"}, follow=True))
    assert before[3] not in codes_in(number, "subject")
    assert f"removed {before[3]}" in text_of(client.get(at(number)))
    stale = client.post(f"{at(number, 'rule', before[0])}move/", {"by": "1", "why": "Köhnə", "version": "1"})
    assert stale.status_code == 302
    assert codes_in(number, "subject")[0] == before[0]


def people(name: str) -> str:
    return name.title()


def test_published_rules_are_not_edited(browser: Browser) -> None:
    client = browser("admin")
    assert client.get(at(1, "rule", RULE, "edit")).status_code == 409
    assert client.get(at(1, "add", "subject")).status_code == 409
    page = client.post(at(1, "rule", RULE, "edit"), {"lead": "TABIB", "why": "Olmaz"})
    assert page.status_code == 409
    assert "Begin a draft from it" in text_of(page)
    assert page.context["form"]["lead"].value() == "TABIB"
    assert "cannot be changed" in text_of(
        client.post(at(1, "rule", RULE, "remove"), {"why": "x"}, follow=True)
    )
    assert RULE in codes_in(1, "subject")


# --- two people ---------------------------------------------------------------------------------------------


def test_what_two_people_wrote_is_told_field_by_field_and_nothing_is_lost(
    browser: Browser, draft: Draft
) -> None:
    number, address = draft().pk, at(2, "rule", RULE, "edit")
    mine, theirs = browser("admin"), browser("supervisor")
    ours = opened(mine, address, lead="TABIB", reason_az="Mənim səbəbim", why="Mənim fikrim")
    further = {"further-0-fact": "amputee", "further-0-how": "in", "further-0-values": ["true"]}
    sent = opened(theirs, address, lead="YASHAT", joint=["MOH.TRO"], why="Onun fikri", **further)
    assert theirs.post(address, sent).status_code == 302

    page = mine.post(address, ours)
    assert page.status_code == 409
    said = text_of(page)
    assert "Supervisor" in said
    assert [field["name"] for field in page.context["conflict"]] == ["lead"]
    assert rule_in(number)["then"]["lead"] == "YASHAT"
    choice = {**form_of(page, "action"), "choice_lead": "mine"}
    assert mine.post(address, choice).status_code == 302
    rule = rule_in(number)
    assert (rule["then"]["lead"], rule["reason"]["az"]) == ("TABIB", "Mənim səbəbim")
    assert {"fact": "amputee", "in": [True]} in rule["when"]["and"], "what only the other changed stays"
    assert rule["then"]["joint"] == ["MOH.TRO"]
    assert [edit.why for edit in RuleEdit.objects.filter(row=RULE)] == ["Mənim fikrim", "Onun fikri"]


def test_conditions_of_two_people_are_told_in_words(browser: Browser, draft: Draft) -> None:
    number, address = draft().pk, at(2, "rule", RULE, "edit")
    mine, theirs = browser("admin"), browser("supervisor")
    line = {"further-0-how": "in", "further-0-values": ["true"]}
    ours = opened(mine, address, why="Mən", **{"further-0-fact": "amputee", **line})
    sent = opened(theirs, address, why="O", **{"further-0-fact": "lives_alone", **line})
    theirs.post(address, sent)
    page = mine.post(address, ours)
    (clash,) = page.context["conflict"]
    assert (clash["was"], clash["theirs"], clash["mine"]) == ("", "Lives alone", "Has an amputation")
    assert mine.post(address, {**form_of(page, "action"), "choice_further": "theirs"}).status_code == 302
    assert {"fact": "lives_alone", "in": [True]} in rule_in(number)["when"]["and"]


def test_two_people_on_two_rules_do_not_disturb_each_other(browser: Browser, draft: Draft) -> None:
    number = draft().pk
    mine, theirs = browser("admin"), browser("supervisor")
    ours = opened(mine, at(number, "rule", RULE, "edit"), priority="P1", why="Mən")
    sent = opened(theirs, at(number, "rule", "R-PRO-REPAIR", "edit"), priority="P1", why="O")
    theirs.post(at(number, "rule", "R-PRO-REPAIR", "edit"), sent)
    assert mine.post(at(number, "rule", RULE, "edit"), ours).status_code == 302
    assert rule_in(number)["then"]["priority"] == rule_in(number, "R-PRO-REPAIR")["then"]["priority"] == "P1"


# --- golden cases -------------------------------------------------------------------------------------------


def test_golden_cases_are_added_changed_and_taken_away(browser: Browser, draft: Draft) -> None:
    number, client = draft().pk, browser("admin")
    address = at(number, "rule", RULE, "cases")
    typed = {
        "code": "PRO-NEW.3",
        "az": "Yeni protez: veteran, Şəki",
        "fact_subtopic": '"PRO-NEW"',
        "fact_district": '"SAK"',
        "fact_categories": ["VET"],
        "fact_age": "44",
        "fact_amputee": "false",
        "lead": "MLSPP.DTSERA",
        "joint": ["MOH.TRO", "YASHAT"],
        "why": "Şəki üçün",
    }
    answer = client.post(address, opened(client, address, **typed))
    assert answer["Location"] == at(number, "rule", RULE), text_of(answer)
    assert rule_in(number)["cases"][2] == {
        "id": "PRO-NEW.3",
        "az": "Yeni protez: veteran, Şəki",
        "facts": {
            "subtopic": "PRO-NEW",
            "topic": "PRO",
            "urgency": "P3",
            "district": "SAK",
            "region": "ER12",
            "categories": ["VET"],
            "age": 44,
            "amputee": False,
        },
        "expect": {"lead": "MLSPP.DTSERA", "joint": ["MOH.TRO", "YASHAT"]},
    }
    assert "Yeni protez: veteran, Şəki PRO-NEW.3 passes" in text_of(client.get(at(number, "rule", RULE)))

    third = f"{address}PRO-NEW.3/"
    changed = opened(client, third, fact_age="", fact_amputee="", joint=[], lead="TABIB", why="Başqa")
    assert client.post(third, changed).status_code == 302
    case = rule_in(number)["cases"][2]
    assert "age" not in case["facts"]
    assert case["expect"] == {"lead": "TABIB", "joint": []}
    said = text_of(client.get(at(number, "rule", RULE)))
    assert "Lead: expected TƏBİB, now DTSERA" in said
    both = client.post(third, opened(client, third, triage="on", why="Həm də"))
    assert both.status_code == 422
    assert "not both" in text_of(both)
    client.post(f"{third}remove/", {"why": "Təkrardır"})
    assert [it["id"] for it in rule_in(number)["cases"]] == ["PRO-NEW.1", "PRO-NEW.2"]
    assert client.get(third).status_code == 404

    client.post(f"{address}PRO-NEW.2/remove/", {"why": "Keçmir"})
    assert "PRO-NEW.2 is gone" in text_of(client.get(at(number)))
    assert "The golden case" not in text_of(client.get(at(1)))


# --- parts --------------------------------------------------------------------------------------------------


def test_a_line_of_the_form_offers_the_values_of_its_fact(browser: Browser, draft: Draft) -> None:
    number, client = draft().pk, browser("admin")
    address = at(number, "line", "3")
    flag = client.get(address, {"further-3-fact": "amputee"}, headers=HTMX)
    assert "is one of" in text_of(flag)
    assert 'name="further-3-values" value="true"' in flag.content.decode()
    number_of = client.get(address, {"further-3-fact": "age"}, headers=HTMX)
    assert "is between" in text_of(number_of)
    assert 'name="further-3-low"' in number_of.content.decode()
    district = client.get(address, {"further-3-fact": "district"}, headers=HTMX)
    assert "Shaki" in text_of(district)
    more = client.get(address, {"more": "1"}, headers=HTMX)
    assert "/line/4/?more=1" in more.content.decode()
    assert client.get(at(number, "line", "9999"), headers=HTMX).status_code == 200


def test_a_table_and_its_downloads_are_linked(browser: Browser) -> None:
    html = browser("admin").get(at(1)).content.decode()
    assert "/api/v1/rulesets/1/dmn/" in html
    assert "/api/v1/rulesets/1/xlsx/" in html


def test_problems_stand_on_their_rows(browser: Browser, draft: Draft, people_at_work: Any) -> None:
    number = draft().pk
    twin = {**rule_in(1), "id": "R-TWIN", "cases": []}
    editing.put_rule(
        actor_id=people_at_work.admin.pk, number=number, section="subject", rule=twin, why="Əkiz"
    )
    page = browser("admin").get(at(number))
    (row,) = [row for section in page.context["sections"] for row in section.rows if row.problems]
    assert (row.code, row.mark) == ("R-TWIN", "added")
    assert f"It holds for the same applications as {RULE}" in text_of(page)
    assert "Golden cases are tried when there is no problem" in text_of(page)
    assert json.dumps(rule_in(number, "R-TWIN")["then"]) == json.dumps(rule_in(1)["then"])


# --- spreadsheets -------------------------------------------------------------------------------------------


def test_a_spreadsheet_goes_out_and_comes_back_into_a_draft(
    browser: Browser, draft: Draft, people_at_work: Any
) -> None:
    number, client = draft().pk, browser("admin")
    book = b"".join(client.get(f"/api/v1/rulesets/{number}/xlsx/"))
    wrong = client.post(at(number, "upload"), {"file": ContentFile(b"PK no book", "r.xlsx"), "why": "Cədvəl"})
    assert wrong.status_code == 422
    assert wrong.context["errors"]
    missing = client.post(at(number, "upload"), {"file": ContentFile(book, "r.xlsx"), "why": ""})
    assert missing.status_code in (302, 422)
    editing.remove_rule(actor_id=people_at_work.admin.pk, number=number, rule=RULE, why="Sınaq")
    stale = client.post(
        at(number, "upload"), {"file": ContentFile(book, "r.xlsx"), "why": "Cədvəl", "version": "1"}
    )
    assert stale.status_code == 409
    assert stale.context["form"]["why"].value() == "Cədvəl"
    taken = client.post(at(number, "upload"), {"file": ContentFile(book, "r.xlsx"), "why": "Geri"})
    assert taken["Location"] == at(1, "compare", str(number))
    assert rule_in(number) == rule_in(1)
    assert client.get(at(1, "upload")).status_code == 409
