"""Lists by cursor: a stable order, no counting, the same cost on every page."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class NewestFirst(CursorPagination):
    """``{"next", "previous", "results"}``, 50 rows, at most 200 with ``page_size``."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering: tuple[str, ...] = getattr(view, "ordering", ("-pk",))
        return ordering

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            OrderedDict(next=self.get_next_link(), previous=self.get_previous_link(), results=data)
        )
