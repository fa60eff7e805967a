"""How values stand in the cells of a workbook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Wrong

LONGEST = 32_767  # characters in a cell; a spreadsheet cuts off what is longer


@dataclass(frozen=True)
class Kind:
    """How the values of a column stand in their cells. ``read`` raises ``Wrong``."""

    write: Callable[[Any], str | int]
    read: Callable[[Any], Any]


def _read_text(found: Any) -> str:
    """A text; a number that was typed where a text belongs is the text of its digits."""
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        raise Wrong("not_text")
    return str(found)


def _read_number(found: Any) -> int:
    if isinstance(found, bool) or not (isinstance(found, int) or _is_whole(found)):
        raise Wrong("not_a_number")
    return int(found)


def _is_whole(found: Any) -> bool:
    return isinstance(found, float) and found.is_integer()


def _read_either(found: Any) -> str | int:
    """A text or a number, whichever it is."""
    return found if isinstance(found, str) else _read_number(found)


def _write_codes(codes: list[str]) -> str:
    """Codes with commas; as JSON where that would not give them back."""
    plain = ", ".join(codes)
    return plain if plain and _split(plain) == codes else _write_json(codes)


def _read_codes(found: Any) -> list[str]:
    said = _read_text(found)
    codes = _read_json(said) if said.startswith("[") else _split(said)
    if not isinstance(codes, list) or not all(isinstance(code, str) and code for code in codes):
        raise Wrong("not_codes")
    return codes


def _split(said: str) -> list[str]:
    return [] if said.startswith("[") else [code.strip() for code in said.split(",")]


def _read_flag(found: Any) -> bool:
    known = {"yes": True, "no": False}
    flag = found if isinstance(found, bool) else known.get(str(found).strip().lower())
    if flag is None:
        raise Wrong("not_yes_or_no")
    return flag


def _write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read_json(found: Any) -> Any:
    try:
        return json.loads(_read_text(found), object_pairs_hook=_members, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Wrong("bad_json") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ValueError("a member stands twice")
    return whole


def _no_number(name: str) -> Any:
    raise ValueError(name)


TEXT = Kind(str, _read_text)
NUMBER = Kind(int, _read_number)
EITHER = Kind(lambda value: value, _read_either)
CODES = Kind(_write_codes, _read_codes)
FLAG = Kind(lambda value: "yes" if value else "no", _read_flag)
JSON = Kind(_write_json, _read_json)


_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def escaped(said: str) -> str:
    """Characters that XML cannot hold as ``_xHHHH_`` (ECMA-376, 22.9.2.19 ST_Xstring)."""
    return _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", said)


def unescaped(said: str) -> str:
    """The reverse of ``escaped``; half of a surrogate pair is no character and stays as it is written."""
    return _ESCAPE.sub(
        lambda match: match[0] if 0xD800 <= (code := int(match[1], 16)) < 0xE000 else chr(code), said
    )
