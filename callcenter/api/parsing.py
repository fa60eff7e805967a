"""JSON as it comes in: refused rather than guessed at."""

from __future__ import annotations

import json
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSON(JSONParser):
    """RFC 8259 in UTF-8. A member that stands twice would be read differently by two readers."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(stream.read().decode(), object_pairs_hook=_members, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise ParseError(_("This is not JSON in UTF-8, or it is nested too deeply.")) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ParseError(_("A member stands twice in one object."))
    return whole


def _no_number(name: str) -> Any:
    raise ValueError(name)
