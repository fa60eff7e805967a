"""``manage train_subjects``: learn from closed applications which subtopic a text is about."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from intake import training
from intake.suggest.examples import TooFew


class Command(BaseCommand):
    help = (
        "Trains the model that suggests subtopics, from the closed applications and the taxonomy's own "
        "words, measures it by cross-validation and puts it into use under the next number. "
        "The same applications make the same model, which is not stored twice."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--withdraw", type=int, metavar="NUMBER", help="train nothing; use this model no more"
        )

    def handle(self, *args: Any, withdraw: int | None, **options: Any) -> None:
        if withdraw is not None:
            self._withdraw(withdraw)
            return
        begin = time.monotonic()
        try:
            row, new = training.train()
        except TooFew as few:
            raise CommandError(
                f"Closed applications are too few or too much alike to learn from ({few}); "
                "the taxonomy's own words go on suggesting."
            ) from None
        if not new:
            self.stdout.write(f"Nothing has changed: model {row.number} stays in use.")
            return
        self.stdout.write(f"{training.summary(row)} ({time.monotonic() - begin:.1f} s)")

    def _withdraw(self, number: int) -> None:
        if not training.withdraw(number):
            raise CommandError(f"There is no model {number} in use.")
        self.stdout.write(f"Model {number} is not used any more.")
