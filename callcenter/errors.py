"""The one table: a domain refusal and the HTTP status every door gives it."""

from __future__ import annotations

from events.errors import Conflict, Denied, Invalid, KeyReused, NotVisible, Refusal

STATUS: dict[type[Refusal], int] = {
    Invalid: 400,
    Denied: 403,
    NotVisible: 404,
    Conflict: 409,
    KeyReused: 422,
    Refusal: 400,
}


def status_of(refusal: Refusal) -> int:
    """The status of the nearest class in the table."""
    return next(STATUS[base] for base in type(refusal).__mro__ if base in STATUS)
