"""Who held the time, and when it runs out: the spans of an application's history. Plain Python.

Every second from registration on belongs to exactly one party. A promise is kept or broken by the
seconds that count, so a due instant can always be explained by spans that add up to its target.
Everything is a sweep over sorted changes: O((parts + pauses) log), never a walk through time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Protocol, TypeVar

from .arithmetic import Reckoning, Stretch

CALL_CENTRE = "CALL_CENTRE"
NOBODY = ""  # a closed application waits for no one

# Why a span belongs to its party, when neither a pause nor a hold says so.
BEFORE, BETWEEN, AFTER = "before_referral", "between_referrals", "after_answers"
WORK, CLOSED = "work", "closed"


@dataclass(frozen=True)
class Pause:
    """A part waits for ``party`` (the citizen, a third body); without ``end`` it still waits."""

    start: datetime
    end: datetime | None
    reason: str = ""
    party: str = ""


@dataclass(frozen=True)
class Hold:
    """The whole application is held, whatever its parts do; a closed one that was reopened, too."""

    start: datetime
    end: datetime | None
    party: str
    counts: bool
    reason: str


@dataclass(frozen=True)
class Part:
    """One referral: whose it is, from when to when; without ``end`` it is unanswered."""

    key: str
    party: str
    start: datetime
    end: datetime | None = None
    is_lead: bool = False
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True)
class History:
    """An application from registration to its last end.

    ``running_reasons`` is the policy: reasons of a pause during which the promise runs on. The
    legal clock names them all, the service clock none (``domain.md`` 3.1 consequence 1 [D]).
    """

    start: datetime
    end: datetime | None = None
    parts: tuple[Part, ...] = ()
    holds: tuple[Hold, ...] = ()
    running_reasons: frozenset[str] = frozenset()
    owner: str = CALL_CENTRE


@dataclass(frozen=True)
class Span:
    """A piece of time with its party. ``key`` is the part on the critical path, if one was open.

    ``working_seconds`` is the working time in it whether or not it counts for the promise.
    """

    party: str
    start: datetime
    end: datetime
    counted: bool
    reason: str
    working_seconds: int
    key: str = ""


class _Timed(Protocol):
    @property
    def start(self) -> datetime: ...

    @property
    def end(self) -> datetime | None: ...


_T = TypeVar("_T", bound=_Timed)


def _disjoint(
    items: Iterable[_T], start: datetime, end: datetime | None
) -> list[tuple[datetime, datetime | None, _T]]:
    """The items within ``start`` and ``end``, none over another: who came first keeps its time."""
    found: list[tuple[datetime, datetime | None, _T]] = []
    free = start
    for item in sorted(items, key=lambda item: item.start):
        begin, stop = max(item.start, free), _earlier(item.end, end)
        if stop is not None and stop <= begin:
            continue
        found.append((begin, stop, item))
        if stop is None:
            break
        free = stop
    return found


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier end; an open end is later than any."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


# --- spans -------------------------------------------------------------------------------------

_Owner = tuple[str, bool, str, str]  # party, counted, reason, key of the part


def spans(history: History, calendar: Reckoning, until: datetime) -> tuple[Span, ...]:
    """Whose the time was from the start to ``until``: spans without a gap that add up.

    Before the first part, between parts and after the last answer it is the call centre's. While
    parts run side by side it is that of the part on the critical path: among the open parts that
    do not wait, the one that ends last. When all of them wait, it is that of whom they wait for;
    who waits for a reason during which the promise runs on comes first, so that it pauses only
    when nothing else is to be waited for.
    """
    if until < history.start:
        raise ValueError("a history is read from its start on")
    stop = max(history.start, _earlier(history.end, until) or until)
    found = _Sweep(history, stop).owners()
    if stop < until:
        found.append((stop, (NOBODY, False, CLOSED, "")))
    kept = [found[at] for at in range(len(found)) if at == 0 or found[at][1] != found[at - 1][1]]
    edges = [*(instant for instant, _ in kept), until]
    positions = [calendar.position(edge) for edge in edges]
    return tuple(
        Span(party, edges[at], edges[at + 1], counted, reason, positions[at + 1] - positions[at], key)
        for at, (_, (party, counted, reason, key)) in enumerate(kept)
        if edges[at] < edges[at + 1]
    )


class _Sweep:
    """One pass over the changes of a history, in order of time.

    The rank of a part never changes, so that the best open part is the top of a heap; what is no
    longer true of a part is dropped when it comes up. One heap is for parts at work, one for those
    that wait while the promise runs on, one for those whose wait pauses it.
    """

    def __init__(self, history: History, stop: datetime) -> None:
        self.history, self.stop = history, stop
        self.parts = sorted(history.parts, key=_rank)
        self.open: dict[int, Pause | None] = {}  # rank of an open part: what it waits for
        self.heaps: tuple[list[int], ...] = ([], [], [])  # at work, waiting, pausing
        self.hold: Hold | None = None
        self.opened = 0

    def owners(self) -> list[tuple[datetime, _Owner]]:
        """Each owner with the instant from which the time is its own."""
        changes = self._changes()
        total = sum(kind == "open" for _, kind, _, _ in changes)
        found: list[tuple[datetime, _Owner]] = []
        instants = sorted({self.history.start, *(instant for instant, *_ in changes)})
        at = 0
        for instant in instants:
            while at < len(changes) and changes[at][0] == instant:
                self._apply(*changes[at][1:])
                at += 1
            found.append((instant, self._owner(total)))
        return found

    def _changes(self) -> list[tuple[datetime, str, int, Pause | Hold | None]]:
        begin, changes = self.history.start, list[tuple[datetime, str, int, Pause | Hold | None]]()
        for since, until, hold in _disjoint(self.history.holds, begin, self.stop):
            changes.append((since, "hold", -1, hold))
            if until is not None and until < self.stop:
                changes.append((until, "release", -1, None))
        for rank, part in enumerate(self.parts):
            for since, until, _ in _disjoint([part], begin, self.stop):
                changes.append((since, "open", rank, None))
                for paused, resumed, pause in _disjoint(part.pauses, since, until):
                    changes.append((paused, "pause", rank, pause))
                    if resumed != until and resumed is not None:
                        changes.append((resumed, "resume", rank, None))
                if until is not None and until < self.stop:
                    changes.append((until, "close", rank, None))
        changes.sort(key=lambda change: (change[0], _ORDER[change[1]]))
        return changes

    def _apply(self, kind: str, rank: int, what: Pause | Hold | None) -> None:
        if kind in ("hold", "release"):
            self.hold = what if isinstance(what, Hold) else None
        elif kind == "close":
            del self.open[rank]
        else:
            self.opened += kind == "open"
            self.open[rank] = what if isinstance(what, Pause) else None
            heappush(self.heaps[self._stand(rank)], rank)

    def _stand(self, rank: int) -> int:
        """Which heap an open part belongs to now."""
        pause = self.open[rank]
        return 0 if pause is None else 1 if pause.reason in self.history.running_reasons else 2

    def _owner(self, total: int) -> _Owner:
        if self.hold is not None:
            return self.hold.party, self.hold.counts, self.hold.reason, ""
        for stand, heap in enumerate(self.heaps):
            while heap:
                rank = heap[0]
                if rank in self.open and self._stand(rank) == stand:
                    return self._held_by(rank)
                heappop(heap)
        reason = BEFORE if not self.opened else BETWEEN if self.opened < total else AFTER
        return self.history.owner, True, reason, ""

    def _held_by(self, rank: int) -> _Owner:
        part, pause = self.parts[rank], self.open[rank]
        if pause is None:
            return part.party, True, WORK, part.key
        counted = pause.reason in self.history.running_reasons
        return pause.party, counted, pause.reason, part.key


# At one instant an end comes before a beginning, and a part is open before it waits.
_ORDER = {"release": 0, "resume": 1, "close": 2, "hold": 3, "open": 4, "pause": 5}


def _rank(part: Part) -> tuple[float, bool, datetime, str]:
    """The part on the critical path first: ends last, then the lead, the earliest start, the key."""
    last = float("inf") if part.end is None else part.end.timestamp()
    return -last, not part.is_lead, part.start, part.key


def held(parts: Iterable[Span]) -> dict[str, int]:
    """The working seconds each party held, in the order in which they first held any."""
    sums: dict[str, int] = {}
    for span in parts:
        sums[span.party] = sums.get(span.party, 0) + span.working_seconds
    return sums


def waits(parts: Sequence[Span]) -> tuple[Pause, ...]:
    """The time that does not count, as pauses of the promise.

    The last one is open when the spans end in it: it still goes on.
    """
    found: list[Pause] = []
    for at, span in enumerate(parts):
        if not span.counted:
            end = None if at == len(parts) - 1 else span.end
            found.append(Pause(span.start, end, span.reason, span.party))
    return tuple(found)


# --- due instants ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """From ``since`` on the promise is ``seconds`` of what ``calendar`` counts."""

    since: datetime
    seconds: int
    calendar: Reckoning


@dataclass(frozen=True)
class Running:
    """When a promise is due. It has no due instant while it waits: then ``left`` is what it keeps."""

    due_at: datetime | None
    left: int | None = None


def due_under(terms: Sequence[Terms], pauses: Iterable[Pause]) -> Running:
    """``W⁻¹(W(start) + seconds)`` without the pauses, also when target or calendar changed on the way.

    What has elapsed is kept. Terms in order of time; a longer target gives time back, a shorter
    one makes nobody late for a time when the promise was longer: then it is due with the change.
    """
    elapsed = _Elapsed(terms, pauses)
    due: datetime | None = None
    for at, now in enumerate(terms):
        reached = elapsed.reached(now.seconds)
        if at and reached is not None and reached < now.since:
            reached = max(reached, now.since if due is None else min(due, now.since))
        due = reached
    return Running(due) if due is not None else Running(None, terms[-1].seconds - elapsed.total)


def instants(
    terms: Sequence[Terms], pauses: Iterable[Pause], levels: Sequence[int]
) -> tuple[datetime | None, ...]:
    """When each level (per cent of the target, the last one 100) is reached; None while it waits for good.

    The instants rise: a warning that the new terms put behind the due instant comes with it.
    """
    waited = list(pauses)
    due = due_under(terms, waited).due_at
    elapsed = _Elapsed(terms, waited)
    reached = [elapsed.reached(max(1, terms[-1].seconds * level // 100)) for level in levels[:-1]]
    return (*(_earlier(at, due) for at in reached), due)


def explain(terms: Sequence[Terms], pauses: Iterable[Pause], until: datetime) -> list[Stretch]:
    """Why ``until`` is when it is: stretches without a gap, from the start on, that add up.

    The seconds of the ``counted`` ones sum to the target when ``until`` is the due instant. Each
    stretch is told by the calendar that held then; a pause is one stretch with its reason.
    """
    found: list[Stretch] = []
    for at, now in enumerate(terms):
        begin = max(now.since, terms[0].since)
        end = min(until, terms[at + 1].since if at + 1 < len(terms) else until)
        if begin < end:
            found += _told(now, pauses, begin, end)
    return _joined(found)


def _told(terms: Terms, pauses: Iterable[Pause], begin: datetime, end: datetime) -> Iterator[Stretch]:
    since = begin
    for paused, resumed, pause in _disjoint(pauses, begin, end):
        if since < paused:
            yield from terms.calendar.describe(since, paused)
        since = resumed or end
        yield Stretch(paused.astimezone(UTC), since.astimezone(UTC), "paused", pause.reason, 0)
    if since < end:
        yield from terms.calendar.describe(since, end)


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Neighbours of one kind and name as one."""
    found: list[Stretch] = []
    for it in stretches:
        last = found[-1] if found else None
        if last and (last.kind, last.name, last.end) == (it.kind, it.name, it.start):
            found[-1] = replace(last, end=it.end, seconds=last.seconds + it.seconds)
        else:
            found.append(it)
    return found


