"""A TCP proxy in front of one web process: the line that the nemesis cuts, stalls and makes deaf."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Pair:
    """One connection and its continuation. ``deaf``: what the server says is lost, from now on for ever."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.deaf = False

    def abort(self) -> None:
        for writer in (self.near, self.far):
            writer.transport.abort()


class Proxy:
    """Forwards ``port`` to ``target``, as long as it is not told otherwise."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.held_bytes = self.swallowed_bytes = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pairs: set[Pair] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self.heal()
        self.cut()
        if self._server is not None:
            self._server.close()

    def cut(self) -> int:
        """Abort every connection; how many there were."""
        pairs = list(self._pairs)
        for pair in pairs:
            pair.abort()
        return len(pairs)

    def stall(self) -> int:
        """Hold everything back, in both directions; nobody is told. How many connections that concerns."""
        self._flowing.clear()
        return len(self._pairs)

    def deafen(self) -> int:
        """Present connections hear nothing from the server any more, but still reach it; how many."""
        for pair in self._pairs:
            pair.deaf = True
        return len(self._pairs)

    def heal(self) -> None:
        """Let flow what was held back. A deaf connection stays so: its client has to notice."""
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = Pair(writer, far_writer)
        self._pairs.add(pair)
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, pair, answers=False)),
            asyncio.create_task(self._pump(far_reader, writer, pair, answers=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._pairs.discard(pair)
            pair.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: Pair, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if not self._flowing.is_set():
                    self.held_bytes += len(data)
                    await self._flowing.wait()
                if answers and pair.deaf:
                    self.swallowed_bytes += len(data)
                    continue
                writer.write(data)
                await writer.drain()
