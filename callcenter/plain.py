"""What an operator reads out to the citizen about the promised time: plain, polite, no more than we know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from callcenter import words
from callcenter.clocks import ClockSight
from callcenter.dates import clock, day_words
from callcenter.stretches import Block, holidays

# The legal reasons for more time, as the call centre calls them.
GROUNDS: words.Words = {
    "additional_study": gettext_lazy("Additional study is needed"),
    "information_requested": gettext_lazy("Information was requested from another body"),
}
NAMED = 3  # more days off than an ear can keep are told as such
ENDINGS = {0: "cu", 1: "ci", 2: "ci", 3: "cü", 4: "cü", 5: "ci", 6: "cı", 7: "ci", 8: "ci", 9: "cu"}
TENS = {10: "cu", 20: "ci", 30: "cu", 40: "cı", 50: "ci", 60: "cı", 70: "ci", 80: "ci", 90: "cı"}


def sentence(promise: ClockSight) -> str:
    """The sentences about one promise to the citizen, in the active language."""
    if promise.stopped_at is not None:
        return " ".join(_over(promise, promise.stopped_at))
    if promise.state == "broken":
        return " ".join(_late(promise))
    return " ".join([*_running(promise), *_guessed(promise)])


def letter(reason: str, due: datetime) -> str:
    """What the citizen is told when the promise gets more time for a legal reason; to be edited."""
    return _(
        "%(why)s. The law gives more time for this: your application has to be answered by %(when)s. "
        "Thank you for your patience."
    ) % {"why": words.of(CITIZEN_GROUNDS, reason), "when": moment(due)}


# The same reasons, as the citizen is told them.
CITIZEN_GROUNDS: words.Words = {
    "additional_study": gettext_lazy("Your question needs additional study"),
    "information_requested": gettext_lazy("Your question needs information from another body"),
}


def moment(instant: datetime) -> str:
    """ "8 dekabr 2026-cı il saat 18:00": a word such as "by" may stand before or an ending behind it."""
    return _("%(time)s on %(day)s") % {"day": day(instant), "time": clock(instant)}


def day(instant: datetime) -> str:
    """ "8 dekabr 2026-cı il", "8 December 2026", "8 декабря 2026 года"."""
    said, language = day_words(instant, "always"), (get_language() or "az")[:2]
    if language == "az":
        return f"{said}-{ending(int(said[-4:]))} il"
    return f"{said} года" if language == "ru" else said


def ending(year: int) -> str:
    """The ending that makes a number of a year an ordinal in Azerbaijani: 2026-cı, 2030-cu."""
    if year % 10:
        return ENDINGS[year % 10]
    return TENS.get(year % 100, "cü" if year % 1000 else "ci")


def days_words(first: date, last: date) -> str:
    """ "7–10 noyabr", "30 oktyabr – 6 noyabr", "9 noyabr"."""
    if first == last:
        return day_words(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day_words(last)}"
    return f"{day_words(first)} – {day_words(last)}"


# --- sentences ----------------------------------------------------------------------------------------------


def _over(promise: ClockSight, stopped: datetime) -> Iterator[str]:
    yield _("The work on your application ended on %(day)s.") % {"day": day(stopped)}
    if promise.state == "broken":
        yield _("It took longer than we had promised; we are sorry.")


def _late(promise: ClockSight) -> Iterator[str]:
    yield _("Your application had to be answered by %(when)s.") % {"when": moment(promise.due)}
    yield _("That time has passed; we are sorry. The work on your application goes on.")


def _running(promise: ClockSight) -> Iterator[str]:
    if promise.state == "paused" and promise.paused_until is not None:
        yield _("We are waiting for an answer from you; the time stands still.")
        yield _("It goes on when you have answered, and waits until %(until)s at the latest.") % {
            "until": moment(promise.paused_until)
        }
        return
    extended = [change for change in promise.changes if change.kind == "extended"]
    if extended:
        reason = words.of(CITIZEN_GROUNDS, extended[-1].reason)
        yield _("%(why)s, and the law gives more time for this.") % {"why": reason}
    yield _("Your application has to be answered by %(when)s.") % {"when": moment(promise.due)}
    if not extended:
        yield _given(promise)


def _given(promise: ClockSight) -> str:
    if promise.round_the_clock:
        return _("This time runs day and night, on days off as well.")
    target, days = words.target(promise.target), [_off(block) for block in holidays(promise.spans)]
    if not days:
        return _("%(target)s are given for this; rest days are not counted.") % {"target": target}
    if len(days) > NAMED:
        return _("%(target)s are given for this; rest days and holidays are not counted.") % {
            "target": target
        }
    return _("%(target)s are given for this; rest days and %(days)s are not counted.") % {
        "target": target,
        "days": _listed(days),
    }


def _off(block: Block) -> str:
    told = days_words(*block.days)
    return f"{told} ({', '.join(block.names)})" if block.names else told


def _listed(items: list[str]) -> str:
    if len(items) == 1:
        return items[0]
    return _("%(some)s and %(last)s") % {"some": ", ".join(items[:-1]), "last": items[-1]}


def _guessed(promise: ClockSight) -> Iterator[str]:
    if promise.provisional and promise.state == "running":
        yield _("The holidays of that year are not confirmed yet, so the date may still move.")
