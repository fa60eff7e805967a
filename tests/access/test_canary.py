"""Nothing leaks: words found nowhere else are put into every sensitive field, and every way out is searched.

The tape of ``tests.access.life`` holds what everybody was answered during three whole lives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from callcenter.live import stream, topics
from delivery import courier
from delivery.models import Delivery
from events import bell
from events.journal import COLUMNS, Batch, Told, encode
from events.models import Event, Stream
from people.models import Person
from tests.access.life import OPERATOR, STAFF_OF_THE_TAPE, Tape, listening, may_read, record
from tests.conftest import _begin_stream, load_reference_data
from tests.live.frames import unframed

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def tape(django_db_setup: None, django_db_blocker: Any) -> Iterator[Tape]:
    """Recorded once; the rows live in a transaction around the module's tests."""
    from routing.models import RuleSet

    with django_db_blocker.unblock(), transaction.atomic():
        if not RuleSet.objects.exists():
            load_reference_data()
        _begin_stream()
        yield record()
        transaction.set_rollback(True)


def marks_in(tape: Tape, text: str) -> list[str]:
    """Which marks of which life a text holds."""
    small = text.casefold()
    return [
        f"{life.key}: {name}"
        for life in tape.lives
        for name, word in life.tokens()
        if word.casefold() in small
    ]


def test_the_lives_were_lived_and_read_by_many(tape: Tape) -> None:
    assert tape.problems == []
    assert len(tape.said) > 1000
    assert sum(said.where.startswith("page") and said.status == 200 for said in tape.said) > 100
    assert {said.to for said in tape.said} >= set(STAFF_OF_THE_TAPE)
    print(f"{len(tape.said)} answers, {len(tape.logs)} lines of log")


@pytest.mark.parametrize("name", STAFF_OF_THE_TAPE)
def test_each_reads_what_is_theirs_to_know_and_nothing_else(tape: Tape, name: str) -> None:
    met = tape.met(name)
    wanted = {
        (life.key, what)
        for life in tape.lives
        for what in life.marks
        if may_read(tape.stage, name, life, what)
    }

    leaks = {mark: where for mark, where in met.items() if mark not in wanted}
    assert leaks == {}
    if any(said.to == name and said.where.startswith("page") for said in tape.said):
        assert wanted - set(met) == set(), "what may be read has to be found somewhere, or this test is blind"


def test_an_agency_without_consent_never_meets_a_word_about_health(tape: Tape) -> None:
    """YAŞAT helps with the prosthesis and is no health body: name, telephone and its own words, no more."""
    met = {what for life, what in tape.met("worker of YASHAT") if life == "prosthesis"}
    opened = [said for said in tape.said if said.to == "worker of YASHAT" and said.status == 200]

    assert met == {"family_name", "given_name", "patronymic", "phone", "answer of YASHAT"}
    assert sum(said.where.startswith("page") for said in opened) > 20
    assert any(said.where.startswith("live/") or " live/" in said.where for said in opened)


def test_no_address_and_no_header_holds_a_citizens_word(tape: Tape) -> None:
    found = [(said.to, said.where) for said in tape.said if marks_in(tape, said.headers)]

    assert found == []


def test_a_refusal_repeats_nothing_of_a_record(tape: Tape) -> None:
    """Whom a record is hidden from learns nothing from the refusal either."""
    refused = [said for said in tape.said if said.status in (403, 404)]
    found = [
        (said.to, said.where, marks_in(tape, said.text)) for said in refused if marks_in(tape, said.text)
    ]

    assert len(refused) > 300
    assert found == []


def test_what_is_told_by_itself_is_the_same_for_everybody_and_holds_no_persons_word(tape: Tape) -> None:
    """Frames of sockets, rings of the bell, messages to agencies' systems, snapshots."""
    epoch = str(Stream.objects.get(pk=1).epoch)
    told = [Told(position or 0, *rest) for position, *rest in Event.objects.values_list(*COLUMNS)]
    frames = [
        json.dumps(unframed(stream.frame(event, topics.parse(name), epoch)), ensure_ascii=False)
        for event in told
        for name in event.topics
    ]
    rings = [json.dumps(json.loads(encode(Batch(epoch, 0, told))), ensure_ascii=False)]
    messages = [courier.payload(Delivery(event=event)).decode() for event in Event.objects.all()]
    snapshots = [said.text for said in tape.said if " live/" in said.where and said.status == 200]

    assert len(frames) > 100
    assert len(messages) > 30
    assert len(snapshots) > 30
    everything = (*frames, *rings, *messages, *snapshots)
    assert [text for text in everything if marks_in(tape, text)] == []