@dataclass(frozen=True)
class _Stint:
    """A time in which the promise ran under one calendar, and the seconds elapsed before it."""

    start: datetime
    end: datetime | None
    calendar: Reckoning
    before: int


class _Elapsed:
    """How much of a promise had elapsed when; the inverse is a bisection over its stints."""

    def __init__(self, terms: Sequence[Terms], pauses: Iterable[Pause]) -> None:
        self.start = terms[0].since
        self.stints: list[_Stint] = []
        self.total = 0  # elapsed when the last stint with an end was over
        term = 0
        for begin, stop in _gaps(_disjoint(pauses, self.start, None), self.start):
            since: datetime | None = begin
            while since is not None and since != stop:
                while term + 1 < len(terms) and terms[term + 1].since <= since:
                    term += 1
                change = terms[term + 1].since if term + 1 < len(terms) else None
                since = self._add(since, _earlier(stop, change), terms[term].calendar)
        self.befores = [stint.before for stint in self.stints]

    def _add(self, start: datetime, end: datetime | None, calendar: Reckoning) -> datetime | None:
        self.stints.append(_Stint(start, end, calendar, self.total))
        if end is not None:
            self.total += calendar.position(end) - calendar.position(start)
        return end

    def reached(self, seconds: int) -> datetime | None:
        """The first instant at which ``seconds`` had elapsed; none while the promise waits before it."""
        if seconds <= 0:
            return self.start
        at = bisect_left(self.befores, seconds) - 1
        if at < 0 or (self.total < seconds and self.stints[-1].end is not None):
            return None
        stint = self.stints[at]
        return stint.calendar.add_working(stint.start, seconds - stint.before)


def _gaps(
    paused: Sequence[tuple[datetime, datetime | None, Pause]], start: datetime
) -> Iterator[tuple[datetime, datetime | None]]:
    """The times between the pauses; the last one has no end unless a pause has none."""
    begin: datetime | None = start
    for since, until, _ in paused:
        if begin is not None and begin < since:
            yield begin, since
        begin = until
    if begin is not None:
        yield begin, None
