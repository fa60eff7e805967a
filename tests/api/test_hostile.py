"""What strangers, broken programs and tired fingers send: told what is wrong, in one shape, nothing kept."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.access.routes import Route, routes
from tests.access.stage import Stage
from tests.api.conftest import rolled_back
from tests.api.operations import OPERATIONS, PERSON, Operation, person
from tests.rows import fingerprint

pytestmark = pytest.mark.django_db

GHOST = "019f0000-0000-7000-8000-000000000000"
WRITING = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
UNSTORABLE = {
    "NUL": "Əli\0yev",
    "a lone high surrogate": "Əli\ud83d",
    "a lone low surrogate": "\ude00yev",
    "a right-to-left override": "Əli\u202eyev",
    "an isolate": "Əli\u2066yev",
    "an escape sequence": "Əli\x1b[31m",
    "a C1 control": "Əli\x85yev",
}


def refused(answer: Any, *statuses: int, code: str = "", field: str = "") -> dict[str, Any]:
    """Check the one shape of every refusal and return its body."""
    assert answer.status_code in (statuses or (400,)), (answer.status_code, answer.content[:300])
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "code", "detail", "errors"} <= set(body)
    assert body["status"] == answer.status_code
    assert body["code"] == code or (not code and body["code"])
    assert body["detail"]
    if field:
        named = [name for name in body["errors"] if name.split(".")[0].split("[")[0] == field]
        assert named, body["errors"]
        assert all(body["errors"][name] for name in named)
    return body


class Unchanged:
    """``with Unchanged():`` nothing inside may store anything."""

    def __enter__(self) -> None:
        self.before = fingerprint()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is None:
            assert fingerprint() == self.before


# Texts ---------------------------------------------------------------------------------------------------


@WRITING
def test_every_operation_takes_an_honest_body(ask: Any, day: Stage, operation: Operation) -> None:
    """The control: without it the refusals below could have any other cause."""
    with rolled_back():
        before = fingerprint()
        answer = ask(operation.who, operation.method, operation.path(day), operation.body(day))

        assert answer.status_code in (200, 201), answer.content
        assert (fingerprint() != before) == (operation.name not in ("preview", "suggest"))


@WRITING
def test_what_cannot_be_stored_or_lies_to_the_reader_is_refused_at_its_field(
    ask: Any, day: Stage, operation: Operation
) -> None:
    with rolled_back(), Unchanged():
        for member in (*operation.texts, *operation.codes, *operation.choices, *operation.ids):
            for name, text in UNSTORABLE.items():
                body = {**operation.body(day), member: text}
                answer = ask(operation.who, operation.method, operation.path(day), raw(body))
                assert answer.status_code == 400, (member, name, answer.content)
                refused(answer, 400, field=member)
        for member in operation.lists:
            for text in UNSTORABLE.values():
                body = {**operation.body(day), member: [text]}
                refused(ask(operation.who, operation.method, operation.path(day), raw(body)), field=member)


def raw(body: Any) -> bytes:
    """JSON that keeps even lone surrogates, as escapes."""
    return json.dumps(body).encode()


@WRITING
def test_an_unknown_member_is_named_not_ignored(ask: Any, day: Stage, operation: Operation) -> None:
    with rolled_back(), Unchanged():
        for stranger in ("verzion", "__class__", "x" * 5000, "a\ud800b", "a\0b", ""):
            body = {**operation.body(day), stranger: 1}
            found = refused(ask(operation.who, operation.method, operation.path(day), raw(body)))
            assert len(found["errors"]) == 1, found


@WRITING
def test_a_body_of_the_wrong_kind_is_refused(ask: Any, day: Stage, operation: Operation) -> None:
    with rolled_back(), Unchanged():
        for body in (b"[]", b"[{}]", b'"text"', b"5", b"null", b"true", b"1.5"):
            refused(ask(operation.who, operation.method, operation.path(day), body), 400)


@WRITING
def test_a_member_of_the_wrong_kind_is_refused(ask: Any, day: Stage, operation: Operation) -> None:
    wrong: dict[str, list[Any]] = {
        **dict.fromkeys(
            (*operation.texts, *operation.codes, *operation.choices), [[], {}, ["a"], {"a": "b"}]
        ),
        **dict.fromkeys(operation.ids, [[], {}, 5.5, True, "", "not-an-id", "5" * 400, GHOST]),
        **dict.fromkeys(operation.lists, ["text", {}, 5, True, [[]], [{}], [None], [["a"]]]),
        **dict.fromkeys(operation.numbers, [[], {}, "one", 1.5, -1, 10**30, 2**31, True, "１x", ""]),
    }
    with rolled_back(), Unchanged():
        for member, values in wrong.items():
            for value in values:
                body = {**operation.body(day), member: value}
                answer = ask(operation.who, operation.method, operation.path(day), raw(body))
                assert answer.status_code == 400, (member, value, answer.content)
                refused(answer, 400, field=member)


@WRITING
def test_nothing_breaks_whatever_stands_in_a_member(ask: Any, day: Stage, operation: Operation) -> None:
    """Accepted or refused is the member's business; an error of the server is not an answer."""
    members = (*operation.body(day), "version", "facts")
    with rolled_back():
        for member in members:
            for value in (None, "", " ", 0, 10**400, 1e308, "x" * 20001, "=1+1", "{{7*7}}", "'; --", "<b>"):
                body = {**operation.body(day), member: value}
                with rolled_back():
                    before = fingerprint()
                    answer = ask(operation.who, operation.method, operation.path(day), raw(body))
                    assert answer.status_code < 500, (member, value)
                    if answer.status_code >= 400:
                        refused(answer, 400, 409)
                        assert fingerprint() == before


