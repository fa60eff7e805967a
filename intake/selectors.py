"""To be written."""

from typing import Any


def suggestions(text: str) -> Any:
    raise NotImplementedError
