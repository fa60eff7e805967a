"""What is thrown away when nobody needs it any more, and the regular look whether everything agrees."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from delivery.models import Attempt, Delivery, DeliveryState, Endpoint
from events import clock
from workflows import reconcile

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
BATCH = 5000  # rows in one statement: nobody waits behind a long one

# The oldest keys come first: a look ends with the first batch that is young, and never reads the others.
FORGET_KEYS = """
DELETE FROM events_command WHERE id IN (
    SELECT id FROM (SELECT id, at FROM events_command ORDER BY id LIMIT %s) AS oldest WHERE at < %s)
"""


def forget_keys() -> int:
    """Idempotency keys: a request that comes again after a month is a new one."""
    whole = 0
    while done := _keys():
        whole += done
    return whole


def _keys() -> int:
    with connection.cursor() as cursor:
        cursor.execute(FORGET_KEYS, [BATCH, clock.now() - KEPT])
        done: int = cursor.rowcount
        return done


def forget_deliveries() -> int:
    """What has arrived, and tests. Dead letters stay until somebody has decided about them."""
    before = clock.now() - KEPT
    arrived = Q(state=DeliveryState.DELIVERED, delivered_at__lt=before)
    tests = Q(state=DeliveryState.DEAD, position=0, event=None, next_at__lt=before)
    whole = 0
    for endpoint in Endpoint.objects.values_list("pk", flat=True):
        for which in (arrived, tests):
            while done := _forgotten(Delivery.objects.filter(which, endpoint=endpoint)):
                whole += done
    return whole


def _forgotten(rows: QuerySet[Delivery]) -> int:
    found = list(rows.values_list("pk", flat=True)[:BATCH])
    Attempt.objects.filter(delivery__in=found).delete()
    return rows.filter(pk__in=found).delete()[0]


def forget_sessions() -> None:
    """Sessions that have run out."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def audit() -> int:
    """Ask the reconciler. What it finds is said by name and number alone; the records are for the command."""
    found = Counter(finding.check for finding in reconcile.run())
    for check, number in sorted(found.items()):
        log.warning("reconcile: %s has %s findings", check, number)
    return found.total()
