"""Admin, probes, and one include per door."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from callcenter import admin, health

handler400 = "callcenter.web.errors.bad_request"
handler500 = "callcenter.web.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("callcenter.api.urls")),
    path("", include("callcenter.web.urls")),
]
