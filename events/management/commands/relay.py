"""``manage relay``: run the relay in a process of its own (the default runs it inside the server)."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand

from events.relay import Relay


class Command(BaseCommand):
    help = "Stamp committed events with their position and ring the live hubs; waits while another leads."

    def handle(self, *args: Any, **options: Any) -> None:
        relay = Relay()
        signal.signal(signal.SIGTERM, lambda *_: relay.stop())
        try:
            relay.run()
        except KeyboardInterrupt:
            relay.stop()
