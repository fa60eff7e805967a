"""The queue and the referral: who sees what, the list and its filters, and every verb by form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from agencies.lifecycle import ReferralState
from agencies.models import Answer, Referral
from events import clock
from intake.models import Application
from workflows import actions

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
WORDS = "Xəstəyə hər gün yara sarğısı lazımdır."
ANSWER = "Hər gün saat 10-da gəlinəcək."
Browser = Callable[..., Client]
Register = Callable[..., Application]
Asked = Callable[..., Referral]


@pytest.fixture
def asked(register: Register) -> Asked:
    """A referral of a fresh application: REH-HOME asks TABIB (lead, health) and MLSPP.SXA (no health)."""

    def make(unit: str = "TABIB", **fields: Any) -> Referral:
        application = register(**{"subtopic": "REH-HOME", "text": WORDS, **fields})
        return application.referrals.get(unit=unit)

    return make


def send(client: Client, referral: Referral, verb: str, *, part: bool = False, **fields: Any) -> Any:
    """Press a verb the way the page does: with the version it was drawn from and a key of its own."""
    now = Referral.objects.get(pk=referral.pk)
    data = {"version": now.version, "idempotency": str(uuid4()), **fields}
    address = reverse("referral-act", args=[referral.pk, verb]) + "?unit=TABIB"
    return client.post(address, data, headers=HTMX if part else {})


def numbers(answer: Any) -> list[str]:
    return re.findall(r'<span class="num">(VET-[0-9-]+)</span>', answer.content.decode())


# Who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("tabib", 200),
        ("tabib_admin", 200),
        ("operator", 200),
        ("mlspp", 404),
        ("clinician", 403),
        ("admin", 403),
    ],
)
def test_a_queue_opens_for_its_unit_and_the_call_centre(browser: Browser, name: str, status: int) -> None:
    assert browser(name).get(reverse("queue-unit", args=["TABIB"])).status_code == status
    assert browser(name).get(reverse("queue-rows", args=["TABIB"])).status_code == status


def test_a_stranger_is_sent_to_sign_in(client: Client, reference: None) -> None:
    assert client.get(reverse("queue-unit", args=["TABIB"])).status_code == 302


def test_an_agency_starts_in_its_own_queue_and_the_call_centre_chooses(
    browser: Browser, asked: Asked
) -> None:
    asked()
    assert browser("mlspp").get(reverse("queue")).headers["Location"] == reverse("queue-unit", args=["MLSPP"])
    page = browser("operator").get(reverse("queue"))
    assert reverse("queue-unit", args=["TABIB"]) in page.content.decode()
    assert "Other bodies" in text_of(page)


@pytest.mark.parametrize(
    ("name", "status"),
    [("tabib", 200), ("operator", 200), ("clinician", 200), ("mlspp", 404), ("samhi", 404), ("admin", 403)],
)
def test_a_referral_opens_for_its_unit_and_who_watches(
    browser: Browser, asked: Asked, name: str, status: int
) -> None:
    referral = asked()
    assert browser(name).get(reverse("referral", args=[referral.pk])).status_code == status
    beside = browser(name).get(reverse("queue-unit", args=["TABIB"]), {"item": str(referral.pk)})
    assert beside.status_code == (403 if name == "clinician" else status)


def test_a_verb_on_a_referral_of_others_is_not_found(browser: Browser, asked: Asked) -> None:
    referral = asked()
    answer = browser("samhi").post(reverse("referral-act", args=[referral.pk, "accept"]))
    assert answer.status_code == 404
    assert browser("tabib").post(reverse("referral-act", args=[referral.pk, "explode"])).status_code == 404
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.REQUESTED


def test_the_call_centre_does_not_work_for_an_agency_in_the_system(browser: Browser, asked: Asked) -> None:
    referral = asked()
    page = browser("operator").get(reverse("referral", args=[referral.pk]))
    assert "The people of this agency work on it; here it is read." in text_of(page)
    assert send(browser("operator"), referral, "accept").status_code == 403
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.REQUESTED


# What is seen ----------------------------------------------------------------------------------------------


def test_health_details_stay_sealed_for_a_unit_without_consent(browser: Browser, asked: Asked) -> None:
    referral = asked("MLSPP.SXA")
    page = browser("mlspp").get(reverse("queue-unit", args=["MLSPP"]), {"item": str(referral.pk)})
    assert WORDS not in text_of(page)
    assert "Sealed: health details." in text_of(page)
    whole = browser("mlspp").get(reverse("application", args=[referral.application_id]))
    assert WORDS not in text_of(whole)
    assert WORDS in text_of(browser("tabib").get(reverse("referral", args=[asked().pk])))


def test_with_consent_the_same_unit_reads_the_words(browser: Browser, asked: Asked) -> None:
    referral = asked("MLSPP.SXA", facts={"consents": ["MLSPP"]})
    assert WORDS in text_of(browser("mlspp").get(reverse("referral", args=[referral.pk])))


def test_a_partner_sees_stage_and_outcome_but_not_the_answer(
    browser: Browser, people_at_work: Any, asked: Asked
) -> None:
    referral = asked()
    other = referral.application.referrals.get(unit="MLSPP.SXA")
    actions.complete(
        actor=people_at_work.tabib,
        referral=referral.pk,
        outcome="provided",
        text=ANSWER,
    )
    page = text_of(browser("mlspp").get(reverse("referral", args=[other.pk])))
    assert "Answered" in page
    assert "Provided" in page
    assert ANSWER not in page


def test_an_answer_is_read_by_its_unit_and_the_call_centre(
    browser: Browser, people_at_work: Any, asked: Asked
) -> None:
    referral = asked()
    actions.complete(
        actor=people_at_work.tabib,
        referral=referral.pk,
        outcome="provided",
        text=ANSWER,
    )
    for name in ("tabib", "operator"):
        assert ANSWER in text_of(browser(name).get(reverse("referral", args=[referral.pk])))


# The list --------------------------------------------------------------------------------------------------


def test_the_list_is_sorted_by_due_instant_and_says_why(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    slow = register(subtopic="PRO-NEW")  # MLSPP.DTSERA, 30 working days
    fast = register(subtopic="PRO-REPAIR")  # MLSPP.DTSERA, 10 working days
    page = browser("mlspp").get(reverse("queue-unit", args=["MLSPP"]))
    assert numbers(page) == [fast.number, slow.number]
    assert "DTSERA · You lead" in text_of(page)
    assert "not answered yet:" in text_of(page)


def test_a_front_desk_sees_the_units_below_and_a_unit_only_its_own(browser: Browser, asked: Asked) -> None:
    referral = asked("MLSPP.SXA")
    client = browser("mlspp")
    assert referral.application.number in numbers(client.get(reverse("queue-unit", args=["MLSPP.SXA"])))
    assert numbers(client.get(reverse("queue-unit", args=["MLSPP.DTSERA"]))) == []


def test_filters_with_their_counts(browser: Browser, people_at_work: Any, asked: Asked) -> None:
    mine, free = asked(), asked()
    actions.accept(actor=people_at_work.tabib, referral=mine.pk)
    client = browser("tabib")
    address = reverse("queue-unit", args=["TABIB"])
    assert numbers(client.get(address, {"show": "mine"})) == [mine.application.number]
    assert numbers(client.get(address, {"show": "free"})) == [free.application.number]
    page = text_of(client.get(address))
    for label, count in (("All", 2), ("Mine", 1), ("Nobody's", 1)):
        assert re.search(rf"{label}\s+{count}\b", page)


def test_late_and_soon_late_are_told_and_filtered(browser: Browser, asked: Asked) -> None:
    with clock.at(clock.now() - timedelta(days=40)):
        late = asked()
    client = browser("tabib")
    page = client.get(reverse("queue-unit", args=["TABIB"]), {"show": "late"})
    assert numbers(page) == [late.application.number]
    assert 'data-state="late"' in page.content.decode()
    assert late.warn_at is not None
    with clock.at(late.warn_at + timedelta(minutes=1)):
        soon = client.get(reverse("queue-unit", args=["TABIB"]), {"show": "soon"})
    assert numbers(soon) == [late.application.number]
    assert 'data-state="soon"' in soon.content.decode()


def test_pages_of_fifty_rows(browser: Browser, asked: Asked, monkeypatch: Any) -> None:
    from callcenter.web import listing

    monkeypatch.setattr(listing, "PAGE", 2)
    wanted = {asked().application.number for _ in range(5)}
    client, address, found = browser("tabib"), reverse("queue-unit", args=["TABIB"]), []
    while address:
        page = client.get(address)
        found += numbers(page)
        more = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = more[1].replace("&amp;", "&") if more else ""
    assert len(found) == 5
    assert set(found) == wanted
    assert client.get(reverse("queue-unit", args=["TABIB"]), {"after": "nonsense"}).status_code == 200


def test_a_row_that_left_the_list_says_so_to_the_script(
    browser: Browser, people_at_work: Any, asked: Asked
) -> None:
    referral = asked()
    client = browser("tabib")
    address = reverse("referral-row", args=[referral.pk])
    line = client.get(address, {"unit": "TABIB"}, headers=HTMX)
    assert f'data-live-id="{referral.pk}"' in line.content.decode()
    actions.complete(actor=people_at_work.tabib, referral=referral.pk, outcome="provided", text="Edildi.")
    assert client.get(address, {"unit": "TABIB"}, headers=HTMX).status_code == 204
    assert browser("samhi").get(address, {"unit": "SAMHI"}).status_code == 404
    assert client.get(address).status_code == 404


def test_the_page_is_wired_for_live_changes(browser: Browser, asked: Asked) -> None:
    referral = asked()
    page = (
        browser("tabib")
        .get(reverse("queue-unit", args=["TABIB"]), {"item": str(referral.pk)})
        .content.decode()
    )
    assert 'data-live-topic="queue:TABIB"' in page
    assert 'id="queue-rows"' in page
    assert f'data-live-src="{reverse("queue-rows", args=["TABIB"])}' in page
    assert f'data-live-topic="application:{referral.application_id}"' in page
    part = browser("tabib").get(reverse("referral", args=[referral.pk]), headers=HTMX).content.decode()
    assert part.lstrip().startswith('<main id="main"')
    assert "style=" not in page
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


def test_statements_do_not_grow_with_the_rows(browser: Browser, asked: Asked) -> None:
    client, address = browser("tabib"), reverse("queue-unit", args=["TABIB"])
    # In its first second a referral has no share of time to show.
    with clock.at(clock.now() - timedelta(hours=1)):
        first = [asked() for _ in range(5)]
    few = statements(lambda: client.get(address, {"item": str(first[0].pk)}))
    for _ in range(45):
        asked()
    assert statements(lambda: client.get(address, {"item": str(first[0].pk)})) == few


# Verbs -----------------------------------------------------------------------------------------------------


def test_a_referral_walks_from_acceptance_to_the_answer(browser: Browser, asked: Asked) -> None:
    referral, client = asked(), browser("tabib")
    for verb, state in (("accept", ReferralState.ACCEPTED), ("start", ReferralState.IN_PROGRESS)):
        answer = send(client, referral, verb)
        assert answer.status_code == 302
        assert f"item={referral.pk}" in answer.headers["Location"]
        assert Referral.objects.get(pk=referral.pk).state == state
    send(client, referral, "complete", outcome="provided", text=ANSWER)
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.COMPLETED
    assert Answer.objects.get(referral=referral).text == ANSWER


def test_release_and_take_next(browser: Browser, people_at_work: Any, asked: Asked) -> None:
    referral, client = asked(), browser("tabib")
    taken = client.post(reverse("queue-next", args=["TABIB"]))
    assert f"item={referral.pk}" in taken.headers["Location"]
    assert Referral.objects.get(pk=referral.pk).assignee == people_at_work.tabib
    send(client, referral, "release")
    assert Referral.objects.get(pk=referral.pk).assignee is None


def test_an_empty_queue_is_said_kindly(browser: Browser) -> None:
    client = browser("tabib")
    answer = client.post(reverse("queue-next", args=["TABIB"]), follow=True)
    assert "Nothing in this queue is without an owner." in text_of(answer)
    assert "No work is left in this queue" in text_of(answer)


def test_return_fail_and_cancel_with_their_reasons(browser: Browser, asked: Asked) -> None:
    back, failed, called = asked(), asked(), asked()
    send(browser("tabib"), back, "reject", reason="not_ours", suggested_unit="MOH.REH", text="Bizdə yoxdur.")
    back.refresh_from_db()
    assert (back.state, back.suggested_unit_id) == (ReferralState.REJECTED, "MOH.REH")
    send(browser("tabib"), failed, "fail", reason="no_show", text="")
    failed.refresh_from_db()
    assert failed.state == ReferralState.FAILED
    assert send(browser("tabib"), called, "cancel", reason="wrong_unit").status_code == 403
    send(browser("supervisor"), called, "cancel", reason="wrong_unit", text="")
    called.refresh_from_db()
    assert called.state == ReferralState.CANCELLED


def test_the_toolbar_keeps_its_order_and_says_why_a_verb_rests(
    browser: Browser, people_at_work: Any, asked: Asked
) -> None:
    referral = asked()
    order = ["accept", "start", "complete", "hold", "resume", "reject", "fail", "release"]
    for step in (None, actions.accept, actions.start):
        if step:
            step(actor=people_at_work.tabib, referral=referral.pk)
        page = browser("tabib").get(reverse("referral", args=[referral.pk])).content.decode()
        assert re.findall(r'id="verb-(\w+)"', page) == order
    assert re.search(r'id="verb-accept"[^>]*aria-disabled="true"[^>]*aria-describedby="why-accept"', page)
    assert "It is accepted already." in page
    assert "Sual ver" not in page


def test_by_script_the_answer_is_the_item_and_its_line(browser: Browser, asked: Asked) -> None:
    referral = asked()
    answer = send(browser("tabib"), referral, "accept", part=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert page.lstrip().startswith('<main id="main"')
    assert re.search(rf'id="row-{referral.pk}"[^>]*hx-swap-oob="true"', page)
    assert "It is yours now." in json.loads(answer.headers["HX-Trigger"])["dq:toast"]["title"]
    done = send(browser("tabib"), referral, "complete", part=True, outcome="provided", text="Edildi.")
    assert json.loads(done.headers["HX-Trigger"])["dq:draft-done"] == {"key": f"answer:{referral.pk}"}
    assert "row-q gone" in done.content.decode()


def test_the_same_form_twice_answers_once(browser: Browser, asked: Asked) -> None:
    referral, client = asked(), browser("tabib")
    form = {
        "version": referral.version,
        "idempotency": str(uuid4()),
        "outcome": "provided",
        "text": "Edildi.",
    }
    address = reverse("referral-act", args=[referral.pk, "complete"])
    assert client.post(address, form).status_code == 302
    assert client.post(address, form).status_code == 302
    assert Answer.objects.filter(referral=referral).count() == 1
    again = client.post(address, {**form, "text": "Başqa cavab."})
    assert again.status_code == 422
    assert "This form was sent before with other words." in text_of(again)
    assert "Başqa cavab." in text_of(again)


# Refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [False, True])
def test_taken_says_who_has_it_and_keeps_the_words(
    browser: Browser, people_at_work: Any, asked: Asked, part: bool
) -> None:
    referral = asked()
    drawn = referral.version
    actions.accept(actor=people_at_work.tabib2, referral=referral.pk)
    answer = send(
        browser("tabib"),
        referral,
        "complete",
        part=part,
        version=drawn,
        outcome="provided",
        text="Mənim cavabım.",
    )
    page = text_of(answer)
    assert answer.status_code == 409
    assert f"{people_at_work.tabib2.display} has already taken this." in page
    assert "Mənim cavabım." in page
    assert reverse("queue-next", args=["TABIB"]) in answer.content.decode()
    assert not Answer.objects.exists()


def test_stale_shows_what_changed_and_lets_one_send_again(
    browser: Browser, people_at_work: Any, asked: Asked
) -> None:
    referral = asked()
    actions.accept(actor=people_at_work.tabib, referral=referral.pk)
    client = browser("tabib")
    answer = send(client, referral, "fail", version=referral.version, reason="no_show", text="Gəlmədi.")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "It changed while you were deciding" in page
    assert re.search(r"<del>New</del> <ins>Accepted</ins>", page)
    assert re.search(r"<textarea[^>]*>\s*Gəlmədi\.</textarea>", page)
    now = Referral.objects.get(pk=referral.pk).version
    assert f'name="version" value="{now}"' in page
    assert send(client, referral, "fail", reason="no_show", text="Gəlmədi.").status_code == 302


@pytest.mark.parametrize(("part", "status"), [(False, 400), (True, 422)])
def test_invalid_is_told_at_its_field_with_the_words_kept(
    browser: Browser, asked: Asked, part: bool, status: int
) -> None:
    referral = asked()
    answer = send(browser("tabib"), referral, "complete", part=part, outcome="", text="Uzun cavab.")
    page = answer.content.decode()
    assert answer.status_code == status
    assert 'id="complete-outcome_error"' in page
    assert re.search(r"<textarea[^>]*>\s*Uzun cavab\.</textarea>", page)
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.REQUESTED
    # What stands in the page is not to be fetched over.
    assert "data-live-part" not in page


def test_a_reason_that_needs_words_asks_for_them(browser: Browser, asked: Asked) -> None:
    referral = asked()
    answer = send(browser("tabib"), referral, "reject", reason="need_info", text="")
    assert answer.status_code == 400
    assert "This reason needs a few words of explanation." in text_of(answer)
    assert re.search(r'<option value="need_info" selected>', answer.content.decode())


def test_a_step_that_is_over_is_refused_in_words(browser: Browser, asked: Asked) -> None:
    referral, client = asked(), browser("tabib")
    send(client, referral, "accept")
    answer = send(client, referral, "reject", reason="not_ours", text="Bizim deyil.")
    assert answer.status_code == 409
    assert "the stage is now “Accepted”" in text_of(answer)
    assert "Bizim deyil." in text_of(answer)


def test_outside_bodies_are_worked_by_the_call_centre(browser: Browser, register: Register) -> None:
    referral = register(subtopic="PSY-CRISIS").referrals.get(unit="POL")
    client = browser("operator")
    page = client.get(reverse("queue-unit", args=["POL"]), {"item": str(referral.pk)})
    assert "Take the next" in text_of(page)
    assert 'class="state crisis"' in page.content.decode()
    send(client, referral, "accept")
    referral.refresh_from_db()
    assert referral.state == ReferralState.ACCEPTED
