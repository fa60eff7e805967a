"""Every role at every kind of topic: who is let in, and what happens when the right is taken away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from access.models import Token, User
from access.roles import AGENCY, CALL_CENTRE, Role
from agencies.models import Agency, Membership, Unit
from callcenter.live import topics
from events.errors import NotVisible
from tests.access.stage import STAFF, Stage, sees, works_for
from workflows import actions


def let_in(actor: User, name: str) -> bool:
    try:
        topics.allowed(actor, name)
    except NotVisible:
        return False
    return True


# --- the matrix, without a server ----------------------------------------------------------------------


@pytest.fixture
def stage(reference: None) -> Stage:
    from tests.access.stage import a_day

    return a_day()


def expected(actor: User, kind: str, record: Any) -> bool:
    """The rule once more, in plain words."""
    inside = actor.role in CALL_CENTRE
    if kind == "queue":
        return inside or (actor.role in AGENCY and works_for(actor, record))
    if kind == "board" and record is None:
        return inside
    if kind == "board":
        front = Unit.objects.get(pk=record.pk)
        return inside or (actor.role == Role.AGENCY_ADMIN and works_for(actor, front))
    if kind == "application":
        return sees(actor, record)
    return inside and record == actor


@pytest.mark.django_db
def test_every_role_at_every_topic(stage: Stage) -> None:
    named: list[tuple[str, str, Any]] = [("queue", f"queue:{it.pk}", it) for it in Unit.objects.all()]
    named += [("board", "board", None)]
    named += [("board", f"board:{it.pk}", it) for it in Agency.objects.filter(scope="in_system")]
    named += [("application", f"application:{it.pk}", it) for it in stage.applications.values()]
    named += [("desk", f"desk:{it.username}", it) for it in stage.users.values()]
    cells = [(who, kind, name, record) for who in STAFF for kind, name, record in named]
    assert len(cells) > 500
    seen = {True: 0, False: 0}
    for who, kind, name, record in cells:
        actor = User.objects.get(pk=stage.users[who].pk)
        wanted = expected(actor, kind, record)
        assert let_in(actor, name) == wanted, (who, name)
        seen[wanted] += 1
    assert seen[True] > 100
    assert seen[False] > 300


NO_TOPICS = ("", "queue", "queue:", "queue:NOBODY", "board:", "board:NOBODY", "application:1", "desk:", "x:y")
NO_NAMES: tuple[Any, ...] = (
    "queue:TABIB ",
    "QUEUE:TABIB",
    "queue:TABIB:MOH",
    "queue:*",
    "desk:operator/..",
    None,
    7,
    {},
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [*NO_TOPICS, *NO_NAMES],
)
def test_what_is_no_topic_is_like_one_that_is_hidden(people_at_work: Any, name: Any) -> None:
    assert not let_in(people_at_work.supervisor, name)


# --- rights taken away under an open socket ------------------------------------------------------------


Open = Callable[..., ClientConnection]


@pytest.fixture
def by_token(server: str) -> Open:
    def dial(user: User) -> ClientConnection:
        header = {"Authorization": f"Token {Token.issue(user)}"}
        return connect(server.replace("http", "ws") + "/ws/live/", additional_headers=header, legacy=True)

    return dial


@pytest.fixture
def by_session(server: str) -> Open:
    def dial(user: User) -> ClientConnection:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        header = {"Cookie": f"sessionid={session.session_key}", "Origin": server}
        line = connect(server.replace("http", "ws") + "/ws/live/", additional_headers=header, legacy=True)
        line.session_key = session.session_key
        return line

    return dial


def follow(line: ClientConnection, topic: str) -> None:
    line.send(json.dumps({"op": "subscribe", "topic": topic, "cursor": None}))
    assert json.loads(line.recv(timeout=5))["op"] == "snapshot"


def heard(line: ClientConnection, seconds: float) -> tuple[list[tuple[float, dict[str, Any]]], int | None]:
    """Every frame with its time, until the socket is closed (with which code) or time is up."""
    frames, end = [], time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            frames.append((time.monotonic(), json.loads(line.recv(timeout=left))))
    except TimeoutError:
        pass
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd else None
    return frames, None


def leaves_the_agency(user: User, _line: ClientConnection) -> None:
    Membership.objects.filter(user=user).delete()


def changes_houses(user: User, _line: ClientConnection) -> None:
    Membership.objects.filter(user=user).update(unit="TABIB")


def becomes_an_administrator(user: User, _line: ClientConnection) -> None:
    User.objects.filter(pk=user.pk).update(role=Role.ADMINISTRATOR)


def is_disabled(user: User, _line: ClientConnection) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def loses_the_token(user: User, _line: ClientConnection) -> None:
    Token.objects.filter(user=user).update(revoked_at="2026-01-01T00:00:00Z")


def signs_out(_user: User, line: ClientConnection) -> None:
    SessionStore(line.session_key).delete()


def stays_too_long(_user: User, line: ClientConnection) -> None:
    Session.objects.filter(pk=line.session_key).update(expire_date="2026-01-01T00:00:00Z")


def gets_another_password(user: User, _line: ClientConnection) -> None:
    again = User.objects.get(pk=user.pk)
    again.set_password("another-password-for-tests")
    again.save()


CASES: list[tuple[str, Callable[[User, ClientConnection], None], str | int]] = [
    ("by_token", leaves_the_agency, "denied"),
    ("by_session", leaves_the_agency, "denied"),
    ("by_token", changes_houses, "denied"),
    ("by_session", becomes_an_administrator, "denied"),
    ("by_token", is_disabled, 4403),
    ("by_session", is_disabled, 4403),
    ("by_token", loses_the_token, 4403),
    ("by_session", signs_out, 4403),
    ("by_session", stays_too_long, 4403),
    ("by_session", gets_another_password, 4401),
]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_told_five_seconds_after_the_right_is_gone(
    by_token: Open, by_session: Open, people_at_work: Any, register: Any
) -> None:
    """Ten people of one busy queue lose their right in ten ways at once; an eleventh goes on listening."""
    dial = {"by_token": by_token, "by_session": by_session}
    lines = []
    for place, (by, _taken, _ends) in enumerate(CASES):
        user = User.objects.create(username=f"leaver{place}", role=Role.AGENCY_WORKER, password="!")
        Membership.objects.create(user=user, unit_id="SAMHI")
        line = dial[by](user)
        follow(line, "queue:SAMHI")
        lines.append((user, line))
    stays = by_token(people_at_work.samhi)
    follow(stays, "queue:SAMHI")
    referral = register("INS-STATUS").referrals.get()

    with ThreadPoolExecutor(len(lines) + 2) as threads, busy(people_at_work.samhi2, referral.pk):
        for _user, line in lines:
            assert json.loads(line.recv(timeout=10))["op"] == "event"
        for (user, line), (_by, taken, _ends) in zip(lines, CASES, strict=True):
            taken(user, line)
        gone = time.monotonic()
        told = [threads.submit(heard, line, 9.0) for _user, line in [*lines, ("", stays)]]
        *leavers, (frames, code) = [it.result() for it in told]

    for (_by, taken, ends), (their_frames, their_code) in zip(CASES, leavers, strict=True):
        events = [at - gone for at, frame in their_frames if frame["op"] == "event"]
        denied = [frame for _at, frame in their_frames if frame["op"] == "denied"]
        assert their_code == (None if ends == "denied" else ends), taken.__name__
        assert denied == ([{"op": "denied", "topic": "queue:SAMHI"}] if ends == "denied" else [])
        assert max(events, default=0.0) < 5.0, taken.__name__
    assert code is None
    assert max(at - gone for at, frame in frames if frame["op"] == "event") > 7.0


@contextmanager
def busy(user: User, referral: Any) -> Iterator[None]:
    """Somebody takes a referral and gives it back, again and again."""
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                actions.claim(actor=user, referral=referral)
                actions.release(actor=user, referral=referral)
                time.sleep(0.1)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(work)
        try:
            yield
        finally:
            stop.set()
        working.result()


# --- too much ------------------------------------------------------------------------------------------


def ends_with(line: ClientConnection) -> int | None:
    """The code with which the socket is closed, whatever comes before."""
    _frames, code = heard(line, 5.0)
    return code


@pytest.mark.django_db(transaction=True)
def test_floods_and_what_is_no_message_of_ours(by_token: Open, people_at_work: Any) -> None:
    user = people_at_work.samhi
    flood, long, binary = by_token(user), by_token(user), by_token(user)
    with suppress(ConnectionClosed):
        for _n in range(200):
            flood.send(json.dumps({"op": "ping"}))
    long.send("x" * 2001)
    binary.send(b"bytes")
    assert [ends_with(line) for line in (flood, long, binary)] == [4408, 4408, 4408]

    line = by_token(user)
    nonsenses = ("", "{}", "[]", "null", '{"op": 7}', '{"op": "publish", "topic": "board"}', "[" * 1990)
    for nonsense in nonsenses:
        line.send(nonsense)
        assert json.loads(line.recv(timeout=5)) == {"op": "error", "code": "unknown_op"}
    line.send('{"op": "subscribe", "topic": "\\ud800"}')
    assert json.loads(line.recv(timeout=5)) == {"op": "denied", "topic": "\ud800"}
    line.send('{"op": "here", "record": "\\ud800:\\ud800"}')
    assert json.loads(line.recv(timeout=5)) == {"op": "error", "code": "not_found"}
    line.send(json.dumps({"op": "ping"}))
    assert json.loads(line.recv(timeout=5)) == {"op": "pong"}


@pytest.mark.django_db(transaction=True)
def test_one_user_has_so_many_sockets_and_one_socket_so_many_topics(
    by_token: Open, people_at_work: Any
) -> None:
    lines = [by_token(people_at_work.supervisor) for _n in range(41)]
    assert ends_with(lines[-1]) == 4429
    line = lines[0]
    units = [f"queue:{unit.pk}" for unit in Unit.objects.order_by("pk")[:20]]
    for topic in units:
        follow(line, topic)
    line.send(json.dumps({"op": "subscribe", "topic": "board", "cursor": None}))
    assert json.loads(line.recv(timeout=5)) == {"op": "error", "code": "too_many_topics"}
    line.send(json.dumps({"op": "unsubscribe", "topic": units[0]}))
    follow(line, "board")
    for each in lines:
        each.close()
