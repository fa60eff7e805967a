"""The live door on a real server: what an agency sees without asking again, and what it never sees."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from access.models import Token, User
from workflows import actions

pytestmark = pytest.mark.django_db(transaction=True)


class Listener:
    """A socket with the two questions a test asks: what came, and within which time."""

    def __init__(self, server: str, user: User) -> None:
        address = server.replace("http", "ws") + "/ws/live/"
        headers = {"Authorization": f"Token {Token.issue(user)}"}
        self.context = connect(address, additional_headers=headers)
        self.socket = self.context.__enter__()

    def ask(self, topic: str, cursor: str | None = None) -> dict[str, Any]:
        self.socket.send(json.dumps({"op": "subscribe", "topic": topic, "cursor": cursor}))
        return self.frame()

    def frame(self, timeout: float = 5.0) -> dict[str, Any]:
        """The next one about a topic; how well the server itself sees is not asked here."""
        whole: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout))
        return self.frame(timeout) if whole["op"] in ("stale", "fresh") else whole

    def until(self, kind: str, timeout: float = 5.0) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while True:
            found = self.frame(max(0.01, end - time.monotonic()))
            if found.get("kind") == kind:
                return found


def test_a_new_referral_reaches_the_queue_within_two_seconds(
    server: str, people_at_work: Any, register: Any
) -> None:
    queue = Listener(server, people_at_work.yashat)
    assert queue.ask("queue:YASHAT")["rows"] == []

    started = time.monotonic()
    application = register(subtopic="PRO-REPAIR", text="GİZLİ-SÖZ protez")
    arrived = queue.until("referral.requested", timeout=2.0)

    assert time.monotonic() - started < 2.0
    assert arrived["application"] == str(application.pk)
    assert arrived["unit"] == "YASHAT"
    assert "GİZLİ" not in json.dumps(arrived, ensure_ascii=False)


def test_what_was_missed_is_sent_before_the_stream_goes_on(
    server: str, people_at_work: Any, register: Any
) -> None:
    first = Listener(server, people_at_work.samhi)
    cursor = first.ask("queue:SAMHI")["cursor"]
    first.socket.close()
    for _n in range(3):
        register(subtopic="INS-STATUS")
    time.sleep(1)

    again = Listener(server, people_at_work.samhi)
    again.socket.send(json.dumps({"op": "subscribe", "topic": "queue:SAMHI", "cursor": cursor}))
    kinds = [again.frame()["kind"] for _n in range(3)]
    caught_up = again.frame()

    assert kinds == ["referral.requested"] * 3
    assert caught_up["op"] == "caught_up"
    register(subtopic="INS-STATUS")
    assert again.frame()["kind"] == "referral.requested"


def test_a_cursor_of_another_history_starts_over(server: str, people_at_work: Any) -> None:
    socket = Listener(server, people_at_work.supervisor)
    epoch = socket.ask("board")["cursor"].split(".")[0]

    assert socket.ask("board", f"{epoch}.999999999999999")["op"] == "reset"
    assert socket.ask("board", "00000000-0000-0000-0000-000000000000.1")["op"] == "reset"
    assert socket.ask("board", "nonsense")["op"] == "reset"


def test_a_stranger_is_denied_what_is_not_his(server: str, people_at_work: Any, register: Any) -> None:
    application = register(subtopic="INS-STATUS")
    socket = Listener(server, people_at_work.yashat)

    for topic in (
        "queue:SAMHI",
        "board",
        "board:SAMHI",
        f"application:{application.pk}",
        "desk:operator",
        "x",
        7,
    ):
        assert socket.ask(topic)["op"] == "denied", topic


def test_no_token_no_origin_no_socket(server: str) -> None:
    address = server.replace("http", "ws") + "/ws/live/"

    other_port = server.rpartition(":")[0] + ":9"
    for origin in (None, other_port, "http://testserver", server.replace("://", "://evil@"), "null"):
        header = {"Cookie": "sessionid=x"} | ({"Origin": origin} if origin else {})
        with pytest.raises(InvalidStatus), connect(address, additional_headers=header) as socket:
            socket.recv(timeout=2)
    with pytest.raises(InvalidStatus) as refused, connect(address.replace("live", "other")) as socket:
        socket.recv(timeout=2)
    assert refused.value.response.status_code == 403
    with connect(address, additional_headers={"Authorization": "Token wrong"}) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=2)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def test_rights_taken_away_close_the_socket_within_some_seconds(server: str, people_at_work: Any) -> None:
    socket = Listener(server, people_at_work.samhi)
    socket.ask("queue:SAMHI")

    people_at_work.samhi.memberships.all().delete()

    assert socket.frame(timeout=6) == {"op": "denied", "topic": "queue:SAMHI"}


def test_the_snapshot_over_http_is_the_one_of_the_socket(
    server: str, people_at_work: Any, register: Any, api: Any
) -> None:
    register(subtopic="INS-STATUS")
    time.sleep(1)

    by_socket = Listener(server, people_at_work.samhi).ask("queue:SAMHI")
    by_http = api(people_at_work.samhi).get("live/queue:SAMHI/").json()

    assert by_http == by_socket


def test_the_stream_adds_up_to_a_fresh_snapshot(
    server: str, people_at_work: Any, register: Any, api: Any
) -> None:
    listener = Listener(server, people_at_work.samhi)
    view = {row["id"]: row["version"] for row in listener.ask("queue:SAMHI")["rows"]}
    for _n in range(5):
        application = register(subtopic="INS-STATUS")
        actions.claim(actor=people_at_work.samhi, referral=application.referrals.get().pk)
    for _n in range(10):
        frame = listener.frame()
        view[frame["id"]] = frame["version"]

    fresh = api(people_at_work.samhi).get("live/queue:SAMHI/").json()["rows"]

    assert view == {row["id"]: row["version"] for row in fresh}
