"""Without Redis everything works and views come a little later; a server that ends says so and lets go."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from access.models import Token, User
from tests import server
from workflows import actions

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy"))
from launcher import valkey  # type: ignore[import-not-found]

pytestmark = pytest.mark.django_db(transaction=True)


class OwnRedis:
    """A Redis of the test's own, to be taken away."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "r.sock"
        self.program = valkey.find(Path(sys.prefix))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", self.socket, "--save", "", "--loglevel", "warning"]
        self.process = subprocess.Popen([self.program, *map(str, options)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.socket.unlink(missing_ok=True)
            self.process = None


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    found = OwnRedis(tmp_path_factory.mktemp("r"))
    found.start()
    yield found
    if found.process is not None:
        found.process.send_signal(signal.SIGCONT)
    found.kill()


def follow(address: str, user: User, topic: str) -> ClientConnection:
    header = {"Authorization": f"Token {Token.issue(user)}"}
    line = connect(address.replace("http", "ws") + "/ws/live/", additional_headers=header, legacy=True)
    line.send(json.dumps({"op": "subscribe", "topic": topic, "cursor": None}))
    assert json.loads(line.recv(timeout=10))["op"] == "snapshot"
    return line


def kinds(line: ClientConnection, count: int, seconds: float) -> list[str]:
    end = time.monotonic() + seconds
    return [json.loads(line.recv(timeout=max(0.01, end - time.monotonic())))["kind"] for _n in range(count)]


def end_of(line: ClientConnection) -> tuple[float, int]:
    """When the socket was closed, and with which code."""
    with pytest.raises(ConnectionClosed) as closed:
        line.recv(timeout=10)
    assert closed.value.rcvd is not None
    return time.monotonic(), closed.value.rcvd.code


def post(address: str, user: User, path: str, body: dict[str, Any], key: str) -> int:
    headers = {"Authorization": f"Token {Token.issue(user)}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{address}/api/v1/{path}", json.dumps(body).encode(), {**headers, "Idempotency-Key": key}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


def test_redis_hangs_dies_and_comes_back(
    own_redis: OwnRedis, people_at_work: Any, register: Any, reference: None
) -> None:
    samhi = people_at_work.samhi
    referral = register("INS-STATUS").referrals.get()
    with server.started(REDIS_URL=own_redis.url) as (address, _process):
        line = follow(address, samhi, "queue:SAMHI")
        post(address, samhi, f"referrals/{referral.pk}/claim/", {}, "a")
        assert kinds(line, 1, 3.0) == ["referral.claimed"]

        assert own_redis.process is not None
        own_redis.process.send_signal(signal.SIGSTOP)  # it is there and does not answer
        for place, verb in enumerate(["release", "claim"] * 5):
            assert post(address, samhi, f"referrals/{referral.pk}/{verb}/", {}, f"{verb}{place}") == 200
        assert kinds(line, 10, 5.0) == ["referral.released", "referral.claimed"] * 5

        own_redis.process.send_signal(signal.SIGCONT)
        own_redis.kill()
        post(address, samhi, f"referrals/{referral.pk}/release/", {}, "b")
        assert kinds(line, 1, 5.0) == ["referral.released"]
        with urllib.request.urlopen(f"{address}/readyz") as answer:
            assert json.load(answer)["checks"]["redis"] is False
        another = follow(address, samhi, "queue:SAMHI")  # a new socket needs no Redis either

        own_redis.start()
        time.sleep(3)
        post(address, samhi, f"referrals/{referral.pk}/claim/", {}, "c")
        assert kinds(line, 1, 5.0) == ["referral.claimed"]
        assert kinds(another, 1, 5.0) == ["referral.claimed"]


def test_a_server_that_ends_says_that_it_is_not_ready_and_lets_its_sockets_go(
    people_at_work: Any, reference: None
) -> None:
    with server.started("--drain", "3") as (address, process):
        lines = [follow(address, people_at_work.samhi, "queue:SAMHI") for _n in range(6)]
        process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}/readyz", timeout=2)
        assert refused.value.code == 503
        assert json.load(refused.value)["checks"]["serving"] is False
        with ThreadPoolExecutor(len(lines)) as threads:
            ends = sorted(threads.map(end_of, lines))
        process.wait(10)

    assert {code for _at, code in ends} == {1012}
    assert ends[-1][0] - ends[0][0] > 1.0  # not all in the same instant
    assert process.returncode in (0, -signal.SIGTERM)


def test_what_was_missed_over_a_restart_is_told_from_the_cursor(
    people_at_work: Any, register: Any, reference: None
) -> None:
    samhi = people_at_work.samhi
    referral = register("INS-STATUS").referrals.get()
    with server.started() as (address, _process):
        line = follow(address, samhi, "queue:SAMHI")
        actions.claim(actor=samhi, referral=referral.pk)
        cursor = json.loads(line.recv(timeout=5))["cursor"]
    actions.release(actor=samhi, referral=referral.pk)
    actions.claim(actor=samhi, referral=referral.pk)
    with server.started() as (address, _process):
        header = {"Authorization": f"Token {Token.issue(samhi)}"}
        line = connect(address.replace("http", "ws") + "/ws/live/", additional_headers=header, legacy=True)
        deadline = time.monotonic() + 10
        kinds_heard: list[str] = []
        while len(kinds_heard) < 2 and time.monotonic() < deadline:
            line.send(json.dumps({"op": "subscribe", "topic": "queue:SAMHI", "cursor": cursor}))
            while (frame := json.loads(line.recv(timeout=5)))["op"] == "event":
                kinds_heard.append(frame["kind"])
                cursor = frame["cursor"]
            cursor = frame["cursor"]

    assert kinds_heard == ["referral.released", "referral.claimed"]
