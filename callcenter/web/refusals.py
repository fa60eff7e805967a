"""A refusal that a page did not handle itself becomes an error page with its sentence."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from callcenter.errors import status_of
from callcenter.metrics import REFUSALS
from events.errors import Refusal


class RefusalMiddleware:
    """Turns a domain refusal into the page ``<status>.html`` or, for a fragment, into a notice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Refusal):
            return None
        REFUSALS.labels(exception.code).inc()
        status = status_of(exception)
        template = "404.html" if status == 404 else "refused.html"
        return render(request, template, {"refusal": exception, "status": status}, status=status)
