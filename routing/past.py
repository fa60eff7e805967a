"""The past as a rehearsal reads it: decisions by the rules with how their applications ended.

Everything here runs in a transaction that PostgreSQL itself keeps from writing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from events import clock

from . import directory as directories
from . import selectors
from .decide import decide
from .directory import Directory
from .models import Decision, DirectoryVersion, RuleSet
from .rehearsal import Past, Rehearsal
from .rules.book import RuleBook, compile_book

CHUNK = 2000
PASTS = """
SELECT d.application_id::text, d.facts, d.lead, d.joint, d.priority, d.policy, a.state,
       (SELECT count(*) FROM agencies_referral r JOIN agencies_reason why ON why.code = r.reason_id
         WHERE r.application_id = a.id AND r.state = 'rejected' AND why.effect = 'triage'),
       extract(epoch FROM a.closed_at - a.registered_at) / 86400
  FROM routing_decision d JOIN intake_application a ON a.id = d.application_id
 WHERE d.source = 'rules' AND d.at >= %(since)s
   AND (%(subtopic)s = '' OR d.facts ->> 'subtopic' = %(subtopic)s)
 ORDER BY d.at
"""


@contextmanager
def reading_only() -> Iterator[None]:
    """A transaction in which PostgreSQL refuses every write."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def rehearse(book: RuleBook, *, days: int, subtopic: str = "") -> dict[str, Any]:
    """The report of a rule set on the decisions of the last ``days`` days, or on those about one subtopic.

    Writes nothing.
    """
    since = clock.now() - timedelta(days=days)
    with reading_only():
        rehearsal = Rehearsal(book, selectors.directory().directory)
        rehearsal.play(pasts(since, subtopic))
    return {"days": days, "since": since.isoformat(), **rehearsal.report()}


def pasts(since: datetime, subtopic: str = "") -> Iterator[Past]:
    """Decisions by the rules since then, read in chunks."""
    with connection.connection.cursor(name="rehearsal") as cursor:
        cursor.itersize = CHUNK
        for application, facts, lead, joint, priority, policy, state, returned, days in cursor.execute(
            PASTS, {"since": since, "subtopic": subtopic}
        ):
            yield Past(
                application,
                facts if isinstance(facts, dict) else json.loads(facts),
                lead,
                tuple(joint if isinstance(joint, list) else json.loads(joint)),
                priority,
                policy,
                state,
                returned,
                None if days is None else float(days),
            )


def replay() -> tuple[int, list[int]]:
    """How many decisions by the rules were made again, and which of them gave other bytes."""
    versions, made, different = Versions(), 0, []
    with reading_only():
        for record in Decision.objects.filter(source="rules").exclude(digest="").iterator(CHUNK):
            made += 1
            if not versions.replays(record):
                different.append(record.pk)
    return made, different


class Versions:
    """Rule sets and directories as they were, each read once."""

    def __init__(self) -> None:
        self._books: dict[int, RuleBook] = {}
        self._directories: dict[int, Directory] = {}

    def replays(self, record: Decision) -> bool:
        """Do the recorded facts, rule set and directory give the recorded bytes again?"""
        if record.ruleset_id is None or record.directory_id is None:
            return False
        again = decide(record.facts, self._book(record.ruleset_id), self._directory(record.directory_id))
        return hashlib.sha256(again.encoded).hexdigest() == record.digest

    def _book(self, number: int) -> RuleBook:
        if number not in self._books:
            document = RuleSet.objects.values_list("document", flat=True).get(pk=number)
            self._books[number] = compile_book(document)
        return self._books[number]

    def _directory(self, number: int) -> Directory:
        if number not in self._directories:
            units = DirectoryVersion.objects.values_list("units", flat=True).get(pk=number)
            self._directories[number] = directories.read(units)
        return self._directories[number]
