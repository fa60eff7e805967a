"""HTTP as a client sees it: one kept connection, one question at a time, and patience that ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

PATIENCE = 8.0
BROKEN = (OSError, EOFError, TimeoutError, ValueError, IndexError)


class Unanswered(Exception):
    """No answer came: what was asked may have been done or not."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    data: Any


class Line:
    """One connection to one port, opened anew after any trouble."""

    def __init__(self, port: int, patience: float = PATIENCE) -> None:
        self.port = port
        self.patience = patience
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, *, token: str = "", body: Any = None, key: str | None = None
    ) -> Answer:
        """One request and its answer. Raises ``Unanswered`` with the kind of trouble."""
        request = _request(method, path, token, body, key)
        try:
            async with asyncio.timeout(self.patience):
                return await self._exchange(request)
        except BROKEN as error:
            self.close()
            raise Unanswered(type(error).__name__) from None
        except BaseException:
            self.close()
            raise

    async def _exchange(self, request: bytes) -> Answer:
        if self._streams is None or self._streams[0].at_eof() or self._streams[1].is_closing():
            self.close()
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        raw = await _content(reader, headers)
        if headers.get("connection") == "close":
            self.close()
        is_json = "json" in headers.get("content-type", "")
        return Answer(int(head[0].split()[1]), json.loads(raw) if is_json and raw else None)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


def _request(method: str, path: str, token: str, body: Any, key: str | None) -> bytes:
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    if token:
        lines.append(f"Authorization: Token {token}")
    if body is not None:
        lines.append("Content-Type: application/json")
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _content(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readline()
        return b"".join(parts)
    return await reader.readexactly(int(headers.get("content-length", 0)))
