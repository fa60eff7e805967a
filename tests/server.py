"""A real server on a real port beside the test database: sockets and browsers need one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from events import bell, journal


def run() -> Iterator[str]:
    """Yield ``http://127.0.0.1:<port>`` of a server process on the test database, its relay inside."""
    with started() as (address, _process):
        yield address


@contextmanager
def started(*options: str, port: int = 0, **more: str) -> Iterator[tuple[str, subprocess.Popen[Any]]]:
    """A server process with these options and variables, and where it answers."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "callcenter.serve", "--port", str(port), *options],
        # A test says itself when its clocks fire and its jobs run.
        env=environment(**{"DAYAQ_CLOCKS": "beside", "DAYAQ_JOBS": "beside", **more}),
        cwd=settings.BASE_DIR,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(10)


def wait_until_it_looked(address: str) -> None:
    """Emptying the tables is no event: a server that still has listeners has to be told to look."""
    bell.ring(bell.STAMPED)
    for _attempt in range(100):
        with urllib.request.urlopen(f"{address}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        (position,) = (it.samples[0].value for it in families if it.name == "dayaq_live_position")
        if position == 0 or position >= journal.head().position:
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not look")


def environment(**more: str) -> dict[str, str]:
    """What a process of its own needs to work on the test database."""
    wanted = connection.settings_dict
    url = "postgresql:///?" + urlencode(
        {
            "user": wanted["USER"],
            "password": wanted["PASSWORD"],
            "host": wanted["HOST"],
            "port": wanted["PORT"] or 5432,
            "dbname": wanted["NAME"],
        }
    )
    return {**os.environ, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[Any]) -> None:
    for _attempt in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer")
