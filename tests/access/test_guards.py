"""The tests of access can fail: each guard is taken away in turn, and a few cells of the matrix notice.

A guard whose loss nobody notices is either not needed or not tested; both are worth knowing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from access import disclosure, permissions, visibility
from access.disclosure import EVERYTHING
from access.policy import POLICY, Action, Grant
from access.roles import Role
from agencies.models import Referral, Unit
from callcenter import admin, sight
from callcenter.api.authentication import SessionAuthentication, TokenAuthentication
from callcenter.api.permissions import Declared
from callcenter.live import topics
from intake.models import Application, Contact
from people.models import Person
from tests.access.stage import Stage
from tests.access.test_matrix import Cell, caller, cells, thin, wrongs

pytestmark = pytest.mark.django_db

PACKAGES = ("access", "agencies", "callcenter", "feedback", "intake", "people", "routing", "sla", "workflows")
# A shard of the matrix: who asks, for what, and about which records of the day.
ASKED = {
    "operator": (("applications-annul POST", "referrals-claim POST", "contacts-detail PATCH"), ()),
    "clinician": (
        ("applications-detail GET", "referrals-detail GET", "people-list POST"),
        ("proposal", "of MOH"),
    ),
    "administrator": (("applications-list GET", "people-list GET"), ()),
    "worker of YASHAT": (("applications-detail GET", "referrals-detail GET"), ("proposal", "of DTSERA")),
    "administrator of TABIB": (
        ("referrals-claim POST", "board-api GET", "queue-next-api POST", "live GET"),
        ("of DTSERA", "prosthesis"),
    ),
    "nobody": (("applications-list GET",), ()),
    "revoked token": (("referrals-list GET",), ()),
}
WORDS = "Kömək lazımdır."  # the citizen's, in every application of the day
ANSWER = "Gilz dəyişdirilir."


def noticed(day: Stage) -> list[str]:
    """What the shard of the matrix and of the canary says is wrong."""
    found, every = leaks(day), list(cells(day))
    known = {**day.applications, **day.referrals}
    for name, (operations, labels) in ASKED.items():
        about = [known[label].pk for label in labels]
        asked = [
            cell
            for cell in every
            if cell.operation in operations and (not about or _key(cell) in about or _key(cell) is None)
        ]
        assert asked, (name, operations)
        found += [f"{name}: {wrong}" for wrong in wrongs(day, name, thin(asked))]
    return found


def _key(cell: Cell) -> Any:
    """The case a cell is about; None for a queue, a board or a list."""
    return cell.record.pk if isinstance(cell.record, Application | Referral | Contact) else None


def leaks(day: Stage) -> list[str]:
    """Health details of the prosthesis where YAŞAT looks, in the API and on its pages; others' pages."""
    part, whole = day.referrals["of YASHAT"], day.applications["prosthesis"]
    found = []
    with transaction.atomic():
        front = caller(day, "worker of DTSERA")
        done = {"outcome": "provided", "text": ANSWER}
        front.post(f"/api/v1/referrals/{day.referrals['of DTSERA'].pk}/complete/", done, format="json")
        machine, browser = caller(day, "worker of YASHAT"), Client()
        browser.force_login(day.users["worker of YASHAT"])
        read: list[Any] = [
            machine.get(f"/api/v1/{path}") for path in (f"applications/{whole.pk}/", "applications/")
        ]
        read += [machine.get(f"/api/v1/applications/{whole.pk}/timeline/")]
        read += [browser.get(f"/referrals/{part.pk}/"), browser.get(f"/applications/{whole.pk}/")]
        for answer in read:
            text = answer.content.decode()
            found += [f"YASHAT reads {word!r}" for word in (WORDS, ANSWER) if word in text]
        closed = ("/confirmations/", "/admin/", "/desk/")
        found += [f"YASHAT opens {place}" for place in closed if browser.get(place).status_code == 200]
        transaction.set_rollback(True)
    return found


@dataclass(frozen=True)
class Weakened:
    """One guard taken away."""

    name: str
    how: Callable[[pytest.MonkeyPatch], None]

    def __str__(self) -> str:
        return self.name


