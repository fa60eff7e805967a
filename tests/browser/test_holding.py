"""Holding a referral by keyboard alone: the dialog, the banner, and going on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from agencies.models import Referral

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
def test_hold_banner_and_resume_by_keyboard(sign_in: Callable[..., Page], register: Any, width: int) -> None:
    referral = register(subtopic="INS-STATUS").referrals.get()
    page = sign_in("samhi", width=width)
    page.goto(f"/referrals/{referral.pk}/")
    page.locator("#verb-accept").focus()

    page.keyboard.press("d")
    expect(page.locator("#dlg-hold")).to_be_visible()
    expect(page.locator("#hold-reason")).to_be_focused()
    page.locator("#hold-reason").select_option("waiting_citizen")
    latest = page.input_value("#hold-until")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d", latest)
    page.locator("#hold-reason").select_option("waiting_document")
    assert page.input_value("#hold-until") > latest
    page.locator("#hold-reason").select_option("waiting_citizen")
    page.locator("#hold-text").fill("Şəkil gözlənilir.")
    page.locator("#dlg-hold .btn-primary").focus()
    page.keyboard.press("Enter")

    banner = page.locator(".note.paused")
    expect(banner).to_contain_text("Şəkil gözlənilir.")
    expect(page.locator(".rhead .state.paused")).to_be_visible()
    expect(page.locator("#verb-resume")).to_be_enabled()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#verb-resume").focus()
    page.keyboard.press("r")

    expect(banner).to_have_count(0)
    assert Referral.objects.get(pk=referral.pk).state == "in_progress"


def test_a_suggested_end_gives_way_to_what_was_typed(sign_in: Callable[..., Page], register: Any) -> None:
    referral = register(subtopic="INS-STATUS").referrals.get()
    page = sign_in("samhi")
    page.goto(f"/referrals/{referral.pk}/")
    page.locator("#verb-hold").click()
    page.locator("#hold-reason").select_option("waiting_citizen")
    page.locator("#hold-until").fill("2031-05-06T10:00")
    page.locator("#hold-reason").select_option("waiting_document")
    assert page.input_value("#hold-until") == "2031-05-06T10:00"
