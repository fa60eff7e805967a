"""Pages for what Django itself refuses."""

from __future__ import annotations

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from callcenter.api import problems


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is too old or from elsewhere; what was typed is still in the browser (Back)."""
    return render(request, "403_csrf.html", status=403)


def bad_request(request: HttpRequest, exception: Exception) -> Any:
    """What Django refuses before any view, in the form of the door it came through."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return _problem(400, "bad_request", _("This request cannot be read."))


def server_error(request: HttpRequest) -> Any:
    """What nobody handled; a database that is away also breaks what happens before and after a view."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable(request, error)
    if not _is_api(request):
        return defaults.server_error(request)
    return _problem(
        500, "server_error", _("Something failed on our side. Nothing was done; try again later.")
    )


def _unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Later, and the same again. The page is drawn without a database."""
    if _is_api(request):
        response: HttpResponse = _problem(503, *problems.outage(error))
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = problems.RETRY_AFTER
    return response


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(status: int, code: str, detail: str) -> HttpResponse:
    body = problems.as_data(status, code, detail)
    return JsonResponse(body, status=status, content_type=problems.MEDIA_TYPE)
