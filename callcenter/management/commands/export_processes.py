"""Write the drawings of the processes to ``docs/processes``, or check that they are up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from workflows import diagrams

FOLDER = Path(settings.BASE_DIR) / "docs" / "processes"


class Command(BaseCommand):
    """``manage export_processes [--check]``"""

    help = "Write docs/processes from the flow classes; --check only says whether they agree."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing, fail when a file differs")

    def handle(self, *args: Any, **options: Any) -> None:
        differing = [path for path, text in drawings().items() if not _holds(path, text)]
        names = ", ".join(path.name for path in differing)
        if options["check"]:
            if differing:
                raise CommandError(f"{names}: not as the flows are. Run: manage export_processes")
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path, text in drawings().items():
            path.write_text(text, encoding="utf-8")
        self.stdout.write(f"written: {names}" if differing else "nothing to change")


def drawings() -> dict[Path, str]:
    """The files as they should be, in English."""
    files: dict[Path, str] = {}
    with translation.override("en"):
        for flow in diagrams.FLOWS:
            stem = FOLDER / flow.instance.flow_label
            files[stem.with_suffix(".bpmn")] = diagrams.bpmn(flow)
            files[stem.with_suffix(".svg")] = diagrams.svg(flow, alone=True)
    return files


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
