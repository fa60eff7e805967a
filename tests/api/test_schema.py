"""The published description is true: whatever is sent, the answer is one that it describes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from events import clock
from tests.access.routes import routes
from tests.access.stage import Stage
from tests.api.conftest import rolled_back
from tests.api.operations import OPERATIONS as WRITING
from tests.api.operations import UPLOADS

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ANSWERS: set[tuple[str, str, int]] = set()
OPERATIONS = sorted(
    (f"/{path}", method.lower())
    for path, method in {
        (re.sub(r"<\w+:(\w+)>", r"{\1}", route.path.replace("<uuid:pk>", "{id}")), method)
        for route in routes()
        if route.is_api and not route.name.startswith(("nowhere", "schema"))
        for method, _verb in route.verbs
    }
)


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    GENERATOR_STATS.reset()
    whole: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return whole


@pytest.fixture(scope="module")
def promised(described: dict[str, Any]) -> Any:
    return schemathesis.openapi.from_dict(described)


def test_the_description_is_made_without_a_warning(described: dict[str, Any]) -> None:
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_every_operation_is_described_once(described: dict[str, Any]) -> None:
    told = [(path, method) for path, operations in described["paths"].items() for method in operations]

    assert sorted(told) == OPERATIONS
    names = [op["operationId"] for operations in described["paths"].values() for op in operations.values()]
    assert len(set(names)) == len(names)


def test_every_operation_may_be_refused_in_the_one_shape(described: dict[str, Any]) -> None:
    for operations in described["paths"].values():
        for operation in operations.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
            assert operation["security"]


@pytest.mark.parametrize("name", ["applications", "referrals", "people", "escalations"])
def test_a_list_is_described_with_its_pages(described: dict[str, Any], name: str) -> None:
    answer = described["paths"][f"/api/v1/{name}/"]["get"]["responses"]["200"]
    shape = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

    assert list(described["components"]["schemas"][shape]["properties"]) == ["next", "previous", "results"]


def test_every_writing_operation_names_its_key(described: dict[str, Any]) -> None:
    """Idempotency-Key is honoured on every POST that writes."""
    for path, operations in described["paths"].items():
        if "post" in operations and not path.startswith("/api/v1/routing/"):
            headers = [p["name"] for p in operations["post"]["parameters"] if p["in"] == "header"]
            assert "Idempotency-Key" in headers, path


@pytest.fixture
def application() -> Iterator[Any]:
    """The product as a web server calls it, on the test's own connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in signals:
        signal.connect(close_old_connections)


def known(day: Stage) -> dict[str, list[Any]]:
    """Values that mean something, so that generated requests come past the first check."""
    assert day.person is not None
    people, contacts = [str(day.person.pk)], [str(row.pk) for row in day.contacts.values()]
    return {
        "people": people,
        "contacts": contacts,
        "applications": [str(row.pk) for row in day.applications.values()],
        "referrals": [str(row.pk) for row in day.referrals.values()],
        "person": people,
        "caller": people,
        "contact": contacts,
        "subtopic": ["PRO-REPAIR", "MED-EXAM", "PSY-CRISIS"],
        "district": ["TAR"],
        "categories": [["VET"]],
        "phones": [["0501234567"]],
        "lead": ["TABIB", "MOH"],
        "joint": [[], ["MOH"]],
        "reason": ["not_ours", "no_show", "no_longer_needed", "waiting_citizen", "additional_study"],
        "until": [None, (clock.now() + timedelta(days=1)).isoformat()],
        "firing": [row.pk for row in day.breaches.values()],
        "outcome": ["provided"],
        "disposition": ["application_opened"],
        "facts": [{}, {"consents": ["YASHAT"]}],
        "version": [1, 2],
        "service": [str(row.pk) for row in day.services.values()],
        "number": [row.pk for row in day.rulesets.values()],
        "source": [1],
        "status": ["full", "open"],
        "unit": ["MLSPP", "MLSPP.DTSERA", "YASHAT", "DSKS"],
        "topic": ["board", "queue:MLSPP", f"application:{day.applications['prosthesis'].pk}"],
        "kind": ["agencies", "units", "topics", "regions", "reasons", "dispositions"],
    }


def honest(day: Stage, path: str, method: str) -> dict[str, Any] | None:
    """The accepted request of ``tests.api.operations`` to this operation, as path parameters and body."""
    for operation in WRITING + UPLOADS:
        parts = f"/api/v1/{operation.path(day)}".split("/")
        names = path.split("/")
        same = all(name == part or name.startswith("{") for name, part in zip(names, parts, strict=False))
        if operation.method == method and len(parts) == len(names) and same:
            ids = {n[1:-1]: part for n, part in zip(names, parts, strict=True) if n.startswith("{")}
            return {"path_parameters": ids, "body": operation.body(day)}
    return None


@st.composite
def requests(draw: Any, operation: Any, day: Stage) -> Any:
    """A generated request, made by the schema or against it, with values put in that mean something."""
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case, values = draw(operation.as_strategy(generation_mode=mode)), known(day)
    resource = operation.path.split("/")[3]
    accepted = honest(day, operation.path, operation.method)
    if accepted and draw(st.sampled_from([True, True, False])):
        made = case.body if isinstance(case.body, dict) else {}
        changed = draw(st.lists(st.sampled_from(sorted(made)), max_size=1)) if made else []
        case.path_parameters = accepted["path_parameters"]
        case.body = {**accepted["body"], **{name: made[name] for name in changed}}
        case.headers = None
        return case
    for name in list(case.path_parameters or {}):
        if draw(st.integers(0, 4)):  # seldom what was generated: it is never anything real
            case.path_parameters[name] = draw(st.sampled_from(values[resource if name == "id" else name]))
    if isinstance(case.body, dict):
        for name in sorted(set(case.body) & set(values)):
            if draw(st.booleans()):
                case.body[name] = draw(st.sampled_from(values[name]))
    return case


@pytest.mark.parametrize("who", ["operator", "supervisor", "worker of DTSERA"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_one_that_is_described(
    promised: Any, day: Stage, application: Any, path: str, method: str, who: str
) -> None:
    promised.app = application
    operation = promised[path][method]
    credentials = {"Authorization": f"Token {day.secrets[who]}"}

    @settings(
        max_examples=6,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(operation, day))
    def ask(case: Any) -> None:
        with rolled_back(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = case.call_and_validate(headers=credentials, checks=CHECKS)
        ANSWERS.add((path, method, answer.status_code))

    ask()


def test_the_generated_requests_came_through_to_the_work() -> None:
    """Without answers of success the checks above would have looked at refusals only."""
    if len({answer[:2] for answer in ANSWERS}) < len(OPERATIONS):
        pytest.skip("only a part of the operations was asked")

    done = {(path, method) for path, method, status in ANSWERS if status < 300}
    assert set(OPERATIONS) - done == set()
    assert {status for *_, status in ANSWERS} >= {200, 201, 400, 403, 404, 409}
