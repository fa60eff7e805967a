"""Many rows quickly, and how PostgreSQL would read them: for tests of plans and of statement counts."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import yaml
from django.db import connection
from django.db.models import Max, Model
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from access.models import User
from agencies.models import Agency, Referral, Unit
from events import clock
from events.models import Event
from intake.models import Application, Subtopic
from people import text
from people.models import Person, Phone
from tests.conftest import ROOT

NAMES = yaml.safe_load((ROOT / "fixtures" / "demo" / "names.yaml").read_text("utf-8"))


def copy(model: type[Model], columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """COPY without the history triggers: what happened to invented rows is nobody's history."""
    table, names = model._meta.db_table, ", ".join(columns.split())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as out:
            for row in rows:
                out.write_row(row)
        cursor.execute(f"ANALYZE {table}")  # before the rows that point here are checked one by one
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table may be altered before its checks are done
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def analyze(*models: type[Model]) -> None:
    """What autovacuum does soon after an import: statistics, and the waiting entries of GIN indexes."""
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {model._meta.db_table}")
            cursor.execute(
                "SELECT gin_clean_pending_list(indexrelid) FROM pg_index"
                " JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam"
                " WHERE amname = 'gin' AND indrelid = %s::regclass",
                [model._meta.db_table],
            )


def many_people(count: int, *, seed: int = 1) -> list[UUID]:
    """Invented people with one telephone each; every third has a FIN."""
    rng, keys = random.Random(seed), [uuid7() for _ in range(count)]
    family = [name for pair in NAMES["family"] for name in pair]
    whole: dict[str, tuple[str, str]] = {}

    def person(place: int, key: UUID) -> tuple[Any, ...]:
        parts = (
            rng.choice(family),
            rng.choice(NAMES["male"] + NAMES["female"]),
            rng.choice(NAMES["fathers"]),
        )
        line = " ".join(parts)
        keys_of = whole.setdefault(line, (text.fold(line), text.phon(line)))
        fin = f"{place % 10}{'ABCDEFGH'[place % 8]}{place:05d}" if place % 3 == 0 else None
        return (key, *parts, "u", fin, "az", "{}", "", "", True, *keys_of, 1)

    copy(
        Person,
        "id family_name given_name patronymic sex fin language categories address safety_note synthetic"
        " search_fold search_phon version",
        (person(place, key) for place, key in enumerate(keys)),
    )
    copy(
        Phone,
        "person_id number label position",
        ((key, f"+99450{1_000_000 + place * 7}", "", 0) for place, key in enumerate(keys)),
    )
    analyze(Person, Phone)
    return keys


def many_referrals(count: int, people: list[UUID], by: User, *, seed: int = 1) -> None:
    """One application with one referral and one stamped event each, over all units; three of ten are open."""
    rng, present = random.Random(seed), clock.now()
    units = list(Unit.objects.filter(agency__scope="in_system"))
    subtopics = list(Subtopic.objects.values_list("pk", flat=True))
    first = 1 + (Event.objects.aggregate(last=Max("position"))["last"] or 0)
    rows = [(uuid7(), uuid7(), rng.choice(units), rng.choice(subtopics), place) for place in range(count)]

    def state(place: int) -> str:
        return ("requested", "accepted", "in_progress", *["completed"] * 7)[place % 10]

    def asked_at(place: int) -> Any:
        return present - timedelta(minutes=place * 3)

    def application(key: UUID, subtopic: str, place: int) -> tuple[Any, ...]:
        numbers = (f"VET-2025-{place:06}", f"B{place}")
        stands = "closed" if state(place) == "completed" else "routed"
        times = (asked_at(place), asked_at(place) + timedelta(days=20))
        what = (rng.choice(people), subtopic, "Kömək", "{}", "P3", "all", by.pk)
        return (key, *numbers, stands, *what, *times, True, 1)

    def referral(key: UUID, application: UUID, unit: Unit, subtopic: str, place: int) -> tuple[Any, ...]:
        ended = asked_at(place) + timedelta(days=2) if state(place) == "completed" else None
        times = (asked_at(place), asked_at(place) + timedelta(days=20), ended)
        what = (subtopic, True, state(place), "P3", "", ["identity"], "")
        return (key, application, unit.pk, unit.agency_id, *what, *times, 1)

    def event(key: UUID, mine: UUID, unit: Unit, _subtopic: str, place: int) -> tuple[Any, ...]:
        what = ("referral.requested", key, mine, unit.pk, 1, "requested", "")
        return (first + place, asked_at(place), *what, f"{{queue:{unit.pk},board}}", "{}")

    copy(
        Application,
        "id number tracking_code state person_id subtopic_id text facts priority policy registered_by_id"
        " registered_at due_at synthetic version",
        (application(key, subtopic, place) for key, _referral, _unit, subtopic, place in rows),
    )
    copy(
        Referral,
        "id application_id unit_id agency_id subtopic_id is_lead state priority why disclosed note"
        " requested_at due_at finished_at version",
        (referral(mine, key, unit, subtopic, place) for key, mine, unit, subtopic, place in rows),
    )
    copy(
        Event,
        "position at kind application referral unit version state reason topics data",
        (event(*row) for row in rows),
    )
    analyze(Application, Referral, Agency, Unit, Subtopic, Event)


@contextmanager
def captured() -> Iterator[list[str]]:
    """The SELECTs sent inside."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield found
    found += [query["sql"] for query in queries if query["sql"].startswith("SELECT")]


def nodes(sql: str) -> list[dict[str, Any]]:
    """The nodes of the plan of a statement, flat."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), [])
        found = cursor.fetchone()[0]
    whole = found if isinstance(found, list) else json.loads(found)
    return list(_flat(whole[0]["Plan"]))


def _flat(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", []):
        yield from _flat(below)


def scanned(statements: list[str], *models: type[Model]) -> list[str]:
    """The statements that read one of these tables from end to end."""
    tables = {model._meta.db_table for model in models}
    return [
        sql
        for sql in statements
        if any(n["Node Type"] == "Seq Scan" and n["Relation Name"] in tables for n in nodes(sql))
    ]


def indexes(statements: list[str]) -> set[str]:
    """The indexes that the plans of these statements use."""
    return {node["Index Name"] for sql in statements for node in nodes(sql) if "Index Name" in node}


def statements(ask: Callable[[], Any]) -> int:
    """How many statements it sends."""
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)
