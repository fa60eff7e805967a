"""The commands of the directory ask once more who may, as those of referrals do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from access.policy import Action
from callcenter import directory as commands
from events.errors import Denied
from tests.access.stage import STAFF, Stage, allows
from tests.rows import fingerprint

pytestmark = pytest.mark.django_db

ROOM: dict[str, Any] = {"status": "full", "capacity": 3, "alert": ""}
COMMANDS: dict[str, tuple[Action, dict[str, Any]]] = {
    "change": (Action.DIRECTORY_EDIT, {"changes": {"capacity": 3}}),
    "close": (Action.DIRECTORY_EDIT, {}),
    "report": (Action.DIRECTORY_REPORT, ROOM),
    "confirm": (Action.DIRECTORY_REPORT, {}),
}


def done(command: Any, **arguments: Any) -> bool:
    """Was it done? Nothing stays, and a denial writes nothing."""
    before = fingerprint()
    with transaction.atomic():
        try:
            command(**arguments)
            told = True
        except Denied:
            told = False
            assert fingerprint() == before
        transaction.set_rollback(True)
    return told


@pytest.mark.parametrize("name", STAFF)
def test_each_command_asks_whose_service_it_is(day: Stage, name: str) -> None:
    actor = day.users[name]

    for unit, row in day.services.items():
        for verb, (action, arguments) in COMMANDS.items():
            command = getattr(commands, verb)
            told = done(command, actor=actor, service=row.pk, version=None, **arguments)
            assert told == allows(actor, action, row), (verb, unit)
    told = done(commands.add, actor=actor, unit="MOH.CAR", subtopics=["MED-INST"])
    assert told == allows(actor, Action.DIRECTORY_EDIT, None)


def test_every_command_is_asked_here() -> None:
    public = {
        name
        for name, thing in vars(commands).items()
        if callable(thing)
        and not name.startswith("_")
        and getattr(thing, "__module__", "") == commands.__name__
    }
    assert public - {"ServiceSight", "sights"} == {*COMMANDS, "add"}
