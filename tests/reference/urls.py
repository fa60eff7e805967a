"""The administrator's site and the two doors it leads to, without the rest of the product."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import path

from callcenter.admin import site

urlpatterns = [
    path("admin/", site.urls),
    path("sign-in/", LoginView.as_view(), name="login"),
    path("", LoginView.as_view(), name="home"),
]
