"""To be written."""

from typing import Any


def figures(actor: Any, agency: str | None) -> dict[str, Any]:
    return {}
