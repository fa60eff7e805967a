"""The common shape of reference data: a stable code, names in three languages, the fact's source."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import get_language

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
"""What a code may look like: it stands in addresses and in the names of live topics."""

EDITED = "A"
"""A mark that begins so belongs to an administrator: loading the files leaves the row alone."""


class ReferenceRow(models.Model):
    """One row of reference data, editable by an administrator, never deleted once used.

    ``mark`` keeps the provenance of the source file: ``S:key`` sourced, ``G`` general knowledge,
    ``D`` design proposal the ministry has to confirm.
    """

    code = models.CharField(max_length=32, primary_key=True)
    az = models.CharField(max_length=200)
    en = models.CharField(max_length=200, blank=True)
    ru = models.CharField(max_length=200, blank=True)
    mark = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language, Azerbaijani where a translation is missing."""
        language = (get_language() or "az")[:2]
        return str(getattr(self, language, "")) or self.az


Row = TypeVar("Row", bound=ReferenceRow)


def find(model: type[Row], code: Any, **filters: Any) -> Row | None:
    """The active row with this code, or None; whatever a client sends as a code is safe here."""
    if not isinstance(code, str) or not 0 < len(code) <= 32 or not code.isprintable():
        return None
    return model._default_manager.filter(pk=code, active=True, **filters).first()


def edited(mark: str) -> str:
    """The mark of a row that an administrator has just made or changed; where it came from stays readable."""
    return mark if mark.startswith(EDITED) else f"{EDITED} ({mark})"[:60] if mark else EDITED
