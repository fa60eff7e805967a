"""The load client: one process, one epoll, N sockets, next to no parsing, the same for every server.

``python -m bench.live.client`` reads its ``Order`` as one line of JSON on stdin, says ``warm`` when the first
sockets are open and ``ready`` when all are and have been answered. Told ``{"last": n}`` it waits until every
socket has every message up to n, at most ``PATIENCE`` seconds, and prints what it saw. Nothing here imports
Django, and nothing measured passes through Python's asyncio: a slow
client would be measured as a slow server.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import resource
import select
import socket
import sys
import time
from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RAMP = 50  # handshakes at a time
WARM = 50  # sockets after which the memory of an idle one is counted from
PATIENCE = 15.0  # seconds for frames that have not come when the last message is out
STALLED_BUFFER = 4096  # bytes the kernel keeps for a socket that never reads
MARK = b'"version":'  # behind it stands a message's number
EVENT, PING, CLOSE = 0x1, 0x9, 0x8


@dataclass
class Order:
    """What to open, and where the publisher writes when it began a message (nanoseconds, by number)."""

    port: int
    path: str
    sockets: int
    stamps: str
    first: int  # number of the first message that is measured
    subscriptions: list[tuple[str, str]] = field(default_factory=list)  # token and topic, in turn; or none
    stalled: list[tuple[str, str]] = field(default_factory=list)  # the same for the one that never reads


class Socket:
    """One end of one connection."""

    __slots__ = ("answered", "buffer", "fd", "greeting", "link", "open")

    def __init__(self, order: Order, host: str, subscriptions: list[tuple[str, str]], *, small: bool) -> None:
        self.link = socket.socket()
        if small:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BUFFER)
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.bind((host, 0))
        self.link.connect(("127.0.0.1", order.port))
        self.link.setblocking(False)
        self.link.sendall(_handshake(order.path, order.port, subscriptions[0][0] if subscriptions else ""))
        self.fd = self.link.fileno()
        self.greeting = b"".join(_subscribe(topic) for _token, topic in subscriptions)
        self.buffer = b""
        self.open = False  # the handshake is over
        self.answered = False  # and what it asked for has been answered


class Client:
    """All sockets, and what has come on them."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.poll = select.epoll()
        self.sockets: dict[int, Socket] = {}
        self.ready = self.resets = self.size = 0
        self.closed: dict[int, int] = {}  # how many, by the server's code; 0 without a word
        self.seen: dict[bytes, int] = {}  # the last messages as they came: all sockets get the same bytes
        self.frames: dict[int, int] = {}  # by message: how many sockets have it
        self.last: dict[int, int] = {}  # by message: when the last of them got it
        self.delays = array("q")
        self.stalled: Socket | None = None
        self.stamps = _mapped(order.stamps)

    # --- opening --------------------------------------------------------------------------------------

    def open(self, upto: int) -> None:
        wanted = self.order.subscriptions
        while len(self.sockets) < upto:
            for place in range(len(self.sockets), min(upto, len(self.sockets) + RAMP)):
                mine = [wanted[place % len(wanted)]] if wanted else []
                one = Socket(self.order, f"127.0.0.{2 + place % 8}", mine, small=False)
                self.sockets[one.fd] = one
                self.poll.register(one.fd, select.EPOLLIN)
            end = time.monotonic() + 60
            while self.ready < len(self.sockets):
                if time.monotonic() > end or self.closed:
                    raise SystemExit(f"only {self.ready} of {len(self.sockets)} sockets were let in")
                self.look(1.0)

    def stall(self) -> None:
        """One more socket: it asks, and from then on reads nothing."""
        wanted = [(token, topic) for token, topic in self.order.stalled]
        one = self.stalled = Socket(self.order, "127.0.0.10", wanted, small=True)
        self.poll.register(one.fd, select.EPOLLIN)
        self.sockets[one.fd] = one
        before = self.ready
        while self.ready == before:
            self.look(1.0)
        self.poll.unregister(one.fd)
        del self.sockets[one.fd]

    # --- reading --------------------------------------------------------------------------------------

    def look(self, seconds: float) -> None:
        for fd, _event in self.poll.poll(seconds):
            one = self.sockets.get(fd)
            if one is not None:
                self._read(one)

    def _read(self, one: Socket) -> None:
        try:
            data = one.link.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        number = self.seen.get(data)
        if number is not None and not one.buffer:  # nearly always: one whole frame that others had, too
            self._count(number, time.monotonic_ns())
        elif not data:
            self._lost(one)
        else:
            self._parse(one, one.buffer + data)

    def _parse(self, one: Socket, data: bytes) -> None:
        now = time.monotonic_ns()
        if not one.open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                one.buffer = head
                return
            if b" 101 " not in head[:16]:
                raise SystemExit(f"no socket: {head[:60]!r}")
            one.open = True
            if one.greeting:
                one.link.sendall(one.greeting)
            else:
                self._answered(one)
        while (frame := _frame(data)) is not None:
            kind, text, size = frame
            if kind == EVENT:
                self._text(one, text, data[:size], now)
            elif kind == PING:
                one.link.sendall(_masked(0x8A, text))
            elif kind == CLOSE:
                self._lost(one, int.from_bytes(text[:2], "big"))
                return
            data = data[size:]
        one.buffer = data

    def _text(self, one: Socket, text: bytes, whole: bytes, now: int) -> None:
        start = text.find(MARK)
        if b'"event"' in text[:40] and start > 0:
            number = int(text[start + len(MARK) :].split(b",", 1)[0].strip(b" }"))
            self.size = len(text)
            if len(self.seen) > 64:
                self.seen.clear()
            self.seen[whole] = number
            self._count(number, now)
        elif b'"snapshot"' in text[:40]:
            self._answered(one)
        elif b'"reset"' in text[:40]:
            self.resets += 1
        elif b'"denied"' in text[:40]:
            raise SystemExit("a subscription was denied")

    def _count(self, number: int, now: int) -> None:
        if number >= self.order.first:
            self.frames[number] = self.frames.get(number, 0) + 1
            self.last[number] = now
            self.delays.append(now - int(self.stamps[number]))

    def _answered(self, one: Socket) -> None:
        if not one.answered:
            one.answered = True
            self.ready += 1

    def _lost(self, one: Socket, code: int = 0) -> None:
        self.closed[code] = self.closed.get(code, 0) + 1
        self.poll.unregister(one.fd)
        one.link.close()
        del self.sockets[one.fd]

    # --- the end --------------------------------------------------------------------------------------

    def finish(self, upto: int) -> dict[str, Any]:
        wanted = (upto + 1 - self.order.first) * self.order.sockets
        end = time.monotonic() + PATIENCE
        while len(self.delays) < wanted and time.monotonic() < end:
            self.look(0.2)
        whole = [
            self.last[n] - int(self.stamps[n])
            for n, count in self.frames.items()
            if count >= self.order.sockets
        ]
        return {
            "delivered": len(self.delays),
            "missing": wanted - len(self.delays),
            "delivery_ms": _percentiles(sorted(self.delays)),
            "last_ms": _percentiles(sorted(whole)),
            "complete": len(whole),
            "closed": self.closed,
            "resets": self.resets,
            "frame_bytes": self.size,
            "stalled": self._what_the_stalled_one_finds(),
        }

    def _what_the_stalled_one_finds(self) -> dict[str, Any] | None:
        """At last it reads: what had waited in the kernel, then the word to start over, or the end."""
        if self.stalled is None:
            return None
        link, data = self.stalled.link, bytearray(self.stalled.buffer)
        link.settimeout(0.1)
        end, ended = time.monotonic() + PATIENCE, False
        while b'"reset"' not in data[-65600:] and time.monotonic() < end and not ended:
            with suppress(TimeoutError, ConnectionError):
                more = link.recv(65536)
                data += more
                ended = not more
        return {
            "bytes": len(data),
            "frames": data.count(b'"event"'),
            "reset": b'"reset"' in data[-65600:],
            "ended": ended,
        }


