"""Reading what goes over the wire, and a wire that keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def unframed(frame: bytes) -> dict[str, Any]:
    """The message in one whole, unmasked text frame (RFC 6455, section 5.2)."""
    (message,) = messages(frame)
    return message


def messages(written: bytes) -> Iterator[dict[str, Any]]:
    """The messages in whole frames, one behind the other."""
    while written:
        assert written[0] == 0x81
        size, start = written[1], 2
        if size == 126:
            size, start = int.from_bytes(written[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(written[2:10], "big"), 10
        assert len(written) >= start + size
        yield json.loads(written[start : start + size])
        written = written[start + size :]


class KeptWire:
    """In place of a socket: what was written, and how much of it its client has not taken."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.writes = 0
        self.untaken = 0
        self.reads = True

    def waiting(self) -> int:
        return self.untaken

    def write(self, frame: bytes) -> None:
        self.writes += 1
        self.frames.extend(messages(frame))
        if not self.reads:
            self.untaken += len(frame)

    def told(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["op"] == op]
