"""Receivers that hang, drip, flood, redirect or lie: each costs a bounded time and memory, and has a code."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from delivery import addresses, sending

from .receiver import Receiver, until

HEADERS = {"webhook-id": "00000000-0000-7000-8000-000000000000"}


@pytest.fixture(autouse=True)
def quick(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    monkeypatch.setattr(sending, "DEADLINE", 1.0)
    sending.context()  # read once per process: not a receiver's doing


def outcome(url: str) -> tuple[int | None, str]:
    begin = time.monotonic()
    answer = sending.send(url, HEADERS, b"{}")
    spent = time.monotonic() - begin
    assert spent < 2.0, f"{url} kept us for {spent:.1f} s"
    assert abs(answer.milliseconds - spent * 1000) < 200
    return answer.status, answer.error


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/ok", (204, "")),
        ("/200", (200, "")),
        ("/500", (500, "")),
        ("/410", (410, "")),
        ("/later", (429, "")),
        ("/redirect", (302, "")),
        ("/hang", (None, "timeout")),
        ("/drip", (None, "timeout")),
        ("/drip_body", (200, "")),
        ("/reset", (None, "broken")),
        ("/garbage", (None, "protocol")),
        ("/huge", (200, "")),
        ("/huge_headers", (None, "broken")),
    ],
)
def test_what_a_receiver_does_has_a_code_and_an_end(
    receiver: Receiver, path: str, expected: tuple[int | None, str]
) -> None:
    assert outcome(receiver.url(path)) == expected
    assert [it.path for it in receiver.heard] == [path], "one request, whatever the answer leads to"


class Endless(httpcore.NetworkStream):
    """A line on which there is always more to read."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return b"x" * max_bytes


def test_of_a_flood_only_a_little_is_read() -> None:
    """Over TLS as well: what was read before it counts."""
    line = sending.Bounded(Endless(), time.monotonic() + 60, read=1000)
    found = 1000
    while found < sending.LIMIT:
        found += len(line.read(50_000))

    assert found == sending.LIMIT == 65536
    with pytest.raises(httpcore.ReadError):
        line.read(1)


@pytest.mark.parametrize("path", ["/huge", "/huge_headers"])
def test_a_receiver_that_floods_is_hung_up_on(receiver: Receiver, path: str) -> None:
    outcome(receiver.url(path))
    until(lambda: bool(receiver.answers))

    assert receiver.answers[0] < 50_000_000, "it did not get rid of everything"


def test_a_sender_that_gave_up_has_hung_up(receiver: Receiver) -> None:
    outcome(receiver.url("/drip"))

    assert receiver.over.wait(3), "the receiver still talks to somebody"


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert outcome(f"http://127.0.0.1:{port}/") == (None, "connect")


def test_somebody_who_never_accepts() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _each in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        assert outcome(f"http://127.0.0.1:{full.getsockname()[1]}/")[1] == "timeout"
        for each in waiting:
            each.close()


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, receiver.url("/proxy"))
    assert outcome(receiver.url("/ok")) == (204, "")
    assert [it.path for it in receiver.heard] == ["/ok"]


# --- TLS ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of good.example that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "good.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("good.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a TLS receiver that answers 204; every name leads to it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    monkeypatch.setattr(addresses, "resolve", lambda host, port: ["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    raw, _peer = listening.accept()
                except OSError:
                    return  # closed: the test is over
                try:
                    with server.wrap_socket(raw, server_side=True) as line:
                        heard = b""
                        while not heard.endswith(b"{}"):  # what is left unread would reset the line
                            if not (part := line.recv(65536)):
                                break
                            heard += part
                        line.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                except OSError:
                    raw.close()  # the sender did not like our name

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_receiver_is_known_by_the_name_in_its_certificate(
    secure: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome(f"https://good.example:{secure}/") == (None, "tls"), "nobody vouches for it"

    trusting = sending.context.__wrapped__()
    trusting.load_verify_locations(certificate)
    monkeypatch.setattr(sending, "context", lambda: trusting)
    assert outcome(f"https://good.example:{secure}/") == (204, "")
    assert outcome(f"https://evil.example:{secure}/") == (None, "tls"), "the name is not in it"
    assert outcome(f"https://127.0.0.1:{secure}/") == (None, "tls")


def test_plain_talk_where_tls_is_due(receiver: Receiver) -> None:
    assert outcome(f"https://127.0.0.1:{receiver.port}/ok")[1] in ("tls", "timeout")
    assert receiver.heard == []
