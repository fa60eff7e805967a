"""The API is asked about the day of ``tests.access``; what an answer changes is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from tests.access.conftest import day  # noqa: F401 the fixture
from tests.access.stage import Stage


@pytest.fixture
def ask(day: Stage) -> Any:  # noqa: F811
    """``ask("operator", "post", "people/", {...})``; a ``bytes`` body is sent as it is."""

    clients: dict[str, APIClient] = {}

    def client_of(who: str) -> APIClient:
        if who not in clients:
            clients[who] = APIClient(raise_request_exception=False)
            if day.secrets[who]:
                clients[who].credentials(HTTP_AUTHORIZATION=f"Token {day.secrets[who]}")
        return clients[who]

    def send(who: str, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        client = client_of(who)
        url = path if path.startswith("/") else f"/api/v1/{path}"
        if isinstance(body, bytes):
            kind = headers.pop("content_type", "application/json")
            return client.generic(method.upper(), url, body, content_type=kind, **headers)
        if method in ("get", "head", "options"):
            return getattr(client, method)(url, **headers)
        return getattr(client, method)(url, body, format="json", **headers)

    return send


@contextmanager
def rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
