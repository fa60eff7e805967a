"""Making every stored decision again and comparing its bytes."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing import past

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Decides every stored decision by the rules again, with its facts, rule set and directory, and fails "
        "when one gives other bytes. Nothing is written."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        made, different = past.replay()
        if options["json"]:
            self.stdout.write(json.dumps({"decisions": made, "different": different}))
        else:
            self.stdout.write(f"{made} decisions made again, {len(different)} with other bytes.")
        if different:
            raise CommandError(f"decisions {', '.join(map(str, different[:SHOWN]))} differ")
