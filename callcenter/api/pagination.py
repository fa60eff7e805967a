"""Lists by cursor: a stable order, no counting, the same cost on every page."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from events.errors import Invalid


class NewestFirst(CursorPagination):
    """``{"next", "previous", "results"}``, 50 rows, at most 200 with ``page_size``."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering: tuple[str, ...] = getattr(view, "ordering", ("-pk",))
        return ordering

    def decode_cursor(self, request: Any) -> Any:
        """The cursor of the request; raises ``Invalid`` for one that these lists did not give out."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                aware = datetime.fromisoformat(str(cursor.position)).tzinfo is not None
                return cursor if aware else self._refuse()
            return cursor
        except (NotFound, ValueError):
            return self._refuse()

    def _refuse(self) -> Any:
        sentence = _("This cursor is not one of this list. Start again with the first page.")
        raise Invalid.field("cursor", sentence, code="bad_cursor") from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            OrderedDict(next=self.get_next_link(), previous=self.get_previous_link(), results=data)
        )


class OldestFirst(NewestFirst):
    """The same from the other end: what has waited longest comes first."""
