"""The page that keeps itself in step: who else is here, a server that goes away, words nobody may take."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import server as servers
from workflows import actions

from .conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def mark(page: Page) -> Any:
    return page.locator("[data-live-mark]:visible").first


def test_who_has_the_same_record_open_is_told_at_once_and_when_he_has_gone(
    sign_in: Callable[..., Page], register: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    referral = application.referrals.get()
    worker, operator = sign_in("samhi"), sign_in("operator")
    worker.goto(f"/referrals/{referral.pk}/")
    here = worker.locator("[data-live-here]")
    expect(mark(worker)).to_contain_text("Canlı")
    expect(here).to_be_empty()

    operator.goto(f"/applications/{application.pk}/")
    expect(here).to_contain_text("Operator (çağrı mərkəzi)", timeout=2_000)
    expect(operator.locator("[data-live-here]")).to_contain_text("Samhi (İTSDA)", timeout=2_000)
    operator.goto("/applications/")
    expect(here).to_be_empty(timeout=2_000)


def test_the_page_says_since_when_it_is_stale_keeps_what_is_written_and_catches_up(
    chromium: Browser, people_at_work: Any, register: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    referral = application.referrals.get()
    actions.accept(actor=people_at_work.samhi, referral=referral.pk)
    port = servers.free_port()
    with servers.started(port=port) as (address, process):
        page = chromium.new_context(base_url=address, locale="az-AZ").new_page()
        page.goto("/sign-in/")
        page.fill("input[name=username]", "samhi")
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button")
        page.goto(f"/queue/SAMHI/?item={referral.pk}")
        expect(mark(page)).to_contain_text("Canlı")
        page.fill("#answer-form textarea", "Yarımçıq cavab")
        process.kill()
    expect(mark(page)).to_contain_text(re.compile(r"\d\d:\d\d-d[əa]n köhnədir"), timeout=15_000)

    other = register(subtopic="INS-STATUS")
    actions.start(actor=people_at_work.samhi, referral=referral.pk)
    with servers.started(port=port):
        expect(mark(page)).to_contain_text("Canlı", timeout=40_000)
        row = page.locator(f"[data-live-id='{referral.pk}']")
        expect(row).to_contain_text("İcradadır", timeout=8_000)
        expect(page.locator("#answer-form textarea")).to_have_value("Yarımçıq cavab")
        expect(page.locator("#answer-form textarea")).to_be_focused()
        expect(page.locator(".held-word")).to_contain_text("dəyişiklik")
        page.locator("h1").first.click()  # out of the list: now it may take in what waited
        expect(page.locator("[data-live-id]", has_text=other.number)).to_be_visible(timeout=20_000)
        page.context.close()


def test_the_browser_reckons_the_checksum_as_the_server_does(
    sign_in: Callable[..., Page], register: Any
) -> None:
    """An exact view agrees; one that was told too much or too little does not; old news change nothing."""
    register(subtopic="INS-STATUS")
    worker = sign_in("samhi")
    worker.goto("/queue/SAMHI/")
    expect(mark(worker)).to_contain_text("Canlı")
    verdicts = worker.evaluate(
        """async () => {
          const source = document.querySelector('script[src*="page.js"]').src;
          const model = await import(source.replace('page.js', 'live-model.js'));
          const told = await (await fetch('/api/v1/live/queue:SAMHI/')).json();
          model.snapshot(told);
          const checksum = { topic: told.topic, rows: told.rows.length, digest: told.digest };
          const exact = await model.agrees(checksum);
          model.event({ topic: told.topic, id: told.rows[0].id, version: 99, listed: true });
          const newer = await model.agrees(checksum);
          model.snapshot(told);
          model.event({ topic: told.topic, id: told.rows[0].id, version: 99, listed: false });
          const gone = await model.agrees(checksum);
          model.snapshot(told);
          model.event({ topic: told.topic, id: told.rows[0].id, version: 0, listed: false });
          return [exact, newer, gone, await model.agrees(checksum)];
        }"""
    )
    assert verdicts == [True, False, False, True]
