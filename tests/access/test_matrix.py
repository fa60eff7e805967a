"""Who may do what: every role before every operation on every kind of record, computed from the table.

The expectation is ``access.policy.POLICY`` and the three sentences of the contract: outside your
visibility is 404, visible but not allowed is 403, a door without credentials is 401. A denial
changes no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from access.models import User
from access.policy import Action
from access.roles import Role
from agencies.models import Agency, Unit
from routing import sheet
from routing.models import RuleSet
from tests.access.routes import OWN_GUARD, Route, routes
from tests.access.stage import STAFF, STRANGERS, TWINS, Stage, addresses, allows, grants, sees
from tests.rows import fingerprint

pytestmark = pytest.mark.django_db

API = {
    f"{route.name} {method}": (route, method, route.view.cls.actions[verb])
    for route in routes()
    if route.is_api and not route.name.startswith("nowhere")
    for method, verb in route.verbs
}
WORDS = {"text": "Sınaq sözləri."}
REASON = {"reason": "unreachable_citizen", **WORDS}

# What each operation is sent, so that nothing but rights can refuse it.
BODIES: dict[str, dict[str, Any]] = {
    "people-list POST": {"family_name": "Nümunəvi", "given_name": "Elçin"},
    "people-detail PATCH": {"address": "Bakı"},
    "contacts-list POST": {},
    "contacts-detail PATCH": {"notes": "Qeyd."},
    "contacts-finalise POST": {"disposition": "application_opened"},
    "applications-list POST": {"subtopic": "PRO-REPAIR", **WORDS},
    "applications-triage POST": {"lead": "TABIB", **WORDS},
    "applications-confirm POST": WORDS,
    "applications-dispute POST": WORDS,
    "applications-unreachable POST": WORDS,
    "applications-reopen POST": WORDS,
    "applications-withdraw POST": WORDS,
    "applications-annul POST": WORDS,
    "applications-extend POST": {"reason": "information_requested", **WORDS},
    "applications-contest POST": WORDS,
    "applications-settle POST": WORDS,
    "referrals-claim POST": {},
    "referrals-release POST": {},
    "referrals-accept POST": {},
    "referrals-start POST": {},
    "referrals-hold POST": {"reason": "waiting_citizen", **WORDS},
    "referrals-resume POST": {},
    "referrals-reject POST": {"reason": "not_ours", **WORDS},
    "referrals-complete POST": {"outcome": "provided", **WORDS},
    "referrals-fail POST": REASON,
    "referrals-cancel POST": {"reason": "no_longer_needed", **WORDS},
    "queue-next-api POST": {},
    "routing-preview POST": {"subtopic": "PRO-NEW"},
    "routing-suggest POST": {"text": "protez"},
    "rulesets-list POST": {"source": 1, "note": "Sınaq."},
    "rulesets-detail PUT": {"why": "Sınaq."},
    "rulesets-rehearse POST": {"days": 1},
    "rulesets-submit POST": {},
    "rulesets-send_back POST": {"why": "Sınaq."},
    "rulesets-publish POST": {},
    "rulesets-discard POST": {},
    "ruleset-sheet POST": {"why": "Sınaq."},
    "service-capacity-api POST": {"status": "full", "capacity": 5, "alert": "Təmir gedir."},
}
PLAIN = {"people-list", "contacts-list", "applications-list", "referrals-list", "schema"}
PLAIN |= {"routing-preview", "routing-suggest", "calendar-api", "escalations-api", "services-api"}
PLAIN |= {"rulesets-list", "ruleset-schema"}
LIVE: dict[str, tuple[Action, Any, str]] = {  # what a listener has to be allowed; a refused topic is 404
    "queue:MLSPP": (Action.QUEUE_VIEW, Unit, "MLSPP"),
    "queue:MLSPP.DTSERA": (Action.QUEUE_VIEW, Unit, "MLSPP.DTSERA"),
    "queue:TABIB": (Action.QUEUE_VIEW, Unit, "TABIB"),
    "queue:MOD": (Action.QUEUE_VIEW, Unit, "MOD"),
    "board:MLSPP": (Action.BOARD_VIEW, Agency, "MLSPP"),
    "board:TABIB": (Action.BOARD_VIEW, Agency, "TABIB"),
    "board": (Action.TRIAGE_VIEW, None, ""),  # of the whole house: the call centre's
    "desk:operator": (Action.PERSON_ADD, User, "operator"),  # one's own desk only
}


@dataclass(frozen=True)
class Cell:
    """One operation on one record."""

    operation: str
    path: str
    record: Any = None
    hidden_is_404: bool = True  # False: a refusal of the relation may come before the record is read
    firing: int | None = None

    def __str__(self) -> str:
        return f"{self.operation} {self.path}"


def cells(day: Stage) -> Iterator[Cell]:
    """The matrix without its rows: every operation on every record it takes. Fails on an unknown one."""
    for operation, (route, _method, _action) in API.items():
        base = "/" + route.path.replace("<str:", "<").replace("<uuid:", "<").replace("<int:", "<")
        if route.name in PLAIN:
            yield Cell(operation, base)
        elif route.name == "people-detail":
            yield Cell(operation, base.replace("<pk>", str(day.person.pk)), day.person)
        elif route.name in ("applications-contest", "applications-settle"):
            for late in day.breaches.values():
                path = base.replace("<pk>", str(late.clock.application_id))
                yield Cell(operation, path, late, firing=late.pk)
        elif "<pk>" in base:
            kind = route.name.split("-")[0]
            for row in getattr(day, kind).values():
                yield Cell(operation, base.replace("<pk>", str(row.pk)), row)
        elif "<number>" in base:
            for rules in day.rulesets.values():
                yield Cell(operation, base.replace("<number>", str(rules.pk)), rules)
        elif route.name == "service-capacity-api":
            for service in day.services.values():
                yield Cell(operation, base.replace("<service>", str(service.pk)), service)
        elif route.name == "queue-next-api":
            for code in ("MLSPP", "MLSPP.DTSERA", "TABIB", "DSKS"):
                yield Cell(operation, base.replace("<unit>", code), Unit.objects.get(pk=code))
        elif route.name in ("board-api", "forecast-api"):
            for code in ("MLSPP", "TABIB"):
                yield Cell(operation, f"{base}?agency={code}", Agency.objects.get(pk=code))
        elif route.name == "reference":
            for kind in ("agencies", "units", "topics", "regions", "reasons", "dispositions"):
                yield Cell(operation, base.replace("<kind>", kind))
        elif route.name == "live":
            for topic in LIVE:
                yield Cell(operation, base.replace("<topic>", topic))
            for row in day.applications.values():
                yield Cell(operation, base.replace("<topic>", f"application:{row.pk}"), row)
        else:
            raise AssertionError(f"the matrix does not know {operation}")


def expected(actor: Any, cell: Cell) -> int:
    """401, 403, 404, or 200 for "allowed"."""
    if isinstance(actor, str):
        return 401
    route, _method, action = API[cell.operation]
    if not grants(actor, action):
        return 403
    topic = cell.path.rstrip("/").rpartition("/")[2] if route.name == "live" else ""
    if topic in LIVE:
        wanted, kind, code = LIVE[topic]
        if kind is User:
            return 200 if actor.username == code and grants(actor, wanted) else 404
        record = kind.objects.get(pk=code) if kind else None
        return 200 if sees(actor, record) and allows(actor, wanted, record) else 404
    if not sees(actor, cell.record):
        return 404
    if route.name == "forecast-api":  # a forecast names applications: of another agency there is none
        return 200 if allows(actor, action, cell.record) else 404
    if route.name == "referrals-release":  # one's own, or what only who leads may even try
        own = cell.record.assignee_id == actor.pk
        action = Action.REFERRAL_WORK if own else Action.REFERRAL_RELEASE_ANY
    return 200 if allows(actor, action, cell.record) else 403


def caller(day: Stage, name: str) -> APIClient:
    client = APIClient()
    if day.secrets[name]:
        client.credentials(HTTP_AUTHORIZATION=f"Token {day.secrets[name]}")
    return client


@cache
def workbook(digest: str) -> bytes:
    """The rules of this digest as people edit them."""
    row = RuleSet.objects.filter(digest=digest).first()
    assert row is not None
    return sheet.write(row.document, {})


def knock(day: Stage, client: APIClient, cell: Cell, before: Any) -> tuple[int, bool]:
    """Ask; return the status and whether a refusal changed any row. Nothing stays."""
    body = {**BODIES.get(cell.operation, {})}
    if cell.operation == "applications-list POST":
        body["person"] = str(day.person.pk)
    if cell.firing is not None:
        body["firing"] = cell.firing
    form = "json"
    if cell.operation == "rulesets-detail PUT":
        body["document"] = cell.record.document
    if cell.operation == "ruleset-sheet POST":
        form, body["file"] = "multipart", SimpleUploadedFile("rules.xlsx", workbook(cell.record.digest))
    method = API[cell.operation][1].lower()
    with transaction.atomic():
        answer = getattr(client, method)(cell.path, *([] if method == "get" else [body]), format=form)
        changed = answer.status_code >= 400 and fingerprint() != before
        transaction.set_rollback(True)
    return answer.status_code, changed


def allowed(status: int) -> bool:
    """The rights were there; the record's state may still have refused it."""
    return status in (200, 201, 204, 409)


