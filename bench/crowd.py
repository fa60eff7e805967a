"""Very many applications like one that the product has just written, in a statement per row of it.

Every copy has its referrals, processes, waiting tasks and running clocks, with keys of its own; the
clocks come due one second after the other, from a day after the original's on. The tasks that are
done, links, decisions and events of the original are not copied: nothing that is measured reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from . import raw

TABLES = ("intake_application", "agencies_referral", "viewflow_process", "viewflow_task", "sla_clock")
RECORDS = ("intake_application", "agencies_referral", "sla_clock")
LATER = "n * interval '1 second' + interval '1 day'"
TIMES = {"warn_at": f"t.warn_at + {LATER}", "due_at": f"t.due_at + {LATER}"}
OPEN = {
    "intake_application": TIMES,
    "agencies_referral": TIMES,
    "sla_clock": {
        **TIMES,
        "next_at": f"t.next_at + {LATER}",
        "instants": f"ARRAY[t.instants[1] + {LATER}, t.instants[2] + {LATER}]",
    },
}
FINISHED = {
    "intake_application": {"state": "'closed'", "closed_at": "now()", "process_id": "NULL"},
    "agencies_referral": {"state": "'completed'", "finished_at": "now()", "process_id": "NULL"},
    "sla_clock": {"stopped_at": "now()", "next_at": "NULL"},
}


class Crowd:
    """Copies of one application. Numbers begin at 1 and may not be used twice."""

    def __init__(self, connection: psycopg.Connection[Any], application: UUID) -> None:
        self.connection = connection
        self.rows = {table: self._rows(table, application) for table in TABLES}
        self.places = {
            raw.KEYS[table]["id"]: {old: place for place, old in enumerate(found)}
            for table, found in self.rows.items()
        }
        self.above = {
            kind: self._highest(raw.SEQUENCES[kind]) for kind in self.places if kind in raw.SEQUENCES
        }

    @property
    def clocks(self) -> int:
        """How many clocks one application has."""
        return len(self.rows["sla_clock"])

    def open(self, first: int, last: int) -> None:
        with _quickly(self.connection):
            for table in TABLES:
                self._copy(table, first, last, OPEN.get(table, {}))

    def finished(self, first: int, last: int) -> None:
        """What is over: closed applications, their referrals, their stopped clocks; no rows of the engine."""
        with _quickly(self.connection):
            for table in RECORDS:
                self._copy(table, first, last, FINISHED[table])

    def _copy(self, table: str, first: int, last: int, changed: dict[str, str]) -> None:
        keys = raw.KEYS[table]
        for old in self.rows[table]:
            row = self._values(table, old)
            new = {name: self._key(kind, row[name]) for name, kind in keys.items() if row[name] is not None}
            written = {name: f't."{name}"' for name in row} | new | changed
            names = ", ".join(f'"{name}"' for name in written)
            self.connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {', '.join(written.values())}"  # noqa: S608
                f" FROM {table} AS t, generate_series({first}, {last}) AS n WHERE t.id = '{old}'"
            )

    def _key(self, kind: str, old: Any) -> str:
        """The key of the n-th copy: small numbers side by side, as the product would have drawn them."""
        if kind in ("number", "code"):
            return "'BENCH-' || n"
        place = self.places[kind][old]
        if kind in self.above:
            return f"{self.above[kind] + place + 1} + (n - 1) * {len(self.places[kind])}"
        return f"(lpad(to_hex(n), 16, '0') || lpad(to_hex({place}), 16, '0'))::uuid"

    def _rows(self, table: str, application: UUID) -> list[Any]:
        processes = self.connection.execute(
            "SELECT process_id FROM intake_application WHERE id = %(a)s"
            " UNION ALL SELECT process_id FROM agencies_referral WHERE application_id = %(a)s",
            {"a": application},
        ).fetchall()
        wanted = {"application": application, "processes": [process for (process,) in processes]}
        waiting = " AND finished IS NULL" if table == "viewflow_task" else ""
        query = f"SELECT id FROM {table} WHERE {raw.FIND[table]}{waiting} ORDER BY id"  # noqa: S608
        return [key for (key,) in self.connection.execute(query, wanted).fetchall()]

    def _values(self, table: str, key: Any) -> dict[str, Any]:
        cursor = self.connection.execute(f"SELECT * FROM {table} WHERE id = %s", [key])  # noqa: S608
        return dict(zip([it.name for it in cursor.description or ()], cursor.fetchone() or (), strict=True))

    def _highest(self, table: str) -> int:
        (highest,) = self.connection.execute(f"SELECT max(id) FROM {table}").fetchone() or (0,)  # noqa: S608
        return int(highest)


@contextmanager
def _quickly(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Foreign keys are checked once, at the end; no history is written; sequences go on afterwards."""
    found = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
        [list(TABLES)],
    ).fetchall()
    for table, name, _ in found:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table, name, definition in found:
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        connection.execute(f"VACUUM ANALYZE {table}")
    for table in raw.SEQUENCES.values():
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}) + 1)"  # noqa: S608
        )
