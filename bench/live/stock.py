"""The stock way: an ordinary Channels consumer per socket, ``group_send`` over Redis pub/sub.

``python -m bench.live.stock PORT``, REDIS_URL in the environment. Nothing is switched off or tuned.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from django.conf import settings

GROUP = "bench"


def configure() -> None:
    """The least a Channels project has, for the server and for the publisher's ``group_send``."""
    settings.configure(
        SECRET_KEY="bench",
        INSTALLED_APPS=["channels"],
        CHANNEL_LAYERS={"default": layer(os.environ["REDIS_URL"])},
        USE_TZ=True,
    )
    django.setup()


def layer(redis_url: str) -> dict[str, Any]:
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis_url], "prefix": "dayaq-bench"},
    }


def application() -> Any:
    from channels.generic.websocket import AsyncWebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.core.asgi import get_asgi_application
    from django.urls import path

    class Consumer(AsyncWebsocketConsumer):  # type: ignore[misc]
        groups = [GROUP]

        async def bench_message(self, event: dict[str, Any]) -> None:
            await self.send(text_data=event["text"])

    sockets = URLRouter([path("ws/", Consumer.as_asgi())])
    return ProtocolTypeRouter({"http": get_asgi_application(), "websocket": sockets})


if __name__ == "__main__":
    from .limit import serve

    configure()
    serve(application(), int(sys.argv[1]))
