"""The service directory of the files: what each unit does and where. How much room it has, it says itself."""

from __future__ import annotations

from collections.abc import Container, Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import ValidationError

from agencies.models import Service

from .files import Files, Row

SERVICES = "services.yaml"


def services(
    files: Files, units: Container[str], subtopics: Container[str], districts: Container[str]
) -> list[Service]:
    """The services of the file, each with units, subtopics and districts that there are."""
    found: list[Service] = []
    for row in files.table(SERVICES, "unit", "subtopics", "districts"):
        files.code(SERVICES, row["id"], "unit", row.get("unit"), units, "agency or unit")
        service = Service(
            id=key(row["id"]),
            unit_id=row.get("unit", ""),
            subtopics=sorted(files.codes(SERVICES, row, "subtopics", subtopics, "subtopic")),
            districts=sorted(files.codes(SERVICES, row, "districts", districts, "district")),
            mark=row.get("mark", ""),
        )
        _check(files, row, service, found)
        found.append(service)
    return found


def key(code: str) -> UUID:
    """The same identity for the same row on every machine."""
    return uuid5(NAMESPACE_URL, f"dayaq:service:{code}")


def _check(files: Files, row: Row, service: Service, before: Sequence[Service]) -> None:
    """Its own rules, and that no other row offers the same in the same place."""
    try:
        service.clean_fields(exclude=["unit", "confirmed_by"])
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            files.problem(SERVICES, row["id"], f"{name}: {' '.join(messages)}")
    if any(service.meets(other) for other in before):
        files.problem(SERVICES, row["id"], "The unit offers one of these in the same place by another row.")