@pytest.mark.parametrize("name", [*STAFF, *STRANGERS])
def test_each_role_may_do_exactly_what_the_table_says(day: Stage, name: str) -> None:
    asked = thin(cells(day)) if name in TWINS else list(cells(day))

    assert wrongs(day, name, asked) == []

    seen = Counter(expected(actor_of(day, name), cell) for cell in asked)
    assert set(seen) == {401} if name in STRANGERS else {200, 403} <= set(seen)
    print(f"{len(asked)} cells of the API as {name}: {dict(seen)}")


def thin(asked: Iterable[Cell]) -> list[Cell]:
    """Every operation on at most two records."""
    by_operation: dict[str, list[Cell]] = {}
    for cell in asked:
        by_operation.setdefault(cell.operation, []).append(cell)
    return [cell for row in by_operation.values() for cell in row[:2]]


def actor_of(day: Stage, name: str) -> Any:
    return day.users[name] if name in STAFF else name


def wrongs(day: Stage, name: str, asked: Iterable[Cell]) -> list[str]:
    """The cells that answer otherwise than the table says."""
    wrong, actor, client, before = [], actor_of(day, name), caller(day, name), fingerprint()
    for cell in asked:
        status, changed = knock(day, client, cell, before)
        wanted = expected(actor, cell)
        if changed or (status != wanted and not (wanted == 200 and allowed(status))):
            wrong.append(f"{cell}: {status}, not {wanted}" + (" and it changed rows" if changed else ""))
    return wrong