def _handshake(path: str, port: int, token: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *([f"Authorization: Token {token}"] if token else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _subscribe(topic: str) -> bytes:
    return _masked(0x81, json.dumps({"op": "subscribe", "topic": topic, "cursor": None}).encode())


def _masked(head: int, text: bytes) -> bytes:
    """One client frame under 126 bytes; its mask is zero, which leaves the text as it is."""
    return bytes((head, 0x80 | len(text), 0, 0, 0, 0)) + text


def _frame(data: bytes) -> tuple[int, bytes, int] | None:
    """The first frame: opcode, content, length of the whole; None when it is not all there yet."""
    if len(data) < 2:
        return None
    size, start = data[1] & 0x7F, 2
    if size == 126:
        size, start = int.from_bytes(data[2:4], "big"), 4
    elif size == 127:
        size, start = int.from_bytes(data[2:10], "big"), 10
    if len(data) < start + size:
        return None
    return data[0] & 0x0F, data[start : start + size], start + size


def _percentiles(values: list[int]) -> dict[str, float | None]:
    """Median and 99th percentile of nanoseconds, in milliseconds."""
    if not values:
        return {"p50": None, "p99": None}
    return {
        "p50": round(values[len(values) // 2] / 1e6, 2),
        "p99": round(values[min(len(values) - 1, len(values) * 99 // 100)] / 1e6, 2),
    }


def _mapped(path: str) -> memoryview:
    with Path(path).open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast("q")


def _say(word: Any) -> None:
    print(json.dumps(word), flush=True)


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    order = Order(**json.loads(sys.stdin.readline()))
    client = Client(order)
    client.open(min(WARM, order.sockets))
    _say("warm")
    sys.stdin.readline()
    client.open(order.sockets)
    if order.stalled:
        client.stall()
    _say("ready")
    control = select.poll()
    control.register(sys.stdin.fileno(), select.POLLIN)
    client.poll.register(sys.stdin.fileno(), select.EPOLLIN)
    while not control.poll(0):
        client.look(1.0)
    client.poll.unregister(sys.stdin.fileno())
    told = json.loads(sys.stdin.readline())
    _say(client.finish(told["last"]))


if __name__ == "__main__":
    main()
