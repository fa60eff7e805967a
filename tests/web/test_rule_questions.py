"""The pages of questions, terms and the hit policy: reading, changing a draft, two people at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from routing import editing, selectors
from routing.errors import SecondPerson
from routing.models import RuleEdit, RuleSet

from .reading import form_of, statements, text_of
from .test_rules import FORM, at, opened, rule_in

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]

OXYGEN: dict[str, Any] = {
    "code": "oxygen_days_left",
    "kind": "number",
    "az": "Oksigen neçə günə çatır",
    "en": "Oxygen lasts for",
    "ru": "Кислорода хватит на",
    "topics": ["RX"],
    "options": [
        {"value": 0, "az": "Qurtarıb", "en": "It has run out", "ru": "Закончился"},
        {"value": 1, "az": "1 gün", "en": "1 day", "ru": "1 день"},
    ],
}
ADULT = {"az": "Yetkindir", "when": {"not": {"fact": "minor", "in": [True]}}}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    selectors.forget()


@pytest.fixture
def draft(people_at_work: Any) -> int:
    """A draft begun by the administrator."""
    return editing.start_draft(actor_id=people_at_work.admin.pk, source=1, note="Suallar dəqiqləşir").pk


@pytest.fixture
def by_admin(people_at_work: Any, draft: int) -> dict[str, Any]:
    return {"actor_id": people_at_work.admin.pk, "number": draft, "why": "Razılaşma"}


def asked_in(number: int, code: str) -> dict[str, Any]:
    document = RuleSet.objects.get(pk=number).document
    return next((row for row in document["questions"] if row["code"] == code), {})


def terms_in(number: int) -> dict[str, Any]:
    return RuleSet.objects.get(pk=number).document.get("terms", {})


def line(place: int, **said: Any) -> dict[str, str]:
    """One answer as a form sends it; without words an empty line."""
    return {f"options-{place}-{part}": str(said.get(part, "")) for part in ("value", "az", "en", "ru")}


def typed(question: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = {name: said for name, said in question.items() if name != "options"}
    for place, answer in enumerate(question["options"]):
        sent |= line(place, **answer)
    return {**sent, "why": "Oksigen də soruşulur", **more}


# --- reading --------------------------------------------------------------------------------------------


def test_questions_are_told_in_words_with_the_rules_that_look_at_them(browser: Browser) -> None:
    page = browser("supervisor").get(at(1, "questions"))
    said = text_of(page)
    assert "Medicine lasts for medicine_days_left A whole number It has run out · 1 day · 2 days" in said
    assert "Has an amputation amputee Yes or no any RAISE-AMPUTEE" in said
    assert "By subject : only one rule may hold" in said
    assert "Add a question" not in said, "rules in force are not changed"
    assert "Add a question" not in text_of(browser("admin").get(at(1, "questions")))
    assert 'href="/rules/1/questions/"' in browser("admin").get(at(1)).content.decode()


def test_terms_are_told_in_words_and_rules_look_through_them(
    browser: Browser, by_admin: dict[str, Any], draft: int
) -> None:
    editing.put_term(name="adult", term=ADULT, **by_admin)
    near = {"az": "Tək yaşayan yetkin", "when": {"and": [{"term": "adult"}]}}
    editing.put_term(name="adult_alone", term=near, **by_admin)
    rule = {**rule_in(draft, "RAISE-AMPUTEE"), "when": {"term": "adult_alone"}}
    editing.put_rule(section="always", rule=rule, replaces="RAISE-AMPUTEE", **by_admin)

    page = browser("admin").get(at(draft, "questions"))
    entries = {entry.code: entry for entry in (*page.context["questions"], *page.context["terms"])}
    assert entries["adult"].condition == "not (Is under 18)"
    assert entries["adult"].lookers.rules == ("RAISE-AMPUTEE",)
    assert entries["adult"].lookers.terms == ("adult_alone",)
    assert "RAISE-AMPUTEE" in entries["minor"].lookers.rules
    assert set(entries["minor"].lookers.terms) == {"adult", "adult_alone"}
    assert not entries["amputee"].lookers.rules
    assert (entries["adult"].mark, entries["minor"].mark) == ("added", "")


def test_the_page_costs_the_same_however_many_questions_there_are(
    browser: Browser, by_admin: dict[str, Any], draft: int
) -> None:
    client = browser("admin")
    few = statements(lambda: client.get(at(draft, "questions")))
    for number in range(10):
        editing.put_question(question={**OXYGEN, "code": f"oxygen_{number}"}, **by_admin)
    assert statements(lambda: client.get(at(draft, "questions"))) == few
    assert few <= 16


@pytest.mark.parametrize(
    ("name", "status"),
    [("supervisor", 200), ("admin", 200), ("operator", 403), ("clinician", 403), ("tabib_admin", 403)],
)
def test_who_sees_and_changes_rules_sees_and_changes_questions(
    browser: Browser, draft: int, name: str, status: int
) -> None:
    client = browser(name)
    for place in ("questions", "questions/add", "questions/amputee", "terms/add"):
        assert client.get(at(draft, place)).status_code == status, place
    for place in ("questions/amputee/remove", "hit"):
        answer = client.post(at(draft, place), {"why": ""})
        assert answer.status_code == (302 if status == 200 else status), place
        assert client.get(at(draft, place)).status_code == 405, place


def test_there_are_no_other_questions_and_terms(browser: Browser, draft: int) -> None:
    client = browser("admin")
    for place in ("questions/nope", "terms/nope"):
        assert client.get(at(draft, place)).status_code == 404
        assert client.post(at(draft, place, "remove"), {"why": "x"}).status_code == 404
    assert client.get(at(99, "questions")).status_code == 404


def test_only_a_draft_is_changed(browser: Browser) -> None:
    client = browser("admin")
    for place in ("questions/amputee", "questions/add", "terms/add"):
        assert client.get(at(1, place)).status_code == 409
    page = client.post(at(1, "questions/amputee"), {"az": "A", "en": "B", "ru": "C", "why": "Olmaz"})
    assert page.status_code == 409
    assert page.context["form"]["az"].value() == "A"
    for place in ("questions/amputee/remove", "hit"):
        said = text_of(client.post(at(1, place), {"why": "Olmaz", "hit": "first"}, follow=True))
        assert "cannot be changed" in said


# --- questions ------------------------------------------------------------------------------------------


def test_a_question_is_added_asked_by_a_rule_and_not_taken_out_while_it_is(
    browser: Browser, draft: int
) -> None:
    client, code = browser("admin"), OXYGEN["code"]
    answer = client.post(
        at(draft, "questions/add"), opened(client, at(draft, "questions/add"), **typed(OXYGEN))
    )
    assert answer.status_code == 302, text_of(answer)
    assert asked_in(draft, code) == OXYGEN
    edit = RuleEdit.objects.get(row=f"?{code}")
    assert (edit.before, edit.after, edit.why) == (None, OXYGEN, "Oksigen də soruşulur")

    run_out = {"further-0-fact": code, "further-0-how": "in", "further-0-values": ["0"]}
    rule = at(draft, "rule", "RAISE-AMPUTEE", "edit")
    assert client.post(rule, opened(client, rule, why="Oksigen", **run_out)).status_code == 302
    said = text_of(client.get(at(draft, "questions")))
    assert "Oxygen lasts for oxygen_days_left new A whole number It has run out · 1 day" in said

    remove = at(draft, "questions", code, "remove")
    told = text_of(client.post(remove, {"why": "Artıqdır"}, follow=True))
    assert f"RAISE-AMPUTEE: There is no fact {code}." in told
    assert asked_in(draft, code) == OXYGEN

    taken = {"further-0-fact": "amputee", "further-0-how": "in", "further-0-values": ["true"]}
    client.post(rule, opened(client, rule, why="Geri", **taken))
    assert "Say why" in text_of(client.post(remove, {"why": " "}, follow=True))
    told = text_of(client.post(remove, {"why": "Artıqdır"}, follow=True))
    assert "The question is taken out of the draft." in told
    assert asked_in(draft, code) == {}
    compared = text_of(client.get(at(1, "compare", str(draft))))
    assert code not in compared, "what came and went is no difference"


def test_a_form_sent_as_it_was_shown_changes_nothing(
    browser: Browser, by_admin: dict[str, Any], draft: int
) -> None:
    client = browser("admin")
    editing.put_term(name="adult", term=ADULT, **by_admin)
    version = RuleSet.objects.get(pk=draft).version
    codes = [row["code"] for row in RuleSet.objects.get(pk=1).document["questions"]]
    for place in (*(f"questions/{code}" for code in codes), "terms/adult"):
        sent = opened(client, at(draft, place), why="Heç nə")
        assert client.post(at(draft, place), sent).status_code == 302
    assert RuleSet.objects.get(pk=draft).version == version


def test_answers_are_changed_taken_away_and_kept_in_their_order(browser: Browser, draft: int) -> None:
    client, address = browser("admin"), at(draft, "questions/medicine_days_left")
    answers = asked_in(1, "medicine_days_left")["options"]
    sent = opened(client, address, en="Medicine lasts", topics=["PSY"], why="Daha qısa")
    more = {"value": 5, "az": "Çox", "en": "Much", "ru": "Много"}
    sent |= line(2) | line(5, **more)
    assert client.post(address, sent).status_code == 302
    question = asked_in(draft, "medicine_days_left")
    assert (question["en"], question["topics"]) == ("Medicine lasts", ["PSY"])
    assert question["options"] == [*answers[:2], *answers[3:], more]
    compared = text_of(client.get(at(1, "compare", str(draft))))
    assert "In English Medicine lasts for Medicine lasts" in compared
    assert "Daha qısa" in compared


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "Oxygen days"}, "code"),
        ({"code": "amputee"}, "code"),
        ({"code": "age"}, "code"),
        ({"kind": "secret"}, "kind"),
        ({"kind": "flag"}, "options"),
        ({"ru": " "}, "ru"),
        ({"az": "x" * 301}, "az"),
        ({"topics": ["NOPE"]}, "topics"),
        ({"options-0-value": "soon"}, "options"),
        ({"options-0-value": "1"}, "options"),
        ({"options-1-en": ""}, "options"),
        ({"options-1-az": "x" * 301}, "options"),
        (line(1), "options"),
        ({"why": ""}, "why"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_typed_is_lost(
    browser: Browser, draft: int, wrong: dict[str, Any], field: str
) -> None:
    client, address = browser("admin"), at(draft, "questions/add")
    page = client.post(address, opened(client, address, **typed(OXYGEN, **wrong)))
    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
    kept = {name: said for name, said in form_of(page, FORM).items() if said != [""]}
    for name, said in typed(OXYGEN, **wrong).items():
        if name not in ("kind", "topics") and said.strip():
            assert kept[name] == [said], name
    assert not RuleEdit.objects.exists()


def test_an_answer_that_a_rule_waits_for_stays(browser: Browser, draft: int) -> None:
    client, address = browser("admin"), at(draft, "questions/disability_degree")
    sent = opened(client, address, why="I dərəcə yoxdur") | line(0)
    page = client.post(address, sent)
    assert page.status_code == 422
    (said,) = page.context["form"].errors["options"]
    assert said == "RAISE-DISABILITY-1: 1 is no value of disability_degree."


def test_the_kind_of_a_question_is_for_good(browser: Browser, draft: int) -> None:
    client, address = browser("admin"), at(draft, "questions/amputee")
    sent = opened(client, address, code="leg", kind="code", why="Olmaz", **line(0, **OXYGEN["options"][0]))
    assert "kind" not in form_of(client.get(address), FORM)
    assert client.post(address, sent).status_code == 302
    assert asked_in(draft, "amputee") == asked_in(1, "amputee")


@pytest.mark.parametrize("hostile", ["[" * 5000, "7", '[{"value": {"a": [1]}}]', '["x"]', '{"a": "\\ud800"}'])
def test_hostile_answers_are_no_answers(browser: Browser, draft: int, hostile: str) -> None:
    client, address = browser("admin"), at(draft, "questions/disability_degree")
    sent = opened(client, address, why="Sınaq")
    for name in ("options", "initial-options"):
        assert client.post(address, {**sent, name: hostile}).status_code in (302, 422)
    assert asked_in(draft, "disability_degree") == asked_in(1, "disability_degree")


# --- terms ----------------------------------------------------------------------------------------------


def test_a_term_is_added_shown_in_words_changed_and_taken_out(browser: Browser, draft: int) -> None:
    client, address = browser("admin"), at(draft, "terms/add")
    when = '{"not": {"fact": "minor", "in": [true]}}'
    term = {"name": "adult", "az": "Yetkindir", "when": when, "why": "Tez-tez lazımdır"}
    answer = client.post(address, opened(client, address, **term))
    assert answer.status_code == 302, text_of(answer)
    assert terms_in(draft) == {"adult": ADULT}

    twice = client.post(address, opened(client, address, **term))
    assert twice.status_code == 422
    assert twice.context["form"].errors == {"name": ["Two terms have this name."]}

    address = at(draft, "terms/adult")
    assert "not (Is under 18)" in text_of(client.get(address))
    age = '{"fact": "age", "between": [18, null]}'
    assert client.post(address, opened(client, address, when=age, why="Yaş bəllidir")).status_code == 302
    assert terms_in(draft)["adult"]["when"] == {"fact": "age", "between": [18, None]}
    compared = text_of(client.get(at(1, "compare", str(draft))))
    assert "When it holds – Age: at least 18" in compared
    assert "Yaş bəllidir" in compared

    rule = at(draft, "rule", "RAISE-AMPUTEE", "edit")
    client.post(rule, opened(client, rule, expert='{"term": "adult"}', why="Yetkin"))
    told = text_of(client.post(f"{address}remove/", {"why": "Artıqdır"}, follow=True))
    assert "RAISE-AMPUTEE: There is no term adult." in told
    client.post(rule, opened(client, rule, expert="", why="Geri"))
    told = text_of(client.post(f"{address}remove/", {"why": "Artıqdır"}, follow=True))
    assert "The term is taken out of the draft." in told
    assert terms_in(draft) == {}


@pytest.mark.parametrize(
    "when",
    [
        "",
        "{",
        '{"or": []}',
        '{"term": "adult"}',
        '{"term": "nobody"}',
        '{"fact": "minor", "in": ["yes"]}',
        "[" * 3000,
        "<script>alert(1)</script>",
    ],
)
def test_no_expert_defines_anything_but_a_condition(
    browser: Browser, by_admin: dict[str, Any], draft: int, when: str
) -> None:
    editing.put_term(name="adult", term=ADULT, **by_admin)
    client, address = browser("admin"), at(draft, "terms/adult")
    page = client.post(address, opened(client, address, when=when, why="Sınaq"))
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["when"]
    assert page.context["form"]["when"].value() == when
    assert b"<script>alert" not in page.content
    assert terms_in(draft) == {"adult": ADULT}


# --- two people -----------------------------------------------------------------------------------------


def test_two_people_on_one_question_are_told_field_by_field(browser: Browser, draft: int) -> None:
    mine, theirs = browser("admin"), browser("supervisor")
    address = at(draft, "questions/disability_degree")
    ours = opened(mine, address, az="Əlillik", **{"options-0-az": "Birinci"}, why="Mən")
    sent = opened(theirs, address, az="Dərəcə", en="Degree", **{"options-1-az": "İkinci"}, why="O")
    assert theirs.post(address, sent).status_code == 302

    page = mine.post(address, ours)
    assert page.status_code == 409
    clashes = {clash["name"]: clash for clash in page.context["conflict"]}
    assert set(clashes) == {"az", "options"}
    assert (clashes["az"]["theirs"], clashes["az"]["mine"]) == ("Dərəcə", "Əlillik")
    assert "2 – İkinci / II degree" in clashes["options"]["theirs"]
    assert "1 – Birinci / I degree" in clashes["options"]["mine"]
    assert asked_in(draft, "disability_degree")["az"] == "Dərəcə"

    choice = {**form_of(page, "action"), "choice_az": "mine", "choice_options": "theirs"}
    assert mine.post(address, choice).status_code == 302
    question = asked_in(draft, "disability_degree")
    assert (question["az"], question["en"]) == ("Əlillik", "Degree"), "what only the other changed stays"
    assert [option["az"] for option in question["options"][:2]] == ["I dərəcə", "İkinci"]


def test_two_people_on_one_term_see_both_conditions_in_words(
    browser: Browser, by_admin: dict[str, Any], draft: int
) -> None:
    editing.put_term(name="adult", term=ADULT, **by_admin)
    mine, theirs, address = browser("admin"), browser("supervisor"), at(draft, "terms/adult")
    ours = opened(mine, address, when='{"fact": "age", "between": [18, null]}', why="Mən")
    sent = opened(theirs, address, when='{"fact": "age", "between": [21, null]}', why="O")
    theirs.post(address, sent)
    page = mine.post(address, ours)
    (clash,) = page.context["conflict"]
    assert (clash["was"], clash["theirs"], clash["mine"]) == (
        "not (Is under 18)",
        "Age: at least 21",
        "Age: at least 18",
    )
    assert mine.post(address, {**form_of(page, "action"), "choice_when": "mine"}).status_code == 302
    assert terms_in(draft)["adult"]["when"] == {"fact": "age", "between": [18, None]}


def test_who_removes_from_a_page_that_is_out_of_date_is_told(
    browser: Browser, by_admin: dict[str, Any], draft: int
) -> None:
    editing.put_question(question=OXYGEN, **by_admin)
    client = browser("supervisor")
    remove = at(draft, "questions", OXYGEN["code"], "remove")
    client.post(remove, {"why": "Artıqdır", "version": "1"})
    assert asked_in(draft, OXYGEN["code"]) == OXYGEN
    client.post(at(draft, "hit"), {"why": "Sıra", "hit": "first", "version": "1"})
    assert RuleSet.objects.get(pk=draft).document["sections"][2]["hit"] == "unique"


# --- how many rules may hold ----------------------------------------------------------------------------


def test_who_changes_how_many_rules_may_hold_may_not_publish_it(
    browser: Browser, people_at_work: Any, draft: int
) -> None:
    client = browser("supervisor")
    sent = {**form_of(client.get(at(draft, "questions"))), "hit": "first"}
    assert "Say why" in text_of(client.post(at(draft, "hit"), {**sent, "why": ""}, follow=True))
    told = client.post(at(draft, "hit"), {**sent, "why": "Sıra həll edir"}, follow=True)
    assert told.redirect_chain == [(at(draft, "questions"), 302)]
    assert "3. By subject · the first rule that holds decides" in text_of(client.get(at(draft)))
    edit: Any = RuleEdit.objects.get(ruleset=draft)
    assert (edit.row, edit.why) == ("#subject", "Sıra həll edir")
    assert (edit.before["hit"], edit.after["hit"]) == ("unique", "first")
    compared = text_of(client.get(at(1, "compare", str(draft))))
    assert "How many rules may hold only one rule may hold the first rule that holds decides" in compared

    editing.rehearse(number=draft, days=30)
    editing.submit(actor_id=people_at_work.admin.pk, number=draft)
    with pytest.raises(SecondPerson):
        editing.publish(actor_id=people_at_work.supervisor.pk, number=draft)


@pytest.mark.parametrize("hit", ["", "collect", "several"])
def test_no_section_takes_another_hit_policy(browser: Browser, draft: int, hit: str) -> None:
    client = browser("admin")
    said = text_of(client.post(at(draft, "hit"), {"hit": hit, "why": "Sınaq"}, follow=True))
    assert "not written as the format of rule sets asks" in said
    assert RuleSet.objects.get(pk=draft).document == RuleSet.objects.get(pk=1).document