def test_the_matrix_has_an_entry_for_every_operation(day: Stage) -> None:
    walked = {cell.operation for cell in cells(day)}

    assert walked == set(API)
    assert {name for name, (_r, method, _a) in API.items() if method != "GET"} == set(BODIES)


def test_what_is_hidden_answers_exactly_like_what_does_not_exist(day: Stage) -> None:
    """Same status, same words, same headers: knocking tells nothing."""
    client = caller(day, "worker of TABIB")
    ghost = "019f0000-0000-7000-8000-000000000000"

    for path, hidden in (
        ("applications/{}/", day.applications["prosthesis"].pk),
        ("applications/{}/timeline/", day.applications["prosthesis"].pk),
        ("applications/{}/why/", day.applications["prosthesis"].pk),
        ("applications/{}/clocks/", day.applications["prosthesis"].pk),
        ("referrals/{}/", day.referrals["of DTSERA"].pk),
        ("referrals/{}/clocks/", day.referrals["of DTSERA"].pk),
        ("live/application:{}/", day.applications["prosthesis"].pk),
    ):
        there, nowhere = (client.get(f"/api/v1/{path.format(pk)}") for pk in (hidden, ghost))
        assert there.status_code == nowhere.status_code == 404, path
        assert there.content == nowhere.content, path
        assert there.headers == nowhere.headers, path
    claim, no_claim = (
        client.post(f"/api/v1/referrals/{pk}/claim/", {}, format="json")
        for pk in (day.referrals["of DTSERA"].pk, ghost)
    )
    assert (claim.status_code, claim.content) == (404, no_claim.content)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_an_address_that_is_none_is_refused_to_all_alike(day: Stage, method: str) -> None:
    for name in STAFF:
        answer = getattr(caller(day, name), method)("/api/v1/no/such/thing/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), name


def test_lists_hold_only_what_the_role_sees(day: Stage) -> None:
    for name in STAFF:
        client, actor = caller(day, name), day.users[name]
        for path, rows in (("applications", day.applications), ("referrals", day.referrals)):
            answer = client.get(f"/api/v1/{path}/?page_size=200")
            if answer.status_code == 403:
                assert actor.role == Role.ADMINISTRATOR
                continue
            listed = {row["id"] for row in answer.json()["results"]}
            for label, row in rows.items():
                assert (str(row.pk) in listed) == sees(actor, row), (name, label)


# Pages ---------------------------------------------------------------------------------------------------

PAGES = [route for route in routes() if not route.is_api and not route.is_admin]
GUARDED = [route for route in PAGES if route.name not in OWN_GUARD]


@pytest.mark.parametrize("name", [name for name in STAFF if name not in TWINS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_each_role_opens_exactly_the_pages_of_the_table(day: Stage, name: str, method: str) -> None:
    actor, client, wrong, asked = day.users[name], Client(), [], 0
    client.force_login(actor)
    before = fingerprint()
    form = {"subtopic": "PRO-REPAIR", "text": "Sınaq sözləri."} if method == "post" else {}
    call = day.contacts["of the operator"]  # the desk's forms belong to a conversation
    if method == "post" and sees(actor, call):
        form["contact"] = str(call.pk)

    for route in GUARDED:
        for address, record in addresses(day, route):
            asked += 1
            with transaction.atomic():
                answer = getattr(client, method)(address, form)
                changed = answer.status_code in (403, 404) and fingerprint() != before
                transaction.set_rollback(True)
            if changed or not page_verdict(actor, route, record, answer.status_code):
                wrong.append(f"{method} {address}: {answer.status_code}" + (" changed rows" * changed))

    assert wrong == []
    print(f"{asked} cells of the pages by {method} as {name}")


def page_verdict(actor: Any, route: Route, record: Any, status: int) -> bool:
    """Is this status right for this actor, page and record?"""
    if status == 405 or (route.name == "home" and status == 302):
        return True
    if not grants(actor, route.view.action):
        return status == 403
    if not sees(actor, record) or (route.name == "referral-row" and not sees(actor, record.unit)):
        return status == 404
    return status in (200, 204, 302, 303, 400, 403, 409, 422)


@pytest.mark.parametrize("name", STRANGERS[:2])
@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_opens_for_a_stranger(day: Stage, name: str, method: str) -> None:
    client = Client()
    if name == "disabled user":
        client.force_login(day.users["disabled user"])

    for route in GUARDED:
        for address, _record in addresses(day, route):
            answer = getattr(client, method)(address)
            shut = answer.status_code == 302 and answer["Location"].startswith("/sign-in/")
            assert shut or answer.status_code == 405, address
