"""The product's addresses with the administrator's site on top, whether or not it is mounted there yet."""

from __future__ import annotations

from django.urls import path

from callcenter.admin import site
from callcenter.urls import urlpatterns as product

urlpatterns = [path("admin/", site.urls), *product]
