"""The same request twice does the work once (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.db import connection

from .errors import Invalid, KeyReused
from .models import Command

T = TypeVar("T")


def fingerprint(body: bytes) -> bytes:
    """Hash of the request's meaning, kept instead of the request."""
    return hashlib.sha256(body).digest()


def once(
    *,
    principal: int,
    operation: str,
    key: str | None,
    digest: bytes,
    work: Callable[[], T],
    identify: Callable[[T], object],
    again: Callable[[str], T],
) -> T:
    """Do ``work`` unless this principal already did it under ``key``; then return ``again(result id)``.

    Runs inside the caller's transaction. A second request with the same key waits on the unique
    index until the first one commits, so fifty at once still do the work once. Raises
    ``KeyReused`` when the key comes with another request.
    """
    if not key:
        return work()
    if len(key) > 120 or not key.isprintable():
        raise Invalid.field(
            "Idempotency-Key", "At most 120 printable characters.", code="idempotency_key_bad"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_command (principal_id, operation, key, fingerprint, result)"
            " VALUES (%s, %s, %s, %s, '') ON CONFLICT DO NOTHING RETURNING id",
            [principal, operation, key, digest],
        )
        row = cursor.fetchone()
    if row is None:
        known = Command.objects.get(principal_id=principal, operation=operation, key=key)
        if bytes(known.fingerprint) != digest:
            raise KeyReused
        return again(known.result)
    done = work()
    Command.objects.filter(pk=row[0]).update(result=str(identify(done)))
    return done
