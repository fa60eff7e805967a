"""Time on the pages: holding and going on, why a date is what it is, breaches, more time by law."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from agencies.lifecycle import ReferralState
from agencies.models import Referral
from callcenter import clocks, sight
from callcenter.timeline import timeline
from callcenter.web import clock_panel, ledger
from events import clock
from events.catalog import Kind
from intake.models import Application
from sla.arithmetic import BAKU
from sla.models import Change, Clock, Firing
from workflows import actions, firing

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=BAKU)
Browser = Callable[..., Client]
Register = Callable[..., Application]


@pytest.fixture(autouse=True)
def _present() -> Any:
    """Everything happens on a Tuesday morning and in English, whenever and wherever the test is run."""
    with clock.at(TUESDAY), translation.override("en"):
        yield


@pytest.fixture
def asked(register: Register) -> Callable[..., Referral]:
    """The only referral of a fresh application: INS-STATUS asks SAMHI, in five working days."""
    return lambda subtopic="INS-STATUS": register(subtopic=subtopic).referrals.get()


def send(client: Client, row: Any, verb: str, *, part: bool = False, **fields: Any) -> Any:
    """Press a verb the way the page does: with the version it was drawn from and a key of its own."""
    now = type(row).objects.get(pk=row.pk)
    name = "referral-act" if isinstance(row, Referral) else "application-act"
    data = {"version": now.version, "idempotency": str(uuid4()), **fields}
    return client.post(reverse(name, args=[row.pk, verb]), data, headers=HTMX if part else {})


def page_of(client: Client, row: Any) -> Any:
    return client.get(reverse("referral" if isinstance(row, Referral) else "application", args=[row.pk]))


def hold(people: Any, row: Referral, reason: str = "waiting_citizen", **options: Any) -> None:
    actions.hold(actor=people.samhi, referral=row.pk, reason=reason, **options)


def minutes(words: str) -> int:
    hours, rest = re.search(r"(\d+) h\b", words), re.search(r"(\d+) min\b", words)
    return 60 * int(hours[1] if hours else 0) + int(rest[1] if rest else 0)


# Holding and going on ------------------------------------------------------------------------------


def test_a_unit_holds_for_the_citizen_and_goes_on(browser: Browser, asked: Any) -> None:
    referral, client = asked(), browser("samhi")
    answer = send(client, referral, "hold", reason="waiting_citizen", until="2026-11-26T12:00", text="Şəkil.")
    assert answer.status_code == 302
    held = Referral.objects.get(pk=referral.pk)
    assert held.state == ReferralState.ON_HOLD
    assert held.holds.get().until == datetime(2026, 11, 26, 12, 0, tzinfo=BAKU)
    words = text_of(page_of(client, referral))
    assert "On hold: Waiting for the citizen. Since 24 November, 10:00, until 26 November, 12:00" in words
    assert "The clock stands still. When it goes on, 5 working days 7 h are left." in words
    assert "Şəkil." in words
    assert "On hold · 5 working days 7 h left" in words
    assert send(client, referral, "resume").status_code == 302
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.IN_PROGRESS
    assert "The clock stands still." not in text_of(page_of(client, referral))


def test_waiting_for_others_lets_the_clock_run(browser: Browser, asked: Any, people_at_work: Any) -> None:
    referral = asked()
    hold(people_at_work, referral, "waiting_document")
    page = page_of(browser("samhi"), referral)
    assert "The clock runs on. The promise to the citizen does not wait for others." in text_of(page)
    assert 'class="state paused' not in page.content.decode()


def test_the_dialog_says_what_each_reason_does_and_how_long_it_lasts(browser: Browser, asked: Any) -> None:
    page = page_of(browser("samhi"), asked()).content.decode()
    dialog = page[page.index('id="dlg-hold"') :]
    assert dialog.index("The clock stands still") < dialog.index("Waiting for the citizen")
    assert dialog.index("Waiting for the citizen") < dialog.index("The clock runs on")
    assert "Waiting for the citizen – 1 December, 18:00 at the latest" in dialog
    assert 'data-suggest="2026-12-01T18:00" data-suggest-to="hold-until"' in dialog
    assert re.search(r'<input type="datetime-local"[^>]*id="hold-until"', dialog)


@pytest.mark.parametrize(
    ("until", "why"),
    [
        ("2026-11-23T10:00", "A wait ends in the future."),
        ("2027-03-01T10:00", "A wait for this reason lasts until 01.12.2026 18:00 at most."),
        ("tomorrow", "Write a day and a time."),
    ],
)
def test_a_refused_end_keeps_what_was_typed(browser: Browser, asked: Any, until: str, why: str) -> None:
    referral = asked()
    answer = send(
        browser("samhi"),
        referral,
        "hold",
        part=True,
        reason="waiting_citizen",
        until=until,
        text="Gözləyirik.",
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert why in text_of(answer)
    assert 'id="hold-until_error"' in page
    assert f'value="{until}"' in page
    assert re.search(r"<textarea[^>]*>\s*Gözləyirik\.</textarea>", page)
    assert re.search(r'<option value="waiting_citizen"[^>]* selected', page)
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.REQUESTED


def test_nothing_pauses_a_crisis(browser: Browser, register: Register) -> None:
    referral = register(subtopic="PSY-CRISIS").referrals.get(agency="TABIB")
    page = page_of(browser("tabib"), referral)
    assert re.search(r'id="verb-hold"[^>]*aria-disabled="true"', page.content.decode())
    assert "Nothing pauses this promise; it cannot wait." in text_of(page)


def test_the_call_centre_lets_it_go_on_when_the_citizen_calls(
    browser: Browser, asked: Any, people_at_work: Any
) -> None:
    referral = asked()
    hold(people_at_work, referral)
    assert send(browser("operator"), referral, "hold", reason="waiting_citizen").status_code == 403
    assert send(browser("operator"), referral, "resume").status_code == 302
    assert Referral.objects.get(pk=referral.pk).state == ReferralState.IN_PROGRESS


def test_a_wait_that_began_after_the_time_was_up_gives_nothing_back(
    browser: Browser, asked: Any, people_at_work: Any
) -> None:
    referral = asked()
    with clock.at(TUESDAY + timedelta(days=20)):
        hold(people_at_work, referral)
        words = text_of(page_of(browser("samhi"), referral))
    assert "The time is up. Waiting does not give any back." in words
    assert "The clock stands still." not in words


def test_the_queue_lists_what_is_on_hold(browser: Browser, asked: Any, people_at_work: Any) -> None:
    held, other = asked(), asked()
    hold(people_at_work, held)
    client, address = browser("samhi"), reverse("queue-unit", args=["SAMHI"])
    page = client.get(address, {"show": "held"})
    assert held.application.number in text_of(page)
    assert other.application.number not in text_of(page)
    assert re.search(r"Held\s+1\b", text_of(client.get(address)))
    assert re.search(
        r"<time[^>]*data-paused[^>]*>[^<]*<span class=\"left\" data-left>5 working days 7 h left",
        page.content.decode(),
    )
    send(client, held, "resume")
    assert "Nothing here is on hold" in text_of(client.get(address, {"show": "held"}))


# Why this date ------------------------------------------------------------------------------------


def explained(actor: Any, application: Application) -> ledger.Ledger:
    seen = clocks.of_application(actor, application)
    return ledger.explain(
        next(it for it in seen if it.measure == "resolution"), {"waiting_citizen": "Citizen"}
    )


def test_runs_of_days_holidays_and_waits_add_up(register: Register, people_at_work: Any) -> None:
    """6 November 2026 to the 24th: Victory Day and Flag Day, and a wait from the 12th to the 13th."""
    with clock.at(datetime(2026, 11, 6, 10, 14, tzinfo=BAKU)):
        application = register(subtopic="INS-STATUS")
    referral = application.referrals.get()
    with clock.at(datetime(2026, 11, 12, 10, 0, tzinfo=BAKU)):
        hold(people_at_work, referral)
    with clock.at(datetime(2026, 11, 13, 11, 0, tzinfo=BAKU)):
        actions.resume(actor=people_at_work.samhi, referral=referral.pk)
    with clock.at(datetime(2026, 11, 17, 9, 30, tzinfo=BAKU)):
        told = explained(people_at_work.operator, application)
    assert [(line.label, line.value) for line in told.lines] == [
        ("6 November, 10:14 – 18:00", "6 h 46 min"),
        ("7–10 November", "not counted"),
        ("11 November", "8 h 00 min"),
        ("12 November, 09:00 – 10:00", "1 h 00 min"),
        ("12 November, 10:00 – 13 November, 11:00", "not counted"),
        ("13 November, 11:00 – 18:00", "6 h 00 min"),
        ("16 November", "8 h 00 min"),
        ("17 November, 09:00 – now", "30 min"),
    ]
    assert "Victory Day" in told.lines[1].note
    assert told.lines[4].note == "Citizen"
    counted = sum(minutes(line.value) for line in told.lines if not line.off)
    assert counted == minutes(told.passed)
    assert counted + minutes(told.rest) == 6 * 60 + 46 + 5 * 8 * 60


def test_what_lies_ahead_and_what_is_a_guess(register: Register, people_at_work: Any) -> None:
    with clock.at(datetime(2026, 12, 24, 10, 0, tzinfo=BAKU)):
        application = register(subtopic="PRO-REPAIR")
        told = explained(people_at_work.operator, application)
    assert told.provisional
    assert [words.partition(":")[0] for words in told.ahead] == ["31 December – 4 January 2027"]


def test_round_the_clock_is_one_line(register: Register, people_at_work: Any) -> None:
    with clock.at(TUESDAY.replace(hour=23)):
        application = register(subtopic="PSY-CRISIS")
    with clock.at(TUESDAY + timedelta(hours=15)):
        told = explained(people_at_work.operator, application)
        shares = clocks.of_application(people_at_work.operator, application)[0].parties
    assert [(line.label, line.value) for line in told.lines] == [("24 November, 23:00 – now", "2 h 00 min")]
    assert not told.working
    assert sum(party.seconds for party in shares) == 2 * 3600


def test_whose_time_it_was_sums_to_the_whole(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    hold(people_at_work, application.referrals.get())
    with clock.at(TUESDAY + timedelta(hours=29, minutes=7)):
        actions.resume(actor=people_at_work.samhi, referral=application.referrals.get().pk)
    with clock.at(TUESDAY + timedelta(days=3)):
        row = sight.with_parts(Application.objects.filter(pk=application.pk)).get()
        whole = sight.application(people_at_work.operator, row)
        panel = clock_panel.of_application(clocks.of_application(people_at_work.operator, row), whole)
        words = text_of(page_of(browser("operator"), application))
    assert panel is not None
    assert panel.whose is not None
    assert [share.name for share in panel.whose.shares] == ["The citizen", "İTSDA"]
    assert sum(minutes(share.value) for share in panel.whose.shares) == minutes(panel.whose.total)
    assert "Whose time it was" in words


def test_clocks_that_nobody_has_to_keep_any_more_have_ended(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    actions.withdraw(actor=people_at_work.operator, application=application.pk, text="İstəmir.")
    words = text_of(page_of(browser("operator"), application))
    assert re.search(r"Answer by law Ended 15 working days", words)
    assert "Kept" not in words


def test_a_kept_clock_says_when(browser: Browser, asked: Any, people_at_work: Any) -> None:
    referral = asked()
    actions.accept(actor=people_at_work.samhi, referral=referral.pk)
    words = text_of(page_of(browser("samhi"), referral))
    assert re.search(r"Acceptance by the unit Kept 1 working day · .* · ended 24 November, 10:00", words)
    assert "First action of the unit On time" in words


def test_statements_do_not_grow_with_waits_and_firings(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    application = register(subtopic="INS-STATUS")
    referral, client = application.referrals.get(), browser("supervisor")

    def wait_once(hours: int) -> None:
        with clock.at(TUESDAY + timedelta(hours=hours)):
            hold(people_at_work, referral)
        with clock.at(TUESDAY + timedelta(hours=hours + 1)):
            actions.resume(actor=people_at_work.samhi, referral=referral.pk)

    wait_once(0)
    few = statements(lambda: page_of(client, application)), statements(lambda: page_of(client, referral))
    for number in range(1, 8):
        wait_once(number * 2)
    assert (
        statements(lambda: page_of(client, application)),
        statements(lambda: page_of(client, referral)),
    ) == few


# Breaches ------------------------------------------------------------------------------------


@pytest.fixture
def broken(register: Register) -> Callable[..., tuple[Application, Firing]]:
    """An application whose unit's share was broken, and noticed in time."""

    def make(subtopic: str = "INS-STATUS") -> tuple[Application, Firing]:
        application = register(subtopic=subtopic)
        share = Clock.objects.filter(referral__application=application, measure="resolve").first()
        assert share is not None
        while firing.fire(now=share.due_at):
            pass
        return application, share.firings.get(level=100)

    return make


