"""To be written."""

from typing import Any


def timeline(actor: Any, application: Any) -> list[Any]:
    return []
