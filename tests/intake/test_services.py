"""A conversation and what is written down of it; an application and its two numbers."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest

from events.errors import Conflict, IllegalMove, Invalid, StaleVersion
from intake import services
from intake.errors import ContactFinalised
from intake.lifecycle import APPLICATION, CONTACT, ApplicationState, ContactState
from intake.models import Application, Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(people_at_work: Any, person: Any) -> Contact:
    return services.start_contact(
        operator_id=people_at_work.operator.pk, caller=person(), number="050 123 45 67", verification=1
    )


def test_a_call_begins_with_its_caller_as_the_one_concerned(call: Contact) -> None:
    assert (call.state, call.version, call.number) == ("active", 1, "+994501234567")
    assert call.concerning == call.caller


def test_a_mother_calls_about_her_son(people_at_work: Any, person: Any) -> None:
    mother, son = person(given_name="Sevda"), person(given_name="Elvin")

    call = services.start_contact(operator_id=people_at_work.operator.pk, caller=mother, concerning=son)

    assert (call.caller, call.concerning) == (mother, son)


def test_notes_are_kept_as_they_grow_and_the_version_counts(call: Contact) -> None:
    services.change_contact(contact=call.pk, version=1, changes={"notes": "Ağrıyır."})
    after = services.change_contact(
        contact=call.pk, version=2, changes={"notes": "Ağrıyır.\r\nİki həftədir."}
    )

    assert (after.notes, after.version) == ("Ağrıyır.\nİki həftədir.", 3)


def test_who_writes_on_an_old_copy_is_told_both_versions(call: Contact) -> None:
    services.change_contact(contact=call.pk, version=1, changes={"notes": "Birinci."})

    with pytest.raises(StaleVersion) as refusal:
        services.change_contact(contact=call.pk, version=1, changes={"notes": "İkinci."})

    assert refusal.value.extra == {"yours": 1, "current": 2}
    call.refresh_from_db()
    assert call.notes == "Birinci."


def test_a_finished_conversation_is_a_record(call: Contact) -> None:
    done = services.finalise_contact(contact=call.pk, disposition="application_opened", notes="Bitdi.")

    assert (done.state, done.notes, done.disposition_id) == ("finalised", "Bitdi.", "application_opened")
    assert done.finalised_at
    with pytest.raises(ContactFinalised):
        services.change_contact(contact=call.pk, version=None, changes={"notes": "Yenə."})
    with pytest.raises(IllegalMove):
        services.finalise_contact(contact=call.pk, disposition="application_opened")


def test_a_conversation_does_not_end_without_saying_how(call: Contact) -> None:
    for wrong in ("", "no_such", "x\0"):
        with pytest.raises(Invalid) as refusal:
            services.finalise_contact(contact=call.pk, disposition=wrong)
        assert list(refusal.value.errors) == ["disposition"]
    call.refresh_from_db()
    assert call.state == "active"


@pytest.mark.parametrize("state", ContactState)
@pytest.mark.parametrize("target", [ContactState.ACTIVE, ContactState.WRAP_UP])
def test_the_service_moves_a_contact_as_its_table_says(
    call: Contact, state: ContactState, target: ContactState
) -> None:
    Contact.objects.filter(pk=call.pk).update(state=state)

    if CONTACT.allowed(state, target):
        assert (
            services.change_contact(contact=call.pk, version=None, changes={"state": target}).state == target
        )
    else:
        with pytest.raises(Conflict):
            services.change_contact(contact=call.pk, version=None, changes={"state": target})
        call.refresh_from_db()
        assert call.state == state


def test_the_service_moves_an_application_as_its_table_says(register: Any) -> None:
    application = register(subtopic="INS-STATUS")

    for state, target in product(ApplicationState, ApplicationState):
        Application.objects.filter(pk=application.pk).update(state=state)
        row = Application.objects.get(pk=application.pk)
        if state == target or APPLICATION.allowed(state, target):
            services.move(row, target)
            ended = target in ("closed", "withdrawn", "entered_in_error")
            assert (row.state, bool(row.closed_at)) == (target, ended)
        else:
            with pytest.raises(IllegalMove):
                services.move(row, target)
        Application.objects.filter(pk=application.pk).update(closed_at=None)


def test_numbers_rise_and_tracking_codes_say_nothing(register: Any) -> None:
    rows = [register(subtopic="INS-STATUS") for _ in range(4)]

    serials = [int(row.number.rpartition("-")[2]) for row in rows]
    assert serials == sorted(set(serials))
    assert all(re.fullmatch(r"VET-20\d\d-\d{6}", row.number) for row in rows)
    codes = [row.tracking_code for row in rows]
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    assert len({code[:4] for code in codes}) == 4


def test_a_refused_registration_leaves_no_gap(register: Any) -> None:
    before = int(register(subtopic="INS-STATUS").number.rpartition("-")[2])

    for text in ("", "a\0b", "ə" * 1501):
        with pytest.raises(Invalid):
            register(subtopic="INS-STATUS", text=text)

    assert int(register(subtopic="INS-STATUS").number.rpartition("-")[2]) == before + 1


def test_facts_are_cleaned_and_kept(register: Any) -> None:
    facts = {"limb": "  sol   ayaq ", "amputee": True, "since": 2021, "consents": ["YASHAT"], "unknown": None}

    row = register(facts=facts)

    assert row.facts == {**facts, "limb": "sol ayaq"}
