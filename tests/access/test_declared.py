"""Nothing is reachable that does not say what it needs: the resolver is walked, not a list of routes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from access.permissions import may
from access.policy import POLICY, Action
from access.roles import Role
from tests.access.routes import ADMIN, OWN_GUARD, Route, routes
from tests.conftest import ROOT

ROUTES = routes()
API = [(route, method, verb) for route in ROUTES if route.is_api for method, verb in route.verbs]
PAGES = [route for route in ROUTES if not route.is_api and not route.is_admin]


def test_the_walk_finds_the_whole_house() -> None:
    names = {route.name for route in ROUTES}

    assert {"people-list", "applications-triage", "referrals-claim", "live", "schema", "board-api"} <= names
    assert {"desk", "queue", "referral-act", "application-act", "board", "login"} <= names
    assert len(API) >= 30


@pytest.mark.parametrize(
    ("route", "method", "verb"), API, ids=[f"{method} {route.path}" for route, method, _ in API]
)
def test_every_api_operation_declares_an_action_of_the_table(route: Route, method: str, verb: str) -> None:
    declared = route.view.cls.actions

    assert isinstance(declared.get(verb), Action), f"{method} {route.path} declares nothing"


@pytest.mark.parametrize("view", sorted({r.view.cls for r, *_ in API}, key=str), ids=lambda v: v.__name__)
def test_no_resource_declares_an_operation_that_does_not_exist(view: Any) -> None:
    """A stale line in ``actions`` would one day open a verb that somebody adds under its name."""
    known = {verb for route, _method, verb in API if route.view.cls is view}

    assert set(view.actions) == known


@pytest.mark.parametrize("route", PAGES, ids=[route.path or "/" for route in PAGES])
def test_every_page_declares_an_action_or_is_one_of_the_few_public_ones(route: Route) -> None:
    declared = getattr(route.view, "action", None)

    if route.name in OWN_GUARD:
        assert declared is None
    else:
        assert isinstance(declared, Action), f"/{route.path} declares nothing"


def test_the_few_public_routes_are_exactly_these() -> None:
    assert {route.name for route in PAGES if not hasattr(route.view, "action")} == set(OWN_GUARD)


def test_every_action_stands_in_the_table_and_every_row_of_it_is_an_action() -> None:
    assert set(POLICY) == set(Action)
    assert all(grants for grants in POLICY.values())


def test_every_action_of_the_table_is_asked_for_somewhere() -> None:
    """An action nobody asks for protects nothing: its guard was lost, or was never built."""
    asked = {route.view.cls.actions[verb] for route, _method, verb in API}
    asked |= {route.view.action for route in PAGES if hasattr(route.view, "action")}
    sources = "".join(
        path.read_text()
        for folder in ("callcenter", "workflows", "access")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "policy.py"
    )
    named = {Action[name] for name in re.findall(r"Action\.([A-Z_]+)\b", sources)}

    assert set(Action) == asked | named


class Forgotten(APIView):
    """A view whose author forgot to say what it needs."""

    def get(self, request: Any) -> Response:
        return Response({"secret": True})


class HalfForgotten(Forgotten):
    """A view that declares reading only, and can write as well."""

    actions = {"GET": Action.REFERENCE_VIEW}

    def post(self, request: Any) -> Response:
        return Response({"written": True})


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_what_is_not_declared_is_denied_to_every_role(people_at_work: Any, role: Role) -> None:
    actor = next(user for user in people_at_work.users.values() if user.role == role)

    def ask(view: Any, method: str) -> Any:
        request = getattr(APIRequestFactory(), method)("/")
        force_authenticate(request, actor)
        return view.as_view()(request)

    assert ask(Forgotten, "get").status_code == 403
    assert ask(HalfForgotten, "post").status_code == 403
    assert ask(HalfForgotten, "get").status_code == 200


@pytest.mark.django_db
def test_an_action_that_is_not_in_the_table_is_denied(people_at_work: Any, monkeypatch: Any) -> None:
    monkeypatch.delitem(POLICY, Action.PEOPLE_SEARCH)

    assert not may(people_at_work.operator, Action.PEOPLE_SEARCH)
    assert not may(people_at_work.supervisor, Action.PEOPLE_SEARCH)


@pytest.mark.django_db
def test_the_administrators_site_is_closed_to_everybody_else(people_at_work: Any) -> None:
    places = [
        f"/{route.path}"
        for route in ROUTES
        if route.path.startswith(ADMIN) and not route.converters and "(" not in route.path
    ]
    places = [place for place in places if not place.endswith(("login/", "logout/"))]
    assert len(places) > 20

    for role in set(Role) - {Role.ADMINISTRATOR}:
        client = Client()
        client.force_login(next(user for user in people_at_work.users.values() if user.role == role))
        for place in places:
            assert client.get(place).status_code in (302, 403), (role, place)


def test_no_page_of_the_engine_is_reachable() -> None:
    """Its stock pages check a model permission and no visibility: 105 patterns for three small flows."""
    modules = {getattr(route.view, "__module__", "") for route in ROUTES}
    modules |= {getattr(getattr(route.view, "view_class", None), "__module__", "") for route in ROUTES}
    modules |= {getattr(getattr(route.view, "cls", None), "__module__", "") for route in ROUTES}

    assert not [module for module in modules if module.startswith("viewflow")]
    assert not [route.path for route in ROUTES if "workflow" in route.path or "viewflow" in route.path]


def test_no_admin_page_shows_case_content_or_engine_rows() -> None:
    from callcenter.admin import site

    shown = {model._meta.label for model in site._registry}

    private = ("intake.Application", "intake.Contact", "people.Person", "people.Phone", "agencies.Referral")
    assert not shown & {*private, "agencies.Answer", "routing.Decision", "feedback.Confirmation"}
    assert not [label for label in shown if label.startswith(("viewflow", "events", "pghistory"))]


def test_no_shape_takes_its_fields_from_a_model() -> None:
    """``fields = '__all__'`` or a ModelSerializer would publish the next column somebody adds."""
    found = []
    for path in sorted((ROOT / "callcenter").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Constant) and node.value == "__all__"
            derived = isinstance(node, ast.Attribute) and node.attr.endswith(
                ("ModelSerializer", "ModelViewSet")
            )
            if (named and _assigned_to_fields(path, node)) or derived:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert found == []


def _assigned_to_fields(path: Path, node: Any) -> bool:
    return "fields" in path.read_text().splitlines()[node.lineno - 1]
