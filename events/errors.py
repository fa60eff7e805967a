"""The family of refusals. A refusal says what was refused and what to do next; it changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class Refusal(Exception):
    """Base of every refusal of the domain.

    ``code`` is stable and part of the API contract; ``message`` is a sentence in the user's
    language; ``errors`` maps a field to its sentences; ``extra`` holds further stable members.
    """

    code = "refused"
    message: Sentence = _("This is not possible.")

    def __init__(
        self,
        message: Sentence | None = None,
        *,
        code: str | None = None,
        errors: Mapping[str, list[Sentence]] | None = None,
        **extra: Any,
    ) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        self.errors = dict(errors or {})
        self.extra = extra
        super().__init__(self.code)


class Invalid(Refusal):
    """Malformed input; carries a field map."""

    code = "invalid"
    message = _("Some fields need attention. Nothing was saved; correct them and send again.")

    @classmethod
    def field(cls, name: str, sentence: Sentence, *, code: str = "invalid") -> Invalid:
        return cls(code=code, errors={name: [sentence]})


def together(*checks: Callable[[], Any]) -> list[Any]:
    """Run all checks of one form and return their values; raise one ``Invalid`` with all that is wrong."""
    values: list[Any] = []
    refused: list[Invalid] = []
    for check in checks:
        try:
            values.append(check())
        except Invalid as invalid:
            refused.append(invalid)
    if refused:
        errors = {field: lines for invalid in refused for field, lines in invalid.errors.items()}
        raise Invalid(code=refused[0].code, errors=errors)
    return values


class Denied(Refusal):
    """Visible, but this role may not do it."""

    code = "not_allowed"
    message = _("Your role does not allow this. Ask your supervisor if you need it.")


class NotVisible(Refusal):
    """Outside the actor's visibility, told exactly like something that does not exist."""

    code = "not_found"
    message = _("There is no such record, or it is not yours to see.")


class Conflict(Refusal):
    """The record's present state does not allow it."""

    code = "conflict"
    message = _("The record has moved on in the meantime. Reload it and decide again.")


class IllegalMove(Conflict):
    """The state table has no such move."""

    code = "illegal_move"

    def __init__(self, record: str, state: str, wanted: str) -> None:
        super().__init__(
            _("This step is not possible any more. Reload to see what can be done now."),
            record=record,
            state=state,
            wanted=wanted,
        )


class StaleVersion(Conflict):
    """Somebody changed the record after the caller read it."""

    code = "stale_version"

    def __init__(self, *, yours: int, current: int) -> None:
        super().__init__(
            _("Somebody changed this record after you opened it. Compare both versions, then send again."),
            yours=yours,
            current=current,
        )


class KeyReused(Refusal):
    """The idempotency key was used before for a different request."""

    code = "idempotency_key_reused"
    message = _("This Idempotency-Key already belongs to another request. Use a new key.")
