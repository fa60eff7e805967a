"""Reading what goes over the wire, and a wire that keeps it."""

from __future__ import annotations

import json
from typing import Any


def unframed(frame: bytes) -> dict[str, Any]:
    """The message in one whole, unmasked text frame (RFC 6455, section 5.2)."""
    assert frame[0] == 0x81
    size, start = frame[1], 2
    if size == 126:
        size, start = int.from_bytes(frame[2:4], "big"), 4
    elif size == 127:
        size, start = int.from_bytes(frame[2:10], "big"), 10
    assert len(frame) == start + size
    message: dict[str, Any] = json.loads(frame[start:])
    return message


class KeptWire:
    """In place of a socket: what was written, and how much of it its client has not taken."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.untaken = 0
        self.reads = True

    def waiting(self) -> int:
        return self.untaken

    def write(self, frame: bytes) -> None:
        self.frames.append(unframed(frame))
        if not self.reads:
            self.untaken += len(frame)

    def told(self, op: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["op"] == op]
