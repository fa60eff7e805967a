"""A client in a process of its own, to be stopped and let go on: it keeps one topic as the protocol says.

``python -m tests.live.reader ADDRESS TOPIC [BYTES]`` with the token in the environment; BYTES is what the
kernel may keep for it. A line on stdin is answered with one line of JSON: what it shows, and what it went
through.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


class Reader:
    """The client model: rows by id with their version, and the cursor to come back with."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.rows: dict[str, int] = {}
        self.cursor: str | None = None
        self.seen: dict[str, int] = {}  # how many frames of each kind
        self.connections = 0

    def hear(self, frame: dict[str, Any]) -> bool:
        """Take a frame in. False when it says to subscribe again, from the beginning."""
        self.seen[frame["op"]] = self.seen.get(frame["op"], 0) + 1
        match frame["op"]:
            case "snapshot":
                self.rows = {row["id"]: row["version"] for row in frame["rows"]}
            case "event" if "listed" in frame and self.rows.get(frame["id"], 0) <= frame["version"]:
                if frame["listed"]:
                    self.rows[frame["id"]] = frame["version"]
                else:
                    self.rows.pop(frame["id"], None)
            case "reset":
                self.cursor = None
                return False
        self.cursor = frame.get("cursor", self.cursor)
        return True

    def told(self) -> str:
        return json.dumps({"rows": self.rows, "seen": self.seen, "connections": self.connections})


def follow(reader: Reader, line: ClientConnection) -> None:
    """Until the connection ends."""
    reader.connections += 1
    subscribe(reader, line)
    while True:
        answer(reader)
        try:
            frame = json.loads(line.recv(timeout=0.1))
        except TimeoutError:
            continue
        if not reader.hear(frame):
            subscribe(reader, line)


def subscribe(reader: Reader, line: ClientConnection) -> None:
    line.send(json.dumps({"op": "subscribe", "topic": reader.topic, "cursor": reader.cursor}))


def answer(reader: Reader) -> None:
    """Whoever asks is told; when nobody can ask any more, there is nobody to read for."""
    if select.select([sys.stdin], [], [], 0)[0]:
        if not sys.stdin.readline():
            raise SystemExit
        print(reader.told(), flush=True)


def opened(address: str, kept: int | None) -> socket.socket:
    place = urlsplit(address)
    link = socket.socket()
    if kept is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kept)
    link.connect((place.hostname, place.port))
    return link


def main() -> None:
    address, topic, *kept = sys.argv[1:]
    reader, token = Reader(topic), os.environ["READER_TOKEN"]
    while True:
        try:
            with connect(
                address,
                sock=opened(address, int(kept[0]) if kept else None),
                additional_headers={"Authorization": f"Token {token}"},
                compression=None,
            ) as line:
                follow(reader, line)
        except (ConnectionClosed, OSError):
            time.sleep(random.uniform(0.05, 0.3))


if __name__ == "__main__":
    main()
