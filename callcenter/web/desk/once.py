"""A form that is sent twice does its work once: the desk's side of ``events.idempotency``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Model, QuerySet

from access.models import User
from callcenter.web.doors import visible
from events import idempotency
from events.errors import NotVisible

M = TypeVar("M", bound=Model)
LONGEST = 120


def new_key() -> str:
    """The hidden key of a form that is drawn anew."""
    return str(uuid4())


def once(actor: User, operation: str, key: str, meaning: Any, work: Callable[[], M], rows: QuerySet[M]) -> M:
    """Do ``work`` and return its row; a repeat of the same form returns the row as it is now."""
    body = json.dumps(meaning, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "replace")
    with transaction.atomic():
        return idempotency.once(
            principal=actor.pk,
            operation=operation,
            key=key if len(key) <= LONGEST and key.isprintable() else None,
            digest=idempotency.fingerprint(body),
            work=work,
            identify=lambda row: row.pk,
            again=lambda pk: visible(rows, pk),
        )


def id_in(value: str | None) -> UUID | None:
    """The id in an address or a form; None when there is none or it is no id."""
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def wanted(value: str | None) -> UUID:
    """The id that has to be there; what is none cannot be anybody's record."""
    found = id_in(value)
    if found is None:
        raise NotVisible
    return found