def test_a_breach_is_contested_and_the_objection_stands_beside_it(
    browser: Browser, broken: Any, people_at_work: Any
) -> None:
    application, found = broken()
    with clock.at(found.due_at + timedelta(hours=1)):
        page = page_of(browser("supervisor"), application)
        assert "Broken since 1 December, 18:00" in text_of(page)
        assert f'<option value="{found.pk}">' in page.content.decode()
        answer = send(
            browser("supervisor"), application, "contest", firing=found.pk, text="Rabitə kəsilmişdi."
        )
        assert answer.status_code == 302
        words = text_of(page_of(browser("operator"), application))
    assert "Contested on" in words
    assert "Rabitə kəsilmişdi." in words


def test_who_leads_the_unit_contests_from_the_referral(browser: Browser, broken: Any) -> None:
    application, found = broken()
    referral = application.referrals.get()
    with clock.at(found.due_at + timedelta(hours=1)):
        assert 'id="verb-contest"' not in page_of(browser("samhi"), referral).content.decode()
        assert send(browser("samhi"), referral, "contest", firing=found.pk, text="Yox.").status_code == 403
        empty = send(browser("samhi_admin"), referral, "contest", part=True, firing=found.pk, text="")
        assert empty.status_code == 422
        assert 'id="contest-text_error"' in empty.content.decode()
        unknown = send(browser("samhi_admin"), referral, "contest", part=True, firing="9" * 30, text="Yox.")
        assert 'id="contest-firing_error"' in unknown.content.decode()
        done = send(browser("samhi_admin"), referral, "contest", firing=found.pk, text="Rabitə kəsilmişdi.")
        assert done.status_code == 302
    assert Firing.objects.get(pk=found.pk).contest == "Rabitə kəsilmişdi."


