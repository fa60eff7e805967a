"""The service directory for every door: what an actor sees of it, and what he does to it.

A command is one transaction: it locks the service, asks the policy table about it, changes it, and lets
routing read the directory anew once that is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from access.models import User
from access.permissions import may, require
from access.policy import Action
from agencies import directory
from agencies.models import Service
from routing import selectors as routing


@dataclass(frozen=True)
class ServiceSight:
    """A service as an actor sees it.

    ``districts``: codes, none for the whole country. ``capacity`` and ``used`` are open referrals;
    ``capacity`` is None when it is not limited, ``used`` when the unit's queue is not the actor's to see.
    """

    id: UUID
    version: int
    unit: str
    unit_name: str
    path: tuple[str, ...]
    agency: str
    agency_name: str
    subtopics: tuple[str, ...]
    districts: tuple[str, ...]
    status: str
    capacity: int | None
    used: int | None
    alert: str
    confirmed_on: date | None
    stale: bool


def sights(actor: User, services: Sequence[Service]) -> list[ServiceSight]:
    """These services in their order; one statement, which counts."""
    counted = directory.load([row for row in services if may(actor, Action.QUEUE_VIEW, row.unit)])
    return [_sight(row, counted.get(row.pk)) for row in services]


def _sight(row: Service, used: int | None) -> ServiceSight:
    return ServiceSight(
        id=row.pk,
        version=row.version,
        unit=row.unit_id,
        unit_name=row.unit.name,
        path=tuple(row.unit.path),
        agency=row.unit.agency_id,
        agency_name=row.unit.agency.name,
        subtopics=tuple(row.subtopics),
        districts=tuple(row.districts),
        status=row.status,
        capacity=row.capacity,
        used=used,
        alert=row.alert,
        confirmed_on=row.confirmed_on,
        stale=directory.is_stale(row),
    )


# --- commands ---------------------------------------------------------------------------------------------


@transaction.atomic
def add(*, actor: User, **said: Any) -> Service:
    """A new service of a unit; ``said`` as ``agencies.directory.add_service`` takes it."""
    require(actor, Action.DIRECTORY_EDIT)
    transaction.on_commit(routing.forget)
    return directory.add_service(actor=actor, **said)


@transaction.atomic
def change(*, actor: User, service: UUID, version: int | None, changes: dict[str, Any]) -> Service:
    """Change a service's subtopics, districts, capacity, status or alert."""
    row = _asked(actor, Action.DIRECTORY_EDIT, service)
    return directory.change_service(actor=actor, service=row, version=version, changes=changes)


@transaction.atomic
def report(
    *, actor: User, service: UUID, version: int | None, status: str, capacity: int | None, alert: str
) -> Service:
    """Say how much room there is at present."""
    row = _asked(actor, Action.DIRECTORY_REPORT, service)
    said: dict[str, Any] = {"status": status, "capacity": capacity, "alert": alert}
    return directory.report_capacity(service=row, version=version, **said)


@transaction.atomic
def confirm(*, actor: User, service: UUID, version: int | None) -> Service:
    """Vouch for the row as it was read."""
    row = _asked(actor, Action.DIRECTORY_REPORT, service)
    return directory.confirm_service(actor=actor, service=row, version=version)


@transaction.atomic
def close(*, actor: User, service: UUID, version: int | None) -> Service:
    """The unit does not offer it any more."""
    row = _asked(actor, Action.DIRECTORY_EDIT, service)
    return directory.close_service(service=row, version=version)


def _asked(actor: User, action: Action, service: UUID) -> Service:
    """The service, locked, when the actor may do this to it."""
    require(actor, action)
    row = directory.lock(service)
    require(actor, action, row)
    transaction.on_commit(routing.forget)
    return row
