"""Where we are willing to connect: names and numbers that lead out, never into our own network.

An address is read by one strict grammar, so that no second reader can understand it differently. It is
resolved once, every number it leads to has to be allowed, and the connection goes to that very number.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

Number = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LENGTH = 500
WRITTEN = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>/[A-Za-z0-9/._~!$&'()*+,;=:%-]*)?(?P<query>\?[A-Za-z0-9/?._~!$&'()*+,;=:%-]*)?"
)
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
PORTS = {"https": 443, "http": 80}

# What Python's tables call global, or did in some version, and no receiver of ours can be.
NEVER = [
    ipaddress.ip_network(each)
    for each in (
        "168.63.129.16/32",  # the metadata of a cloud
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo, ORCHID and other protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
]
OUTSIDE = ipaddress.ip_network("2000::/3")  # IPv6 that is routed; mapped, NAT64 and local ones are not


class Unreachable(Exception):
    """We do not connect there. ``code`` says why: ``address`` (how it is written), ``scheme``, ``port``,
    ``forbidden`` (where it leads) or ``unknown`` (no such name)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True)
class Target:
    """An address that was read: everything that a request needs."""

    scheme: str
    host: str
    port: int
    path: str


def read(url: str) -> Target:
    """Read an address. Raises ``Unreachable`` for whatever is not plainly one of a receiver."""
    found = WRITTEN.fullmatch(url) if len(url) <= LENGTH else None
    if not found:
        raise Unreachable("address")
    scheme, host = found["scheme"], found["host"].strip("[]")
    port = int(found["port"] or PORTS[scheme])
    if port > 65535 or (port < 1024 and port != PORTS[scheme]):
        raise Unreachable("port")
    if number(host) is None:
        _check_name(host, bracketed=found["host"].startswith("["))
    return Target(scheme, host, port, (found["path"] or "/") + (found["query"] or ""))


def number(host: str) -> Number | None:
    """The number a host is written as, in the one usual spelling; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _check_name(host: str, *, bracketed: bool) -> None:
    """A name: no address in another spelling (0x7f.1, 2130706433, 127.1), nothing else in its last label."""
    labels = host.split(".")
    numeric = labels[-1].isdecimal() or labels[-1].startswith("0x")
    if bracketed or numeric or len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise Unreachable("address")


def numbers(target: Target, patience: float) -> list[Number]:
    """What the target's host leads to, checked: every number has to be one we may connect to."""
    written = number(target.host)
    found = [written] if written else _resolved(target.host, target.port, patience)
    allowed: Sequence[Network] = settings.WEBHOOK_NETWORKS
    inside = [any(each in network for network in allowed) for each in found]
    if not all(named or outside(each) for each, named in zip(found, inside, strict=True)):
        raise Unreachable("forbidden")
    if target.scheme != "https" and not all(inside):
        raise Unreachable("scheme")
    return found


def outside(it: Number) -> bool:
    """Is it a number of the public network?"""
    if it.is_multicast or not it.is_global or any(it in network for network in NEVER):
        return False
    return it.version == 4 or it in OUTSIDE


def check(url: str, patience: float = 3.0) -> None:
    """What saving an endpoint asks: is it written well, and does it lead where we may go at this moment?"""
    numbers(read(url), patience)


def _resolved(host: str, port: int, patience: float) -> list[Number]:
    """Ask for the numbers of a name, not for longer than ``patience``: the resolver itself knows no limit."""
    answers: list[list[str]] = []
    asking = threading.Thread(target=lambda: answers.append(resolve(host, port)), daemon=True)
    asking.start()
    asking.join(max(patience, 0))
    if not answers or not answers[0]:
        raise Unreachable("unknown")
    return [ipaddress.ip_address(each.partition("%")[0]) for each in answers[0]]


def resolve(host: str, port: int) -> list[str]:
    """Numbers by the system's resolver, none when there is no such name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
