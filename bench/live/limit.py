"""The limit: uvicorn without a framework. ``python -m bench.live.limit PORT``, REDIS_URL in the environment.

One Redis subscription for the process, one encoding per message, one ``await send()`` per socket.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import redis.asyncio
import uvicorn

CHANNEL = "dayaq-bench:limit"


class Application:
    """Every socket gets every message."""

    def __init__(self) -> None:
        self.sockets: set[Any] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self._socket(receive, send)

    async def _socket(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.sockets.add(send)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self.sockets.discard(send)

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        pubsub = redis.asyncio.from_url(os.environ["REDIS_URL"]).pubsub()
        await pubsub.subscribe(CHANNEL)
        self.tasks = [asyncio.create_task(self._listen(pubsub)), asyncio.create_task(self._fan_out())]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _listen(self, pubsub: Any) -> None:
        async for message in pubsub.listen():
            if message["type"] == "message":
                self.messages.put_nowait(message["data"])

    async def _fan_out(self) -> None:
        while True:
            frame = {"type": "websocket.send", "text": (await self.messages.get()).decode()}
            for send in list(self.sockets):
                try:
                    await send(frame)
                except Exception:  # closed meanwhile, whichever way
                    self.sockets.discard(send)


def serve(application: Any, port: int) -> None:
    """Both yardsticks run on the same uvicorn."""
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_ping_interval=20.0,
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        lifespan="auto",
        backlog=4096,
    )


if __name__ == "__main__":
    serve(Application(), int(sys.argv[1]))
