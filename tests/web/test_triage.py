"""Triage: what waits and why, where a person sends it, and what happens when somebody was faster."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from agencies.models import Referral, Unit
from intake.lifecycle import ApplicationState
from intake.models import Application
from routing import selectors as routing
from routing.models import Decision
from workflows import actions

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
Browser = Callable[..., Client]


def address(row: Application, referral: Referral | None = None) -> str:
    url = reverse("triage-settle", args=[row.pk])
    return f"{url}?referral={referral.pk}" if referral else url


@pytest.fixture
def unclear(register: Any) -> Callable[..., Application]:
    def make(subtopic: str = "EMP-TUIT", **fields: Any) -> Application:
        row: Application = register(subtopic=subtopic, facts={"unclear": True}, **fields)
        assert row.state == ApplicationState.TRIAGE
        return row

    return make


@pytest.fixture
def returned(register: Any, people_at_work: Any) -> Callable[..., Referral]:
    """A lead referral that TƏBİB has sent back, naming another unit."""

    def make(subtopic: str = "MED-EXAM", **fields: Any) -> Referral:
        lead = register(subtopic=subtopic, **fields).referrals.get(is_lead=True)
        actions.reject(
            actor=people_at_work.tabib,
            referral=lead.pk,
            reason="not_ours",
            text="Bu xidməti biz göstərmirik.",
            suggested_unit="MOH.TRO",
        )
        return Referral.objects.get(pk=lead.pk)

    return make


def send(client: Client, row: Application, referral: Referral | None = None, **fields: Any) -> Any:
    named = {"referral": str(referral.pk)} if referral else {}
    return client.post(address(row, referral), {"version": row.version, "policy": "all", **named, **fields})


# Who may, what waits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [("operator", 200), ("supervisor", 200), ("clinician", 403), ("tabib", 403), ("admin", 403)],
)
def test_triage_is_the_call_centres(browser: Browser, unclear: Any, name: str, status: int) -> None:
    row = unclear()
    client = browser(name)
    assert client.get(reverse("triage-list")).status_code == status
    assert client.get(address(row)).status_code == status
    assert client.get(reverse("triage"), follow=True).status_code == status
    if status == 403:
        assert send(client, row, lead="MSE").status_code == 403
        row.refresh_from_db()
        assert row.state == ApplicationState.TRIAGE


def test_an_empty_desk_says_so(browser: Browser) -> None:
    assert "Nothing waits for a decision" in text_of(browser().get(reverse("triage")))


def test_the_list_says_why_each_one_waits(
    browser: Browser, unclear: Any, returned: Any, register: Any
) -> None:
    unclear()
    returned()
    register(subtopic="CMP-STAFF", facts={"complained_about": "MOH"})
    Unit.objects.filter(pk="COMM").update(active=False)
    routing.forget()
    try:
        register(subtopic="STA-MISS")
        said = text_of(browser().get(reverse("triage-list")))
    finally:
        routing.forget()
    for why in (
        "The operator marked it as unclear",
        "Returned by TƏBİB: Not within our remit",
        "The complaint is about the agency that would answer",
        "The agency of this subject takes no referrals at present",
    ):
        assert why in said


def test_a_crisis_stays_on_top_also_when_its_way_is_unclear(browser: Browser, unclear: Any) -> None:
    first, crisis = unclear(), unclear("PSY-CRISIS")
    Application.objects.filter(pk=crisis.pk).update(due_at=first.due_at.replace(year=2030))
    rows = browser().get(reverse("triage-list")).context["rows"]
    assert [row.application.pk for row in rows] == [crisis.pk, first.pk]
    assert browser().get(reverse("triage")).url == address(crisis)


def test_the_list_costs_the_same_for_any_number(browser: Browser, unclear: Any, returned: Any) -> None:
    client = browser()
    unclear()
    returned()
    few = statements(lambda: client.get(reverse("triage-list")))
    for _ in range(4):
        unclear()
        returned()
    many = statements(lambda: client.get(reverse("triage-list")))
    assert len(client.get(reverse("triage-list")).context["rows"]) == 10
    assert many == few


def test_the_item_shows_words_reasons_and_a_suggestion(browser: Browser, unclear: Any) -> None:
    row = unclear(text="Oğlumun təhsil haqqı tələb olunur.")
    page = browser().get(address(row))
    said = text_of(page)
    for words in ("Oğlumun təhsil haqqı", row.number, row.person.full_name, "TRIAGE-UNCLEAR", "If in doubt"):
        assert words in said
    assert page.context["form"]["lead"].value() == "MSE"
    assert page.context["form"]["joint"].value() == ["MLSPP", "YASHAT"]


def test_a_returned_referral_shows_who_why_and_whom_instead(browser: Browser, returned: Any) -> None:
    part = returned()
    page = browser().get(address(part.application, part))
    said = text_of(page)
    for words in (
        "Why it came back",
        "Not within our remit",
        "Bu xidməti biz göstərmirik.",
        "Traumatology",
        "Who takes over",
    ):
        assert words in said
    assert page.context["form"]["lead"].value() == "MOH.TRO", "the returning unit's suggestion comes first"


def test_an_unknown_item_is_not_found(browser: Browser, unclear: Any) -> None:
    row = unclear()
    assert browser().get(reverse("triage-settle", args=[uuid4()])).status_code == 404
    assert browser().get(f"{address(row)}?referral={uuid4()}").status_code == 404
    assert browser().get(f"{address(row)}?referral=x").status_code == 404


# Deciding --------------------------------------------------------------------------------------------------


def test_the_choice_is_previewed_and_written_alike(browser: Browser, unclear: Any) -> None:
    row, client = unclear("PSY-COUNS"), browser()
    choice = {"lead": "MOH.PHC", "joint": ["TABIB", "YASHAT"], "policy": "lead"}
    shown = client.post(address(row), {**choice, "preview": "1"}, headers=HTMX)
    row.refresh_from_db()
    assert row.state == ApplicationState.TRIAGE, "a preview changes nothing"
    assert "The lead's answer is enough" in text_of(shown)
    assert "Consent has not been asked yet" in text_of(shown)
    assert send(client, row, **choice, text="Psixoloq artıq tanıyır").status_code == 302
    parts = {part.unit_id: part for part in row.referrals.all()}
    assert set(parts) == {"MOH.PHC", "TABIB", "YASHAT"}
    for seen in shown.context["goes"]:
        assert parts[seen.unit.pk].is_lead == seen.is_lead
        assert ("text" in parts[seen.unit.pk].disclosed) == ("The citizen's words" in seen.sees)
    written = Decision.objects.filter(application=row).first()
    assert written is not None
    assert (written.source, written.policy, written.note) == ("triage", "lead", "Psixoloq artıq tanıyır")


def test_one_more_agency_joins_the_choice(browser: Browser, unclear: Any) -> None:
    row, client = unclear(), browser()
    page = client.post(
        address(row), {"lead": "MSE", "joint": ["MLSPP"], "more": "MOJ", "preview": "1"}, headers=HTMX
    )
    assert page.context["form"]["joint"].value() == ["MLSPP", "MOJ"]
    assert 'value="MOJ"' in page.content.decode()
    send(client, row, lead="MSE", joint=["MLSPP"], more="MOJ")
    assert set(row.referrals.values_list("unit", flat=True)) == {"MSE", "MLSPP", "MOJ"}


def test_a_returned_referral_is_taken_over(browser: Browser, returned: Any) -> None:
    part = returned()
    row = Application.objects.get(pk=part.application_id)
    due = row.due_at
    assert send(browser(), row, part, lead="MOH.TRO").status_code == 302
    taken = Referral.objects.get(replaces=part)
    row.refresh_from_db()
    assert (taken.unit_id, taken.is_lead, row.due_at) == ("MOH.TRO", True, due)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"lead": ""}, "There is no such unit"),
        ({"lead": "NOWHERE"}, "NOWHERE"),
        ({"lead": "MSE", "joint": ["x\x00"]}, "Joint agencies"),
        ({"lead": "MSE", "policy": "some"}, "Closing condition"),
        ({"lead": "MSE", "text": "ə" * 1501}, "At most 1500"),
        ({"lead": "MSE", "text": "a\x00b"}, "cannot be stored"),
    ],
)
def test_a_refused_choice_keeps_the_words(
    browser: Browser, unclear: Any, fields: dict[str, Any], sentence: str
) -> None:
    row = unclear()
    page = send(browser(), row, **{"text": "Mənim izahım", **fields})
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert fields.get("text", "Mənim izahım").strip("\x00") in unescape(page.content.decode())
    row.refresh_from_db()
    assert row.state == ApplicationState.TRIAGE


def test_a_colleague_was_faster(browser: Browser, unclear: Any, people_at_work: Any) -> None:
    row, waits = unclear(), unclear("SOC-DEBT")
    actions.triage(actor=people_at_work.operator2, application=row.pk, lead="MSE")
    page = send(browser(), row, lead="MSE", text="Mənim izahım")
    said = text_of(page)
    assert page.status_code == 409
    assert "A colleague has settled this one already" in said
    assert "Mənim izahım" in said
    assert address(waits) in page.content.decode(), "the next one is one key away"
    assert Decision.objects.filter(application=row, source="triage").count() == 1
    assert "A colleague has settled" in text_of(browser().get(address(row)))


def test_a_changed_item_that_still_waits_is_asked_again(browser: Browser, unclear: Any) -> None:
    row = unclear()
    Application.objects.filter(pk=row.pk).update(version=row.version + 1)
    page = send(browser(), row, lead="MSE", text="Mənim izahım")
    assert page.status_code == 409
    assert "Somebody changed this record" in text_of(page)
    assert page.context["version"] == row.version + 1
    assert "Mənim izahım" in page.content.decode()


def test_the_list_carries_what_live_needs(browser: Browser, unclear: Any, returned: Any) -> None:
    row, part = unclear(), returned()
    body = browser().get(reverse("triage-list"), headers=HTMX).content.decode()
    assert 'data-live-topic="board"' in body
    assert f'data-live-id="{row.pk}" data-live-version="{row.version}"' in body
    assert f'data-live-id="{part.pk}" data-live-version="{part.version}"' in body


def test_an_agency_at_work_on_it_is_not_offered_again(browser: Browser, returned: Any) -> None:
    part = returned()
    row = Application.objects.get(pk=part.application_id)
    assert row.referrals.filter(unit="SAMHI", state="requested").exists()
    page = send(browser(), row, part, lead="SAMHI")
    assert page.status_code == 422
    assert not Referral.objects.filter(replaces=part).exists()


# What the rules and the text propose ------------------------------------------------------------------------


def test_the_proposal_of_the_rules_is_chosen_already(browser: Browser, unclear: Any) -> None:
    row = unclear("PRO-REPAIR")

    page = browser().get(address(row))

    form = page.context["form"]
    assert (form["lead"].value(), form["joint"].value()) == ("MLSPP.DTSERA", ["YASHAT"])
    assert "Proposed by the rules" in text_of(page)
    assert [look.rule for look in page.context["near"]] == ["R-PRO-NEW", "R-PRO-WHEEL", "R-PRO-SENSE"]


def test_a_suggested_subject_brings_the_agencies_of_its_rules(browser: Browser, register: Any) -> None:
    row = register("SOC-DEBT", text="Protezim sınıb, təmir etdirmək istəyirəm.", facts={"unclear": True})
    client = browser()
    shown = client.get(address(row)).context["suggested"]
    assert "PRO-REPAIR" in [it.code for it in shown]
    assert all(0 < it.percent <= 100 for it in shown)
    assert shown[0].percent >= shown[-1].percent

    page = client.post(address(row), {"about": "PRO-REPAIR", "preview": "1"}, headers=HTMX)

    form = page.context["form"]
    assert (form["lead"].value(), form["joint"].value()) == ("MLSPP.DTSERA", ["YASHAT"])
    assert Decision.objects.filter(application=row).count() == 1
    assert row.referrals.count() == 0


def test_a_subject_that_does_not_exist_changes_nothing_in_the_choice(browser: Browser, unclear: Any) -> None:
    row = unclear()
    page = browser().post(address(row), {"lead": "MSE", "about": "NO-SUCH", "preview": "1"}, headers=HTMX)

    assert page.context["form"]["lead"].value() == "MSE"
