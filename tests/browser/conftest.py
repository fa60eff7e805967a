"""A real Chromium on a real server. Without a Chromium these tests are skipped by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = os.environ.get("DAYAQ_CHROMIUM") or "/usr/bin/chromium"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in the test's thread
PASSWORD = "a-password-for-tests"


@pytest.fixture(scope="module")  # its event loop must be gone before the next package
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here: install it, or name it in DAYAQ_CHROMIUM")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium: Browser, server: str, people_at_work: Any) -> Iterator[Callable[..., Page]]:
    """Open a browser of one's own as a user: ``sign_in("operator")``; anything on its console fails."""
    expect.set_options(timeout=8_000)
    contexts, complaints = [], []

    def open_as(name: str, *, width: int = 1440, height: int = 900) -> Page:
        context = chromium.new_context(
            base_url=server, viewport={"width": width, "height": height}, locale="az-AZ"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.goto("/sign-in/")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_load_state()
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert not complaints, complaints