def test_a_supervisor_says_what_was_done(browser: Browser, register: Register) -> None:
    application = register(subtopic="PSY-CRISIS")
    share = Clock.objects.filter(application=application, measure="resolution").get()
    while firing.fire(now=share.due_at):
        pass
    while firing.escalate():
        pass
    found = Firing.objects.exclude(task=None).get()
    with clock.at(share.due_at + timedelta(hours=1)):
        assert "Waits for the supervisor" in text_of(page_of(browser("operator"), application))
        assert (
            send(browser("operator"), application, "settle", firing=found.pk, text="Oldu.").status_code == 403
        )
        done = send(browser("supervisor"), application, "settle", firing=found.pk, text="Şəxsən zəng etdim.")
        assert done.status_code == 302
        words = text_of(page_of(browser("supervisor"), application))
        assert "The supervisor stepped in on" in words
        assert "Şəxsən zəng etdim." in words
        again = send(browser("supervisor"), application, "settle", part=True, firing=found.pk, text="Yenə.")
    assert again.status_code == 409
    assert "Yenə." in again.content.decode()


def test_the_timeline_tells_measure_instant_and_late_detection(broken: Any, people_at_work: Any) -> None:
    application, found = broken()
    row = sight.with_parts(Application.objects.filter(pk=application.pk)).get()
    entries = timeline(people_at_work.operator, row)
    breaches = [entry.text for entry in entries if entry.kind == Kind.CLOCK_BREACHED]
    warnings = [entry.text for entry in entries if entry.kind == Kind.CLOCK_WARNED]
    assert any(
        text.startswith("Answer of the unit: the time ran out on 1 December, 18:00.") for text in breaches
    )
    assert any(text.startswith("Answer to the citizen: 75% of the time had passed on") for text in warnings)
    assert any("Noticed late, on" in text for text in warnings)
    actions.contest(
        actor=people_at_work.supervisor, application=application.pk, firing=found.pk, text="Səbəb var."
    )
    told = {
        who: [entry.text for entry in timeline(who, row) if entry.kind == Kind.CLOCK_CONTESTED]
        for who in (people_at_work.operator, people_at_work.samhi)
    }
    assert told[people_at_work.operator] == ["Answer of the unit. Səbəb var."]
    assert told[people_at_work.samhi] == ["Answer of the unit. Səbəb var."]


