"""Editing reference data: the base every package's admin uses, and the places and categories."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import District

EDITED = "A"
"""A mark that begins so belongs to an administrator: loading the files leaves the row alone."""
