"""Publishing the next version of a numbered text: one at a time, and never over somebody else's."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection

from events.errors import StaleVersion

from .models import Version


def next_number(model: type[Version], lock: int, expected: int | None) -> int:
    """The number of the version to write in this transaction, which publishes alone until its end.

    ``lock`` is the key of the advisory lock, ``expected`` the number that the caller worked from (0
    for none). Raises ``StaleVersion`` when somebody published meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])
    current: int = model._default_manager.values_list("number", flat=True).first() or 0
    if expected is not None and expected != current:
        raise StaleVersion(yours=expected, current=current)
    return current + 1


def digest_of(text: Any) -> str:
    """The same for the same text, in whatever order its keys are written."""
    return hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()
