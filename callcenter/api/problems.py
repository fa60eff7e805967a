"""Every error of the API as RFC 9457 problem+json with a stable ``code`` and a sentence."""

from __future__ import annotations

from http.client import responses
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from callcenter.errors import status_of
from callcenter.metrics import REFUSALS
from events.errors import NotVisible, Refusal

TYPE = "about:blank"
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"  # seconds


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. Unknown exceptions are left to Django (500)."""
    response = _told(error)
    if response is not None and (request := context.get("request")):
        # also where the view itself renders something else, such as the schema's YAML
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return response


def _told(error: Exception) -> Response | None:
    match error:
        case Refusal():
            return refused(error)
        case Http404():
            return refused(NotVisible())
        case PermissionDenied():
            return problem(403, "not_allowed", _("Your role does not allow this."))
        case RequestDataTooBig():
            return problem(413, "too_large", _("The request is larger than anything this API needs."))
        case exceptions.ValidationError():
            return problem(400, "invalid", _("Some fields need attention."), errors=flat(error.detail))
        case exceptions.APIException():
            response = problem(error.status_code, code_of(error), str(error.detail))
            if header := getattr(error, "auth_header", None):
                response["WWW-Authenticate"] = header
            return response
        case OperationalError() | InterfaceError():
            code, sentence = outage(error)
            response = problem(503, code, sentence)
            response["Retry-After"] = RETRY_AFTER
            return response
    return None


def refused(refusal: Refusal) -> Response:
    REFUSALS.labels(refusal.code).inc()
    errors = {field: [str(sentence) for sentence in many] for field, many in refusal.errors.items()}
    extra = {key: _member(value) for key, value in refusal.extra.items()}
    return problem(status_of(refusal), refusal.code, str(refusal.message), errors=errors, **extra)


def _member(value: Any) -> Any:
    """Numbers and lists as they are, anything else as text."""
    if isinstance(value, list):
        return [_member(item) for item in value]
    return value if isinstance(value, int) else str(value)


def problem(
    code_status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None, **extra: Any
) -> Response:
    body = as_data(code_status, code, detail, errors, **extra)
    return Response(body, status=code_status, content_type=MEDIA_TYPE)


def as_data(
    code_status: int, code: str, detail: str, errors: dict[str, list[str]] | None = None, **extra: Any
) -> dict[str, Any]:
    return {
        "type": TYPE,
        "title": responses.get(code_status, ""),
        "status": code_status,
        "code": code,
        "detail": writable(detail),
        "errors": {
            writable(field): [writable(sentence) for sentence in many]
            for field, many in (errors or {}).items()
        },
        **extra,
    }


def writable(text: str) -> str:
    """What was sent may be quoted in a sentence: a lone surrogate in it must not break the answer."""
    return text.encode("utf-8", "replace").decode()


def code_of(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def outage(error: Exception) -> tuple[str, str]:
    """Code and sentence of a database that does not do what it is asked.

    Busy: a lock or a connection could not be had in time, and nothing was done. Else it is not there, or went
    away in the middle: whether the last command was committed cannot be known, so the same is sent again.
    """
    if "lock timeout" in str(error) or "couldn't get a connection" in str(error):
        return "busy", _("The system is busy. Send the same request again.")
    return "unavailable", _(
        "The database does not answer at the moment. Send the same request again with the same"
        " Idempotency-Key in a few seconds: twice does not make two."
    )


def flat(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested details as ``{"field.sub": ["sentence"]}``."""
    if isinstance(detail, dict):
        parts = [flat(value, f"{prefix}.{key}" if prefix else str(key)) for key, value in detail.items()]
        return {key: value for part in parts for key, value in part.items()}
    if isinstance(detail, list) and any(isinstance(item, (dict, list)) for item in detail):
        parts = [flat(item, f"{prefix}[{place}]") for place, item in enumerate(detail) if item]
        return {key: value for part in parts for key, value in part.items()}
    many = detail if isinstance(detail, list) else [detail]
    return {prefix or "non_field_errors": [str(item) for item in many]}
