"""Routing rules through the API: a draft's way into force, who may take it, and what never gets that far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from jsonschema import Draft202012Validator
from lxml import etree
from openpyxl import load_workbook

from access.models import User
from access.roles import Role
from callcenter.api.parsing import LARGEST
from routing import dmn, selectors, services, sheet
from routing.models import RuleEdit, RuleSet
from routing.rules.book import Document
from tests.api.test_hostile import Unchanged, raw, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(people_at_work: Any) -> User:
    return people_at_work.supervisor


@pytest.fixture
def second(people_at_work: Any) -> User:
    return next(user for user in people_at_work.users.values() if user.role == Role.ADMINISTRATOR)


@pytest.fixture
def as_author(api: Any, author: User) -> Any:
    return api(author)


@pytest.fixture
def as_second(api: Any, second: User) -> Any:
    return api(second)


@pytest.fixture(autouse=True)
def _read_anew(reference: None) -> Iterator[None]:
    selectors.forget()
    yield
    selectors.forget()


def in_force() -> RuleSet:
    return RuleSet.objects.get(status="published")


def begin(client: Any, source: int | None = None) -> Any:
    answer = client.post("rulesets/", {"source": source or in_force().pk, "note": "Yeni mərkəz açıldı."})
    assert answer.status_code == 201, answer.content
    return answer.json()


def put(client: Any, draft: Any, document: Any, **more: Any) -> Any:
    body = {"document": document, "why": "Belə daha yaxşıdır.", "version": draft["version"], **more}
    return client.put(f"rulesets/{draft['number']}/", body)


def act(client: Any, number: int, verb: str, **body: Any) -> Any:
    return client.post(f"rulesets/{number}/{verb}/", body)


def rule_of(document: Document, code: str) -> Any:
    return next(row for part in document["sections"] for row in part["rules"] if row["id"] == code)


def changed(document: Document) -> Any:
    """The rules with another lead for repairs of prostheses, and its cases with it."""
    whole = deepcopy(document)
    rule = rule_of(whole, "R-PRO-REPAIR")
    rule["then"] |= {"lead": "YASHAT", "joint": []}
    for case in rule["cases"]:
        case["expect"] = {"lead": "YASHAT"}
    return whole


def lead_of(subtopic: str) -> str:
    topic = subtopic.partition("-")[0]
    return services.preview({"subtopic": subtopic, "topic": topic, "district": "BA", "region": "ER01"}).lead


# The story --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_rules_is_written_reviewed_put_in_force_and_taken_back(
    as_author: Any, as_second: Any, author: User, second: User
) -> None:
    first = in_force()
    before = lead_of("PRO-REPAIR")
    draft = begin(as_author)
    assert (draft["status"], draft["base"], draft["author"]) == ("draft", first.pk, author.username)

    overlapping = changed(draft["document"])
    rule_of(overlapping, "R-PRO-NEW")["when"] = {"fact": "subtopic", "in": ["PRO-NEW", "PRO-REPAIR"]}
    kept = put(as_author, draft, overlapping).json()
    assert {(row["row"], row["code"]) for row in kept["problems"]} == {("R-PRO-REPAIR", "overlap")}
    assert "R-PRO-NEW" in kept["problems"][0]["sentence"]
    number = draft["number"]
    found = refused(act(as_author, number, "submit"), 409, code="not_ready")
    assert (found["problems"], found["cases"], found["rehearsed"]) == (["R-PRO-REPAIR"], [], False)

    corrected = put(as_author, kept, changed(draft["document"])).json()
    assert (corrected["problems"], corrected["failing"]) == ([], [])
    told = {(row["row"], row["code"]) for row in corrected["cautions"]}
    assert told == {("R-PRO-REPAIR", "case_changed")}  # whoever publishes sees that the examples changed too
    assert {edit["row"] for edit in corrected["edits"]} == {"R-PRO-REPAIR", "R-PRO-NEW"}
    assert {edit["by"] for edit in corrected["edits"]} == {author.username}
    tried = act(as_author, number, "rehearse", days=30).json()
    assert tried["rehearsed"]
    assert tried["rehearsal"]["applications"] == 0
    assert act(as_author, number, "submit", version=corrected["version"]).json()["status"] == "review"

    refused(act(as_author, number, "publish"), 403, code="second_person")
    assert lead_of("PRO-REPAIR") == before
    published = act(as_second, number, "publish").json()
    assert (published["status"], published["published_by"]) == ("published", second.username)
    assert lead_of("PRO-REPAIR") == "YASHAT"
    old = as_second.get(f"rulesets/{first.pk}/").json()
    assert old["status"] == "retired"
    assert old["retired_at"]

    back = begin(as_second, source=first.pk)
    assert (back["document"], back["base"]) == (first.document, number)
    act(as_second, back["number"], "rehearse", days=1)
    assert act(as_second, back["number"], "submit").status_code == 200
    assert act(as_author, back["number"], "publish").status_code == 200
    assert lead_of("PRO-REPAIR") == before
    listed = as_author.get("rulesets/").json()["results"]
    assert [(row["number"], row["status"]) for row in listed] == [
        (back["number"], "published"),
        (number, "retired"),
        (first.pk, "retired"),
    ]


def test_who_only_changed_a_row_does_not_publish_it_either(as_author: Any, as_second: Any) -> None:
    draft = begin(as_author)
    put(as_second, draft, changed(draft["document"]))
    act(as_author, draft["number"], "rehearse", days=1)
    act(as_author, draft["number"], "submit")

    refused(act(as_second, draft["number"], "publish"), 403, code="second_person")


def test_a_reviewer_sends_back_with_a_reason(as_author: Any, as_second: Any) -> None:
    draft = begin(as_author)
    act(as_author, draft["number"], "rehearse", days=1)
    act(as_author, draft["number"], "submit")

    refused(act(as_second, draft["number"], "send_back", why=" "), 400, field="why")
    back = act(as_second, draft["number"], "send_back", why="  Səbəb\n yoxdur. ").json()

    assert (back["status"], back["submitted_by"]) == ("draft", None)
    assert back["edits"][0]["why"] == "Səbəb yoxdur."


def test_a_golden_case_that_fails_keeps_a_draft_from_review(as_author: Any) -> None:
    draft = begin(as_author)
    whole = changed(draft["document"])
    rule_of(whole, "R-PRO-REPAIR")["cases"][0]["expect"] = {"lead": "MOH"}
    kept = put(as_author, draft, whole).json()
    (failing,) = kept["failing"]
    assert (failing["rule"], failing["case"], failing["by"]) == (
        "R-PRO-REPAIR",
        "PRO-REPAIR.1",
        "R-PRO-REPAIR",
    )
    assert failing["got"]["lead"] == "YASHAT"

    act(as_author, draft["number"], "rehearse", days=1)

    found = refused(act(as_author, draft["number"], "submit"), 409, code="not_ready")
    assert found["cases"] == ["R-PRO-REPAIR/PRO-REPAIR.1"]


def test_a_draft_of_rules_that_were_replaced_is_overtaken(as_author: Any, as_second: Any) -> None:
    drafts = [begin(as_author), begin(as_author)]
    for draft in drafts:
        act(as_author, draft["number"], "rehearse", days=1)
        act(as_author, draft["number"], "submit")
    assert act(as_second, drafts[0]["number"], "publish").status_code == 200

    refused(act(as_second, drafts[1]["number"], "publish"), 409, code="overtaken")


def test_a_discarded_draft_is_kept_and_can_be_begun_from(as_author: Any) -> None:
    draft = begin(as_author)

    assert act(as_author, draft["number"], "discard").json()["status"] == "discarded"
    assert begin(as_author, source=draft["number"])["document"] == draft["document"]
    refused(put(as_author, draft, draft["document"]), 409, code="not_a_draft")
    refused(act(as_author, draft["number"], "discard"), 409, code="illegal_move")


# Who --------------------------------------------------------------------------------------------------------

REQUESTS = {
    "list": ("get", ""),
    "read": ("get", "1/"),
    "model": ("get", "1/dmn/"),
    "workbook": ("get", "1/xlsx/"),
    "begin": ("post", ""),
    "rewrite": ("put", "1/"),
    "rehearse": ("post", "1/rehearse/"),
    "submit": ("post", "1/submit/"),
    "send back": ("post", "1/send_back/"),
    "publish": ("post", "1/publish/"),
    "discard": ("post", "1/discard/"),
    "take a workbook": ("post", "1/xlsx/"),
}


@pytest.mark.parametrize("role", Role)
def test_rules_are_the_supervisors_and_the_administrators(people_at_work: Any, api: Any, role: Role) -> None:
    client = api(next(user for user in people_at_work.users.values() if user.role == role))
    may = role in (Role.SUPERVISOR, Role.ADMINISTRATOR)

    with Unchanged():
        for name, (method, path) in REQUESTS.items():
            answer = getattr(client, method)(f"rulesets/{path}")
            if may:
                assert answer.status_code in (200, 400, 409, 415), name
            else:
                refused(answer, 403)
        assert client.get("schema/ruleset/").status_code == (200 if may else 403)


def test_a_number_that_is_none_is_not_found(as_author: Any, api: Any, people_at_work: Any) -> None:
    with Unchanged():
        for number in (0, 999, 10**30):
            for method, path in REQUESTS.values():
                if "/" in path:
                    found = getattr(as_author, method)(f"rulesets/{path.replace('1', str(number))}")
                    refused(found, 404, code="not_found")
        refused(as_author.get("rulesets/x/"), 404)
        refused(api(people_at_work.operator).get("rulesets/999/"), 403)
        answer = as_author.post("rulesets/", {"source": 999, "note": "Qeyd"})
        refused(answer, 400, code="unknown_source", field="source")


# Versions and keys ------------------------------------------------------------------------------------------


def test_two_people_at_one_draft_do_not_overwrite_each_other(as_author: Any, as_second: Any) -> None:
    draft = begin(as_author)
    assert put(as_second, draft, changed(draft["document"])).status_code == 200

    with Unchanged():
        found = refused(put(as_author, draft, draft["document"]), 409, code="stale_version")
        assert (found["yours"], found["current"]) == (draft["version"], draft["version"] + 1)
        body = {"document": draft["document"], "why": "Qeyd"}
        answer = as_author.put(f"rulesets/{draft['number']}/", body, HTTP_IF_MATCH='"1"')
        refused(answer, 409, code="stale_version")
        answer = upload(
            as_author, draft["number"], sheet.write(draft["document"], {}), version=draft["version"]
        )
        refused(answer, 409, code="stale_version")


def test_the_same_request_twice_begins_one_draft(as_author: Any) -> None:
    body = {"source": in_force().pk, "note": "Qeyd"}

    one, two = (as_author.post("rulesets/", body, HTTP_IDEMPOTENCY_KEY="k").json() for _n in range(2))

    assert one == two
    assert RuleSet.objects.count() == 2
    other = as_author.post("rulesets/", {**body, "note": "Başqa"}, HTTP_IDEMPOTENCY_KEY="k")
    refused(other, 422, code="idempotency_key_reused")


# Lists ------------------------------------------------------------------------------------------------------


def test_the_list_has_pages_and_no_rules_in_it(as_author: Any) -> None:
    numbers = [begin(as_author)["number"] for _n in range(3)]

    first = as_author.get("rulesets/?page_size=2").json()
    rest = as_author.get(first["next"].partition("/api/v1/")[2]).json()

    assert [row["number"] for row in first["results"] + rest["results"]] == [*numbers[::-1], 1]
    assert "document" not in first["results"][0]
    drafts = as_author.get("rulesets/?status=draft").json()["results"]
    assert {row["number"] for row in drafts} == set(numbers)
    refused(as_author.get("rulesets/?status=lost"), 400, field="status")
    refused(as_author.get("rulesets/?cursor=x"), 400, code="bad_cursor")


# What never gets as far -------------------------------------------------------------------------------------


def nested(depth: int) -> Any:
    tree: Any = {"fact": "subtopic", "in": ["PRO-NEW"]}
    for _n in range(depth):
        tree = {"not": tree}
    return tree


def with_rule(document: Document, **members: Any) -> Any:
    whole = deepcopy(document)
    rule_of(whole, "R-PRO-NEW").update(members)
    return whole


TERM = {"az": "Termin", "when": {"term": "b"}}
CYCLE = {"a": TERM, "b": {"az": "Termin", "when": {"not": {"term": "a"}}}}
PLAIN = {"fact": "subtopic", "in": ["PRO-NEW"]}
HOSTILE: dict[str, tuple[Any, str]] = {
    "a condition nested deeply": (lambda it: with_rule(it, when=nested(60)), "document"),
    "a condition nested as deeply as JSON goes": (lambda it: with_rule(it, when=nested(400)), "document"),
    "an unknown unit": (lambda it: with_rule(it, then={"lead": "NOBODY"}), "rows.R-PRO-NEW"),
    "an unknown subtopic": (
        lambda it: with_rule(it, when={"fact": "subtopic", "in": ["NOTHING"]}),
        "rows.R-PRO-NEW",
    ),
    "an unknown fact": (lambda it: with_rule(it, when={"fact": "salary", "in": [1]}), "rows.R-PRO-NEW"),
    "an unknown term": (lambda it: with_rule(it, when={"term": "nowhere"}), "rows.R-PRO-NEW"),
    "terms in a circle": (lambda it: {**with_rule(it, when={"term": "a"}), "terms": CYCLE}, "rows.R-PRO-NEW"),
    "a condition of two kinds": (lambda it: with_rule(it, when={**PLAIN, "not": PLAIN}), "rows.R-PRO-NEW"),
    "code": (lambda it: with_rule(it, when={"eval": "1"}), "rows.R-PRO-NEW"),
    "a number as large as none": (
        lambda it: with_rule(it, when={"fact": "age", "between": [10**400, None]}),
        "rows.R-PRO-NEW",
    ),
    "both a lead and a person": (
        lambda it: with_rule(it, then={"lead": "MOH", "triage": True}),
        "rows.R-PRO-NEW",
    ),
    "a rule twice": (lambda it: with_rule(it, id="R-PRO-REPAIR"), "rows.R-PRO-REPAIR"),
    "NUL": (lambda it: with_rule(it, reason={"az": "a\0b"}), "document"),
    "half of a surrogate pair": (lambda it: with_rule(it, mark="\ud800"), "document"),
    "a name that lies": (lambda it: {**it, "a\u202eb": 1}, "document"),
    "no sections": (lambda it: {"format": 1}, "document"),
    "another format": (lambda it: {**it, "format": 2}, "document"),
    "a list": (lambda it: [it], "document"),
    "nothing": (lambda it: None, "document"),
    "a section more": (lambda it: {**it, "sections": [*it["sections"], it["sections"][0]]}, "document"),
}


@pytest.mark.parametrize(("make", "field"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_rule_set_is_refused_by_its_row_and_not_kept(
    as_author: Any, make: Any, field: str
) -> None:
    draft = begin(as_author)
    body = {"document": make(draft["document"]), "why": "Sınaq."}

    with Unchanged():
        answer = as_author.generic("PUT", f"rulesets/{draft['number']}/", raw(body), "application/json")
        found = refused(answer, 400)

    assert field in found["errors"], found["errors"]
    assert all(found["errors"][field])


def test_what_is_only_not_right_yet_is_kept_and_keeps_from_publishing(as_author: Any, as_second: Any) -> None:
    draft = begin(as_author)
    whole = deepcopy(draft["document"])
    whole["sections"][-1]["rules"] = []
    rule_of(whole, "R-PRO-NEW")["when"] = {"and": [PLAIN, {"not": PLAIN}]}
    rule_of(whole, "R-PRO-REPAIR")["when"] = {"fact": "subtopic", "in": ["PRO-REPAIR", "MED-EXAM"]}
    kept = put(as_author, draft, whole).json()

    told = {(row["row"], row["code"]) for row in kept["problems"]}
    assert ("R-PRO-NEW", "never_holds") in told
    assert ("", "no_default") in told
    assert any(code == "overlap" for _row, code in told)
    refused(act(as_author, draft["number"], "submit"), 409, code="not_ready")
    refused(act(as_second, draft["number"], "publish"), 409)
    assert in_force().pk == draft["base"]


BROKEN = {
    "NaN": b'{"document": NaN, "why": "a"}',
    "Infinity": b'{"document": {"format": Infinity}, "why": "a"}',
    "twice": b'{"why": "a", "why": "b"}',
    "a hundred thousand brackets": b'{"document": ' + b"[" * 100_000,
    "cut off": b'{"document": {"',
    "not UTF-8": b'{"why": "\xff"}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_refused(as_author: Any, body: bytes) -> None:
    number = begin(as_author)["number"]

    with Unchanged():
        answer = as_author.generic("PUT", f"rulesets/{number}/", body, "application/json")
        refused(answer, 400, code="parse_error")


def test_a_rule_set_may_be_larger_than_other_bodies_but_not_without_end(as_author: Any) -> None:
    draft = begin(as_author)
    large = with_rule(draft["document"], cases=[])
    rule_of(large, "R-PRO-NEW")["cases"] = [
        {
            "id": f"C{n}",
            "az": "x" * 300,
            "facts": {f"f{i}": "y" * 60 for i in range(60)},
            "expect": {"lead": "MOH"},
        }
        for n in range(20)
    ]
    large["sections"][2]["rules"] *= 3
    assert 300_000 < len(raw(large)) < LARGEST

    with Unchanged():
        refused(put(as_author, draft, large), 400, code="invalid_rules")
        five = raw({"document": {"x": "x" * 5_000_000}, "why": "a"})
        answer = as_author.generic("PUT", f"rulesets/{draft['number']}/", five, "application/json")
        refused(answer, 413, code="too_large")
        refused(put(as_author, draft, {"x": "x" * 2_050_000}), 400, field="document")
        small = as_author.generic("POST", "rulesets/", five, "application/json")
        refused(small, 413, code="too_large")


# Formats ----------------------------------------------------------------------------------------------------


def upload(client: Any, number: int, data: bytes, **more: Any) -> Any:
    headers = {name: more.pop(name) for name in list(more) if name.startswith("HTTP_")}
    body = {"file": SimpleUploadedFile("rules.xlsx", data), "why": "Cədvəldən.", **more}
    return client.post(f"rulesets/{number}/xlsx/", body, format="multipart", **headers)


def test_the_rules_in_force_can_be_taken_as_dmn(as_author: Any) -> None:
    answer = as_author.get("rulesets/1/dmn/")

    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dayaq-rules-1.dmn"'
    model = etree.fromstring(answer.content)
    assert model.tag == f"{{{dmn.MODEL}}}definitions"
    labels = {it.get("name"): it.get("label") for it in model.iter("{*}decision", "{*}inputData")}
    assert labels["subtopic"] == "Mövzu"
    assert labels["amputee"] == "Amputasiyası var"


def test_rules_go_out_as_a_workbook_and_come_back_into_a_draft(as_author: Any) -> None:
    draft = begin(as_author)
    answer = as_author.get(f"rulesets/{draft['number']}/xlsx/")
    assert answer.headers["Content-Disposition"].endswith(f'"dayaq-rules-{draft["number"]}.xlsx"')
    assert sheet.read(answer.content, draft["document"]) == (draft["document"], [])

    book = load_workbook(BytesIO(answer.content))
    names = {tuple(str(cell.value) for cell in row) for row in book["Codes"].iter_rows()}
    assert ("facts", "subtopic", "Mövzu") in names
    assert "YAŞAT" in next(said for of, code, said in names if (of, code) == ("units", "YASHAT"))
    data = sheet.write(changed(draft["document"]), {})
    taken = upload(as_author, draft["number"], data, version=draft["version"])

    assert taken.status_code == 200, taken.content
    assert taken.json()["document"] == changed(draft["document"])
    (edit,) = taken.json()["edits"]
    assert (edit["row"], edit["why"]) == ("R-PRO-REPAIR", "Cədvəldən.")


def test_the_same_workbook_twice_under_one_key_is_taken_once(as_author: Any) -> None:
    number = begin(as_author)["number"]
    data = sheet.write(changed(in_force().document), {})

    assert upload(as_author, number, data, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    edits = RuleEdit.objects.count()
    assert upload(as_author, number, data, HTTP_IDEMPOTENCY_KEY="k").status_code == 200
    assert RuleEdit.objects.count() == edits
    other = upload(as_author, number, data, why="Başqa", HTTP_IDEMPOTENCY_KEY="k")
    refused(other, 422, code="idempotency_key_reused")


def test_what_is_wrong_in_a_workbook_is_told_by_sheet_and_row(as_author: Any) -> None:
    draft = begin(as_author)
    book = load_workbook(BytesIO(sheet.write(draft["document"], {})))
    book["Rules"]["B3"] = None
    book["Rules"]["K4"] = "=1+1"
    packed = BytesIO()
    book.save(packed)

    with Unchanged():
        found = refused(upload(as_author, draft["number"], packed.getvalue()), 400, code="invalid_sheet")
        assert set(found["errors"]) == {"rows.Rules.4"}
        unknown = sheet.write(with_rule(draft["document"], then={"lead": "NOBODY"}), {})
        found = refused(upload(as_author, draft["number"], unknown), 400, code="invalid_rules")
        assert "rows.R-PRO-NEW" in found["errors"]


def bomb() -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 100_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"<html>", bomb()], ids=["empty", "cut off", "a page", "a zip bomb"]
)
def test_a_file_that_is_no_workbook_is_refused(as_author: Any, data: bytes) -> None:
    number = begin(as_author)["number"]

    with Unchanged():
        refused(upload(as_author, number, data), 400, field="file")


def test_a_file_without_end_is_refused(as_author: Any, author: User) -> None:
    number = begin(as_author)["number"]
    browser = Client()
    browser.force_login(author)

    with Unchanged():
        refused(upload(as_author, number, b"PK" + b"x" * 2_050_000), 400, field="file")
        refused(upload(as_author, number, b"PK" + b"x" * 5_000_000), 413, code="too_large")
        body = {"file": SimpleUploadedFile("rules.xlsx", b"PK" + b"x" * 2_050_000), "why": "Sınaq."}
        refused(browser.post(f"/api/v1/rulesets/{number}/xlsx/", body), 400, field="file")


def test_a_form_has_to_hold_what_it_needs_and_nothing_else(as_author: Any) -> None:
    draft = begin(as_author)
    path, data = f"rulesets/{draft['number']}/xlsx/", sheet.write(draft["document"], {})

    with Unchanged():
        refused(as_author.post(path, {"why": "a"}, format="multipart"), 400, field="file")
        refused(as_author.post(path, {"why": "a", "file": "text"}, format="multipart"), 400, field="file")
        refused(upload(as_author, draft["number"], data, surprise="1"), 400, field="surprise")
        refused(upload(as_author, draft["number"], data, why=" "), 400, field="why")
        refused(upload(as_author, draft["number"], data, version="x"), 400, field="version")
        refused(as_author.post(path, {"why": "a"}), 415)
        refused(as_author.generic("POST", path, b"x", "multipart/form-data; boundary=y"), 400)


def test_a_rule_that_a_format_cannot_show_is_named(as_author: Any) -> None:
    draft = begin(as_author)
    either = {"or": [{"fact": "amputee", "in": [True]}, {"fact": "minor", "in": [True]}]}
    put(as_author, draft, with_rule(draft["document"], when={"and": [either] * 9}))

    found = refused(as_author.get(f"rulesets/{draft['number']}/dmn/"), 409, code="not_shown")

    assert found["rule"] == "R-PRO-NEW"


def test_a_format_is_given_as_what_it_is_only(as_author: Any) -> None:
    refused(as_author.get("rulesets/1/dmn/", HTTP_ACCEPT="application/json"), 406)
    refused(as_author.get("rulesets/1/xlsx/", HTTP_ACCEPT="text/html"), 406)


def test_the_schema_is_published(as_author: Any) -> None:
    schema = as_author.get("schema/ruleset/").json()

    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(in_force().document)) == []
    assert json.dumps(schema)
