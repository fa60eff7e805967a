"""Repairs of the journal: nothing in it is changed, what is missing is told.

Live views and the systems of agencies follow the newest event, so that telling it puts them right too.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction

from events import clock
from events.catalog import Kind
from events.models import Command, Event
from events.publish import publish
from events.relay import STAMPING, renew_epoch, stamp
from intake.models import Application
from workflows.news import application_news, referral_news

from .audit import Finding
from .clocks import locked
from .engine import number
from .invariants.deliveries import UNDELIVERED
from .rebuild import locked_parts
from .truth import Record, outrank

KEEP = f"""
    INSERT INTO delivery_delivery (id, endpoint_id, event_id, position, state, attempts, next_at, reason)
    SELECT gen_random_uuid(), n.id, e.id, e.position, 'pending', 0, now(), '' {UNDELIVERED}
       AND n.id = %(endpoint)s
        ON CONFLICT DO NOTHING"""
LONGEST = timedelta(minutes=1)  # a command that took an idempotency key has ended by then


@transaction.atomic
def tell(finding: Finding) -> bool:
    """Publish how an application or referral stands now."""
    row = locked(finding)
    if row is None:
        return False
    records: list[Record] = [row, *locked_parts(row)]
    record = next((it for it in records if str(it.pk) == finding.record), None)
    if record is None:
        return False
    outrank(record)
    if isinstance(record, Application):
        publish([application_news(Kind.APPLICATION_RECONCILED, record, reason=finding.check)])
    else:
        publish([referral_news(Kind.REFERRAL_RECONCILED, record, reason=finding.check)])
    return True


def stamp_all(finding: Finding) -> bool:
    """Give what waits its positions, as the relay does. Any number of stampers take turns."""
    connection.ensure_connection()
    stamped = 0
    while some := len(stamp(connection.connection)):
        stamped += some
    return stamped > 0


@transaction.atomic
def begin_anew(finding: Finding) -> bool:
    """Declare another history: readers take a new snapshot, since what lies before cannot be followed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STAMPING])
    renew_epoch(connection.connection)
    return True


@transaction.atomic
def keep_for_delivery(finding: Finding) -> bool:
    """Let what an address was not told wait for it, in its place."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {"endpoint": finding.record.split()[-1]})
        return bool(cursor.rowcount)


@transaction.atomic
def forget_key(finding: Finding) -> bool:
    """Let a key be used again if its request can have done nothing: its principal did nothing then.

    Otherwise False: a person has to find out what came of the request.
    """
    key = Command.objects.select_for_update().get(pk=number(finding.record))
    did = Event.objects.filter(actor=key.principal_id, at__gte=key.at, at__lte=key.at + LONGEST)
    if key.result or did.exists() or key.at > clock.now() - LONGEST:
        return False
    key.delete()
    return True
