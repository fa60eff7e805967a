"""Confirmation calls: who waits, what was answered, and the three things the citizen can say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from intake.lifecycle import ApplicationState
from intake.models import Application
from workflows import actions

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def answered(register: Any, people_at_work: Any) -> Callable[..., Application]:
    def make(subtopic: str = "MED-EXAM", **fields: Any) -> Application:
        row: Application = register(subtopic=subtopic, **fields)
        for part in row.referrals.all():
            actor = getattr(people_at_work, part.agency_id.lower())
            text = f"{part.unit_id} cavab verir."
            actions.complete(actor=actor, referral=part.pk, outcome="provided", text=text)
        row.refresh_from_db()
        assert row.state == ApplicationState.AWAITING_CONFIRMATION
        return row

    return make


@pytest.mark.parametrize(
    ("name", "status"),
    [("operator", 200), ("supervisor", 200), ("clinician", 403), ("tabib", 403), ("admin", 403)],
)
def test_calling_back_is_the_call_centres(browser: Browser, name: str, status: int) -> None:
    assert browser(name).get(reverse("confirmations")).status_code == status


def test_nobody_waits(browser: Browser) -> None:
    assert "Nobody waits for a call" in text_of(browser().get(reverse("confirmations")))


def test_a_row_has_what_the_call_needs(
    browser: Browser, answered: Any, person: Any, people_at_work: Any
) -> None:
    who = person(phones=["0501234567"], safety_note="Sakit danışın")
    row = answered(person=who)
    actions.unreachable(actor=people_at_work.operator, application=row.pk)
    page = browser().get(reverse("confirmations"))
    said, body = text_of(page), page.content.decode()
    for words in (
        row.number,
        who.full_name,
        "050 123 45 67",
        "Sakit danışın",
        "TABIB cavab verir.",
        "SAMHI cavab verir.",
        "not reached: 1",
    ):
        assert words in said
    for verb in ("confirm", "dispute", "unreachable"):
        assert reverse("application-act", args=[row.pk, verb]) in body
    row.refresh_from_db()
    assert f'name="version" value="{row.version}"' in body
    assert f'name="next" value="{reverse("confirmations")}"' in body
    assert body.count('name="referral"') == 1


def test_the_earliest_promise_is_called_first(browser: Browser, answered: Any) -> None:
    late, early = answered(), answered("RX-FREE")
    rows = browser().get(reverse("confirmations")).context["calls"]
    assert [call.application.id for call in rows] == [early.pk, late.pk]
    assert early.due_at < late.due_at


def test_only_what_waits_is_listed(
    browser: Browser, answered: Any, register: Any, people_at_work: Any
) -> None:
    register()
    row = answered()
    assert browser().get(reverse("confirmations")).context["total"] == 1
    actions.confirm(actor=people_at_work.operator, application=row.pk)
    assert browser().get(reverse("confirmations")).context["total"] == 0


def test_the_page_costs_the_same_for_any_number(browser: Browser, answered: Any) -> None:
    client = browser()
    answered()
    one = statements(lambda: client.get(reverse("confirmations")))
    for _ in range(5):
        answered()
    many = statements(lambda: client.get(reverse("confirmations")))
    assert len(client.get(reverse("confirmations")).context["calls"]) == 6
    assert many == one


def test_the_list_can_be_fetched_alone(browser: Browser, answered: Any) -> None:
    row = answered()
    body = browser().get(reverse("confirmations"), headers={"HX-Request": "true"}).content.decode()
    assert body.lstrip().startswith('<div id="calls"')
    assert f'data-live-id="{row.pk}" data-live-version="{row.version}"' in body


def test_the_verbs_reach_their_command(browser: Browser, answered: Any) -> None:
    client = browser()
    for verb, state in (
        ("confirm", "closed"),
        ("dispute", "routed"),
        ("unreachable", "awaiting_confirmation"),
    ):
        row = answered()
        part = row.referrals.get(is_lead=True)
        form = {"text": "Vətəndaş dedi", "referral": str(part.pk), "version": row.version}
        answer = client.post(
            reverse("application-act", args=[row.pk, verb]), {**form, "next": reverse("confirmations")}
        )
        row.refresh_from_db()
        assert (answer.status_code, row.state) == (302, state), text_of(answer)
        assert answer.url == reverse("confirmations")