TOO_LONG = {
    "1501 letters": "ə" * 1501,
    "1501 family emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 1501,
    "one letter under 6000 marks": "q" + "\u0323" * 6000,
    "1500 family emoji of seven code points": (
        "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 1500
    ),
}
LONG_ENOUGH = {
    "1500 letters": "ə" * 1500,
    "1500 decomposed letters": "u\u0308" * 1500,
    "1490 letters and ten Windows line ends": "a" * 1490 + "\r\n" * 10,
    "1500 emoji": "\U0001f64f" * 1500,
}


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
@pytest.mark.parametrize("name", ["register", "complete", "dispute", "withdraw", "start a contact"])
def test_a_text_over_the_limit_is_refused_everywhere(ask: Any, day: Stage, name: str, text: str) -> None:
    operation = next(it for it in OPERATIONS if it.name == name)
    member = "notes" if "notes" in operation.texts else "text"

    with rolled_back(), Unchanged():
        answer = ask(operation.who, "post", operation.path(day), {**operation.body(day), member: text})
        refused(answer, 400, field=member)


@pytest.mark.parametrize("text", LONG_ENOUGH.values(), ids=LONG_ENOUGH)
def test_a_text_at_the_limit_is_kept_whole(ask: Any, day: Stage, text: str) -> None:
    from unicodedata import normalize

    body = {"person": person(day), "subtopic": "PRO-REPAIR", "text": text + "."[: len(text) < 1500]}

    with rolled_back():
        answer = ask("operator", "post", "applications/", body)
        assert answer.status_code == 201, answer.content
        assert answer.json()["text"] == normalize("NFC", text.replace("\r\n", "\n")).strip()


@pytest.mark.parametrize(
    "fin", ["ABC", "5ABC12", "5ABC12DX", "5ABC1OD", "5ABC1ID", "5ABC12\n", "５ABC12D", "5ABC12Ə", "5 BC12D"]
)
def test_a_malformed_fin_is_refused_at_its_field(ask: Any, day: Stage, fin: str) -> None:
    with rolled_back(), Unchanged():
        refused(ask("operator", "post", "people/", {**PERSON, "fin": fin}), 400, field="fin")


@pytest.mark.parametrize(
    "number", ["", "123", "103", "*100#", "050 123", "+994", "abc", "+1", "٠٥٠", "9" * 39]
)
def test_a_malformed_telephone_is_refused_at_its_field(ask: Any, day: Stage, number: str) -> None:
    with rolled_back(), Unchanged():
        refused(ask("operator", "post", "people/", {**PERSON, "phones": [number]}), 400, field="phones")


@pytest.mark.parametrize(
    "day_of_birth", ["2199-01-01", "1899-12-31", "0000-00-00", "1990-02-30", "yesterday"]
)
def test_an_impossible_date_of_birth_is_refused(ask: Any, day: Stage, day_of_birth: str) -> None:
    with rolled_back(), Unchanged():
        answer = ask("operator", "post", "people/", {**PERSON, "birth_date": day_of_birth})
        refused(answer, 400, field="birth_date")