def test_the_timeline_tells_waits_and_more_time(register: Register, people_at_work: Any) -> None:
    application = register(subtopic="INS-STATUS")
    hold(people_at_work, application.referrals.get(), text="Şəkil gözlənilir.")
    actions.extend(
        actor=people_at_work.supervisor,
        application=application.pk,
        reason="additional_study",
        text="Vaxt uzadılıb.",
    )
    row = sight.with_parts(Application.objects.filter(pk=application.pk)).get()
    held, extended = (
        next(entry for entry in timeline(people_at_work.operator, row) if entry.kind == kind)
        for kind in (Kind.REFERRAL_HELD, Kind.APPLICATION_EXTENDED)
    )
    assert (held.reason_name, held.text) == ("Waiting for the citizen", "Şəkil gözlənilir.")
    assert (extended.reason_name, extended.text) == ("Additional study is needed", "Vaxt uzadılıb.")


# More time by law ------------------------------------------------------------------------------------


def test_the_new_date_is_shown_before_and_is_what_comes_of_it(
    browser: Browser, register: Register, people_at_work: Any
) -> None:
    application = register(subtopic="PRO-REPAIR")
    page = page_of(browser("supervisor"), application)
    assert (
        "Additional study is needed (1308-IVQ, 10.1): 30 working days, until 8 January 2027, 18:00"
        in text_of(page)
    )
    assert "your application has to be answered by 18:00 on 8 January 2027." in text_of(page)
    assert 'data-suggest-to="extend-text"' in page.content.decode()
    send(browser("supervisor"), application, "extend", reason="additional_study", text="Vaxt uzadılıb.")
    due = Application.objects.get(pk=application.pk).due_at
    assert due == datetime(2027, 1, 8, 18, 0, tzinfo=BAKU)
    words = text_of(page_of(browser("operator"), application))
    assert "More time 24 November, 10:00 10 working days → 30 working days" in words
    assert "Additional study is needed (1308-IVQ, 10.1)" in words
    assert "Vaxt uzadılıb." in words


