"""The commands ask once more: a door that forgot to would still let nobody do what is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from access.policy import Action
from agencies.models import Unit
from events.errors import Conflict, Denied
from intake.models import Subtopic
from tests.access.stage import STAFF, Stage, allows
from tests.rows import fingerprint
from workflows import actions

pytestmark = pytest.mark.django_db

WORDS = {"text": "Sınaq."}
OF_A_REFERRAL: dict[str, dict[str, Any]] = {
    "claim": {},
    "accept": {},
    "start": {},
    "reject": {"reason": "not_ours"},
    "complete": {"outcome": "provided", **WORDS},
    "fail": {"reason": "no_show"},
    "hold": {"reason": "waiting_citizen"},
}
OF_AN_APPLICATION: dict[str, tuple[Action, str, dict[str, Any]]] = {
    "triage": (Action.APPLICATION_TRIAGE, "unclear", {"lead": "TABIB"}),
    "confirm": (Action.APPLICATION_CONFIRM, "answered", {}),
    "dispute": (Action.APPLICATION_CONFIRM, "answered", WORDS),
    "unreachable": (Action.APPLICATION_CONFIRM, "answered", {}),
    "reopen": (Action.APPLICATION_REOPEN, "closed", WORDS),
    "withdraw": (Action.APPLICATION_WITHDRAW, "prosthesis", WORDS),
    "annul": (Action.APPLICATION_ANNUL, "prosthesis", WORDS),
    "extend": (Action.APPLICATION_EXTEND, "prosthesis", {"reason": "additional_study", **WORDS}),
}
OF_A_BREACH = {"contest": Action.CLOCK_CONTEST, "settle_escalation": Action.ESCALATION_SETTLE}
OF_TIME = {"end_wait", "escalate", "recalendar"}  # what nobody does, and nobody can be denied


def verdict(command: Callable[..., Any], **arguments: Any) -> str:
    """``done``, ``denied`` or ``conflict``; nothing stays, and a denial writes nothing."""
    before = fingerprint()
    with transaction.atomic():
        try:
            command(**arguments)
            told = "done"
        except Denied:
            told = "denied"
            assert fingerprint() == before
        except Conflict:
            told = "conflict"
        transaction.set_rollback(True)
    return told


@pytest.mark.parametrize("name", STAFF)
def test_each_command_on_a_referral_asks_whose_it_is(day: Stage, name: str) -> None:
    actor = day.users[name]

    for row in day.referrals.values():
        work, lead = (
            allows(actor, action, row) for action in (Action.REFERRAL_WORK, Action.REFERRAL_RELEASE_ANY)
        )
        for verb, arguments in OF_A_REFERRAL.items():
            told = verdict(getattr(actions, verb), actor=actor, referral=row.pk, **arguments)
            assert (told == "denied") != work, (verb, row.unit_id)
        may_release = work if row.assignee_id == actor.pk else lead
        told = verdict(actions.release, actor=actor, referral=row.pk)
        assert (told == "denied") != may_release, row.unit_id
        told = verdict(actions.cancel, actor=actor, referral=row.pk, reason="wrong_unit")
        assert (told == "denied") != allows(actor, Action.REFERRAL_CANCEL, row), row.unit_id
        told = verdict(actions.resume, actor=actor, referral=row.pk)
        assert (told == "denied") != allows(actor, Action.REFERRAL_RESUME, row), row.unit_id


@pytest.mark.parametrize("name", STAFF)
def test_each_command_on_an_application_asks_who_calls(day: Stage, name: str) -> None:
    actor = day.users[name]

    for verb, (action, which, arguments) in OF_AN_APPLICATION.items():
        row = day.applications[which]
        told = verdict(getattr(actions, verb), actor=actor, application=row.pk, **arguments)
        assert told == ("done" if allows(actor, action, row) else "denied"), verb


@pytest.mark.parametrize("name", STAFF)
def test_each_command_on_a_breach_asks_whose_it_is(day: Stage, name: str) -> None:
    actor = day.users[name]

    for label, row in day.breaches.items():
        for verb, action in OF_A_BREACH.items():
            about = {"application": row.clock.application_id, "firing": row.pk}
            told = verdict(getattr(actions, verb), actor=actor, **about, **WORDS)
            assert (told == "denied") != allows(actor, action, row), (verb, label)


@pytest.mark.parametrize("name", STAFF)
def test_registering_and_taking_the_next_one_ask_who_calls(day: Stage, name: str) -> None:
    actor = day.users[name]
    subtopic = Subtopic.objects.select_related("topic").get(pk="CMP-IDEA")

    registered = verdict(
        actions.register, actor=actor, person=day.person, contact=None, subtopic=subtopic, **WORDS
    )
    assert registered == ("done" if allows(actor, Action.APPLICATION_REGISTER, None) else "denied")

    for code in ("MLSPP", "MLSPP.DTSERA", "TABIB", "DSKS"):
        unit = Unit.objects.select_related("agency").get(pk=code)
        taken = verdict(actions.take_next, actor=actor, unit=unit)
        assert taken == ("done" if allows(actor, Action.REFERRAL_WORK, unit) else "denied"), code


def test_every_command_is_asked_here() -> None:
    asked = {*OF_A_REFERRAL, *OF_AN_APPLICATION, *OF_A_BREACH}
    asked |= {"release", "cancel", "resume", "register", "take_next"}

    assert asked | OF_TIME == set(actions.__all__)


def test_somebody_disabled_in_the_meantime_is_denied(day: Stage) -> None:
    actor = day.users["worker of DTSERA"]
    actor.is_active = False
    try:
        told = verdict(actions.claim, actor=actor, referral=day.referrals["of DTSERA"].pk)
    finally:
        actor.is_active = True

    assert told == "denied"
