"""Frames on the wire: encoded once, written to every socket that wants them.

``FrameProtocol`` is uvicorn's own WebSocket protocol with one ASGI extension more. ``Wire`` is what the
application finds there: it writes whole frames into the connection's buffer and never waits.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "dayaq.wire"
KERNEL = 128 * 1024  # bytes asked of the kernel for what a client has not taken; it would keep megabytes
# Uvicorn tells of every socket that comes and goes, with its address: too much, and nobody's business.
quiet = logging.getLogger("callcenter.live.wire")
quiet.setLevel(logging.WARNING)


def text_frame(text: bytes) -> bytes:
    """One unmasked, uncompressed, final text frame (RFC 6455, section 5.2)."""
    size = len(text)
    if size < 126:
        head = bytes((0x81, size))
    elif size < 65536:
        head = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + size.to_bytes(8, "big")
    return head + text


class Wire:
    """The writing end of one open socket."""

    __slots__ = ("_protocol", "_transport")

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol
        self._transport: asyncio.Transport = protocol.transport

    @property
    def open(self) -> bool:
        """False before the handshake is over, and as soon as either side closes."""
        it = self._protocol
        return it.handshake_complete and not (
            it.close_sent or it.disconnected or self._transport.is_closing()
        )

    def waiting(self) -> int:
        """Bytes the client has not taken yet, beyond what the kernel holds."""
        return self._transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """Hand over one whole frame; a closed socket swallows it."""
        if self.open:
            self._transport.write(frame)


class FrameProtocol(WebSocketsSansIOProtocol):
    """Offers the application the ``Wire`` of its socket."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.logger = self.conn.logger = quiet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        line: socket.socket | None = transport.get_extra_info("socket")
        if line is not None:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL)

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = self.scope.setdefault("extensions", {})
        extensions[EXTENSION] = Wire(self)
        await super().run_asgi()
