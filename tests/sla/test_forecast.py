"""The forecast of lateness: by hand, as properties, and against simulated work whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import exp
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sla.forecast import (
    HORIZONS,
    Book,
    Case,
    Open,
    Past,
    Survival,
    backtest,
    calibration,
    estimate,
    forecast,
    widening,
    wilson,
)

HOUR = 3600
ALL = ((),)
MONDAY = datetime(2026, 2, 2, 5, 0, tzinfo=UTC)
UNIT = widening("PRO-NEW", "MLSPP.DTSERA")
DURATIONS = st.lists(st.integers(0, 40), max_size=25)


def pasts(*seconds: int, groups: tuple = ALL, finished: bool = True) -> list[Past]:
    return [Past(groups, each, finished) for each in seconds]


def case(
    start: int, seconds: int, allowance: int = 100, *, groups: tuple = ALL, finished: bool = True
) -> Case:
    """A case on a clock without nights: it starts after ``start`` seconds and takes ``seconds``."""
    started = MONDAY + timedelta(seconds=start)
    return Case(groups, seconds, allowance, started, started + timedelta(seconds=seconds), finished)


# --- survival ----------------------------------------------------------------------------------


def test_without_open_work_survival_is_the_share_that_took_longer() -> None:
    sample = Survival.of([30, 10, 20, 20])
    assert [sample.at(t) for t in (-1, 0, 9, 10, 19, 20, 29, 30, 99)] == [
        1,
        1,
        1,
        0.75,
        0.75,
        0.25,
        0.25,
        0,
        0,
    ]
    assert sample.after(10, 10) == pytest.approx(1 / 3), "of the three that took longer than 10, one did"
    assert sample.alike(10, 10) == 3


def test_open_work_leaves_the_count_when_it_was_last_seen() -> None:
    sample = Survival.of([6, 6, 6, 7, 10, 13, 16, 22, 23], [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    expected = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}
    for weeks, survival in expected.items():  # the 6-MP arm of Freireich et al., in every textbook
        assert sample.at(weeks) == pytest.approx(survival, abs=5e-5)
    assert sample.at(99) == sample.at(23), "the last one was still open: an upper bound"


def test_a_sample_says_nothing_about_work_older_than_all_whose_end_is_known() -> None:
    sample = Survival.of([10, 20], [50])
    assert sample.after(20, 10) == 1, "the one that was open at 50 was late at 30"
    assert sample.after(20, 40) is None, "whether it was late at 60 nobody knows"
    assert sample.after(50, 1) is None
    assert Survival([]).after(0, 1) is None


def product_limit(finished: list[int], unfinished: list[int], seconds: int) -> Fraction:
    """The definition, one factor per duration, in exact numbers."""
    survival = Fraction(1)
    for t in sorted({each for each in finished if each <= seconds}):
        survival *= 1 - Fraction(finished.count(t), sum(each >= t for each in [*finished, *unfinished]))
    return survival


@given(DURATIONS, DURATIONS, st.integers(-1, 45))
def test_survival_is_the_product_limit(finished: list[int], unfinished: list[int], seconds: int) -> None:
    exact = product_limit(finished, unfinished, seconds)
    assert Survival.of(finished, unfinished).at(seconds) == pytest.approx(float(exact), abs=1e-12)


@given(DURATIONS, DURATIONS)
def test_survival_falls_from_one_and_never_below_zero(finished: list[int], unfinished: list[int]) -> None:
    curve = [Survival.of(finished, unfinished).at(t) for t in range(-1, 45)]
    assert curve == sorted(curve, reverse=True)
    assert curve[0] == 1
    assert curve[-1] >= 0


@given(DURATIONS, DURATIONS, st.integers(0, 20), st.integers(0, 15), st.integers(0, 15))
def test_to_last_longer_twice_is_to_last_longer_by_both(
    finished: list[int], unfinished: list[int], elapsed: int, first: int, second: int
) -> None:
    sample = Survival.of(finished, unfinished)
    whole, start = sample.after(elapsed, first + second), sample.after(elapsed, first)
    rest = sample.after(elapsed + first, second)
    if whole is not None and start is not None and rest is not None:
        assert whole == pytest.approx(start * rest)
    for probability in (whole, start, rest):
        assert probability is None or 0 <= probability <= 1


def test_to_ignore_what_is_still_open_would_make_work_look_quick() -> None:
    """Work of 100 hours on average, looked at while half of it is young."""
    random = Random(7)
    finished, unfinished = list[int](), list[int]()
    for _ in range(4000):
        takes, watched = random.expovariate(1 / 100), random.uniform(0, 150)
        (finished if takes <= watched else unfinished).append(int(min(takes, watched) * HOUR))
    truth = exp(-1)
    honest, survivors = Survival.of(finished, unfinished), Survival.of(finished)

    assert honest.at(100 * HOUR) == pytest.approx(truth, abs=0.03)
    assert survivors.at(100 * HOUR) < truth / 2


# --- the group compared with -------------------------------------------------------------------


def test_a_path_widens_to_everything() -> None:
    assert widening("PRO", "PRO-NEW", "DTSERA") == (
        ("PRO", "PRO-NEW", "DTSERA"),
        ("PRO", "PRO-NEW"),
        ("PRO",),
        (),
    )


def test_the_narrowest_group_with_enough_history_is_the_basis() -> None:
    own, others = pasts(*range(1, 21), groups=UNIT), pasts(*[90] * 20, groups=UNIT[1:])

    book = Book(own + others)
    narrow = estimate(UNIT, 5, 5, book.survival)
    assert narrow is not None
    assert (narrow.basis, narrow.n, narrow.alike) == (UNIT[0], 20, 15)
    assert narrow.probability == pytest.approx(10 / 15)

    wide = estimate(UNIT, 5, 5, Book(own[1:] + others).survival)
    assert wide is not None
    assert (wide.basis, wide.n, wide.alike) == (("PRO-NEW",), 39, 35), "19 of its own are not enough"
    assert wide.probability == pytest.approx(30 / 35)


def test_too_little_history_gives_no_forecast() -> None:
    one = Open("A", UNIT, 5, 5)
    assert forecast([one], Book([]), HOUR, threshold=0) == []
    unfinished = pasts(*[50] * 500, groups=UNIT, finished=False)
    assert forecast([one], Book(pasts(*[50] * 19, groups=UNIT) + unfinished), HOUR, threshold=0) == []
    assert len(forecast([one], Book(pasts(*[50] * 20, groups=UNIT) + unfinished), HOUR)) == 1


def test_old_work_is_compared_with_a_wider_group_that_knows_such_age() -> None:
    book = Book(pasts(*range(1, 21), groups=UNIT) + pasts(*range(100, 120), groups=UNIT[1:]))
    guess = estimate(UNIT, 17, 93, book.survival)
    assert guess is not None
    assert (guess.basis, guess.alike, guess.beyond) == (("PRO-NEW",), 23, False), "3 of its own are too few"
    assert guess.probability == pytest.approx(9 / 23)


def test_work_older_than_nearly_anything_seen_is_marked_and_not_measured() -> None:
    book = Book(pasts(*range(1, 21), groups=UNIT))
    found = forecast(
        [Open("A", UNIT, 200, 10), Open("B", UNIT, 11, 5), Open("C", UNIT, 10, 5)], book, HOUR, 0
    )
    assert [(each.key, each.beyond, each.probability, each.alike) for each in found] == [
        ("B", True, 1.0, 9),
        ("A", True, 1.0, 0),
        ("C", False, 0.5, 10),
    ]
    assert [each.basis for each in found] == [(), (), UNIT[0]], "the widest group was asked, too"


def test_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no less than no time"):
        Past(ALL, -1)


# --- the list ----------------------------------------------------------------------------------


def test_the_list_holds_what_falls_due_within_the_horizon_and_is_probably_late() -> None:
    book = Book(pasts(*(n * HOUR for n in range(1, 41) for _ in range(5))))
    opens = [
        Open("late already", ALL, 30 * HOUR, 0),
        Open("even", ALL, 36 * HOUR, 2 * HOUR),  # 39 and 40 of 37 to 40
        Open("sooner", ALL, 0, HOUR),  # 39 of 40
        Open("at the edge", ALL, 20 * HOUR, 4 * HOUR),  # 16 of 20
        Open("beyond the horizon", ALL, 0, 4 * HOUR + 1),
        Open("in time", ALL, 37 * HOUR, 3 * HOUR),  # 40 is not longer than 40
    ]
    soon, day = HORIZONS
    found = forecast(opens, book, soon)
    assert [each.key for each in found] == ["sooner", "at the edge", "even"]
    assert [each.probability for each in found] == pytest.approx([39 / 40, 16 / 20, 0.5])
    assert forecast(opens, book, soon, threshold=0.9) == found[:1]
    assert [each.key for each in forecast(opens, book, day)][1] == "beyond the horizon"


def test_of_equally_probable_ones_the_first_due_is_first() -> None:
    book = Book(pasts(*[50] * 20))
    found = forecast([Open("B", ALL, 0, 30), Open("A", ALL, 0, 20)], book, HOUR)
    assert [each.key for each in found] == ["A", "B"]


@given(
    DURATIONS, st.lists(st.tuples(st.integers(0, 45), st.integers(-5, 45)), max_size=10), st.integers(1, 40)
)
def test_every_listed_piece_is_in_the_horizon_and_over_the_threshold(
    finished: list[int], ages: list[tuple[int, int]], horizon: int
) -> None:
    opens = [Open(str(at), ALL, elapsed, left) for at, (elapsed, left) in enumerate(ages)]
    found = forecast(opens, Book(pasts(*finished), enough=3), horizon)
    assert all(0 < each.left <= horizon and 0.5 <= each.probability <= 1 for each in found)
    assert [each.probability for each in found] == sorted((each.probability for each in found), reverse=True)
    assert not found or len(finished) >= 3


# --- calibration -------------------------------------------------------------------------------


def test_a_calibration_by_hand() -> None:
    pairs = [(0.1, False), (0.1, True), (0.2, True), (0.9, True), (1.0, True)]
    measured = calibration(pairs)
    assert measured is not None
    first, second, last = measured.bins
    assert (first.low, first.high, first.n, first.predicted, first.observed) == (0, 0.2, 2, 0.1, 0.5)
    assert (second.low, second.n, second.observed) == (0.2, 1, 1), "an edge belongs to the bin above it"
    assert (last.low, last.high, last.n, last.predicted) == (0.8, 1, 2, 0.95), "and 1.0 to the last"
    assert measured.n == 5
    assert measured.brier == pytest.approx((0.01 + 0.81 + 0.64 + 0.01 + 0) / 5)
    assert measured.base_rate == 0.8
    assert measured.base_brier == pytest.approx(0.16), "worse than to say 80 % every time: 0.294"


def test_who_knows_the_truth_is_calibrated() -> None:
    random = Random(11)
    truths = [random.random() for _ in range(5000)]
    measured = calibration((truth, random.random() < truth) for truth in truths)
    assert measured is not None
    assert len(measured.bins) == 5
    assert all(each.interval[0] <= each.predicted <= each.interval[1] for each in measured.bins)
    assert measured.brier == pytest.approx(1 / 6, abs=0.01), "the mean of p (1 - p)"
    assert measured.base_brier == pytest.approx(1 / 4, abs=0.01)


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=5e-5)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=5e-5)
    assert wilson(10, 10) == pytest.approx((0.7225, 1), abs=5e-5)


@given(st.integers(1, 500), st.data())
def test_the_interval_contains_the_share(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1


def test_nothing_forecast_is_nothing_measured_and_nonsense_is_refused() -> None:
    assert calibration([]) is None
    for pairs, bins in (([(1.1, True)], 5), ([(-0.1, True)], 5), ([(0.5, True)], 0)):
        with pytest.raises(ValueError, match="takes probabilities"):
            calibration(pairs, bins)


# --- backtest ----------------------------------------------------------------------------------


def test_a_case_is_forecast_from_what_was_known_when_it_was_asked_about() -> None:
    cases = [
        *[case(0, 80)] * 5,
        *[case(0, 90)] * 5,
        *[case(0, 130)] * 5,
        case(1000, 120),  # asked at 1075: 15 lasted longer than 75, 5 of them were late
        case(1000, 20),  # done before it is asked about
        case(1030, 110),  # asked at 1105, when the other was open at 105: late, though not finished
        case(9000, 10),  # so that the others are decided
    ]
    result = backtest(cases, enough=15)
    assert [(one.case, one.asked_at, one.case.late) for one in result.tested] == [
        (cases[15], MONDAY + timedelta(seconds=1075), True),
        (cases[17], MONDAY + timedelta(seconds=1105), True),
    ]
    first, second = (one.estimate for one in result.tested)
    assert [(guess.n, guess.alike) for guess in (first, second)] == [(16, 15), (16, 16)]
    assert [guess.probability for guess in (first, second)] == pytest.approx([5 / 15, 6 / 16])
    assert (result.early, result.undecided, result.without) == (2, 0, 15)


def test_what_ends_at_the_very_moment_is_not_known_yet() -> None:
    cases = [case(0, 175), case(100, 90), case(9000, 1)]
    assert [one.case for one in backtest(cases, enough=1).tested] == []
    cases[0] = case(0, 174)
    assert [one.case for one in backtest(cases, enough=1).tested] == [cases[1]]


def test_a_case_nobody_can_judge_yet_is_not_counted_as_in_time() -> None:
    cases = [
        case(0, 90),
        case(0, 80, finished=False),  # cancelled
        case(0, 200, finished=False),  # open, and late already
        case(150, 80),  # in time, but it would be due after the last that is known
    ]
    result = backtest(cases, enough=1)
    assert (result.early, result.undecided, result.without) == (0, 2, 2)
    assert result.calibration() is None


def test_a_cancelled_case_stays_in_the_history_as_unfinished() -> None:
    old = [each for _ in range(6) for each in (case(0, 90), case(0, 95, finished=False), case(0, 120))]
    (tested,) = backtest([*old, case(500, 110), case(9000, 1)], enough=12).tested
    assert tested.estimate.probability == pytest.approx(2 / 3), "one of three ended before the one cancelled"
    assert tested.estimate.alike == 12


def test_what_was_beyond_comparison_is_told_apart_from_what_was_measured() -> None:
    result = backtest([*[case(0, 50)] * 20, case(200, 90), case(200, 110), case(9000, 1)])
    assert len(result.tested) == 2
    assert result.calibration() is None
    assert result.beyond() == (1, 2)


def test_the_future_does_not_change_a_forecast() -> None:
    cases = list(simulated(300))
    whole = {id(one.case): one for one in backtest(cases, enough=5).tested}
    early = backtest([*cases[:150], case(10**9, 1)], enough=5).tested
    until = cases[150].started
    past = [one for one in early if one.asked_at <= until]
    assert len(past) > 20
    assert all(whole[id(one.case)] == one for one in past)


def test_a_case_that_cannot_have_happened_is_refused() -> None:
    for seconds, allowance, lasted in ((-1, 1, 1), (1, 0, 1), (1, 1, -1), (1, 1, 0)):
        with pytest.raises(ValueError, match="a case"):
            Case(ALL, seconds, allowance, MONDAY, MONDAY + timedelta(seconds=lasted))
    with pytest.raises(ValueError, match="a share"):
        backtest([], share=1)
    empty = backtest([])
    assert (empty.tested, empty.early, empty.undecided, empty.without) == ((), 0, 0, 0)


MEAN_HOURS = {"QUICK": 30, "USUAL": 50, "SLOW": 120, "RARE": 60}
ALLOWANCE = 80 * HOUR


def simulated(n: int, seed: int = 4) -> Iterator[Case]:
    """One case an hour of units with different speeds, each memoryless; a tenth is cancelled."""
    random = Random(seed)
    for at in range(n):
        (unit,) = random.choices(list(MEAN_HOURS), (10, 10, 10, 1))
        takes, patience = random.expovariate(1 / MEAN_HOURS[unit]), random.expovariate(1 / 500)
        seconds = 1 + int(min(takes, patience) * HOUR)
        yield case(at * HOUR, seconds, ALLOWANCE, groups=widening("PRO", unit), finished=takes <= patience)


def test_on_work_of_known_speed_the_forecasts_come_true() -> None:
    result = backtest(list(simulated(4000)))
    settled = [
        one for one in result.tested if one.estimate.basis == one.case.groups[0] and one.estimate.alike >= 100
    ]
    assert len(settled) > 500
    for one in settled:
        truth = exp(-20 / MEAN_HOURS[one.estimate.basis[-1]])
        assert one.estimate.probability == pytest.approx(truth, abs=0.1)

    measured = calibration((one.estimate.probability, one.case.late) for one in settled)
    assert measured is not None
    assert [each.low for each in measured.bins] == [0.4, 0.6, 0.8]
    assert all(each.interval[0] <= each.predicted <= each.interval[1] for each in measured.bins)

    everything = result.calibration()
    assert everything is not None
    assert everything.brier < everything.base_brier
    assert everything.n + result.beyond()[1] == len(result.tested)


def test_a_year_of_cases_is_replayed_in_seconds() -> None:
    cases = list(simulated(5000))
    began = process_time()
    backtest(cases)
    assert process_time() - began < 5
