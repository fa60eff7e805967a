"""The commands of deliveries ask once more whose they are, as those of referrals do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from access.roles import Role
from delivery import selectors, services
from events.errors import Conflict, Denied, NotVisible
from tests.access.stage import STAFF, Stage, sees
from tests.rows import fingerprint

pytestmark = pytest.mark.django_db

OF_AN_ENDPOINT = ("rotate_secret", "pause", "resume", "end", "revive", "ping", "try_now", "redrive_all")
OF_A_DELIVERY = ("redrive", "set_aside")


def verdict(command: Any, **arguments: Any) -> str:
    """``done``, ``denied``, ``hidden`` or ``conflict``; nothing stays, and a refusal writes nothing."""
    before = fingerprint()
    with transaction.atomic():
        try:
            command(**arguments)
            told = "done"
        except (Denied, NotVisible, Conflict) as refused:
            told = {Denied: "denied", NotVisible: "hidden"}.get(type(refused), "conflict")
            assert fingerprint() == before
        transaction.set_rollback(True)
    return told


@pytest.mark.parametrize("name", STAFF)
def test_each_command_asks_whose_endpoint_it_is(day: Stage, name: str) -> None:
    actor = day.users[name]
    may = actor.role in (Role.ADMINISTRATOR, Role.AGENCY_ADMIN)

    for agency, row in day.endpoints.items():
        wanted = {"done", "conflict"} if sees(actor, row) else {"hidden"} if may else {"denied"}
        for verb in OF_AN_ENDPOINT:
            told = verdict(getattr(services, verb), actor=actor, endpoint=row.pk)
            assert told in wanted, (verb, agency, told)
        for verb in OF_A_DELIVERY:
            told = verdict(getattr(services, verb), actor=actor, delivery=day.deliveries[agency].pk)
            assert told in wanted, (verb, agency, told)
        added = verdict(services.add_endpoint, actor=actor, agency=agency, url="https://93.184.215.14/other")
        assert added in wanted, (agency, added)
        assert (row in selectors.endpoints_for(actor)) == sees(actor, row)


def test_every_command_is_asked_here() -> None:
    public = {
        name
        for name, thing in vars(services).items()
        if callable(thing)
        and not name.startswith("_")
        and getattr(thing, "__module__", "") == services.__name__
    }
    assert public == {*OF_AN_ENDPOINT, *OF_A_DELIVERY, "add_endpoint"}


def test_somebody_disabled_in_the_meantime_is_denied(day: Stage) -> None:
    actor = day.users["administrator of TABIB"]
    actor.is_active = False
    try:
        told = verdict(services.pause, actor=actor, endpoint=day.endpoints["TABIB"].pk)
    finally:
        actor.is_active = True
    assert told == "denied"