def test_more_time_is_the_supervisors_and_keeps_what_was_typed(browser: Browser, register: Register) -> None:
    application = register(subtopic="PRO-REPAIR")
    assert 'id="verb-extend"' not in page_of(browser("operator"), application).content.decode()
    assert send(browser("operator"), application, "extend", reason="additional_study").status_code == 403
    refused = send(browser("supervisor"), application, "extend", part=True, reason="nothing", text="Sözlər.")
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="extend-reason_error"' in page
    assert re.search(r"<textarea[^>]*>\s*Sözlər\.</textarea>", page)
    assert not Change.objects.exists()


def test_after_the_breach_no_more_time(browser: Browser, register: Register) -> None:
    application = register(subtopic="INS-STATUS")
    with clock.at(TUESDAY + timedelta(days=30)):
        page = page_of(browser("supervisor"), application)
    assert re.search(r'id="verb-extend"[^>]*aria-disabled="true"', page.content.decode())
    assert "The promised time has passed. It can be contested, not extended." in text_of(page)


# Said to the citizen ------------------------------------------------------------------------------------


def test_the_call_centre_reads_out_a_sentence_and_agencies_do_not(
    browser: Browser, register: Register
) -> None:
    application = register(subtopic="INS-STATUS")
    sentence = "Your application has to be answered by 18:00 on 1 December 2026."
    assert sentence in text_of(page_of(browser("operator"), application))
    assert sentence not in text_of(page_of(browser("samhi"), application))


def test_a_unit_with_its_own_hours_is_not_counted_in_the_offices(browser: Any, register: Any) -> None:
    """What is left in a crisis unit's hours cannot be said in the office's: the instant alone is shown."""
    with clock.at(TUESDAY):
        application = register("PSY-CRISIS")
    row = application.referrals.get(unit="MOH.PSM")
    share = row.clocks.get(measure="resolve")
    share.target, share.due_at = "8 wh", TUESDAY + timedelta(hours=8)
    share.instants = [TUESDAY + timedelta(hours=4), share.due_at]
    share.save()

    with clock.at(TUESDAY + timedelta(hours=7)):
        page = browser("moh").get(f"/referrals/{row.pk}/").content.decode()

    assert "Counted in the hours of this unit: Round the clock." in page
    assert "Saturdays, Sundays" not in page
