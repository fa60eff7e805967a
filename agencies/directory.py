"""The service directory (HSDS): which unit does what, where, with how much room, and who last vouched for it.

The commands run inside the caller's transaction on a row that ``lock`` has given; ``callcenter.directory``
asks who may. Each of them makes the row a new version of itself.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import clock
from events.errors import Conflict, Invalid, NotVisible, StaleVersion, together
from intake.models import Subtopic
from people.models import District
from people.reference import ReferenceRow, edited
from people.services import line

from .models import Referral, Service, Taking, Unit
from .services import unit_by_code

STALE_DAYS = 90
LONGEST_ALERT = 300  # characters
LARGEST_CAPACITY = 100_000  # open referrals


# --- reading ----------------------------------------------------------------------------------------------


def offered() -> QuerySet[Service]:
    """What is offered at present, with unit, agency and who confirmed it."""
    rows = Service.objects.filter(active=True, unit__active=True)
    return rows.select_related("unit__agency", "confirmed_by")


def stale(days: int = STALE_DAYS) -> QuerySet[Service]:
    """What nobody has confirmed in the last ``days`` days, or ever."""
    return offered().filter(Q(confirmed_on=None) | Q(confirmed_on__lt=_oldest(days)))


def is_stale(service: Service) -> bool:
    return service.confirmed_on is None or service.confirmed_on < _oldest(STALE_DAYS)


def _oldest(days: int) -> date:
    return _today() - timedelta(days=days)


def _today() -> date:
    return timezone.localdate(clock.now())


def serving(district: str) -> Q:
    """Services that cover this district, as ``Service.covers`` says of one."""
    return Q(districts__len=0) | Q(districts__contains=[district])


def covering(subtopic: str, district: str) -> list[Service]:
    """Who serves this subtopic there: the narrowest catchment first, then who has room, then by code.

    Services that take nothing for now are left out.
    """
    rows = offered().filter(serving(district), subtopics__contains=[subtopic])
    return sorted(
        rows.exclude(status=Taking.CLOSED),
        key=lambda row: (len(row.districts) or math.inf, row.status != Taking.OPEN, row.unit_id),
    )


def load(services: Collection[Service]) -> dict[UUID, int]:
    """Open referrals by service: of its unit, its subtopics, and people of its districts. One statement."""
    rows = Referral.objects.open().filter(unit__in={each.unit_id for each in services})
    grouped = rows.values_list("unit", "subtopic", "application__person__district").annotate(n=Count("pk"))
    by_unit: dict[str, list[tuple[str, str | None, int]]] = {}
    for unit, subtopic, district, n in grouped.order_by():
        by_unit.setdefault(unit, []).append((subtopic, district, n))
    return {
        each.pk: sum(
            n
            for subtopic, district, n in by_unit.get(each.unit_id, ())
            if subtopic in each.subtopics and each.covers(district)
        )
        for each in services
    }


# --- changing ---------------------------------------------------------------------------------------------


def lock(service: UUID) -> Service:
    """The service and its unit, locked together: two changes of what one unit offers wait for each other.

    Raises ``NotVisible`` when there is none, ``Conflict`` when it is no longer offered.
    """
    rows = Service.objects.select_for_update(no_key=True, of=("self", "unit")).select_related("unit__agency")
    found = rows.filter(pk=service).first()
    if found is None:
        raise NotVisible
    if not found.active or not found.unit.active:
        raise Conflict(_("This service is not offered any more."), code="service_ended")
    return found


def add_service(
    *,
    actor: Any,
    unit: Any,
    subtopics: Iterable[str],
    districts: Iterable[str] = (),
    capacity: int | None = None,
    status: str = Taking.OPEN,
    alert: str = "",
) -> Service:
    """What a unit does from now on; who adds it vouches for it.

    Raises ``Invalid`` with a field map: a unit that is unknown or closed, unknown codes, or a subtopic
    that the unit already serves in one of the districts.
    """
    place = unit_by_code(unit, field="unit")
    Unit.objects.select_for_update(no_key=True).get(pk=place.pk)
    made = Service(unit=place, mark=edited(""))
    said = {"subtopics": subtopics, "districts": districts, "capacity": capacity}
    _fill(made, {**said, "status": status, "alert": alert})
    _check_once(made)
    _vouch(made, actor)
    made.save(force_insert=True)
    return made


def change_service(
    *, actor: Any, service: Service, version: int | None, changes: Mapping[str, Any]
) -> Service:
    """Change what stands in ``changes``: subtopics, districts, capacity, status, alert.

    Who writes the row vouches for it. Raises ``StaleVersion``, or ``Invalid`` as ``add_service`` does.
    """
    _check_version(service, version)
    _fill(service, changes)
    _check_once(service)
    service.mark = edited(service.mark)
    _vouch(service, actor)
    return _written(service)


def report_capacity(
    *, service: Service, version: int | None, status: str, capacity: int | None, alert: str
) -> Service:
    """How much room the unit has at present. It says nothing about whether the rest of the row is true."""
    _check_version(service, version)
    _fill(service, {"status": status, "capacity": capacity, "alert": alert})
    return _written(service)


def confirm_service(*, actor: Any, service: Service, version: int | None) -> Service:
    """Say that the row is true today; only of the version that one has read."""
    _check_version(service, version)
    _vouch(service, actor)
    return _written(service)


def close_service(*, service: Service, version: int | None) -> Service:
    """The unit does not offer it any more. The row stays for its history."""
    _check_version(service, version)
    service.active = False
    service.mark = edited(service.mark)
    return _written(service)


def _check_version(service: Service, version: int | None) -> None:
    if version is not None and version != service.version:
        raise StaleVersion(yours=version, current=service.version)


def _vouch(service: Service, actor: Any) -> None:
    service.confirmed_on, service.confirmed_by = _today(), actor


def _written(service: Service) -> Service:
    service.version += 1
    service.save()
    return service


def _fill(service: Service, said: Mapping[str, Any]) -> None:
    """Check and set these fields; all that is wrong is refused at once."""
    values = together(*(partial(RULES[name], value) for name, value in said.items()))
    for name, value in zip(said, values, strict=True):
        setattr(service, name, value)


def _check_once(service: Service) -> None:
    others = Service.objects.filter(unit=service.unit_id, active=True).exclude(pk=service.pk)
    twice = {code for other in others if service.meets(other) for code in other.subtopics}
    if twice:
        shared = Subtopic.objects.filter(pk__in=twice.intersection(service.subtopics))
        names = ", ".join(row.name for row in shared)
        sentence = _("%(unit)s already serves this there: %(subjects)s. Change that service instead.")
        said = sentence % {"unit": service.unit.short, "subjects": names}
        raise Invalid.field("subtopics", said, code="served_twice")


def _subtopics(value: Any) -> list[str]:
    if not value:
        raise Invalid.field("subtopics", _("Choose at least one subject."), code="required")
    return _known("subtopics", Subtopic, value)


def _districts(value: Any) -> list[str]:
    return _known("districts", District, value)


def _known(field: str, model: type[ReferenceRow], codes: Iterable[Any]) -> list[str]:
    """Codes of active rows, each once and in their order."""
    wanted = set(codes)
    if wanted - set(model._default_manager.filter(active=True).values_list("pk", flat=True)):
        raise Invalid.field(field, _("Choose from the list."), code=f"unknown_{field}")
    return sorted(wanted)


def _capacity(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_CAPACITY:
        sentence = _("A whole number from 1 to %(most)s; empty when there is no limit.")
        raise Invalid.field("capacity", sentence % {"most": LARGEST_CAPACITY}, code="bad_capacity")
    return value


def _status(value: Any) -> str:
    if value not in Taking.values:
        raise Invalid.field("status", _("Choose from the list."), code="unknown_status")
    return str(value)


def _alert(value: Any) -> str:
    return line("alert", value, limit=LONGEST_ALERT)


RULES = {
    "subtopics": _subtopics,
    "districts": _districts,
    "capacity": _capacity,
    "status": _status,
    "alert": _alert,
}
