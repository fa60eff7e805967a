"""Pages for what Django itself refuses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is too old or from elsewhere; what was typed is still in the browser (Back)."""
    return render(request, "403_csrf.html", status=403)
