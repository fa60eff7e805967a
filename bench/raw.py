"""The yardstick: plain psycopg writing the same rows as one registration, without a framework.

The rows are copied from one that the product wrote, so they are the same by construction: keys are
new, everything else is the same. What the triggers of the row history add, they add here as well.
Keys are drawn in blocks and constants stand in the statements, which a program of its own could do,
too: the yardstick is as fast as can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from uuid_utils.compat import uuid7

# The columns that differ from copy to copy, and which kind of key stands in them.
KEYS = {
    "viewflow_process": {"id": "process", "parent_task_id": "task"},
    "intake_application": {
        "id": "application",
        "process_id": "process",
        "number": "number",
        "tracking_code": "code",
    },
    "routing_decision": {"id": "decision", "application_id": "application"},
    "agencies_referral": {"id": "referral", "application_id": "application", "process_id": "process"},
    "sla_clock": {"id": "clock", "application_id": "application", "referral_id": "referral"},
    "viewflow_task": {"id": "task", "process_id": "process"},
    "viewflow_task_previous": {"id": "link", "from_task_id": "task", "to_task_id": "task"},
    "events_event": {
        "id": "event",
        "application": "application",
        "referral": "referral",
        "topics": "topics",
    },
}
SEQUENCES = {
    "process": "viewflow_process",
    "task": "viewflow_task",
    "link": "viewflow_task_previous",
    "decision": "routing_decision",
    "clock": "sla_clock",
    "event": "events_event",
}
BLOCK = 400
JSONB = 3802  # PostgreSQL's number of the type
NUMBER = "SELECT nextval('intake_application_number')"

FIND = {
    "intake_application": "id = %(application)s",
    "routing_decision": "application_id = %(application)s",
    "agencies_referral": "application_id = %(application)s",
    "sla_clock": "application_id = %(application)s",
    "events_event": "application = %(application)s",
    "viewflow_process": "id = ANY(%(processes)s)",
    "viewflow_task": "process_id = ANY(%(processes)s)",
    "viewflow_task_previous": "from_task_id IN ("
    "SELECT id FROM viewflow_task WHERE process_id = ANY(%(processes)s))",
}


@dataclass
class Row:
    """One row to copy: an INSERT with a place for every key, and which key goes where."""

    table: str
    insert: sql.Composed
    combined: sql.Composed
    keys: list[tuple[str, Any]]


class Copier:
    """Copies one registration: row by row, or all rows in one statement."""

    def __init__(self, connection: psycopg.Connection[Any], application: UUID) -> None:
        self.connection = connection
        self.rows = list(_rows(connection, application))
        self._blocks: dict[str, Iterator[int]] = {}
        self._codes = count()
        parts = [
            sql.SQL("r{} AS ({})").format(sql.SQL(str(place)), row.combined)
            for place, row in enumerate(self.rows)
        ]
        self._one = (sql.SQL("WITH ") + sql.SQL(",\n").join(parts) + sql.SQL(" SELECT 1")).as_string(
            connection
        )
        self._each = [row.insert.as_string(connection) for row in self.rows]

    def row_by_row(self) -> None:
        """One transaction, one statement per row, as an ORM would without being one."""
        with self.connection.transaction():
            (number,) = self.connection.execute(NUMBER, prepare=True).fetchone() or (0,)
            fresh = Fresh(self, number)
            for statement, row in zip(self._each, self.rows, strict=True):
                self.connection.execute(statement, [fresh.key(*key) for key in row.keys], prepare=True)

    def one_statement(self) -> None:
        """The limit: everything in one prepared statement, which is its own transaction."""
        fresh = Fresh(self, None)
        values = [fresh.key(*key) for row in self.rows for key in row.keys if key[0] != "number"]
        self.connection.execute(self._one, values, prepare=True)

    def next_key(self, kind: str) -> int:
        block = self._blocks.get(kind)
        key = next(block, None) if block else None
        if key is None:
            self._blocks[kind] = block = self._draw(SEQUENCES[kind])
            key = next(block)
        return key

    def _draw(self, table: str) -> Iterator[int]:
        found = self.connection.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, BLOCK]
        )
        return iter([key for (key,) in found.fetchall()])

    def next_code(self) -> str:
        return f"BENCH-{next(self._codes):012d}"


class Fresh:
    """The new keys of one copy."""

    def __init__(self, copier: Copier, number: int | None) -> None:
        self.copier = copier
        self.number = number
        self.known: dict[tuple[str, Any], Any] = {}

    def key(self, kind: str, old: Any) -> Any:
        if kind == "number":
            return f"VET-2026-{self.number:06d}"
        if kind == "topics":
            application, topics = old
            return [
                topic.replace(str(application), str(self.key("application", application))) for topic in topics
            ]
        if (kind, old) not in self.known:
            self.known[kind, old] = self._new(kind)
        return self.known[kind, old]

    def _new(self, kind: str) -> Any:
        if kind == "code":
            return self.copier.next_code()
        return self.copier.next_key(kind) if kind in SEQUENCES else uuid7()


def _rows(connection: psycopg.Connection[Any], application: UUID) -> Iterator[Row]:
    processes = connection.execute(
        "SELECT process_id FROM intake_application WHERE id = %(a)s"
        " UNION ALL SELECT process_id FROM agencies_referral WHERE application_id = %(a)s",
        {"a": application},
    ).fetchall()
    wanted = {"application": application, "processes": [process for (process,) in processes]}
    for table in KEYS:
        cursor = connection.execute(f"SELECT * FROM {table} WHERE {FIND[table]} ORDER BY id", wanted)  # noqa: S608
        columns = {column.name: column.type_code == JSONB for column in cursor.description or ()}
        for values in cursor.fetchall():
            adapted = [
                Jsonb(value) if is_json else value
                for value, is_json in zip(values, columns.values(), strict=True)
            ]
            yield _row(table, dict(zip(columns, adapted, strict=True)), application)


def _row(table: str, values: dict[str, Any], application: UUID) -> Row:
    kinds = {name: kind for name, kind in KEYS[table].items() if values[name] is not None}
    # A copied event is a new one: a relay at work may have stamped the original.
    kept = {name: value for name, value in values.items() if name != "position"}
    constants = {name: value for name, value in kept.items() if name not in kinds and value is not None}
    names = [*kinds, *constants]
    literals = [sql.Literal(value) for value in constants.values()]
    keys = [
        (kind, (application, values[name]) if kind == "topics" else values[name])
        for name, kind in kinds.items()
    ]
    return Row(
        table,
        _insert(table, names, [sql.Placeholder() for _ in kinds], literals),
        _insert(table, names, [_place(kind) for kind in kinds.values()], literals),
        keys,
    )


def _place(kind: str) -> sql.Composable:
    """In the combined statement the registration number is drawn where it is written."""
    if kind != "number":
        return sql.Placeholder()
    return sql.SQL("'VET-2026-' || lpad(nextval('intake_application_number')::text, 6, '0')")


def _insert(table: str, names: list[str], places: list[Any], literals: list[Any]) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([*places, *literals]),
    )