def instead(original: Any, substitute: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """Put something else in the place of a function in every module that took it by name."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        places = 0
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] not in PACKAGES:
                continue
            for attribute, value in list(vars(module).items()):
                if value is original:
                    monkeypatch.setattr(module, attribute, substitute)
                    places += 1
        assert places, f"{original} is used nowhere"

    return patch


def always(owner: Any, method: str, value: Any = True) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(owner, method, lambda *given, **named: value)


def granted(action: Action) -> Callable[[pytest.MonkeyPatch], None]:
    """The action for every role, in whatever relation."""
    return lambda monkeypatch: monkeypatch.setitem(POLICY, action, (Grant(frozenset(Role)),))


def any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_user(self: TokenAuthentication, request: Any) -> Any:
        from access.models import Token

        known = Token.objects.select_related("user").filter(digest=Token.hash(_secret(request))).first()
        return (known.user, known) if known else None

    monkeypatch.setattr(TokenAuthentication, "authenticate", first_user)


def _secret(request: Any) -> str:
    return str(request.headers.get("Authorization", "")).partition(" ")[2]


WEAKENED = [
    Weakened("every referral is seen", instead(visibility.referrals_for, lambda a: Referral.objects.all())),
    Weakened("every application", instead(visibility.applications_for, lambda a: Application.objects.all())),
    Weakened("every unit", instead(visibility.units_for, lambda a: Unit.objects.all())),
    Weakened("everybody works everywhere", instead(visibility.works_in, lambda a, u: True)),
    Weakened("nothing is required", instead(permissions.require, lambda a, action, record=None: None)),
    Weakened("everything may be done", instead(permissions.may, lambda a, action, record=None: True)),
    Weakened("every field is readable", instead(disclosure.readable, lambda a, row, rows: EVERYTHING)),
    Weakened("every answer is readable", instead(disclosure.reads_answer, lambda a, row: True)),
    Weakened("the API needs no declaration", always(Declared, "has_permission")),
    Weakened("anybody listens to anything", instead(topics._may_listen, lambda actor, topic: True)),
    Weakened("the administrators' site is open", always(admin.DayaqAdmin, "has_permission")),
    Weakened("a revoked token still counts", any_token),
]


def test_with_every_guard_in_place_the_shard_finds_nothing(day: Stage) -> None:
    assert noticed(day) == []


@pytest.mark.parametrize("weakened", WEAKENED, ids=str)
def test_a_guard_taken_away_is_noticed(
    day: Stage, weakened: Weakened, monkeypatch: pytest.MonkeyPatch
) -> None:
    weakened.how(monkeypatch)

    found = noticed(day)

    assert found, f"{weakened}: nobody noticed"
    print(f"{weakened}: {len(found)} noticed, such as {found[0]}")


def test_two_guards_stand_before_people_and_contacts(day: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table and the visibility say the same of them: either alone holds."""
    worker = caller(day, "worker of YASHAT")
    places = [f"/api/v1/people/{day.person.pk}/", f"/api/v1/contacts/{day.contacts['of the operator'].pk}/"]
    assert [worker.get(place).status_code for place in places] == [403, 403]

    with monkeypatch.context() as without_the_table:
        always(Declared, "has_permission")(without_the_table)
        assert [worker.get(place).status_code for place in places] == [404, 404]

    instead(visibility.people_for, lambda actor: Person.objects.all())(monkeypatch)
    instead(visibility.contacts_for, lambda actor: Contact.objects.all())(monkeypatch)
    assert [worker.get(place).status_code for place in places] == [403, 403]
    always(Declared, "has_permission")(monkeypatch)
    assert [worker.get(place).status_code for place in places] == [200, 200], "and without both none does"


def test_a_grant_too_many_in_the_table_is_the_tables_own_word(day: Stage, monkeypatch: Any) -> None:
    """The matrix follows the table. Visibility does not: a grant alone opens no foreign record."""
    for action in Action:
        granted(action)(monkeypatch)
    found = noticed(day)

    assert not [wrong for wrong in found if "not 404" in wrong]


def test_the_session_door_checks_forged_forms() -> None:
    """The one guard the framework brings: it must not have been replaced by one without the check."""
    assert SessionAuthentication.enforce_csrf is SessionAuthentication.__mro__[1].enforce_csrf
    assert sight.reads_note is disclosure.reads_note
