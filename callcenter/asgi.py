"""HTTP and sockets behind the same session, and the loops that live as long as the server does."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 needs the apps to be ready
from django.conf import settings  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from callcenter.jobs import Jobs  # noqa: E402
from callcenter.live.consumers import LiveConsumer, Nowhere  # noqa: E402
from callcenter.live.door import Door  # noqa: E402
from events.relay import Relay  # noqa: E402
from workflows.firing import Loop  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PATIENCE = 5.0  # seconds for a loop to come to its end


class Lifespan:
    """Starts relay, clocks and jobs with the server. ``manage relay|clocks|jobs`` may run beside it.

    Of relays one leads; of clocks and jobs any number share what is due.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loops: list[Relay | Loop | Jobs] = [
            *([Relay()] if settings.RELAY_INSIDE else []),
            *([Loop()] if settings.CLOCKS_INSIDE else []),
            *([Jobs()] if settings.JOBS_INSIDE else []),
        ]
        threads = [threading.Thread(target=loop.run, daemon=True) for loop in loops]
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for thread in threads:
                    thread.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(_end, loops, threads)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _end(loops: Sequence[Relay | Loop | Jobs], threads: Sequence[threading.Thread]) -> None:
    """Let each finish what it has in hand, and its connection go back."""
    for loop in loops:
        loop.stop()
    for thread in threads:
        thread.join(PATIENCE)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": Door(
            URLRouter([path("ws/live/", LiveConsumer.as_asgi()), re_path("", Nowhere.as_asgi())])
        ),
        "lifespan": Lifespan(),
    }
)