def test_no_log_line_holds_a_citizens_word(tape: Tape) -> None:
    assert any("Forbidden" in line or "Not Found" in line for line in tape.logs), "nothing was heard"
    assert [line for line in tape.logs if marks_in(tape, line)] == []


@pytest.mark.parametrize("door", ["api", "page"])
def test_what_breaks_tells_the_log_where_and_not_who(tape: Tape, door: str, monkeypatch: Any) -> None:
    """PostgreSQL quotes the failing row; neither the answer nor the log may."""
    life = tape.lives[0]
    fields = {
        **{name: life.mark(name) for name in ("family_name", "given_name", "patronymic", "address")},
        "safety_note": life.mark("safety"),
        "fin": "7XQZ9WK",
    }
    monkeypatch.setattr(Person, "index_name", lambda self: setattr(self, "search_fold", None))
    lines: list[str] = []

    with listening(lines), transaction.atomic():
        if door == "api":
            answer = tape.api(OPERATOR, "post", "people/", fields)
        else:
            client = Client(raise_request_exception=False)
            client.force_login(tape.stage.users[OPERATOR])
            form = {**fields, "sex": "m", "language": "az", "phones": "", "key": "k" * 20}
            answer = client.post("/desk/people/new/", form)
        transaction.set_rollback(True)
    tape.problems.clear()

    assert answer.status_code == 500
    assert marks_in(tape, answer.content.decode()) == []
    told = [line for line in lines if "Internal Server Error" in line]
    assert told
    assert any("IntegrityError" in line and "people/services.py" in line for line in told), "where it broke"
    assert [line for line in lines if marks_in(tape, line)] == []


KEEPERS = {  # where citizens' words live, and the histories of those tables
    "people_person",
    "people_phone",
    "intake_contact",
    "intake_application",
    "agencies_referral",
    "agencies_answer",
    "agencies_hold",
    "routing_decision",
    "feedback_confirmation",
    "sla_change",
    "sla_firing",
}


def test_only_the_tables_of_the_cases_hold_citizens_words(tape: Tape) -> None:
    """Every other table is searched whole: the journal, accepted keys, the engine, sessions, sign-ins."""
    words = [word for life in tape.lives for _name, word in life.tokens()]
    pattern = "|".join(re.escape(word) for word in words)
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        found, searched = [], []
        for table in tables:
            kept = table.removesuffix("event")
            if table in KEEPERS or (kept != table and kept in KEEPERS):
                continue
            searched.append(table)
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text ~* %s', [pattern])
            if cursor.fetchone()[0]:
                found.append(table)

    assert found == []
    assert {"events_event", "events_command", "viewflow_task", "viewflow_process"} <= set(searched)
    assert {"pghistory_context", "django_session", "axes_accessattempt", "sla_clock"} <= set(searched)


def test_the_tables_of_the_cases_do_hold_them(tape: Tape) -> None:
    """Or the search above would find nothing anywhere."""
    life = tape.lives[0]
    with connection.cursor() as cursor:
        for table, what in (("people_person", "family_name"), ("intake_application", "text")):
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text ~* %s", [life.mark(what)])
            assert cursor.fetchone()[0] == 1


def test_redis_keeps_nothing(tape: Tape) -> None:
    """It is a doorbell: rings are empty, and no key is written."""
    client = bell.client()

    held = [(key, client.type(key)) for key in client.scan_iter("*")]
    assert [key for key, _kind in held if marks_in(tape, str(key))] == []
    assert held == []


def test_a_ring_says_look_and_nothing_else(monkeypatch: Any) -> None:
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(bell.client(), "publish", lambda channel, text: rung.append((channel, text)))

    bell.ring()

    assert rung == [(bell.COMMITTED, "")]