@pytest.mark.parametrize(
    "facts",
    [
        [],
        "text",
        5,
        None,
        {"Big": 1},
        {"a" * 41: 1},
        {"a b": 1},
        {"ключ": 1},
        {"": 1},
        {"a": {"b": 1}},
        {"a": [[1]]},
        {"a": [1]},
        {"a": 1.5},
        {"a": 10**9},
        {"a": 10**400},
        {"a": "x" * 301},
        {"a": ["x"] * 21},
        {"a": "b\0c"},
        {"a": "b\ud800"},
        {"a": ["b\u202e"]},
        {f"a{n}": 1 for n in range(41)},
        {"consents": True},
        {"consents": "YASHAT"},
        {"consents": 5},
        {"complained_about": ["MOH"]},
        {"complained_about": 5},
        {"complained_about": True},
    ],
    ids=lambda facts: json.dumps(facts)[:30],
)
def test_facts_are_few_flat_and_of_their_kind(ask: Any, day: Stage, facts: Any) -> None:
    body = {"person": person(day), "subtopic": "PRO-REPAIR", "text": "Protez", "facts": facts}

    with rolled_back(), Unchanged():
        answer = ask("operator", "post", "applications/", raw(body))
        if facts is not None:
            refused(answer, 400, field="facts")
        preview = ask("operator", "post", "routing/preview/", raw({"subtopic": "PRO-REPAIR", "facts": facts}))
        if facts is not None:
            refused(preview, 400, field="facts")
        assert answer.status_code < 500 > preview.status_code


# References ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["NOBODY", "mlspp", "", "M" * 33, "1 OR 1=1", "MOH\u200b"])
def test_an_unknown_code_is_refused_at_its_field(ask: Any, day: Stage, code: str) -> None:
    asked = [
        (it, member)
        for it in OPERATIONS
        for member in it.codes
        if member not in ("district", "suggested_unit")
    ]
    assert len(asked) >= 8

    with rolled_back(), Unchanged():
        for operation, member in asked:
            body = {**operation.body(day), member: code}
            refused(ask(operation.who, operation.method, operation.path(day), body), 400, field=member)


def test_a_closed_unit_gets_no_work(ask: Any, day: Stage) -> None:
    from agencies.models import Unit

    with rolled_back():
        Unit.objects.filter(pk="TABIB").update(active=False)
        with Unchanged():
            triage = next(it for it in OPERATIONS if it.name == "triage")
            refused(ask("operator", "post", triage.path(day), triage.body(day)), 400, field="lead")
            reject = next(it for it in OPERATIONS if it.name == "reject")
            answer = ask(reject.who, "post", reject.path(day), reject.body(day))
            refused(answer, 400, field="suggested_unit")


def test_the_same_partner_twice_is_asked_once(ask: Any, day: Stage) -> None:
    triage = next(it for it in OPERATIONS if it.name == "triage")

    with rolled_back():
        body = {"lead": "TABIB", "joint": ["MOH", "MOH", "TABIB"]}
        answer = ask("operator", "post", triage.path(day), body)
        assert answer.status_code == 200, answer.content
        assert sorted(row["unit"] for row in answer.json()["referrals"]) == ["MOH", "TABIB"]


def test_a_referral_of_another_application_cannot_be_disputed(ask: Any, day: Stage) -> None:
    path = f"applications/{day.applications['answered'].pk}/dispute/"

    with rolled_back(), Unchanged():
        body = {"text": "Yox.", "referral": str(day.referrals["of MOH"].pk)}
        refused(ask("operator", "post", path, body), 400, field="referral")


# Versions --------------------------------------------------------------------------------------------------


def test_a_stale_version_is_told_with_both(ask: Any, day: Stage) -> None:
    versioned = [it for it in OPERATIONS if "version" in it.numbers]
    assert len(versioned) >= 15

    with rolled_back(), Unchanged():
        for operation in versioned:
            body = {**operation.body(day), "version": 999}
            answer = ask(operation.who, operation.method, operation.path(day), body)
            found = refused(answer, 409, code="stale_version")
            assert found["yours"] == 999, operation.name
            assert 1 <= found["current"] < 50


