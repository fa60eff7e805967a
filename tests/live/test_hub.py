"""The hub by itself: nothing twice, nothing lost between replay and stream, and no unbounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from callcenter.live import guard as guards
from callcenter.live import hub as hubs
from callcenter.live import line as lines
from callcenter.live import stream, topics
from callcenter.live.guard import Guard
from callcenter.live.hub import Hub
from callcenter.live.line import Catching, Line
from callcenter.live.stream import View
from events import journal
from events.journal import Batch, Head, Told

from .frames import KeptWire

EPOCH = "e"
QUEUE = topics.parse("queue:TABIB")


def event(position: int, topic: str = "queue:TABIB") -> Told:
    instant = datetime(2026, 11, 25, tzinfo=UTC)
    return Told(
        position, instant, "referral.requested", uuid4(), uuid4(), "TABIB", 1, "requested", [topic], {}
    )


class Bench:
    """A hub that hears what the test tells it, and lines whose wires keep what they are told."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.hub.epoch, self.hub.position = EPOCH, 10
        self.hub._known.set()
        self.guard = Guard(self.hub)
        self.closed: list[tuple[Line, int]] = []

    def line(self) -> tuple[Line, KeptWire]:
        wire = KeptWire()

        async def close(code: int) -> None:
            self.closed.append((line, code))

        line = Line(wire, close, 1, "hash", None, None, 0.0)
        self.hub.lines.add(line)
        return line, wire

    def live(self) -> tuple[Line, KeptWire]:
        line, wire = self.line()
        self.hub.join(line, QUEUE)
        self.hub.begin(line, QUEUE, self.hub.position)
        return line, wire

    def tell(self, *positions: int) -> None:
        self.hub._tell([event(position) for position in positions])


def positions(wire: KeptWire) -> list[int]:
    return [int(frame["cursor"].split(".")[1]) for frame in wire.told("event")]


def test_what_happens_during_a_replay_comes_after_it_and_once() -> None:
    bench = Bench()
    line, wire = bench.line()
    bench.hub.join(line, QUEUE)
    bench.tell(11, 12, 13)
    assert wire.frames == []
    bench.hub.begin(line, QUEUE, 12)
    bench.tell(14)

    assert positions(wire) == [13, 14]


def test_a_replay_that_is_ahead_of_the_hub_is_not_told_again() -> None:
    bench = Bench()
    line, wire = bench.line()
    bench.hub.join(line, QUEUE)
    bench.hub.begin(line, QUEUE, 12)
    bench.tell(11, 12, 13)

    assert positions(wire) == [13]
    assert line in bench.hub.channels[QUEUE.audience].live


def test_batches_that_overlap_or_come_late_are_told_once() -> None:
    bench = Bench()
    _line, wire = bench.live()
    for before, told in ((10, (11, 12)), (10, (11, 12)), (11, (12, 13)), (13, (14,))):
        batch = Batch(EPOCH, before, [event(position) for position in told])
        assert bench.hub._continues(batch)
        bench.hub._tell(batch.events)

    assert positions(wire) == [11, 12, 13, 14]
    assert not bench.hub._continues(Batch(EPOCH, 20, [event(21)]))
    assert not bench.hub._continues(Batch("another", 14, [event(15)]))


def test_what_comes_together_is_written_at_once() -> None:
    bench = Bench()
    _line, wire = bench.live()
    late, late_wire = bench.line()
    bench.hub.join(late, QUEUE)
    bench.hub.begin(late, QUEUE, 12)
    bench.tell(11, 12, 13, 14)

    assert (positions(wire), wire.writes) == ([11, 12, 13, 14], 1)
    assert (positions(late_wire), late_wire.writes) == ([13, 14], 1)


