"""The one lock of all flows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, transaction
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Process


class ProcessLock:
    """A blocking ``FOR NO KEY UPDATE`` on the process row, bounded by the role's ``lock_timeout``.

    The engine's own locks either do not lock or sleep inside an aborted transaction. Locking the
    base table (not a subclass's) keeps all flows in one lock domain. Inside a command's
    transaction no savepoint is made: a failure rolls the whole command back.
    """

    @contextmanager
    def __call__(self, flow_class: Any, process_pk: int) -> Iterator[None]:
        with transaction.atomic(savepoint=False):
            lock_process(process_pk)
            yield


def lock_process(pk: int) -> Process:
    """Lock one process row and return it. Raises ``FlowLockFailed`` when it cannot be had in time."""
    try:
        return Process.objects.select_for_update(no_key=True).get(pk=pk)
    except OperationalError as error:
        raise FlowLockFailed(f"process {pk} is busy") from error
