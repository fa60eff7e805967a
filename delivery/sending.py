"""One message to one address: where it may go, how long it may take, and what came of it.

HTTP/1.1 by httpcore on a network of our own: the connection goes to a number that ``addresses`` has
allowed, TLS is verified for the name, and everything together has one deadline. No proxy, no redirect.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore

from . import addresses
from .addresses import Target, Unreachable

DEADLINE = 10.0  # seconds for all: name, connection, TLS, request, answer
LIMIT = 64 * 1024  # bytes of the answer that are read, TLS and headers included
AGENT = "Dayaq-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or the code of what went wrong before there was one."""

    milliseconds: int
    status: int | None = None
    error: str = ""
    retry_after: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def send(url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Post ``body`` and tell what came of it. Raises nothing that a receiver can bring about."""
    begin = time.monotonic()

    def told(**what: Any) -> Answer:
        return Answer(milliseconds=round((time.monotonic() - begin) * 1000), **what)

    try:
        status, retry_after = _post(addresses.read(url), headers, body, begin + DEADLINE)
    except Unreachable as refused:
        return told(error=refused.code)
    except ssl.SSLError:
        return told(error="tls")
    except httpcore.TimeoutException:
        return told(error="timeout")
    except httpcore.ConnectError as failed:
        return told(error="tls" if isinstance(failed.__cause__, ssl.SSLError) else "connect")
    except httpcore.NetworkError:
        return told(error="broken")
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        return told(error="protocol")
    return told(status=status, retry_after=retry_after)


def _post(target: Target, headers: Mapping[str, str], body: bytes, end: float) -> tuple[int, str]:
    """The status, as soon as it is there; what the receiver says besides is read and thrown away."""
    origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
    lines = {"Host": _host(target), "User-Agent": AGENT, "Content-Type": "application/json", **headers}
    request = httpcore.Request(
        "POST",
        httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path.encode()),
        headers=[
            *((name.encode(), value.encode()) for name, value in lines.items()),
            (b"Content-Length", str(len(body)).encode()),
            (b"Connection", b"close"),
        ],
        content=body,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), DEADLINE)},
    )
    with httpcore.HTTPConnection(
        origin, ssl_context=context(), network_backend=Checked(target, end)
    ) as connection:
        answer = connection.handle_request(request)
        _throw_away(answer)
        found = [value for name, value in answer.headers if name.lower() == b"retry-after"]
        return answer.status, found[0].decode("ascii", "replace") if found else ""


def _host(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == addresses.PORTS[target.scheme] else f"{host}:{target.port}"


def _throw_away(answer: httpcore.Response) -> None:
    """Let the receiver say what it has to say. Its status counts, however the rest ends."""
    try:
        for _part in answer.iter_stream():
            continue
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        return
    finally:
        answer.close()


@cache
def context() -> ssl.SSLContext:
    """The system's authorities, the host's name checked, nothing older than TLS 1.2. Reading them is dear."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


class Checked(httpcore.NetworkBackend):
    """Connects to the numbers that were checked, never to a name; everything ends at ``end``."""

    def __init__(self, target: Target, end: float) -> None:
        self.target = target
        self.end = end
        self.inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = addresses.numbers(self.target, _left(self.end, httpcore.ConnectTimeout))
        for each in others:
            try:
                return self._connected(str(each), port)
            except httpcore.ConnectError:  # an IPv6 number without a way there, for instance
                continue
        return self._connected(str(last), port)

    def _connected(self, number: str, port: int) -> httpcore.NetworkStream:
        stream = self.inner.connect_tcp(number, port, _left(self.end, httpcore.ConnectTimeout))
        return Bounded(stream, self.end)


class Bounded(httpcore.NetworkStream):
    """A stream with an end in time and a limit of what is read: a receiver that drips holds nobody up."""

    def __init__(self, inner: httpcore.NetworkStream, end: float, read: int = 0) -> None:
        self.inner = inner
        self.end = end
        self.so_far = read

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.so_far >= LIMIT:
            raise httpcore.ReadError
        left = min(max_bytes, LIMIT - self.so_far)
        found = self.inner.read(left, _left(self.end, httpcore.ReadTimeout))
        self.so_far += len(found)
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(self.end, httpcore.WriteTimeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        patience = _left(self.end, httpcore.ConnectTimeout)
        return Bounded(self.inner.start_tls(ssl_context, server_hostname, patience), self.end, self.so_far)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(end: float, late: type[httpcore.TimeoutException]) -> float:
    """Seconds until the end; raises what httpcore would when there are none."""
    left = end - time.monotonic()
    if left <= 0:
        raise late
    return left
