"""One day's work per module: built once, seen by every test, changed by none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from tests.access.stage import Stage, a_day
from tests.conftest import _begin_stream, load_reference_data


@pytest.fixture(scope="package", autouse=True)
def _straight_to_the_pages() -> Iterator[None]:
    """Without the file server in front, which is asynchronous and costs every request a thread."""
    left = [name for name in settings.MIDDLEWARE if not name.startswith("servestatic")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MIDDLEWARE", left)
        yield


@pytest.fixture(scope="module")
def day(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """The rows live in a transaction around the module's tests; each test's own lies inside it."""
    from routing.models import RuleSet

    with django_db_blocker.unblock(), transaction.atomic():
        if not RuleSet.objects.exists():
            load_reference_data()
        _begin_stream()
        yield a_day()
        transaction.set_rollback(True)
