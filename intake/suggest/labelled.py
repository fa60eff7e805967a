"""Invented texts with what is right for them: ``fixtures/labelled``, read for measuring."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml


class Labelled(NamedTuple):
    """One text. ``label`` is a subtopic's code or a kind of distress, ``kind`` how it is written."""

    id: str
    label: str
    kind: str
    text: str


def texts(path: Path) -> list[Labelled]:
    """The texts of a file: label, kind, list of texts."""
    rows: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text("utf-8"))
    return [
        Labelled(f"{label}/{kind}/{place}", label, kind, text)
        for label, kinds in rows.items()
        for kind, listed in kinds.items()
        for place, text in enumerate(listed, start=1)
    ]
