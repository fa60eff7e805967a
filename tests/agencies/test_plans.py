"""How the queues and lists are read among many rows: by an index, with the same number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from access.models import Token, User
from access.roles import Role
from agencies.models import Membership, Referral
from events.models import Event
from intake.models import Application
from people.models import Person, Phone
from tests import bulk
from tests.conftest import _begin_stream

pytestmark = pytest.mark.django_db
BIG = (Person, Phone, Application, Referral, Event)


@dataclass
class Readers:
    """Who reads, by API and by browser."""

    api: dict[str, APIClient]
    web: dict[str, Client]


@pytest.fixture(scope="module")
def readers(django_db_setup: None, django_db_blocker: Any) -> Iterator[Readers]:
    """Twenty thousand referrals of all units; three of ten are open."""
    roles = {
        "operator": (Role.OPERATOR, None),
        "TABIB": (Role.AGENCY_WORKER, "TABIB"),
        "DTSERA": (Role.AGENCY_WORKER, "MLSPP.DTSERA"),
        "clinician": (Role.CLINICIAN, None),
    }
    with django_db_blocker.unblock(), transaction.atomic():
        _begin_stream()
        by = User.objects.create(username="bulk", role=Role.OPERATOR)
        bulk.many_referrals(20_000, bulk.many_people(20_000), by)
        found = Readers({}, {})
        for name, (role, unit) in roles.items():
            user = User.objects.create(username=name, role=role)
            if unit:
                Membership.objects.create(user=user, unit_id=unit)
            found.api[name], found.web[name] = APIClient(), Client()
            found.api[name].credentials(HTTP_AUTHORIZATION=f"Token {Token.issue(user)}")
            found.web[name].force_login(user)
        yield found
        transaction.set_rollback(True)


READS = {
    "an agency's open queue": ("TABIB", "referrals/?unit=TABIB&state=open", "agencies_agency_queue"),
    "a unit's open queue": ("DTSERA", "referrals/?unit=MLSPP.DTSERA&state=open", "agencies_unit_queue"),
    "what is late": ("TABIB", "referrals/?late=1", None),
    "what I hold": ("TABIB", "referrals/?assignee=me", None),
    "the newest of an agency": ("TABIB", "referrals/", None),
    "the newest of all": ("operator", "referrals/", "agencies_newest"),
    "the newest applications": ("operator", "applications/", "intake_app_newest"),
    "applications that wait": ("operator", "applications/?state=awaiting_confirmation", None),
    "late applications": ("operator", "applications/?late=1", None),
    "an agency's applications": ("TABIB", "applications/", None),
    "the socket's queue": ("TABIB", "live/queue:TABIB/", "agencies_agency_queue"),
}


@pytest.mark.parametrize(("who", "path", "index"), READS.values(), ids=READS)
def test_no_list_reads_a_table_from_end_to_end(
    readers: Readers, who: str, path: str, index: str | None
) -> None:
    with bulk.captured() as found:
        answer = readers.api[who].get(f"/api/v1/{path}")

    assert answer.status_code == 200, answer.content
    assert bulk.scanned(found, *BIG) == []
    assert index is None or index in bulk.indexes(found)


def test_the_next_one_is_taken_by_the_queues_index(readers: Readers) -> None:
    with bulk.captured() as found, transaction.atomic(), pytest.raises(Referral.DoesNotExist):
        # the copied rows have no process: only how the candidate is found matters here
        readers.api["TABIB"].post("/api/v1/queues/TABIB/next/", {}, format="json")

    assert bulk.scanned(found, *BIG) == []
    assert "agencies_agency_queue" in bulk.indexes(found)


PAGES = {
    "the queue": ("TABIB", "/queue/TABIB/"),
    "a unit's queue": ("DTSERA", "/queue/MLSPP.DTSERA/"),
    "the applications": ("operator", "/applications/"),
    "triage": ("operator", "/triage/"),
    "confirmations": ("operator", "/confirmations/"),
    "the desk": ("operator", "/desk/"),
}


@pytest.mark.parametrize(("who", "path"), PAGES.values(), ids=PAGES)
def test_no_page_reads_a_table_from_end_to_end(readers: Readers, who: str, path: str) -> None:
    with bulk.captured() as found:
        answer = readers.web[who].get(path, follow=True)

    assert answer.status_code == 200
    assert bulk.scanned(found, *BIG) == []


@pytest.mark.parametrize("who", ["operator", "TABIB", "DTSERA", "clinician"])
@pytest.mark.parametrize("path", ["applications/", "referrals/"])
def test_fifty_rows_cost_the_statements_of_five(readers: Readers, who: str, path: str) -> None:
    def cost(size: int) -> int:
        rows = readers.api[who].get(f"/api/v1/{path}?page_size={size}").json()["results"]
        assert len(rows) == size
        return bulk.statements(lambda: readers.api[who].get(f"/api/v1/{path}?page_size={size}"))

    assert cost(5) == cost(50) <= 14


def test_the_pages_of_a_list_hold_every_row_once(readers: Readers) -> None:
    url, ids = "/api/v1/referrals/?unit=MLSPP.DTSERA&page_size=50", []

    while url:
        body = readers.api["DTSERA"].get(url).json()
        ids += [row["id"] for row in body["results"]]
        url = body["next"]

    mine = Referral.objects.filter(unit="MLSPP.DTSERA").order_by("-requested_at", "-id")
    assert ids == [str(pk) for pk in mine.values_list("pk", flat=True)]
    assert len(ids) > 100
