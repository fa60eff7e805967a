"""Which open work will probably be late, judged by how long such work has taken. Plain Python.

No model is fitted: the share of comparable pieces that took longer is the forecast, the narrowest
group with enough of them is the comparison, and without enough there is no forecast. Work that is
still open counts for as long as it has lasted (the product-limit estimate of Kaplan and Meier):
a history of finished work alone is a history of quick work. ``backtest`` and ``calibration`` say
how far the forecasts could be believed.

All durations are seconds that count for the promise, pauses left out. One book holds seconds of one
reckoning: those of an office and those of the clock on the wall do not compare.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

HORIZONS = (4 * 3600, 24 * 3600)  # how far ahead the lists look, in working seconds [D]
ENOUGH = 20  # finished pieces without which a group says nothing [D]
ALIKE = 10  # pieces that had lasted as long, without which a wider group is asked [D]
Z95 = 1.959964  # the normal deviate of a two-sided 95 % interval

Group = tuple[str, ...]


def widening(*path: str) -> tuple[Group, ...]:
    """The groups of a path, narrowest first: topic, subtopic, unit; topic, subtopic; topic; all."""
    return tuple(path[:length] for length in range(len(path), -1, -1))


@dataclass(frozen=True)
class Past:
    """A piece of work that took ``seconds``; not ``finished``, it has lasted that long so far.

    ``groups`` are all it belongs to. What was cancelled is not finished either: nobody knows how
    long it would have taken. Raises ``ValueError`` for negative seconds.
    """

    groups: tuple[Group, ...]
    seconds: int
    finished: bool = True

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError("work takes no less than no time")


@dataclass(frozen=True)
class Open:
    """Work that is not finished after ``elapsed`` seconds and due in ``left``; ``groups`` narrowest first."""

    key: str
    groups: tuple[Group, ...]
    elapsed: int
    left: int


# --- how long it takes -------------------------------------------------------------------------


class Survival:
    """The probability that a piece takes longer than t: a step function that falls at finished pieces.

    Both samples are seconds in ascending order and are not copied; ``of`` sorts them. Between two
    unfinished pieces the factors of the product-limit estimate cancel to a quotient of counts, so
    that only the distinct unfinished durations are stored: O(m log n) to build, O(log n) to ask.
    """

    def __init__(self, finished: Sequence[int], unfinished: Sequence[int] = ()) -> None:
        self.finished, self.unfinished = finished, unfinished
        self._cuts = list(dict.fromkeys(unfinished))
        self._bases = [1.0]  # the probability from each cut on, before anything else finishes
        self._at_risk = [len(finished) + len(unfinished)]  # pieces that lasted longer than the cut
        for cut in self._cuts:
            # Who finished at the very second of the cut had finished while the other was still open.
            remained = _over(finished, cut) + len(unfinished) - bisect_left(unfinished, cut)
            self._bases.append(self._bases[-1] * (remained / self._at_risk[-1]))
            self._at_risk.append(self._longer(cut))

    @classmethod
    def of(cls, finished: Iterable[int], unfinished: Iterable[int] = ()) -> Survival:
        """The same from samples in any order."""
        return cls(sorted(finished), sorted(unfinished))

    def at(self, seconds: int) -> float:
        """P(T > seconds).

        After the longest piece it is 0 if that one finished. If it did not, the last value stays:
        an upper bound, since the sample does not say how the story ended.
        """
        stretch = bisect_right(self._cuts, seconds)
        at_risk = self._at_risk[stretch]
        return self._bases[stretch] * (self._longer(seconds) / at_risk if at_risk else 1.0)

    def alike(self, elapsed: int, left: int) -> int:
        """Pieces that lasted longer than ``elapsed`` and are known to have kept or missed ``left`` more."""
        return _over(self.finished, elapsed) + _over(self.unfinished, elapsed + left)

    def after(self, elapsed: int, left: int) -> float | None:
        """P(T > elapsed + left | T > elapsed); ``None`` if no piece of the sample is alike."""
        if not self.alike(elapsed, left):
            return None
        return self.at(elapsed + left) / self.at(elapsed)

    def _longer(self, seconds: int) -> int:
        return _over(self.finished, seconds) + _over(self.unfinished, seconds)


def _over(ascending: Sequence[int], seconds: int) -> int:
    return len(ascending) - bisect_right(ascending, seconds)


class Book:
    """The history by group, for the groups with at least ``enough`` finished pieces.

    Give everything that *started* since some instant, finished or not. A history chosen by when
    work ended contains long pieces whose quick contemporaries are missing, and forecasts too late.
    """

    def __init__(self, history: Iterable[Past], enough: int = ENOUGH) -> None:
        samples: defaultdict[Group, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for past in history:
            for group in past.groups:
                samples[group][not past.finished].append(past.seconds)
        self._survivals = {
            group: Survival.of(finished, unfinished)
            for group, (finished, unfinished) in samples.items()
            if len(finished) >= enough
        }

    def survival(self, group: Group) -> Survival | None:
        """``None`` for a group with too few finished pieces."""
        return self._survivals.get(group)


# --- the forecast ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """The probability of being late and what it rests on.

    ``basis`` is the group compared with, ``n`` how many of it finished, ``alike`` how many of it
    had lasted as long and are known to have been in time or late. ``beyond``: too few had.
    """

    probability: float
    basis: Group
    n: int
    alike: int
    beyond: bool = False


@dataclass(frozen=True)
class Likely:
    """Open work that will probably be late, ``left`` working seconds from now; the rest as ``Estimate``."""

    key: str
    probability: float
    basis: Group
    n: int
    left: int
    alike: int
    beyond: bool = False


def estimate(
    groups: Sequence[Group], elapsed: int, left: int, survival: Callable[[Group], Survival | None]
) -> Estimate | None:
    """How probably work that has taken ``elapsed`` takes more than ``left`` seconds more.

    The first of ``groups`` that has a survival and ``ALIKE`` pieces to compare with is the basis.
    ``None`` if no group has a survival.

    Work older than nearly all that even the widest group has seen gets 1.0 and is marked
    ``beyond``. To leave it out would hide the worst, and a share of one or two pieces would be an
    invention. This 1.0 is a rank, not a measurement: show the mark ("longer than nearly anything
    seen") and no number.
    """
    widest: Estimate | None = None
    for group in groups:
        sample = survival(group)
        if sample is None:
            continue
        n, alike = len(sample.finished), sample.alike(elapsed, left)
        if alike >= ALIKE and (probability := sample.after(elapsed, left)) is not None:
            return Estimate(probability, group, n, alike)
        widest = Estimate(1.0, group, n, alike, beyond=True)
    return widest


def forecast(opens: Iterable[Open], book: Book, horizon: int, threshold: float = 0.5) -> list[Likely]:
    """What falls due within ``horizon`` working seconds and is late with at least ``threshold``.

    The most probable first, then what is due first. What is late already is a fact and not listed;
    neither is what no group has enough history for.
    """
    found = [
        Likely(one.key, guess.probability, guess.basis, guess.n, one.left, guess.alike, guess.beyond)
        for one in opens
        if 0 < one.left <= horizon
        and (guess := estimate(one.groups, one.elapsed, one.left, book.survival))
        and guess.probability >= threshold
    ]
    return sorted(found, key=lambda likely: (-likely.probability, likely.left))


# --- how good it is ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Bin:
    """Forecasts from ``low`` to ``high``: how many, their mean, and the share that was really late.

    ``interval`` is the 95 % interval of Wilson around ``observed``: a forecast can be believed
    while ``predicted`` lies in it.
    """

    low: float
    high: float
    n: int
    predicted: float
    observed: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Calibration:
    """Did what was forecast with 70 % happen in 70 of 100 cases?

    ``brier`` is the mean squared error, 0 at best. ``base_brier`` is that of who always says
    ``base_rate``, the share that was late, and knows it in advance: above it, forecasts are useless.
    """

    n: int
    bins: tuple[Bin, ...]
    brier: float
    base_rate: float
    base_brier: float


def calibration(pairs: Iterable[tuple[float, bool]], bins: int = 5) -> Calibration | None:
    """Compares forecast probabilities with what came: was it late?

    ``bins`` equally wide bins, each without its upper edge but the last; empty ones are left out.
    ``None`` without pairs. Raises ``ValueError`` for less than one bin or no probability.
    """
    known = list(pairs)
    if bins < 1 or not all(0 <= probability <= 1 for probability, _ in known):
        raise ValueError("a calibration takes probabilities and at least one bin")
    if not known:
        return None
    filled: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probability, late in known:
        filled[min(int(probability * bins), bins - 1)].append((probability, late))
    rate = sum(late for _, late in known) / len(known)
    return Calibration(
        n=len(known),
        bins=tuple(_bin(at / bins, (at + 1) / bins, filled[at]) for at in sorted(filled)),
        brier=sum((probability - late) ** 2 for probability, late in known) / len(known),
        base_rate=rate,
        base_brier=rate * (1 - rate),
    )


def _bin(low: float, high: float, pairs: Sequence[tuple[float, bool]]) -> Bin:
    n, late = len(pairs), sum(late for _, late in pairs)
    return Bin(low, high, n, sum(probability for probability, _ in pairs) / n, late / n, wilson(late, n))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, also for few cases and at the edges. ``n`` > 0."""
    share, square = hits / n, Z95 * Z95 / n
    middle = (share + square / 2) / (1 + square)
    half = sqrt(share * (1 - share) * square + square * square / 4) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Case:
    """A piece of the history with its promise: ``seconds`` of ``allowance``, from start to end.

    Not ``finished``, ``ended`` is when it was cancelled or last looked at. Raises ``ValueError``
    for what cannot have happened: time that counts needs time to pass.
    """

    groups: tuple[Group, ...]
    seconds: int
    allowance: int
    started: datetime
    ended: datetime
    finished: bool = True

    def __post_init__(self) -> None:
        if self.seconds < 0 or self.allowance <= 0 or self.ended < self.started:
            raise ValueError("a case has an allowance and does not end before it starts")
        if self.seconds and self.ended == self.started:
            raise ValueError("a case that took time ends after it starts")

    @property
    def late(self) -> bool:
        return self.seconds > self.allowance

    def moment(self, seconds: float) -> datetime:
        """When it had taken so many seconds, as if they were spread evenly from start to end.

        For more than it took, when it would have. Needs a case that took time.
        """
        return self.started + (self.ended - self.started) * (seconds / self.seconds)

    def elapsed(self, moment: datetime) -> int:
        """What it had taken at a moment of its life, under the same approximation."""
        return round(self.seconds * ((moment - self.started) / (self.ended - self.started)))


@dataclass(frozen=True)
class Tested:
    """What would have been forecast for a case at an instant of its life; ``case.late`` says what came."""

    case: Case
    asked_at: datetime
    estimate: Estimate


@dataclass(frozen=True)
class Backtest:
    """The forecasts there would have been, and how many cases had none.

    ``early`` were finished before they were asked about, of the ``undecided`` nobody knows yet, and
    for those ``without`` no group had enough history at that time.
    """

    tested: tuple[Tested, ...]
    early: int
    undecided: int
    without: int

    def calibration(self, bins: int = 5) -> Calibration | None:
        """Of the measured probabilities; the 1.0 of those ``beyond`` is none."""
        measured = (one for one in self.tested if not one.estimate.beyond)
        return calibration(((one.estimate.probability, one.case.late) for one in measured), bins)

    def beyond(self) -> tuple[int, int]:
        """How many marked ``beyond`` were late, and how many there were."""
        marked = [one.case.late for one in self.tested if one.estimate.beyond]
        return sum(marked), len(marked)


def backtest(cases: Sequence[Case], share: float = 0.75, enough: int = ENOUGH) -> Backtest:
    """Forecasts each case when ``share`` of its allowance was used, from what was known at that moment.

    Known are the cases that had ended before, and of those that were open how long they had lasted.
    Instants within a case are interpolated (``Case.moment``), so nights and pauses blur them by
    hours or days; the outcome does not depend on them. Cases due after the last known end are
    undecided even when they were in time: of their contemporaries the late ones are not known yet.

    O(n log n), and one step per case that was open in the groups compared with. Raises
    ``ValueError`` for a share that leaves nothing to forecast.
    """
    if not 0 <= share < 1:
        raise ValueError("a share is at least 0 and less than 1")
    until = max((case.ended for case in cases), default=None)
    asked = [at for at, case in enumerate(cases) if case.seconds > share * case.allowance]
    decided = [at for at in asked if until is not None and _is_decided(cases[at], until)]
    moments = {at: cases[at].moment(share * cases[at].allowance) for at in decided}
    tested = _replay(cases, moments, enough)
    return Backtest(
        tuple(tested), len(cases) - len(asked), len(asked) - len(decided), len(decided) - len(tested)
    )


def _is_decided(case: Case, until: datetime) -> bool:
    return (case.finished or case.late) and case.moment(case.allowance) <= until


_ASK, _START, _END = range(3)  # at one instant, in this order: what ends then is not known yet


def _replay(cases: Sequence[Case], moments: dict[int, datetime], enough: int) -> list[Tested]:
    """The forecasts at the moments (by place of the case), in their order."""
    changes = [(moment, _ASK, at) for at, moment in moments.items()]
    changes += [(case.started, _START, at) for at, case in enumerate(cases)]
    changes += [(case.ended, _END, at) for at, case in enumerate(cases)]
    known, tested = _Known(enough), list[Tested]()
    for instant, kind, at in sorted(changes):
        case = cases[at]
        if kind == _START:
            known.start(at, case)
        elif kind == _END:
            known.end(at, case)
        elif guess := known.estimate(case, instant):
            tested.append(Tested(case, instant, guess))
    return tested


class _Known:
    """What was known at an instant that moves on: samples by group, and the cases that were open."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.finished: defaultdict[Group, list[int]] = defaultdict(list)
        self.cancelled: defaultdict[Group, list[int]] = defaultdict(list)
        self.open: defaultdict[Group, dict[int, Case]] = defaultdict(dict)

    def start(self, at: int, case: Case) -> None:
        for group in case.groups:
            self.open[group][at] = case

    def end(self, at: int, case: Case) -> None:
        samples = self.finished if case.finished else self.cancelled
        for group in case.groups:
            del self.open[group][at]
            insort(samples[group], case.seconds)

    def estimate(self, case: Case, instant: datetime) -> Estimate | None:
        """The case itself is among the open and changes nothing: it has lasted no longer than itself."""
        elapsed = case.elapsed(instant)
        return estimate(
            case.groups, elapsed, case.allowance - elapsed, lambda group: self._survival(group, instant)
        )

    def _survival(self, group: Group, instant: datetime) -> Survival | None:
        finished = self.finished[group]
        if len(finished) < self.enough:
            return None
        so_far = [case.elapsed(instant) for case in self.open[group].values()]
        return Survival(finished, sorted([*self.cancelled[group], *so_far]))
