"""JSON as it comes in: refused rather than guessed at."""

from __future__ import annotations

import json
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, JSONParser, MultiPartParser

LARGEST = 2_100_000  # bytes of a request that brings a whole rule set, as a document or as a file


class StrictJSON(JSONParser):
    """RFC 8259 in UTF-8. A member that stands twice would be read differently by two readers."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        return _value(stream.read())


class LargeJSON(BaseParser):
    """The same for bodies larger than other requests may be, but not without end."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        said = stream.read(LARGEST + 1)
        if len(said) > LARGEST:
            raise RequestDataTooBig
        return _value(said)


class BoundedForm(MultiPartParser):
    """A form with a file that is refused by its announced length before any of it is read."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        request = (parser_context or {})["request"]
        if int(request.META["CONTENT_LENGTH"]) > LARGEST:
            raise RequestDataTooBig
        return super().parse(stream, media_type, parser_context)


def _value(said: bytes) -> Any:
    try:
        return json.loads(said.decode(), object_pairs_hook=_members, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ParseError(_("This is not JSON in UTF-8, or it is nested too deeply.")) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ParseError(_("A member stands twice in one object."))
    return whole


def _no_number(name: str) -> Any:
    raise ValueError(name)
