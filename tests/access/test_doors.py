"""The doors' own locks: signing in, the cookie, the token against forged forms, and what a page may load."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from access.models import Token, User
from access.roles import Role
from tests.access.routes import OWN_GUARD, routes
from tests.access.stage import Stage, addresses

pytestmark = pytest.mark.django_db

GHOST = "019f0000-0000-7000-8000-000000000000"
PASSWORD = "a-password-for-tests"
ROUTES = routes()
PAGES = [route for route in ROUTES if not route.is_api and not route.is_admin]
API = [(route, method) for route in ROUTES if route.is_api for method, _verb in route.verbs]


def anywhere(path: str) -> str:
    """An address of the route: of a record that does not exist where it wants one."""
    known = {
        "str:unit": "MLSPP",
        "str:topic": "queue:MLSPP",
        "str:kind": "agencies",
        "str:verb": "withdraw",
    }
    return "/" + re.sub(
        r"<([^>]+)>", lambda match: known.get(match[1], "1" if match[1].startswith("int:") else GHOST), path
    )


def sign_in(username: str, password: str, *, address: str = "10.0.0.7") -> Any:
    fields = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", fields)


# Signing in ------------------------------------------------------------------------------------------------


def test_five_wrong_passwords_shut_the_door_for_that_user_at_that_address_only(people_at_work: Any) -> None:
    answers = [sign_in("tabib", f"guess {n}").status_code for n in range(5)]

    assert answers == [200, 200, 200, 200, 429]
    locked = sign_in("tabib", PASSWORD)
    assert locked.status_code == 429, "the right password does not open a locked door"
    assert "sessionid" not in locked.cookies
    assert sign_in("yashat", PASSWORD).status_code == 302, "a colleague at the same address still gets in"
    assert sign_in("tabib", PASSWORD, address="10.0.0.8").status_code == 302


def test_four_wrong_passwords_and_the_right_one_start_the_count_anew(people_at_work: Any) -> None:
    for _round in range(2):
        assert [sign_in("tabib", "wrong").status_code for _n in range(4)] == [200] * 4
        assert sign_in("tabib", PASSWORD).status_code == 302


def test_a_wrong_name_and_a_wrong_password_are_told_alike(people_at_work: Any) -> None:
    def told(username: str) -> str:
        page = sign_in(username, "wrong").content.decode()
        return " ".join(re.sub(r"<[^>]*>", " ", page).split())

    assert told("tabib") == told("nobody-of-this-name")


def test_a_disabled_user_does_not_sign_in_and_an_open_session_ends(people_at_work: Any) -> None:
    client = Client()
    assert client.post("/sign-in/", {"username": "tabib", "password": PASSWORD}).status_code == 302
    assert client.get("/queue/TABIB/").status_code == 200

    User.objects.filter(pk=people_at_work.tabib.pk).update(is_active=False)

    assert client.get("/queue/TABIB/").status_code == 302
    assert client.get("/api/v1/referrals/").status_code == 401
    assert sign_in("tabib", PASSWORD).status_code == 200


def test_signing_in_leads_nowhere_else(people_at_work: Any) -> None:
    fields = {"username": "tabib", "password": PASSWORD, "next": "https://elsewhere.example/"}

    assert Client().post("/sign-in/", fields)["Location"] == "/"


def test_the_session_cookie_is_out_of_reach_of_scripts(people_at_work: Any) -> None:
    cookie = sign_in("tabib", PASSWORD).cookies["sessionid"]

    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert int(cookie["max-age"]) == settings.SESSION_COOKIE_AGE == 12 * 3600


def test_signing_in_changes_the_session_and_signing_out_ends_it(people_at_work: Any) -> None:
    client = Client()
    client.get("/sign-in/")
    before = client.session.session_key
    client.post("/sign-in/", {"username": "tabib", "password": PASSWORD})
    key = client.cookies["sessionid"].value
    assert key != before

    assert client.get("/sign-out/").status_code == 405, "a link from elsewhere signs nobody out"
    client.post("/sign-out/")
    client.cookies["sessionid"] = key
    assert client.get("/queue/TABIB/").status_code == 302


# Forged forms ----------------------------------------------------------------------------------------------


def test_a_session_without_the_forms_token_changes_nothing_through_the_api(people_at_work: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people_at_work.operator)

    for route, method in API:
        if method == "GET":
            continue
        answer = client.generic(method, anywhere(route.path), "{}", content_type="application/json")
        assert answer.status_code == 403, (method, route.path)
        assert answer["Content-Type"] == "application/problem+json", (method, route.path)

    client.get("/desk/")
    token = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert client.post("/api/v1/contacts/", {}, "application/json", headers=token).status_code == 201


def test_a_machines_token_needs_no_forms_token(people_at_work: Any) -> None:
    client = Client(
        enforce_csrf_checks=True, headers={"Authorization": f"Token {Token.issue(people_at_work.operator)}"}
    )

    assert client.post("/api/v1/contacts/", {}, "application/json").status_code == 201


def test_no_page_takes_a_form_without_its_token(people_at_work: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people_at_work.supervisor)

    for route in PAGES:
        answer = client.post(anywhere(route.path))
        assert answer.status_code in (403, 405), route.path


# Strangers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Token", "Token wrong", "Basic dGFiaWI6eA==", "Bearer x"])
def test_a_stranger_gets_401_with_a_problem_from_every_operation(reference: None, given: str) -> None:
    client = Client(headers={"Authorization": given} if given else {})

    for route, method in API:
        answer = client.generic(method, anywhere(route.path), "{}", content_type="application/json")
        assert answer.status_code == 401, (method, route.path)
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == "Token"
        body = answer.json()
        assert (body["status"], bool(body["code"]), bool(body["detail"])) == (401, True, True)


def test_a_stranger_is_led_from_every_page_to_the_one_door(reference: None) -> None:
    client = Client()

    for route in PAGES:
        if route.name in OWN_GUARD:
            continue
        address = anywhere(route.path)
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"] == f"/sign-in/?next={address}"


# What a page may load --------------------------------------------------------------------------------------


INLINE = re.compile(rb"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son[a-z]+=", re.I)


def strict(answer: Any) -> bool:
    policy = answer.headers.get("Content-Security-Policy", "")
    return (
        "default-src 'none'" in policy
        and "script-src 'self'" in policy
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and "*" not in policy
        and answer.headers.get("X-Frame-Options") == "DENY"
        and answer.headers.get("X-Content-Type-Options") == "nosniff"
    )


def test_every_page_forbids_what_it_does_not_bring_itself(day: Stage) -> None:
    """Whatever a role opens, also refusals: a strict policy, and nothing in the page against it."""
    opened = 0
    for role in (Role.SUPERVISOR, Role.AGENCY_ADMIN, Role.ADMINISTRATOR):
        client = Client()
        client.force_login(next(user for user in day.users.values() if user.role == role))
        for route in PAGES:
            for address, _record in addresses(day, route)[:2]:
                answer = client.get(address)
                assert strict(answer), (role, address)
                assert not INLINE.search(answer.content), (role, address, INLINE.search(answer.content))
                opened += answer.status_code == 200
    assert opened > 20
    assert strict(client.get("/no/such/page/"))
    assert strict(client.get("/admin/"))
    assert strict(Client().get("/api/v1/referrals/"))


def test_pages_of_people_are_not_kept_by_anybody_on_the_way(day: Stage) -> None:
    """A shared cache or the next person's back button must not show a case."""
    client = Client()
    client.force_login(day.users["operator"])

    for address in (f"/applications/{day.applications['prosthesis'].pk}/", f"/desk/people/{day.person.pk}/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "Cookie" in answer.headers.get("Vary", ""), address
