"""HTTP and sockets behind the same session, and the relay that lives as long as the server does."""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 needs the apps to be ready
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402

from callcenter.live.consumers import LiveConsumer  # noqa: E402
from callcenter.live.door import Door  # noqa: E402
from events.relay import Relay  # noqa: E402

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Lifespan:
    """Starts the relay with the server. In production ``manage relay`` may run beside it: one leads."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        relay = Relay()
        thread = threading.Thread(target=relay.run, name="relay", daemon=True)
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if settings.RELAY_INSIDE:
                    thread.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                relay.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": Door(URLRouter([path("ws/live/", LiveConsumer.as_asgi())])),
        "lifespan": Lifespan(),
    }
)
