"""The spans of a clock gathered the way people tell them: runs of work, days off, waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby

from sla.arithmetic import BAKU, Stretch

RUN, OFF, WAIT = "run", "off", "wait"
KINDS = {"counted": RUN, "night": RUN, "weekend": OFF, "holiday": OFF, "paused": WAIT}
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Block:
    """Neighbouring stretches that are told together; ``kind`` is ``run``, ``off`` or ``wait``."""

    kind: str
    stretches: tuple[Stretch, ...]

    @property
    def start(self) -> datetime:
        return self.stretches[0].start

    @property
    def end(self) -> datetime:
        return self.stretches[-1].end

    @property
    def names(self) -> tuple[str, ...]:
        """What its stretches are called, each once; a plain weekend has no name."""
        return tuple(dict.fromkeys(it.name for it in self.stretches if it.name))

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last local day that it touches."""
        return local_day(self.start), local_day(self.end - MOMENT)


def blocks(stretches: Iterable[Stretch]) -> Iterator[Block]:
    """Blocks in order of time. A weekend belongs to the run around it, unless it touches a holiday."""
    for kind, found in groupby(_told(stretches), key=lambda pair: pair[0]):
        yield Block(kind, tuple(stretch for _, stretch in found))


def _told(stretches: Iterable[Stretch]) -> Iterator[tuple[str, Stretch]]:
    for kind, group in groupby(stretches, key=lambda it: KINDS[it.kind]):
        found = list(group)
        plain = kind == OFF and all(it.kind == "weekend" for it in found)
        yield from ((RUN if plain else kind, it) for it in found)


def between(stretches: Iterable[Stretch], begin: datetime, end: datetime) -> list[Stretch]:
    """The part of the stretches that lies between two instants, with the seconds that count in it."""
    cut = (
        replace(it, start=max(it.start, begin), end=min(it.end, end))
        for it in stretches
        if it.start < end and it.end > begin
    )
    return [replace(it, seconds=counted(it, it.end)) for it in cut]


def counted(stretch: Stretch, instant: datetime) -> int:
    """The seconds of a stretch that had counted by an instant: where it counts, every second does."""
    if stretch.kind != "counted" or instant <= stretch.start:
        return 0
    return int((min(instant, stretch.end) - stretch.start).total_seconds())


def holidays(stretches: Iterable[Stretch]) -> list[Block]:
    """Blocks of official days off, without the weekends at their edges."""
    return [Block(OFF, _trimmed(block.stretches)) for block in blocks(stretches) if block.kind == OFF]


def _trimmed(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    places = [place for place, it in enumerate(stretches) if it.kind == "holiday"]
    return stretches[places[0] : places[-1] + 1]


def by_day(stretches: Iterable[Stretch]) -> Iterator[tuple[date, datetime, datetime]]:
    """What counts, day by day: the local day, and from when to when something counts in it."""
    pieces = (piece for it in stretches if it.kind == "counted" for piece in _at_midnights(it))
    for day, group in groupby(pieces, key=lambda piece: local_day(piece[0])):
        found = list(group)
        yield day, found[0][0], found[-1][1]


def _at_midnights(stretch: Stretch) -> Iterator[tuple[datetime, datetime]]:
    begin = stretch.start
    while begin < stretch.end:
        end = min(stretch.end, midnight(local_day(begin) + timedelta(days=1)))
        yield begin, end
        begin = end


def local_day(instant: datetime) -> date:
    return instant.astimezone(BAKU).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BAKU)