@pytest.mark.parametrize("form", ["{}", '"{}"', 'W/"{}"', ' "{}" '])
def test_if_match_is_the_version_in_its_usual_forms(ask: Any, day: Stage, form: str) -> None:
    path = f"referrals/{day.referrals['of DTSERA'].pk}/claim/"

    with rolled_back():
        refused(ask("worker of DTSERA", "post", path, {}, HTTP_IF_MATCH=form.format(7)), 409)
        assert ask("worker of DTSERA", "post", path, {}, HTTP_IF_MATCH=form.format(1)).status_code == 200


@pytest.mark.parametrize("value", ['"abc"', '"1", "2"', "-1", "1.0", "1" * 40, "0x1", "²", "\x00"])
def test_an_if_match_that_is_no_version_is_refused(ask: Any, day: Stage, value: str) -> None:
    path = f"referrals/{day.referrals['of DTSERA'].pk}/claim/"

    with rolled_back(), Unchanged():
        refused(ask("worker of DTSERA", "post", path, {}, HTTP_IF_MATCH=value), 400, field="If-Match")


# Idempotency keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["k" * 121, "k\x07", "k\x00", "k\n", "\x7f", "k\u2028"], ids=repr)
def test_a_key_that_cannot_be_one_is_refused(ask: Any, day: Stage, key: str) -> None:
    with rolled_back(), Unchanged():
        answer = ask("operator", "post", "people/", {**PERSON}, HTTP_IDEMPOTENCY_KEY=key)
        refused(answer, 400, field="Idempotency-Key")


def test_a_key_belongs_to_one_request(ask: Any, day: Stage) -> None:
    with rolled_back():
        first = ask("operator", "post", "people/", {**PERSON}, HTTP_IDEMPOTENCY_KEY="k")
        with Unchanged():
            again = ask("operator", "post", "people/", {**PERSON}, HTTP_IDEMPOTENCY_KEY="k")
            other = {**PERSON, "given_name": "Leyla", "fin": None}
            answer = ask("operator", "post", "people/", other, HTTP_IDEMPOTENCY_KEY="k")
            refused(answer, 422, code="idempotency_key_reused")

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()


def test_a_key_is_its_owners(ask: Any, day: Stage) -> None:
    other = {**PERSON, "given_name": "Leyla", "fin": None}
    with rolled_back():
        first = ask("operator", "post", "people/", {**PERSON}, HTTP_IDEMPOTENCY_KEY="k")
        hers = ask("operator of another shift", "post", "people/", other, HTTP_IDEMPOTENCY_KEY="k")

        assert hers.status_code == 201
        assert hers.json()["id"] != first.json()["id"]


def test_a_refused_request_does_not_use_up_its_key(ask: Any, day: Stage) -> None:
    with rolled_back():
        refused(ask("operator", "post", "people/", {**PERSON, "fin": "1"}, HTTP_IDEMPOTENCY_KEY="k"), 400)
        assert ask("operator", "post", "people/", {**PERSON}, HTTP_IDEMPOTENCY_KEY="k").status_code == 201


def test_the_same_call_for_the_next_one_hands_out_one_referral(ask: Any, day: Stage) -> None:
    """A lost answer is asked again; without the key's memory the worker would hold two."""
    with rolled_back():
        first = ask("front desk of MLSPP", "post", "queues/MLSPP/next/", {}, HTTP_IDEMPOTENCY_KEY="k")
        with Unchanged():
            again = ask("front desk of MLSPP", "post", "queues/MLSPP/next/", {}, HTTP_IDEMPOTENCY_KEY="k")

        assert (first.status_code, again.status_code) == (200, 200), first.content
        assert first.json()["id"] == again.json()["id"]


# HTTP ------------------------------------------------------------------------------------------------------


@WRITING
def test_another_content_type_is_refused(ask: Any, day: Stage, operation: Operation) -> None:
    kinds = ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data")
    with rolled_back(), Unchanged():
        for kind in kinds:
            answer = ask(operation.who, operation.method, operation.path(day), b"a=1", content_type=kind)
            refused(answer, 415, code="unsupported_media_type")


