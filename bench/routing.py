"""A rehearsal on a year of decisions, beside a bare dictionary and beside only reading the rows."""

from __future__ import annotations

import json
import statistics
import time
from itertools import cycle
from typing import Any

import psycopg

from access.models import User
from access.roles import Role
from callcenter.reference import load
from intake.models import Application, Subtopic
from people import services as people
from routing import past
from routing.models import RuleSet
from routing.rules.book import compile_book
from workflows import actions

from . import cpu, intake, scratch

ROUNDS = 3
VARIANTS: tuple[dict[str, Any], ...] = (
    {},
    {"amputee": True},
    {"disability_degree": "1", "lives_alone": True},
    {"unclear": True},
)


def run(decisions: int) -> dict[str, Any]:
    """Rehearse the rules in force on so many stored decisions, some rounds, each beside plain reading."""
    with scratch.schema(), scratch.connect() as plain:
        load()
        _multiply(plain, [row.pk for row in _originals()], decisions)
        book = compile_book(RuleSet.objects.get(status="published").document)
        rounds = []
        for _ in range(ROUNDS):
            cpu.wait_until_quiet()
            begin = time.perf_counter()
            report = past.rehearse(book, days=365)
            rehearsed = time.perf_counter()
            _only_read(plain)
            rounds.append((rehearsed - begin, time.perf_counter() - rehearsed, report))
    return _result(rounds)


def _originals() -> list[Application]:
    """One application of each subtopic, by the product's own command."""
    operator = User.objects.create(username="bench", role=Role.OPERATOR)
    citizen = people.add(
        family_name="Sınaq", given_name="Ölçü", phones=["0500000000"], district="GA", categories=["VET"],
        synthetic=True,
    )  # fmt: skip
    answers = cycle(VARIANTS)
    return [
        actions.register(
            actor=operator,
            person=citizen,
            contact=None,
            subtopic=subtopic,
            text=intake.TEXT,
            facts=next(answers),
            synthetic=True,
        )
        for subtopic in Subtopic.objects.filter(active=True).select_related("topic").order_by("code")
    ]


def _multiply(plain: psycopg.Connection[Any], originals: list[Any], decisions: int) -> None:
    """Copies of the applications and of their decisions, spread over a year."""
    times = -(-decisions // len(originals))
    for table in ("intake_application", "routing_decision"):
        plain.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    plain.execute(
        "CREATE TEMPORARY TABLE copies AS SELECT a.id AS original, gen_random_uuid() AS id,"
        " now() - random() * interval '364 days' AS at, row_number() OVER () AS place"
        " FROM intake_application a CROSS JOIN generate_series(1, %s)",
        [times],
    )
    plain.execute("DELETE FROM copies WHERE place > %s", [decisions - len(originals)])
    _copy(plain, "intake_application", "id", {"id": "c.id", "registered_at": "c.at", "process_id": "NULL",
          "number": "'COPY-' || c.place", "tracking_code": "'COPY-' || c.place"})  # fmt: skip
    _copy(plain, "routing_decision", "application_id", {"application_id": "c.id", "at": "c.at"}, without="id")
    plain.execute("ANALYZE intake_application, routing_decision")


def _copy(
    plain: psycopg.Connection[Any], table: str, key: str, changed: dict[str, str], without: str = ""
) -> None:
    names = [
        row[0]
        for row in plain.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        if row[0] != without
    ]
    taken = ", ".join(changed.get(name, f"t.{name}") for name in names)
    insert = f"INSERT INTO {table} ({', '.join(names)}) SELECT {taken} FROM {table} t"  # noqa: S608 our names
    plain.execute(f"{insert} JOIN copies c ON c.original = t.{key}")


def _only_read(plain: psycopg.Connection[Any]) -> None:
    """The same rows by a plain server-side cursor, parsed and thrown away."""
    asked = {"since": "2000-01-01T00:00:00Z", "subtopic": ""}
    with plain.transaction(), plain.cursor(name="limit") as cursor:
        cursor.itersize = past.CHUNK
        for _row in cursor.execute(past.PASTS, asked):
            continue


def _result(rounds: list[tuple[float, float, dict[str, Any]]]) -> dict[str, Any]:
    report = rounds[-1][2]
    whole = statistics.median(one[0] for one in rounds)
    reading = statistics.median(one[1] for one in rounds)
    return {
        "name": "routing",
        "figures": {
            "decisions": report["applications"],
            "seconds": round(whole, 2),
            "only_reading_seconds": round(reading, 2),
            "us_per_decision": statistics.median(one[2]["us_per_decision"] for one in rounds),
            "changed": report["changed"],
            "cases_failing": sum(not case["passed"] for case in report["cases"]),
        },
        "ratios": {
            "decision_to_dictionary": statistics.median(one[2]["ratio_to_dictionary"] for one in rounds),
            "rehearsal_to_reading": round(whole / reading, 2),
        },
    }


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    return [json.dumps(result["figures"]), json.dumps(result["ratios"])]
