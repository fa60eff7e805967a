"""The journal after a play: stamped, as it would be had the relay been running all month."""

from __future__ import annotations

from django.db import connection

from events import relay


def stamp_all() -> None:
    """Give the played events their positions, unless a relay is at work and does it anyway."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [relay.LOCK])
        if not cursor.fetchone()[0]:
            return
        try:
            while _stamp(cursor):
                pass
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [relay.LOCK])


def _stamp(cursor: object) -> int:
    cursor.execute(relay.STAMP, {"limit": relay.BATCH})  # type: ignore[attr-defined]
    return int(cursor.rowcount)  # type: ignore[attr-defined]