BROKEN = {
    "cut off": b'{"text": "a',
    "no JSON": b"text=a",
    "single quotes": b"{'text': 'a'}",
    "two values": b"{} {}",
    "NaN": b'{"version": NaN}',
    "Infinity": b'{"version": -Infinity}',
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"text": "a"}',
    "a raw control character": b'{"text": "a\x00b"}',
    "a hundred thousand brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 40_000,
    "an integer of 5000 digits": b'{"version": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_refused(ask: Any, day: Stage, body: bytes) -> None:
    with rolled_back(), Unchanged():
        for operation in OPERATIONS[:3] + OPERATIONS[-3:]:
            refused(ask(operation.who, operation.method, operation.path(day), body), 400)


@WRITING
def test_a_member_that_stands_twice_is_refused(ask: Any, day: Stage, operation: Operation) -> None:
    """Two readers would read two different requests."""
    honest = {**operation.body(day)} or {"version": 1}
    member = next(iter(honest))
    twice = raw(honest)[:-1] + f", {json.dumps(member)}: {json.dumps(honest[member])}".encode() + b"}"
    assert json.loads(twice) == honest

    with rolled_back(), Unchanged():
        refused(ask(operation.who, operation.method, operation.path(day), twice), 400, code="parse_error")


def test_a_huge_body_is_refused_before_it_is_read(ask: Any, day: Stage) -> None:
    body = raw({**PERSON, "address": "x" * 300_000})

    with rolled_back(), Unchanged():
        for key in ({}, {"HTTP_IDEMPOTENCY_KEY": "k"}):
            refused(ask("operator", "post", "people/", body, **key), 413, code="too_large")


API = [route for route in routes() if route.is_api]


def some(route: Route, day: Stage) -> str:
    path = "/" + re.sub("<uuid:[a-z]+>", GHOST, route.path).replace("<path:rest>", "nowhere")
    path = path.replace("<int:number>", "1")
    return path.replace("<str:unit>", "MLSPP").replace("<str:topic>", "board").replace("<str:kind>", "units")


@pytest.mark.parametrize("route", API, ids=lambda route: route.path)
def test_a_method_that_does_not_exist_is_405(ask: Any, day: Stage, route: Route) -> None:
    bound = {method for other in API if other.path == route.path for method, _verb in other.verbs}
    absent = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - bound
    assert absent

    with rolled_back(), Unchanged():
        for method in absent:
            answer = ask("supervisor", method, some(route, day), b"{}")
            refused(answer, 405, code="method_not_allowed")
            assert answer.headers["Allow"]
            refused(ask("nobody", method, some(route, day), b"{}"), 401)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing/",
        "people/not-an-id/",
        "people/5/",
        "applications/%00/",
        f"applications/{GHOST}/nothing/",
        f"applications/{GHOST}/../../people/",
        f"applications/{GHOST.upper()}/",
        "referrals/1%20OR%201=1/claim/",
        f"referrals/{GHOST}/claim/now/",
        "reference/passwords/",
        "live/queue:NOBODY/",
        "live/%F0%9F%99%8F/",
        "live/application:1/",
        "queues/%00/next/",
        "a/" * 500,
    ],
)
def test_an_address_that_is_none_answers_like_every_refusal(ask: Any, day: Stage, path: str) -> None:
    with rolled_back(), Unchanged():
        refused(ask("operator", "get", path), 404, 405)
        refused(ask("operator", "post", path, {}), 404, 405)
        refused(ask("nobody", "get", path), 401)


def test_nobody_talks_a_method_into_another(ask: Any, day: Stage) -> None:
    with rolled_back(), Unchanged():
        for header in ("HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_X_METHOD_OVERRIDE"):
            assert ask("operator", "get", "people/", **{header: "POST"}).status_code == 200
        refused(ask("operator", "post", "people/?_method=GET", {}), 400)


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=0.1", "nonsense"])
def test_what_cannot_be_answered_in_the_wanted_form_is_refused(ask: Any, day: Stage, accept: str) -> None:
    refused(ask("operator", "get", "applications/", HTTP_ACCEPT=accept), 406)


def test_there_is_no_other_format_behind_a_parameter(ask: Any, day: Stage) -> None:
    for form in ("api", "html", "xml", "admin"):
        refused(ask("operator", "get", f"applications/?format={form}"), 404)


