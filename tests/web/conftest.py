"""A browser without scripts, signed in as one of the people at work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(people_at_work: Any) -> Callable[..., Client]:
    def sign_in(name: str = "operator") -> Client:
        client = Client()
        client.force_login(getattr(people_at_work, name))
        client.cookies["django_language"] = "en"
        return client

    return sign_in
