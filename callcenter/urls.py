"""Admin, health, and one include per door."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.i18n import set_language

from callcenter import admin


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Alive, and able to ask the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


handler400 = "callcenter.web.errors.bad_request"
handler500 = "callcenter.web.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("callcenter.api.urls")),
    path("", include("callcenter.web.urls")),
]
