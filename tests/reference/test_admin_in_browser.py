"""The administrator's site works in a real browser under the product's content security policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.urls import reverse

from access.models import User
from intake.models import Subtopic
from people.models import District
from routing.models import RuleSet

from .test_admin import address

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not os.environ.get("DAYAQ_CHROMIUM"), reason="no Chromium"),
]


@pytest.fixture
def page(
    live_server: Any, people_at_work: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A page of a signed-in administrator; ``page.refused`` collects what the browser refused or failed."""
    from playwright.sync_api import sync_playwright

    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the browser's driver runs a loop in this thread
    client.force_login(people_at_work.admin, backend="django.contrib.auth.backends.ModelBackend")
    session: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["DAYAQ_CHROMIUM"], args=["--no-sandbox"]
        )
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
        context.add_cookies([session])
        page: Any = context.new_page()
        page.refused = refused = []

        def hear(said: Any) -> None:
            url = said.location["url"]
            if said.type == "error" and not url.endswith("/favicon.ico"):  # asked for by the browser itself
                refused.append(f"{url}: {said.text}")

        page.on("console", hear)
        page.on("pageerror", lambda error: refused.append(str(error)))
        yield page
        connections.close_all()  # beside a running loop Django keeps connections of their own
        browser.close()


def test_nothing_is_refused_on_any_kind_of_page(page: Any) -> None:
    for path in (
        reverse("admin:index"),
        address(District, "changelist") + "?q=tər",
        address(Subtopic, "change", "PRO-NEW"),
        address(RuleSet, "change", 1),
        address(User, "add"),
    ):
        answer = page.goto(path)
        assert answer.status == 200, path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        page.evaluate("new Promise(done => setTimeout(done, 100))")  # what the scripts say after loading
        assert page.refused == [], path


def test_the_scripts_of_the_forms_work(page: Any) -> None:
    page.goto(address(User, "change", User.objects.get(username="tabib").pk))
    page.locator("#memberships-group .add-row a").click()
    page.locator("#memberships-group .select2-selection").last.click()
    page.locator(".select2-search__field").fill("MLSPP.SXA")
    page.locator(".select2-results__option", has_text="Sosial Xidmətlər Agentliyi").click()
    page.locator("input[name=_save]").click()
    page.wait_for_url("**/admin/access/user/")
    memberships = User.objects.get(username="tabib").memberships
    assert set(memberships.values_list("unit_id", flat=True)) == {"TABIB", "MLSPP.SXA"}
    assert page.refused == []


def test_the_policy_is_the_products_own() -> None:
    assert settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["style-src"] == ["'self'"]
