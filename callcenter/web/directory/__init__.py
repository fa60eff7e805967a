"""The service directory: who serves what, where, with how much room; read by everybody, kept by some."""

from __future__ import annotations

from .editing import add, close, confirm, edit, report
from .pages import index, show

__all__ = ["add", "close", "confirm", "edit", "index", "report", "show"]
