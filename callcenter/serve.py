"""``python -m callcenter.serve``: the ASGI server, with ready-made frames and an unhurried end.

Uvicorn as it is, but for two things. Its WebSocket protocol offers the application a way to write a
frame that is encoded already (see ``callcenter.live.wire``). And when it is told to stop it first says
"not ready", then lets the sockets go one by one, so that a deployment does not bring every browser back
in the same instant.
"""

from __future__ import annotations

import argparse
import asyncio
import socket

import uvicorn

from callcenter.live.wire import FrameProtocol

PING = 10.0  # seconds between a socket's pings, and for the answer: a dead line is known within twenty


class Server(uvicorn.Server):
    """``drain`` is how many seconds the sockets are let go over."""

    def __init__(self, config: uvicorn.Config, drain: float) -> None:
        super().__init__(config)
        self.drain = drain

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from callcenter import health  # by now the settings are there

        health.drain()
        await self._let_go()
        await super().shutdown(sockets)

    async def _let_go(self) -> None:
        """Close the sockets, evenly over the time there is."""
        lines = [it for it in self.server_state.connections if isinstance(it, FrameProtocol)]
        for line in lines:
            line.shutdown()
            await asyncio.sleep(self.drain / len(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description="Serves the product: pages, API and sockets.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--drain", type=float, default=0.2, help="seconds over which sockets are let go")
    options = parser.parse_args()
    config = uvicorn.Config(
        "callcenter.asgi:application",
        host=options.host,
        port=options.port,
        ws=FrameProtocol,
        ws_ping_interval=PING,
        ws_ping_timeout=PING,
        ws_per_message_deflate=False,  # a frame is encoded once for all; and 34 KB a socket
        ws_max_size=64 * 1024,
        access_log=False,  # its lines would hold what people search for
        log_level="info",
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        backlog=4096,
        timeout_graceful_shutdown=5,
    )
    Server(config, options.drain).run()


if __name__ == "__main__":
    main()
