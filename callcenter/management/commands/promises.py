"""Showing and publishing the promises: which target each clock has, what pauses it, what a breach does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.models import User
from events.errors import Refusal
from sla import policies
from sla.models import PolicyVersion


class Command(BaseCommand):
    help = (
        "Prints the promises in force as YAML, or publishes those of FILE (as fixtures/reference/sla.yaml) "
        "as the next version. Clocks that run keep theirs."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
        parser.add_argument("--as", dest="who", metavar="USERNAME", help="who publishes; needed with FILE")
        parser.add_argument("--note", default="", help="why: the order or decision behind it")

    def handle(self, *args: Any, file: Path | None, who: str | None, note: str, **options: Any) -> None:
        if file is None:
            self._show()
            return
        actor = User.objects.filter(username=who, role="administrator", is_active=True).first()
        if actor is None:
            raise CommandError("Say with --as which administrator publishes.")
        try:
            rows = yaml.safe_load(file.read_text("utf-8"))["policies"]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
            raise CommandError(f"{file}: no policies can be read from it ({type(error).__name__}).") from None
        try:
            made = policies.publish(rows=rows, actor=actor, note=note)
        except Refusal as refused:
            raise CommandError(
                " ".join(str(it) for lines in refused.errors.values() for it in lines)
            ) from None
        self.stdout.write(f"Version {made.number} is in force. Clocks that run keep theirs.")

    def _show(self) -> None:
        row = PolicyVersion.objects.select_related("by").first()
        if row is None:
            raise CommandError("No promises are published: run load_reference.")
        self.stdout.write(
            f"# version {row.number}, {row.published_at:%Y-%m-%d %H:%M} UTC, {row.by or 'files'}, {row.note}"
        )
        self.stdout.write(yaml.safe_dump({"policies": row.policies}, allow_unicode=True, sort_keys=False))
