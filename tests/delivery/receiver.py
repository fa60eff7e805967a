"""A receiver such as agencies have them, and such as they should not: on a real port, hostile by its path."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """What was heard, in order; ``answers`` are the statuses of ``/script``, one after the other."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def effects(self) -> list[str]:
        """The ids that had an effect, in the order in which they first came."""
        return list(dict.fromkeys(it.id for it in self.heard))


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.heard.append(Heard(self.path, headers, body))
        self.close_connection = True
        behave = getattr(self, f"as_{self.path.strip('/').partition('?')[0]}", None)
        (behave or self.as_status)()

    do_GET = do_POST

    def tell(self, status: int, *lines: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*lines, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def as_ok(self) -> None:
        self.tell(204)

    def as_status(self) -> None:
        self.tell(int(self.path.strip("/")))

    def as_script(self) -> None:
        self.tell(self.receiver.answers.pop(0) if self.receiver.answers else 204)

    def as_later(self) -> None:
        self.tell(429, ("Retry-After", "7200"))

    def as_redirect(self) -> None:
        self.tell(302, ("Location", "http://169.254.169.254/latest/meta-data/"))

    def as_hang(self) -> None:
        self.receiver.over.wait(30)

    def as_drip(self) -> None:
        self._slowly(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 1000)

    def as_drip_body(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        self._slowly(b"z" * 1000)

    def _slowly(self, what: bytes) -> None:
        try:
            for byte in what:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.receiver.over.wait(0.05):
                    return
        except OSError:
            self.receiver.over.set()  # the sender has gone: that is what the test waits for

    def as_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def as_garbage(self) -> None:
        self.wfile.write(b"\x00\xff this is not HTTP \r\n\r\n")

    def as_huge(self) -> None:
        self._flood(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")

    def as_huge_headers(self) -> None:
        self._flood(b"HTTP/1.1 200 OK\r\nX-Long: ")

    def _flood(self, begin: bytes) -> None:
        sent = 0
        try:
            self.wfile.write(begin)
            while sent < 50_000_000:
                sent += self.connection.send(b"x" * 65536)
        except OSError:
            self.receiver.answers.append(sent)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests look at what was heard instead."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that is killed breaks its connections."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    server = Server(("127.0.0.1", 0), type("Mine", (Handler,), {"receiver": receiver}))
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until it holds; fails when it does not in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
