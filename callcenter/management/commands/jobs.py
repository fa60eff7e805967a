"""``manage jobs``: deliver and keep house in a process of its own (the default works inside the server)."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from callcenter.jobs import Jobs


class Command(BaseCommand):
    help = "Delivers to agencies' systems and keeps house, until stopped. Any number may run side by side."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, help="stop after so many seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        jobs = Jobs()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: jobs.stop())
        if options["seconds"] is not None:
            timer = threading.Timer(options["seconds"], jobs.stop)
            timer.daemon = True
            timer.start()
        jobs.run()
