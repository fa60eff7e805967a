"""Applications: the list and its filters, the page of one, its timeline, its clock, and its verbs by form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from agencies.models import Referral
from callcenter import clocks, sight
from callcenter.timeline import timeline
from callcenter.web import lanes, ledger
from events import clock
from events.catalog import Kind
from intake.lifecycle import ApplicationState
from intake.models import Application
from sla.arithmetic import BAKU
from workflows import actions

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
WORDS = "Xəstəyə hər gün yara sarğısı lazımdır."
ANSWER = "Hər gün saat 10-da gəlinəcək."
Browser = Callable[..., Client]
Register = Callable[..., Application]


@pytest.fixture
def answered(register: Register, people_at_work: Any) -> Callable[[], Application]:
    """An application that one agency has answered: the citizen has to be called."""

    def make() -> Application:
        application = register(subtopic="INS-STATUS")
        referral = application.referrals.get()
        actions.complete(actor=people_at_work.samhi, referral=referral.pk, outcome="provided", text=ANSWER)
        return Application.objects.get(pk=application.pk)

    return make


def send(client: Client, application: Application, verb: str, *, part: bool = False, **fields: Any) -> Any:
    now = Application.objects.get(pk=application.pk)
    data = {"version": now.version, "idempotency": str(uuid4()), **fields}
    address = reverse("application-act", args=[application.pk, verb])
    return client.post(address, data, headers=HTMX if part else {})


def state_of(application: Application) -> str:
    return Application.objects.get(pk=application.pk).state


def numbers(page: Any) -> list[str]:
    return re.findall(r'<span class="num">(VET-[0-9-]+)</span>', page.content.decode())


# Who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("operator", 200),
        ("supervisor", 200),
        ("clinician", 200),
        ("tabib", 200),
        ("samhi", 404),
        ("admin", 403),
    ],
)
def test_an_application_opens_for_who_takes_part(
    browser: Browser, register: Register, name: str, status: int
) -> None:
    application = register(subtopic="REH-HOME")
    for route in ("application", "application-part"):
        assert browser(name).get(reverse(route, args=[application.pk])).status_code == status


def test_the_list_shows_only_what_one_takes_part_in(browser: Browser, register: Register) -> None:
    ours, theirs = register(subtopic="REH-HOME"), register(subtopic="INS-STATUS")
    assert numbers(browser("tabib").get(reverse("applications"))) == [ours.number]
    assert set(numbers(browser("operator").get(reverse("applications")))) == {ours.number, theirs.number}
    assert browser("admin").get(reverse("applications")).status_code == 403


# The list --------------------------------------------------------------------------------------------------


def test_a_number_finds_only_what_is_visible(browser: Browser, register: Register) -> None:
    application = register(subtopic="INS-STATUS")
    spelled = application.number.lower().replace("-", " ")
    found = browser("samhi").get(reverse("applications"), {"q": spelled})
    assert found.headers["Location"] == reverse("application", args=[application.pk])
    hidden = browser("tabib").get(reverse("applications"), {"q": application.number})
    assert hidden.status_code == 200
    assert "Nothing with the number" in text_of(hidden)
    assert numbers(hidden) == []


def test_filters_of_state_subject_urgency_and_time(
    browser: Browser, register: Register, answered: Callable[[], Application]
) -> None:
    with clock.at(clock.now() - timedelta(days=90)):
        late = register(subtopic="PRO-NEW")
    crisis, waiting = register(subtopic="PSY-CRISIS"), answered()
    client, address = browser("supervisor"), reverse("applications")

    def listed(**query: str) -> set[str]:
        return set(numbers(client.get(address, query)))

    assert listed() == {late.number, crisis.number, waiting.number}
    assert listed(state="awaiting_confirmation") == {waiting.number}
    assert listed(topic="PRO") == {late.number}
    assert listed(urgency="P0") == {crisis.number}
    assert listed(late="late") == {late.number}
    assert listed(agency="SAMHI") == {waiting.number}
    assert listed(state="nonsense", topic="NOPE", late="never", after="???") == listed()


def test_soon_late_is_the_last_quarter(browser: Browser, register: Register) -> None:
    application = register(subtopic="PRO-NEW")
    promise = application.clocks.get(measure="resolution")
    client, address = browser("operator"), reverse("applications")
    assert numbers(client.get(address, {"late": "soon"})) == []
    with clock.at(promise.warn_at + timedelta(minutes=1)):
        page = client.get(address, {"late": "soon"})
    assert numbers(page) == [application.number]
    assert 'data-state="soon"' in page.content.decode()


@pytest.mark.parametrize("state", ["open", "all"])
def test_pages_by_cursor(browser: Browser, register: Register, monkeypatch: Any, state: str) -> None:
    from callcenter.web import applications

    monkeypatch.setattr(applications, "PAGE", 2)
    wanted = {register().number for _ in range(5)}
    client, address, found = browser("operator"), f"?state={state}", []
    while address:
        page = client.get(reverse("applications") + address)
        found += numbers(page)
        more = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = more[1].replace("&amp;", "&") if more else ""
    assert len(found) == 5
    assert set(found) == wanted


def test_statements_of_the_list_do_not_grow_with_the_rows(browser: Browser, register: Register) -> None:
    client = browser("operator")
    for _ in range(5):
        register()
    few = statements(lambda: client.get(reverse("applications")))
    for _ in range(45):
        register()
    assert statements(lambda: client.get(reverse("applications"))) == few


# One application -------------------------------------------------------------------------------------------


def test_the_page_holds_promise_process_lanes_and_reasons(browser: Browser, register: Register) -> None:
    application = register(subtopic="REH-HOME", text=WORDS, facts={"lives_alone": True})
    page = browser("operator").get(reverse("application", args=[application.pk]))
    markup, words = page.content.decode(), text_of(page)
    assert 'class="proc"' in markup
    assert 'class="lanes"' in markup
    assert WORDS in words
    assert application.tracking_code in words
    assert "R-REH-HOME" in words
    assert "Lives alone yes" in words
    assert "Cannot be closed yet:" in words
    assert f'data-live-topic="application:{application.pk}"' in markup
    assert reverse("application-part", args=[application.pk]) in markup
    assert "style=" not in markup
    part = browser("operator").get(reverse("application-part", args=[application.pk])).content.decode()
    assert part.lstrip().startswith('<main id="main"')


def test_facts_trace_and_codes_are_the_call_centres(browser: Browser, register: Register) -> None:
    application = register(subtopic="REH-HOME", text=WORDS, facts={"lives_alone": True})
    words = text_of(browser("mlspp").get(reverse("application", args=[application.pk])))
    assert WORDS not in words
    assert "Lives alone" not in words
    assert application.tracking_code not in words
    assert "R-REH-HOME" in words
    assert "You read this application" in words


def test_a_clinician_reads_health_subjects_only(browser: Browser, register: Register) -> None:
    health, other = register(subtopic="REH-HOME", text=WORDS), register(subtopic="SOC-PENS")
    client = browser("clinician")
    assert WORDS in text_of(client.get(reverse("application", args=[health.pk])))
    assert client.get(reverse("application", args=[other.pk])).status_code == 404


def test_statements_of_the_page_do_not_grow_with_its_history(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    # In its first second an application has no shares of time to show.
    with clock.at(clock.now() - timedelta(hours=1)):
        application = register(subtopic="REH-HOME")
    referral = application.referrals.get(unit="TABIB")
    client, address = browser("operator"), reverse("application", args=[application.pk])
    few = statements(lambda: client.get(address))
    for _ in range(20):
        actions.claim(actor=people_at_work.tabib, referral=referral.pk)
        actions.release(actor=people_at_work.tabib, referral=referral.pk)
    assert statements(lambda: client.get(address)) <= few + 1  # the names of those who acted


# What happened ---------------------------------------------------------------------------------------------


def told(actor: Any, application: Application) -> list[Any]:
    return timeline(actor, sight.with_parts(Application.objects.filter(pk=application.pk)).get())


def test_the_timeline_tells_answers_to_who_may_read_them(register: Register, people_at_work: Any) -> None:
    application = register(subtopic="REH-HOME", text=WORDS)
    lead, joint = (application.referrals.get(unit=unit) for unit in ("TABIB", "MLSPP.SXA"))
    actions.complete(actor=people_at_work.tabib, referral=lead.pk, outcome="provided", text=ANSWER)
    actions.reject(
        actor=people_at_work.mlspp, referral=joint.pk, reason="not_ours", text="Bizdə belə xidmət yoxdur."
    )
    whole = told(people_at_work.operator, application)
    kinds = [entry.kind for entry in whole]
    assert kinds[:2] == [Kind.APPLICATION_REGISTERED, Kind.APPLICATION_ROUTED]
    # Answering at once also takes, accepts and begins: one line tells it.
    assert kinds.count(Kind.REFERRAL_COMPLETED) == 1
    assert Kind.REFERRAL_ACCEPTED not in kinds
    answer = next(entry for entry in whole if entry.kind == Kind.REFERRAL_COMPLETED)
    assert (answer.text, answer.actor_name) == (ANSWER, people_at_work.tabib.display)
    for actor, text, name, note in (
        (people_at_work.tabib, ANSWER, people_at_work.tabib.display, ""),
        (people_at_work.mlspp, "", "", "Bizdə belə xidmət yoxdur."),
    ):
        seen = told(actor, application)
        assert [entry.kind for entry in seen] == kinds
        mine = next(entry for entry in seen if entry.kind == Kind.REFERRAL_COMPLETED)
        assert (mine.text, mine.actor_name) == (text, name)
        back = next(entry for entry in seen if entry.kind == Kind.REFERRAL_REJECTED)
        assert back.text == note
        assert back.reason_name


def test_the_timeline_tells_calls_in_their_order(
    answered: Callable[[], Application], people_at_work: Any
) -> None:
    application, operator = answered(), people_at_work.operator
    actions.unreachable(actor=operator, application=application.pk, text="Nömrə bağlıdır.")
    actions.dispute(actor=operator, application=application.pk, referral=None, text="Heç nə dəyişməyib.")
    calls = {Kind.APPLICATION_UNREACHABLE, Kind.APPLICATION_DISPUTED}
    texts = [entry.text for entry in told(operator, application) if entry.kind in calls]
    assert texts == ["Nömrə bağlıdır.", "Heç nə dəyişməyib."]
    mine = [entry.text for entry in told(people_at_work.samhi, application) if entry.kind in calls]
    assert mine == ["", "Heç nə dəyişməyib."]


def test_the_timeline_goes_out_as_json(api: Any, register: Register, people_at_work: Any) -> None:
    application = register()
    answer = api(people_at_work.operator).get(f"applications/{application.pk}/timeline/")
    assert answer.status_code == 200
    assert json.loads(answer.content)[0]["kind"] == "application.registered"


# The clock explained ---------------------------------------------------------------------------------------


def test_the_sum_of_the_time_adds_up(register: Register, people_at_work: Any) -> None:
    """29 October 2026 10:14 to 12 November: Victory Day and Flag Day with their weekend are left out."""
    start = datetime(2026, 10, 29, 10, 14, tzinfo=BAKU)
    with clock.at(start):
        application = register(subtopic="MED-SURG")
    with clock.at(datetime(2026, 11, 12, 11, 42, tzinfo=BAKU)):
        seen = clocks.of_application(people_at_work.operator, application)
        explained = ledger.explain(next(it for it in seen if it.measure == "resolution"))
    assert [line.off for line in explained.lines] == [False, False, True, False, False]
    assert explained.days
    # 6 h 46 min on the first day, 6 whole days until 6 November, 11 November, 2 h 42 min of the 12th.
    counted = [_minutes(line.value) for line in explained.lines if not line.off]
    assert counted == [6 * 60 + 46, 6 * 8 * 60, 8 * 60, 2 * 60 + 42]
    assert sum(counted) == _minutes(explained.passed)
    assert application.due_at == datetime(2026, 11, 23, 18, 0, tzinfo=BAKU)
    assert _minutes(explained.rest) == 7 * 8 * 60 + 5 * 60 + 18


def _minutes(words: str) -> int:
    hours, minutes = re.search(r"(\d+) (?:h|s)\b", words), re.search(r"(\d+) (?:min|dəq)\b", words)
    return 60 * int(hours[1] if hours else 0) + int(minutes[1] if minutes else 0)


def test_lanes_take_no_place_for_days_off(register: Register, people_at_work: Any) -> None:
    with clock.at(datetime(2026, 11, 6, 10, 0, tzinfo=BAKU)):
        application = register(subtopic="REH-HOME")
    with clock.at(datetime(2026, 11, 11, 12, 0, tzinfo=BAKU)):
        row = sight.with_parts(Application.objects.filter(pk=application.pk)).get()
        drawn = lanes.draw(sight.application(people_at_work.operator, row).referrals)
    assert drawn is not None
    assert len(drawn.ticks) == 3  # 6, 11 and 12 November: the holidays and the weekend between are none
    assert len(drawn.bars) == 2
    assert all(lanes.LEFT <= bar.x < lanes.RIGHT and bar.width > 0 for bar in drawn.bars)


# Verbs -----------------------------------------------------------------------------------------------------


def test_the_citizen_confirms(browser: Browser, answered: Callable[[], Application]) -> None:
    application = answered()
    page = text_of(browser("operator").get(reverse("application", args=[application.pk])))
    assert "The citizen confirms" in page
    assert "The citizen has not confirmed yet." in page
    assert send(browser("operator"), application, "confirm").status_code == 302
    assert state_of(application) == ApplicationState.CLOSED


def test_dispute_and_reopen_ask_the_unit_again(browser: Browser, answered: Callable[[], Application]) -> None:
    application, client = answered(), browser("operator")
    first = application.referrals.get()
    send(client, application, "unreachable")
    assert state_of(application) == ApplicationState.AWAITING_CONFIRMATION
    send(client, application, "dispute", referral=str(first.pk), text="Heç nə dəyişməyib.")
    assert state_of(application) == ApplicationState.ROUTED
    assert Referral.objects.filter(application=application, replaces=first).exists()


def test_withdraw_needs_words_and_annul_a_supervisor(browser: Browser, register: Register) -> None:
    application = register()
    refused = send(browser("operator"), application, "withdraw", text="")
    assert refused.status_code == 400
    assert 'id="withdraw-text_error"' in refused.content.decode()
    assert send(browser("operator"), application, "annul", text="Səhvdir.").status_code == 403
    assert send(browser("tabib"), application, "withdraw", text="Səhvdir.").status_code == 404
    assert send(browser("supervisor"), application, "annul", text="Səhvdir.").status_code == 302
    assert state_of(application) == ApplicationState.ENTERED_IN_ERROR


def test_an_agency_has_no_verbs_on_an_application(
    browser: Browser, answered: Callable[[], Application]
) -> None:
    application = answered()
    assert send(browser("samhi"), application, "confirm").status_code == 403
    assert state_of(application) == ApplicationState.AWAITING_CONFIRMATION


def test_a_form_without_its_words_keeps_what_was_typed(
    browser: Browser, answered: Callable[[], Application]
) -> None:
    application = answered()
    answer = send(browser("operator"), application, "dispute", part=True, referral="nonsense", text="Olmadı.")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.lstrip().startswith('<main id="main"')
    assert 'id="dispute-referral_error"' in page
    assert re.search(r"<textarea[^>]*>\s*Olmadı\.</textarea>", page)
    assert state_of(application) == ApplicationState.AWAITING_CONFIRMATION


def test_a_stale_page_shows_what_changed(
    browser: Browser, answered: Callable[[], Application], people_at_work: Any
) -> None:
    application = answered()
    actions.dispute(
        actor=people_at_work.operator2, application=application.pk, referral=None, text="Heç nə dəyişməyib."
    )
    answer = send(browser("operator"), application, "withdraw", version=application.version, text="İstəmir.")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert re.search(r"<del>Awaits confirmation</del> <ins>With the agencies</ins>", page)
    assert people_at_work.operator2.display in page
    assert re.search(r"<textarea[^>]*>\s*İstəmir\.</textarea>", page)


def test_what_waits_for_triage_leads_there(browser: Browser, register: Register, people_at_work: Any) -> None:
    application = register(facts={"unclear": True})
    page = browser("operator").get(reverse("application", args=[application.pk]))
    assert "Open in triage" in text_of(page)
    address = reverse("triage-settle", args=[application.pk])
    assert f'href="{address}"' in page.content.decode()
    assert browser("operator").get(address).status_code == 200
    assert "No agency has been chosen yet." in text_of(page)
