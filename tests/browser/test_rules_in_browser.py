"""The decision table by keyboard alone: cells, editing, moving a rule and putting it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from routing import editing, selectors
from routing.models import RuleEdit, RuleSet
from routing.rules.book import rows_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULE = "R-PRO-NEW"


@pytest.fixture
def draft(people_at_work: Any) -> RuleSet:
    selectors.forget()
    return editing.start_draft(actor_id=people_at_work.admin.pk, source=1, note="Sınaq")


def order(number: int) -> list[str]:
    document = RuleSet.objects.get(pk=number).document
    return [row["id"] for section, row in rows_of(document) if section == "subject"]


def cell(page: Page, rule: str, column: str) -> Locator:
    return page.locator(f'[id="r-{rule}"] [data-col={column}]')


def shown(page: Page) -> list[str]:
    return page.locator("[data-section=subject] tr[data-rule]").evaluate_all(
        "rows => rows.map((row) => row.dataset.rule)"
    )


def test_arrows_move_and_enter_edits_the_field_of_the_cell(
    sign_in: Callable[..., Page], draft: RuleSet
) -> None:
    before = order(draft.pk)
    page = sign_in("admin")
    page.goto(f"/rules/{draft.pk}/#r-{before[0]}")
    first = page.locator(f'[id="r-{before[0]}"] td').first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(cell(page, before[1], "subject")).to_be_focused()
    page.keyboard.press("End")
    expect(cell(page, before[1], "priority")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(cell(page, before[0], "lead")).to_be_focused()
    assert page.locator('td[tabindex="0"]').count() == 1, "the table is one tab stop"

    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/rules/{draft.pk}/rule/{before[0]}/edit/#id_lead$"))
    lead = page.locator("#id_lead")
    expect(lead).to_be_focused()
    was = lead.input_value()
    lead.select_option("YASHAT")
    page.keyboard.press("Escape")
    expect(page.locator("#id_lead")).to_have_value(was)
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(rf"/rules/{draft.pk}/#r-"))
    assert not RuleEdit.objects.exists()


def test_a_rule_is_moved_by_keyboard_and_put_back_or_saved_with_a_reason(
    sign_in: Callable[..., Page], draft: RuleSet
) -> None:
    before = order(draft.pk)
    page = sign_in("admin")
    page.goto(f"/rules/{draft.pk}/#r-{before[2]}")
    bar = page.locator("[data-movebar]")
    expect(page.locator(f'[id="r-{before[2]}"] td').first).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowUp")
    expect(bar).to_be_visible()
    assert shown(page)[:3] == [before[2], before[0], before[1]]
    expect(page.locator(f'[id="r-{before[2]}"] td').first).to_be_focused()
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    assert shown(page) == before

    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#move-why")).to_be_focused()
    page.keyboard.type("Tez-tez olur")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    expect(page.locator(f'[id="r-{before[2]}"] .tag')).to_be_visible()
    assert order(draft.pk)[2:4] == [before[3], before[2]]
    assert RuleEdit.objects.get().why == "Tez-tez olur"


def test_the_mouse_moves_a_rule_as_well(sign_in: Callable[..., Page], draft: RuleSet) -> None:
    before = order(draft.pk)
    page = sign_in("admin", width=390)
    page.goto(f"/rules/{draft.pk}/")
    page.locator(f'[id="r-{before[1]}"] [data-shift="-1"]').click()
    assert shown(page)[:2] == [before[1], before[0]]
    page.locator("[data-put-back]").click()
    assert shown(page) == before


@pytest.mark.parametrize("width", [1440, 390])
def test_a_condition_is_built_from_names_and_the_page_never_goes_sideways(
    sign_in: Callable[..., Page], draft: RuleSet, width: int
) -> None:
    page = sign_in("admin", width=width)
    for address in (
        f"/rules/{draft.pk}/",
        "/rules/1/",
        f"/rules/{draft.pk}/rule/{RULE}/",
        f"/rules/{draft.pk}/rehearsal/",
        f"/rules/1/compare/{draft.pk}/",
        f"/rules/{draft.pk}/rule/{RULE}/edit/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.locator("#further-0-fact").select_option("amputee")
    page.locator("input[name=further-0-values]").first.check()
    page.locator("[hx-get*='more=1']").click()
    expect(page.locator("#further-1-fact")).to_be_focused()
    page.locator("#further-1-fact").select_option("age")
    page.locator("#further-1-low").fill("18")
    page.locator("#id_why").fill("Yalnız böyüklər üçün")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(rf"#r-{RULE}$"))
    rule = next(
        row for _section, row in rows_of(RuleSet.objects.get(pk=draft.pk).document) if row["id"] == RULE
    )
    assert rule["when"]["and"][1:] == [
        {"fact": "amputee", "in": [True]},
        {"fact": "age", "between": [18, None]},
    ]