def test_a_client_that_takes_nothing_gets_nothing_more_and_starts_over_when_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "BACKLOG", 2000)
    bench = Bench()
    slow, waiting = bench.live()
    quick, taken = bench.live()
    waiting.reads = False
    for position in range(11, 111):
        bench.tell(position)

    assert waiting.untaken < 3000
    assert len(taken.told("event")) == 100
    assert slow in bench.hub.stalled
    run(bench.guard._wake_the_drained())
    assert waiting.told("reset") == []
    waiting.untaken = 0
    run(bench.guard._wake_the_drained())
    assert waiting.told("reset") == [{"op": "reset", "topic": "queue:TABIB"}]
    assert slow.topics == {}
    bench.tell(111)
    assert len(taken.told("event")) == 101
    assert positions(waiting)[-1] < 111
    assert quick in bench.hub.channels[QUEUE.audience].live


def test_a_replay_that_takes_too_long_does_not_pile_up_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "HELD", 5)
    bench = Bench()
    line, wire = bench.line()
    bench.hub.join(line, QUEUE)
    bench.tell(*range(11, 30))

    assert line in bench.hub.stalled
    bench.hub.begin(line, QUEUE, 29)  # the replay comes at last: too late
    run(bench.guard._wake_the_drained())
    assert [frame["op"] for frame in wire.frames] == ["reset"]


