"""The yardstick writes what the product writes: its copies are applications like any other."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection

from bench import cpu, raw
from bench.intake import Variant, _ratios
from callcenter.management.commands.bench import lines
from events.relay import _parameters
from intake.models import Application
from workflows import reconcile


def counts() -> dict[str, int]:
    """Rows of every table the yardstick writes, and of the history its triggers write."""
    tables = [*raw.KEYS, "intake_applicationevent", "agencies_referralevent"]
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db(transaction=True)
def test_copies_are_applications_like_any_other(register: Any) -> None:
    application = register("MED-EXAM")
    before = counts()
    with psycopg.connect(**_parameters(), autocommit=True) as plain:
        copier = raw.Copier(plain, application.pk)

        copier.row_by_row()
        copier.one_statement()

    after = counts()
    assert {table: after[table] for table in raw.KEYS} == {table: 3 * before[table] for table in raw.KEYS}
    assert after["intake_applicationevent"] == before["intake_applicationevent"] + 2
    assert Application.objects.values("number").distinct().count() == 3
    assert reconcile.run() == []


def test_slices_that_were_disturbed_do_not_count() -> None:
    quiet = {"per_second": 100.0, "p50_ms": 1.0, "client_us": 1.0, "server_us": 1.0, "foreign": 0.1}
    noisy = {**quiet, "per_second": 10.0, "foreign": 0.9}
    way = Variant(lambda: None, [quiet, noisy, quiet])

    assert way.figures()["per_second"] == 100.0


def test_one_is_at_the_limit() -> None:
    ours = {"per_second": 50.0, "client_us": 300.0, "server_us": 100.0}
    limit = {"per_second": 100.0, "client_us": 100.0, "server_us": 100.0}

    assert _ratios(ours, limit, 1) == {"wall": 0.5, "cpu": 0.5}
    assert _ratios(ours, limit, None) == {"wall": 0.5, "cpu": None}


def test_a_slice_knows_its_time() -> None:
    with cpu.Slice(None) as used:
        sum(range(100_000))

    assert used.wall > 0
    assert used.client >= 0


def test_people_read_a_table() -> None:
    way = {"per_second": 100.0, "p50_ms": 1.0, "client_us": 1.0, "server_us": 1.0}
    result = {
        "name": "intake",
        "figures": {
            "product": way,
            "statements": {"product": 25},
            "profile": {"sql": 0.5},
            "slices": {"product": [2, 3]},
            "foreign_cores": 0.2,
        },
        "ratios": {"wall_to_row_by_row": 0.5},
    }

    told = lines(result)

    assert told[1].split() == ["product", "100.0", "1.00", "1", "1", "25"]
    assert "wall_to_row_by_row 0.5" in told[2]