# Questions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("applications/?state=lost", "state"),
        ("applications/?state=%00", "state"),
        ("applications/?person=5", "person"),
        ("applications/?person=%00", "person"),
        ("referrals/?state=lost", "state"),
        ("referrals/?unit=NOBODY", "unit"),
        ("referrals/?unit=%00", "unit"),
        (f"referrals/?unit={'M' * 5000}", "unit"),
        ("referrals/?assignee=%00", "assignee"),
        (f"referrals/?assignee={'u' * 151}", "assignee"),
        ("referrals/?assignee=a%E2%80%AEb", "assignee"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(ask: Any, day: Stage, path: str, field: str) -> None:
    refused(ask("operator", "get", path), 400, field=field)


def cursor(text: str) -> str:
    return quote(base64.b64encode(text.encode()).decode())


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "%FF",
        "a" * 5000,
        cursor("p=x"),
        cursor("p=2026-13-45"),
        cursor("p=2026-01-01"),
        cursor("p=%00"),
        cursor("p=2026-01-01T00:00:00\0"),
        cursor("o=-1"),
        cursor("o=x"),
        cursor("r=1&p='; DROP TABLE people_person; --"),
        "%C9%99",
    ],
)
@pytest.mark.parametrize("path", ["applications/", "referrals/", "escalations/"])
def test_a_cursor_from_elsewhere_is_refused(ask: Any, day: Stage, path: str, value: str) -> None:
    answer = ask("supervisor", "get", f"{path}?cursor={value}")

    refused(answer, 400, code="bad_cursor", field="cursor")


@pytest.mark.parametrize("size", ["0", "-1", "1000000000", "x", "", "1.5", "%00", "9" * 4500, "٣"])
def test_a_page_has_at_most_two_hundred_rows_whatever_is_asked(ask: Any, day: Stage, size: str) -> None:
    for path in ("applications/", "referrals/", "escalations/"):
        answer = ask("supervisor", "get", f"{path}?page_size={size}")
        assert answer.status_code == 200, answer.content
        assert 0 < len(answer.json()["results"]) <= 200


@pytest.mark.parametrize(
    "q",
    [
        "%00",
        "%FF",
        "\u202e",
        "%",
        "_",
        "\\",
        "' OR 1=1",
        "x" * 10_000,
        "🙏",
        "(",
        "a b " * 500,
        "VET-2026-0",
        "+" * 50,
    ],
)
def test_the_search_box_survives_whatever_is_typed(ask: Any, day: Stage, q: str) -> None:
    answer = ask("operator", "get", f"people/?q={q if q.startswith('%') and len(q) == 3 else quote(q)}")

    assert answer.status_code in (200, 400), answer.content
    if answer.status_code == 200:
        assert isinstance(answer.json()["results"], list)


@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token x y",
        "Bearer x",
        "Basic eDp5",
        "Token " + "x" * 9000,
        "Token \xff",
        "Token \x00",
    ],
    ids=lambda header: repr(header[:12]),
)
def test_a_credential_that_is_none_is_401(ask: Any, day: Stage, header: str) -> None:
    answer = ask("nobody", "get", "applications/", HTTP_AUTHORIZATION=header)

    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_failure_of_the_server_has_the_same_shape(ask: Any, day: Stage, monkeypatch: Any) -> None:
    from callcenter import sight

    def fail(*_args: Any) -> None:
        raise RuntimeError("Həsənli Orxan")

    monkeypatch.setattr(sight, "application", fail)

    answer = ask("operator", "get", f"applications/{day.applications['prosthesis'].pk}/")

    refused(answer, 500, code="server_error")
    assert "Orxan" not in answer.content.decode()


def test_a_request_for_another_host_has_the_same_shape(ask: Any, day: Stage) -> None:
    refused(ask("operator", "get", "applications/", HTTP_HOST="evil.example"), 400, code="bad_request")


def test_a_refusal_says_nothing_about_the_machine(ask: Any, day: Stage) -> None:
    for answer in (
        ask("operator", "get", "people/not-an-id/"),
        ask("operator", "post", "people/", b"{"),
        ask("operator", "get", "applications/?cursor=x"),
        ask("nobody", "get", "applications/"),
    ):
        text = answer.content.decode()
        for word in ("Traceback", "psycopg", "django", "/site-packages", "Expecting", "line 1"):
            assert word not in text
