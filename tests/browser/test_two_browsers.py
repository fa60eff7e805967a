"""The main job in two real browsers: what the operator registers is in the agency's queue at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from intake.models import Application
from workflows import actions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def call_with(operator: Page, family_name: str) -> None:
    """The operator finds the person by name and begins the conversation."""
    operator.goto("/desk/")
    operator.fill("#q", family_name)
    operator.locator("#found form button").first.click()
    expect(operator.locator("#a_text")).to_be_visible()


def register(operator: Page, text: str) -> str:
    """Write what is asked, take the first suggested subject, register; returns the number."""
    operator.fill("#a_text", text)
    expect(operator.locator("#suggested")).to_contain_text("Alt+1")
    operator.keyboard.press("Alt+1")
    expect(operator.locator("#preview")).to_contain_text("Aparıcı")
    operator.keyboard.press("Control+Enter")
    number = operator.get_by_text(re.compile(r"^VET-\d{4}-\d{6}$")).first
    expect(operator).to_have_url(re.compile("registered="))
    return str(number.inner_text())


def test_from_the_call_to_the_closed_application_without_a_reload(
    sign_in: Callable[..., Page], person: Any
) -> None:
    person(family_name="Sınaqov", given_name="Vəli")
    agency, operator = sign_in("samhi"), sign_in("operator")
    agency.goto("/queue/SAMHI/")
    expect(agency.locator("[data-live-mark], .live").first).to_contain_text("Canlı")

    call_with(operator, "sinaqov")
    number = register(operator, "Sığorta statusu aktiv deyil, qeydiyyatı yoxlamaq istəyir.")
    started = time.monotonic()
    row = agency.locator("[data-live-id]", has_text=number)
    expect(row).to_be_visible(timeout=2_000)
    assert time.monotonic() - started < 2.0

    row.click()
    agency.locator("#verb-accept").click()
    expect(agency.locator("#verb-release")).to_be_enabled()
    agency.select_option("#answer-form select", "explained")
    agency.fill("#answer-form textarea", "Qeydiyyat yoxlanıldı, status aktivdir.")
    agency.locator("#answer-form button", has_text="Cavabla tamamla").click()
    expect(agency.get_by_text("Cavab verilib").first).to_be_visible()

    operator.goto("/confirmations/")
    card = operator.locator("article, section, .panel", has_text=number).first
    card.locator("textarea").first.fill("Razıdır.")
    card.locator("button[value=confirm], button", has_text="Təsdiq edir").first.click()
    expect(operator.locator("main")).not_to_contain_text(number)
    assert Application.objects.get(number=number).state == "closed"


def test_a_colleague_s_claim_shows_in_the_other_browser(
    sign_in: Callable[..., Page], register: Any, people_at_work: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    first = sign_in("samhi")
    first.goto("/queue/SAMHI/")
    row = first.locator("[data-live-id]", has_text=application.number)
    expect(row).to_contain_text("Yeni")

    referral = application.referrals.get()
    actions.accept(actor=people_at_work.samhi2, referral=referral.pk)

    expect(row).to_contain_text("Qəbul edilib", timeout=5_000)