def run(work: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        async with asyncio.timeout(10):
            await work

    asyncio.run(within())


def answers(question: Callable[..., Any]) -> Callable[..., Any]:
    """In place of a thread: the question itself."""

    async def answer(*args: Any, **more: Any) -> Any:
        await asyncio.sleep(0)
        return question(*args, **more)

    return answer


@pytest.fixture
def head(monkeypatch: pytest.MonkeyPatch) -> list[Head]:
    """The journal's head, to be changed by the test; ``journal.after`` tells every position up to it."""
    where = [Head(EPOCH, 10)]
    monkeypatch.setattr(hubs, "asked", answers)
    monkeypatch.setattr(guards, "asked", answers)
    monkeypatch.setattr(journal, "head", lambda: where[0])
    monkeypatch.setattr(
        journal, "after", lambda at, upto, limit: [event(n) for n in range(at + 1, upto + 1)][:limit]
    )
    return where


def test_a_lost_ring_is_made_good_from_the_journal(head: list[Head], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "READ", 7)
    bench = Bench()
    _line, wire = bench.live()
    head[0] = Head(EPOCH, 40)
    run(bench.hub._look())

    assert positions(wire) == list(range(11, 41))


def test_another_history_lets_everybody_start_over(head: list[Head]) -> None:
    bench = Bench()
    _line, wire = bench.live()
    head[0] = Head("another", 3)
    run(bench.hub._look())

    assert [frame["op"] for frame in wire.frames] == ["reset"]
    assert (bench.hub.epoch, bench.hub.position) == ("another", 3)


def test_who_follows_is_told_when_nobody_can_read_the_journal_or_stamp_it(
    head: list[Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    _line, wire = bench.live()
    monkeypatch.setattr(hubs, "BLIND", 0.0)
    bench.hub._sees_nothing()
    bench.hub._sees_nothing()
    run(bench.hub._look())
    head[0] = Head(EPOCH, 10, delayed=True)
    run(bench.hub._look())
    head[0] = Head(EPOCH, 10)
    run(bench.hub._look())

    assert [frame["op"] for frame in wire.frames] == ["stale", "fresh", "stale", "fresh"]


@pytest.mark.parametrize("place", [10 + journal.SPAN + 1, 3], ids=["far ahead", "gone back"])
def test_a_hub_that_cannot_follow_lets_those_start_over_who_know_no_more(
    head: list[Head], place: int
) -> None:
    bench = Bench()
    _line, wire = bench.live()
    shown, shown_wire = bench.line()  # it took its snapshot at the new place before the hub looked
    reading, reading_wire = bench.line()
    bench.hub.join(shown, QUEUE)
    bench.hub.channels[QUEUE.audience].catching[shown] = Catching(None, upto=place)
    bench.hub.join(reading, QUEUE)
    late, late_wire = bench.line()
    bench.hub.join(late, QUEUE)
    head[0] = Head(EPOCH, place + 2)  # two more have happened by the time the hub looks
    run(bench.hub._look())
    bench.hub.begin(reading, QUEUE, place + 1)
    bench.hub.begin(late, QUEUE, place - 1)  # its reading is of before
    bench.tell(place + 3)

    assert [frame["op"] for frame in wire.frames] == ["reset"]
    assert positions(shown_wire) == [place + 1, place + 2, place + 3]
    assert positions(reading_wire) == [place + 2, place + 3]
    assert [frame["op"] for frame in late_wire.frames] == ["reset"]


def test_who_was_shown_a_quiet_topic_long_ago_starts_over_with_the_hub(head: list[Head]) -> None:
    bench = Bench()
    line, wire = bench.line()
    bench.hub.join(line, QUEUE)
    bench.hub.begin(line, QUEUE, 12)
    head[0] = Head(EPOCH, 13 + journal.SPAN)
    run(bench.hub._look())

    assert [frame["op"] for frame in wire.frames] == ["reset"]


def test_one_reading_serves_everybody_who_asks_before_anything_changes(
    head: list[Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def snapshot(topic: topics.Topic) -> View:
        read.append(topic)
        return View(EPOCH, 10, [])

    monkeypatch.setattr(stream, "snapshot", snapshot)
    bench = Bench()
    line, _wire = bench.line()
    channel = bench.hub.join(line, QUEUE)

    async def ask() -> None:
        await asyncio.gather(*(channel.snapshot() for _n in range(200)))
        assert len(read) == 1
        bench.tell(11)
        await channel.snapshot()
        assert len(read) == 2
        head[0] = Head(EPOCH, 20 + journal.SPAN)  # too far to be told what changed
        await bench.hub._look()
        await channel.snapshot()
        assert len(read) == 3

    run(ask())


def test_a_checksum_is_told_at_the_place_it_is_of(head: list[Head], monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    _line, wire = bench.live()
    channel = bench.hub.channels[QUEUE.audience]
    settled: list[View | None] = [View(EPOCH, 10, [{"id": "a", "version": 1}]), None, View(EPOCH, 12, [])]
    monkeypatch.setattr(stream, "settled", lambda topic: settled.pop(0))

    async def check() -> None:
        assert await bench.guard._check(channel)
        assert not await bench.guard._check(channel)  # the topic is ahead of the journal
        later = asyncio.create_task(bench.guard._check(channel))
        await asyncio.sleep(0.05)
        assert not later.done()  # of a place that the hub has not told yet
        bench.tell(11, 12)
        async with bench.hub._moved:
            bench.hub._moved.notify_all()
        assert await later

    run(check())
    assert [(it["rows"], it["cursor"]) for it in wire.told("checksum")] == [(1, "e.10"), (0, "e.12")]
    assert wire.told("checksum")[0]["digest"] == stream.digest([{"id": "a", "version": 1}])


def test_what_hangs_beside_it_does_not_delay_the_look_at_rights(
    head: list[Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that waits for the hub is not in the way, and the look comes back after everybody had gone."""
    monkeypatch.setattr(guards, "ROUND", 0.01)
    bench = Bench()
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)

    async def hang() -> None:
        await asyncio.sleep(3600)

    async def watch() -> None:
        monkeypatch.setattr(bench.guard, "_rights", look)
        monkeypatch.setattr(bench.guard, "_checksums", hang)
        line, _wire = bench.live()
        bench.guard.watch()
        await asyncio.sleep(0.2)
        assert len(looks) > 5
        bench.hub.forget(line)
        await asyncio.sleep(0.05)
        looks.clear()
        bench.live()
        bench.guard.watch()
        await asyncio.sleep(0.2)
        assert len(looks) > 5
        for task in bench.guard._tasks.values():
            task.cancel()

    run(watch())


def test_no_checksum_of_a_place_that_has_been_passed(
    head: list[Head], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    _line, wire = bench.live()
    bench.tell(11)
    monkeypatch.setattr(stream, "settled", lambda topic: View(EPOCH, 10, []))

    async def check() -> None:
        assert not await bench.guard._check(bench.hub.channels[QUEUE.audience])

    run(check())
    assert wire.told("checksum") == []
