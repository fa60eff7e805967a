"""Who held the time and when it runs out, told in small stories; the large proof is beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.arithmetic import BAKU, HOURS_24_7, OFF, WALL, Calendar, Reckoning
from sla.ledger import (
    CALL_CENTRE,
    History,
    Hold,
    Part,
    Pause,
    Running,
    Span,
    Terms,
    due_under,
    held,
    spans,
    waits,
)

OFFICE = Calendar(
    {date(2026, 2, 12): OFF},
    first=date(2026, 1, 1),
    last=date(2026, 12, 31),
    confirmed_until=date(2026, 12, 31),
)
CRISIS = Calendar(
    {}, first=date(2026, 1, 1), last=date(2026, 12, 31), confirmed_until=date(2026, 12, 31), hours=HOURS_24_7
)
H = 3600


def counted_seconds(found: Sequence[Span]) -> int:
    return sum(span.working_seconds for span in found if span.counted)


def due_with_pauses(start: datetime, seconds: int, pauses: list[Pause], calendar: Reckoning) -> Running:
    return due_under([Terms(start, seconds, calendar)], pauses)


def due_of(start: datetime, target: str, pauses: list[Pause], calendar: Calendar) -> Running:
    seconds, reckoning = calendar.allowance(start, target)
    return due_with_pauses(start, seconds, pauses, reckoning)


def at(text: str) -> datetime:
    """An instant of February 2026; the second is a Monday."""
    return datetime.fromisoformat(f"2026-02-{text}").replace(tzinfo=BAKU)


def told(history: History, until: str) -> list[tuple[str, str, bool, float]]:
    return [
        (span.party, span.reason, span.counted, span.working_seconds / H)
        for span in spans(history, OFFICE, at(until))
    ]


def test_the_call_centre_holds_what_nobody_has() -> None:
    history = History(
        at("02 09:00"),
        parts=(
            Part("1", "MOH", at("02 11:00"), at("02 13:00")),
            Part("2", "YASHAT", at("02 15:00"), at("02 16:00")),
        ),
    )
    assert told(history, "02 18:00") == [
        (CALL_CENTRE, "before_referral", True, 2),
        ("MOH", "work", True, 2),
        (CALL_CENTRE, "between_referrals", True, 1),
        ("YASHAT", "work", True, 1),
        (CALL_CENTRE, "after_answers", True, 2),
    ]


def test_of_two_at_work_the_one_that_ends_last_holds_the_time() -> None:
    history = History(
        at("02 09:00"),
        parts=(
            Part("1", "MOH", at("02 09:00"), at("02 12:00"), is_lead=True),
            Part("2", "YASHAT", at("02 10:00")),
        ),
    )
    assert told(history, "02 13:00") == [("MOH", "work", True, 1), ("YASHAT", "work", True, 3)]


@pytest.mark.parametrize(
    ("lead", "begins", "holder"),
    [("2", "02 09:00", "YASHAT"), ("", "02 10:00", "MOH"), ("", "02 09:00", "MOH")],
)
def test_when_both_are_open_the_lead_then_the_earlier_then_the_key_holds_it(
    lead: str, begins: str, holder: str
) -> None:
    history = History(
        at("02 09:00"),
        parts=(
            Part("2", "YASHAT", at(begins), is_lead=lead == "2"),
            Part("1", "MOH", at("02 09:00")),
        ),
    )
    assert spans(history, OFFICE, at("02 13:00"))[-1].party == holder


def test_who_waits_leaves_the_time_to_who_works() -> None:
    citizen = Pause(at("02 10:00"), at("02 15:00"), "need_info", "CITIZEN")
    history = History(
        at("02 09:00"),
        parts=(
            Part("1", "MOH", at("02 09:00"), is_lead=True, pauses=(citizen,)),
            Part("2", "YASHAT", at("02 09:00"), at("02 12:00")),
        ),
    )
    assert told(history, "02 16:00") == [
        ("MOH", "work", True, 1),
        ("YASHAT", "work", True, 2),
        ("CITIZEN", "need_info", False, 2),
        ("MOH", "work", True, 1),
    ]


def test_the_legal_clock_runs_on_while_the_service_clock_waits() -> None:
    part = Part("1", "MOH", at("02 09:00"), pauses=(Pause(at("02 10:00"), None, "need_info", "CITIZEN"),))
    service = spans(History(at("02 09:00"), parts=(part,)), OFFICE, at("02 13:00"))
    legal = spans(
        History(at("02 09:00"), parts=(part,), running_reasons=frozenset({"need_info"})),
        OFFICE,
        at("02 13:00"),
    )
    assert (counted_seconds(service), counted_seconds(legal)) == (1 * H, 4 * H)
    assert held(service) == held(legal) == {"MOH": 1 * H, "CITIZEN": 3 * H}


def test_a_closed_application_that_is_reopened_was_nobodys() -> None:
    history = History(
        at("02 09:00"),
        parts=(Part("1", "MOH", at("02 09:00"), at("02 11:00")), Part("2", "MOH", at("03 09:00"))),
        holds=(Hold(at("02 11:00"), at("03 09:00"), "", False, "closed"),),
    )
    assert told(history, "03 10:00") == [
        ("MOH", "work", True, 2),
        ("", "closed", False, 6),
        ("MOH", "work", True, 1),
    ]


def test_after_the_end_the_time_is_nobodys() -> None:
    history = History(at("02 09:00"), at("02 10:00"))
    assert told(history, "02 12:00") == [(CALL_CENTRE, "before_referral", True, 1), ("", "closed", False, 2)]


def test_overlapping_pauses_belong_to_who_came_first() -> None:
    pauses = (
        Pause(at("02 10:00"), at("02 12:00"), "need_info", "CITIZEN"),
        Pause(at("02 11:00"), at("02 13:00"), "third_body", "DOST"),
    )
    history = History(at("02 09:00"), parts=(Part("1", "MOH", at("02 09:00"), pauses=pauses),))
    assert held(spans(history, OFFICE, at("02 18:00"))) == {"MOH": 5 * H, "CITIZEN": 2 * H, "DOST": 1 * H}


def test_a_moment_has_no_spans_and_the_time_before_the_start_is_refused() -> None:
    assert spans(History(at("02 09:00")), OFFICE, at("02 09:00")) == ()
    with pytest.raises(ValueError, match="from its start"):
        spans(History(at("02 09:00")), OFFICE, at("01 09:00"))


def test_a_pause_keeps_the_rest_of_the_working_time() -> None:
    pause = Pause(at("02 16:00"), at("04 10:00"))
    assert due_with_pauses(at("02 09:00"), 8 * H, [pause], OFFICE) == Running(at("04 12:00"))


def test_while_it_waits_a_promise_is_not_due_and_keeps_what_is_left() -> None:
    found = due_with_pauses(at("02 09:00"), 8 * H, [Pause(at("02 16:00"), None)], OFFICE)
    assert found == Running(None, 2 * H)


def test_a_pause_when_the_time_is_up_changes_nothing() -> None:
    for start in ("02 18:00", "03 12:00"):
        found = due_with_pauses(at("02 09:00"), 8 * H, [Pause(at(start), None)], OFFICE)
        assert found == Running(at("02 18:00"))
    found = due_with_pauses(at("02 09:00"), 3 * H, [Pause(at("02 12:00"), at("02 16:00"))], OFFICE)
    assert found == Running(at("02 12:00"))


def test_a_promise_that_waits_from_the_start_keeps_everything() -> None:
    assert due_with_pauses(at("02 09:00"), 8 * H, [Pause(at("01 09:00"), None)], OFFICE) == Running(
        None, 8 * H
    )


def test_overlapping_pauses_are_counted_once() -> None:
    pauses = [Pause(at("02 10:00"), at("02 12:00")), Pause(at("02 11:00"), at("02 13:00"))]
    assert due_with_pauses(at("02 09:00"), 4 * H, pauses, OFFICE) == Running(at("02 17:00"))


@pytest.mark.parametrize(
    ("target", "due"),
    [("90 min", "06 23:30"), ("3 h", "07 01:00"), ("3 wh", "09 11:00"), ("1 wd", "10 10:00")],
)
def test_a_spelled_target_waits_in_its_own_time(target: str, due: str) -> None:
    # From Friday 17:00; the promise waits on Friday evening and for the last working hour of Monday.
    pauses = [Pause(at("06 18:00"), at("06 23:00")), Pause(at("09 17:00"), at("09 18:00"))]
    assert due_of(at("06 17:00"), target, pauses, OFFICE) == Running(at(due))


def test_a_longer_target_gives_time_back_and_keeps_what_elapsed() -> None:
    terms = [Terms(at("02 09:00"), 8 * H, OFFICE), Terms(at("04 09:00"), 24 * H, OFFICE)]
    assert due_under(terms, []) == Running(at("04 18:00"))


def test_a_shorter_target_makes_nobody_late_in_the_past() -> None:
    terms = [Terms(at("02 09:00"), 40 * H, OFFICE), Terms(at("04 12:00"), 8 * H, OFFICE)]
    assert due_under(terms, []) == Running(at("04 12:00"))


def test_who_is_late_stays_late_since_then() -> None:
    terms = [
        Terms(at("02 09:00"), 8 * H, OFFICE),
        Terms(at("04 12:00"), 8 * H, OFFICE),
        Terms(at("05 12:00"), 4 * H, OFFICE),
    ]
    assert due_under(terms, []) == Running(at("02 18:00"))


def test_another_calendar_counts_from_then_on() -> None:
    terms = [Terms(at("02 09:00"), 12 * H, OFFICE), Terms(at("02 18:00"), 12 * H, CRISIS)]
    assert due_under(terms, []) == Running(at("02 22:00"))
    assert due_under([terms[0], Terms(at("02 18:00"), 12 * H, WALL)], []) == Running(at("02 22:00"))


def test_the_waits_of_a_history_explain_its_due_instant() -> None:
    history = History(
        at("02 09:00"),
        parts=(
            Part(
                "1",
                "MOH",
                at("02 09:00"),
                pauses=(Pause(at("02 10:00"), at("02 12:00"), "need_info", "CITIZEN"),),
            ),
        ),
    )
    found = spans(history, OFFICE, at("02 18:00"))
    assert waits(found) == (Pause(at("02 10:00"), at("02 12:00"), "need_info", "CITIZEN"),)
    due = due_with_pauses(history.start, 4 * H, waits(found), OFFICE).due_at
    assert due == at("02 16:00")
    assert counted_seconds(spans(history, OFFICE, due)) == 4 * H
    assert isinstance(found[0], Span)


moments = st.integers(0, 60 * 24 * 60).map(lambda m: datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=m))
closed = st.tuples(moments, moments).map(lambda pair: Pause(min(pair), max(pair)))


@settings(max_examples=300, deadline=None)
@given(moments, st.integers(1, 100 * H), st.lists(closed, max_size=8), st.sampled_from([OFFICE, CRISIS]))
def test_a_pause_is_the_same_as_adding_its_working_time(
    start: datetime, seconds: int, pauses: list[Pause], known: Calendar
) -> None:
    due = due_with_pauses(start, seconds, pauses, known).due_at
    assert due is not None
    waited, free = 0, start
    for pause in sorted(pauses, key=lambda pause: pause.start):
        begin, end = max(pause.start, free), min(pause.end or due, due)
        if begin < end:
            waited += known.working_seconds(begin, end)
            free = end
    assert due == known.add_working(start, seconds + waited)
