"""``manage clocks``: fire the clocks in a process of its own (the default runs them inside the server)."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from workflows.firing import Loop, turn


class Command(BaseCommand):
    help = "Fires clocks, ends waits, opens escalations, until stopped. Any number may run side by side."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop when nothing is due")
        parser.add_argument("--seconds", type=float, help="stop after so many seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{_all_that_is_due()} done")
        else:
            _until_told(options["seconds"])


def _all_that_is_due() -> int:
    """Turns until there is nothing left. What somebody else has in hand is not waited for."""
    whole = 0
    while done := turn():
        whole += done
    return whole


def _until_told(seconds: float | None) -> None:
    loop = Loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    if seconds is not None:
        timer = threading.Timer(seconds, loop.stop)
        timer.daemon = True
        timer.start()
    loop.run()
