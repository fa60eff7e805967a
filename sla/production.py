"""The production calendar of a year, as the Labour Code and the Cabinet make it. Plain Python.

The Cabinet publishes the days of Novruz, Qurban and Ramazan; articles 105 and 108 of the Labour
Code say which other days are off or an hour shorter; then the Cabinet may exchange days. So a
year's calendar is the rule, and after it the table of what the Cabinet ordered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from .arithmetic import DayKind

_ONE = timedelta(days=1)
_REST = (5, 6)  # Saturday and Sunday, the weekly rest days of the five-day week


class Name(NamedTuple):
    """What something is called in the languages of the product."""

    az: str
    en: str
    ru: str

    def said(self, language: str) -> str:
        """The name in ``az``, ``en`` or ``ru``; any other language reads Azerbaijani."""
        return {"en": self.en, "ru": self.ru}.get(language, self.az)


@dataclass(frozen=True)
class Day:
    """A day that is not plain: off, worked by order of the Cabinet, or an hour shorter.

    ``kind`` is ``holiday``, ``mourning``, ``moved_off``, ``cabinet_off``, ``cabinet_work`` or
    ``shortened``; ``shortened`` is also true of a ``cabinet_work`` day before a holiday.
    """

    kind: str
    name: Name
    shortened: bool = False

    @property
    def works(self) -> bool:
        return self.kind in ("cabinet_work", "shortened")

    @property
    def day_kind(self) -> DayKind:
        """What it means for the reckoning of time."""
        return DayKind(works=self.works, shortened=self.shortened)


class CalendarError(ValueError):
    """The data cannot be right. ``code`` names the mistake, the others where it is.

    ``key`` is the list, year, unit or name of hours that it is in, ``text`` what stands there
    instead of something readable.
    """

    code = "calendar"

    def __init__(self, message: str, day: date | None = None, *, key: str = "", text: str = "") -> None:
        super().__init__(message)
        self.day, self.key, self.text = day, key, text


class UnknownKey(CalendarError):
    code = "unknown_key"


class NotADay(CalendarError):
    code = "not_a_day"


class OutsideYear(CalendarError):
    code = "outside_year"


class DayTwice(CalendarError):
    code = "day_twice"


class AlreadyWorked(CalendarError):
    code = "already_worked"


class AlreadyOff(CalendarError):
    code = "already_off"


# Fixed by law (Labour Code, article 105); the religious days and Novruz are announced year by year.
FIXED: Mapping[tuple[int, int], Name] = {
    (1, 1): Name("Yeni il bayramı", "New Year", "Новый год"),
    (1, 2): Name("Yeni il bayramı", "New Year", "Новый год"),
    (3, 8): Name("Qadınlar günü", "Women's Day", "Женский день"),
    (5, 9): Name("Faşizm üzərində qələbə günü", "Day of Victory over Fascism", "День Победы над фашизмом"),
    (5, 28): Name("Müstəqillik Günü", "Independence Day", "День независимости"),
    (6, 15): Name(
        "Azərbaycan xalqının Milli Qurtuluş günü",
        "National Salvation Day",
        "День национального спасения азербайджанского народа",
    ),
    (6, 26): Name(
        "Azərbaycan Respublikasının Silahlı Qüvvələri günü",
        "Armed Forces Day",
        "День Вооружённых сил Азербайджанской Республики",
    ),
    (11, 8): Name("Zəfər Günü", "Victory Day", "День Победы"),
    (11, 9): Name(
        "Azərbaycan Respublikasının Dövlət bayrağı günü",
        "State Flag Day",
        "День государственного флага Азербайджанской Республики",
    ),
    (12, 31): Name(
        "Dünya azərbaycanlılarının həmrəyliyi günü",
        "Day of Solidarity of World Azerbaijanis",
        "День солидарности азербайджанцев всего мира",
    ),
}
NOVRUZ = tuple((3, day) for day in range(20, 25))  # the usual five days, when a year does not name them
GROUPS: Mapping[str, Name] = {
    "novruz": Name("Novruz bayramı", "Novruz", "Новруз"),
    "ramazan": Name("Ramazan bayramı", "Ramazan", "Рамазан"),
    "qurban": Name("Qurban bayramı", "Qurban", "Гурбан"),
}
RELIGIOUS = ("ramazan", "qurban")
MOURNING = Name("Ümumxalq Hüzn Günü", "Day of National Mourning", "День всенародной скорби")
HOLIDAY = Name("Bayram günü", "Holiday", "Праздничный день")
MOVED = Name("Köçürülmüş istirahət günü", "Moved day of rest", "Перенесённый день отдыха")
CABINET_OFF = Name(
    "Nazirlər Kabinetinin qərarı ilə istirahət günü",
    "Day of rest by order of the Cabinet",
    "День отдыха по решению Кабинета Министров",
)
CABINET_WORK = Name(
    "Nazirlər Kabinetinin qərarı ilə iş günü",
    "Working day by order of the Cabinet",
    "Рабочий день по решению Кабинета Министров",
)
SHORTENED = Name(
    "Bir saat qısaldılmış iş günü",
    "Working day shorter by one hour",
    "Рабочий день, сокращённый на один час",
)

OVERRIDES = ("cabinet_off", "cabinet_work")
PUBLISHED = ("moved_off", "shortened", "working_days")  # kept for the record: the rule yields them
KEYS = frozenset(("holidays", "mourning", *GROUPS, *OVERRIDES, *PUBLISHED))


def moved_days(
    holidays: Collection[date], religious: Collection[date] = (), *, off: Collection[date] = ()
) -> set[date]:
    """The days that become days off because a holiday took nothing from the working week.

    A weekly rest day that coincides with a non-working holiday moves to the next working day
    (Labour Code 105.5); if a day of Qurban or Ramazan coincides with another holiday, the next
    working day is off (105.6). ``holidays`` are the others, ``religious`` those two; a day that is
    in both on a Sunday yields two days. ``off`` are days off that do not move, as 20 January.
    """
    others, feasts = set(holidays), set(religious)
    reasons = [day for day in others | feasts if day.weekday() in _REST]
    reasons += others & feasts
    free = others | feasts | set(off)
    moved: set[date] = set()
    for day in sorted(reasons):
        while day.weekday() in _REST or day in free or day in moved:
            day += _ONE
        moved.add(day)
    return moved


def shortened_days(before: Iterable[date], works: Mapping[date, bool]) -> set[date]:
    """The working days that end an hour early (Labour Code, article 108).

    ``before`` are the holidays and 20 January, ``works`` the days that differ from the five-day
    week. Only the very day before counts, as published: no Friday before a Monday's holiday.
    """
    eves = {day - _ONE for day in before}
    return {eve for eve in eves if works.get(eve, eve.weekday() not in _REST)}


def year_calendar(year: int, year_data: Mapping[str, Any]) -> dict[date, Day]:
    """The days of ``year`` that are not plain, in order; raises a ``CalendarError`` for wrong data.

    ``year_data`` has ``holidays`` (all of them), ``mourning``, which of the holidays are ``novruz``,
    ``ramazan`` and ``qurban``, and the Cabinet's ``cabinet_off`` and ``cabinet_work``. The moved
    days are reckoned, never read; 31 December and 1-2 January reach over the end of the year.
    """
    unknown = sorted(set(map(str, year_data)) - KEYS)
    if unknown:
        raise UnknownKey(f"{year}: unknown {', '.join(unknown)}", key=unknown[0])
    listed = {key: _dates(year, key, year_data) for key in sorted(KEYS - {"working_days"})}
    names = _names(year, listed)
    mourning = set(listed["mourning"])
    for day in sorted(mourning & set(listed["holidays"])):
        raise DayTwice(f"{day} both a holiday and a day of mourning", day, key="mourning")
    ruled = {day: Day("mourning", MOURNING) for day in mourning}
    ruled |= {day: Day("holiday", name) for day, name in names.items()}
    ruled |= {day: Day("moved_off", MOVED) for day in _moved_in(year, listed, names)}
    final = ruled | _overrides(listed, ruled)
    for eve in shortened_days([*names, *mourning], {day: found.works for day, found in final.items()}):
        if eve.year == year:
            worked = final.get(eve)
            final[eve] = (
                Day("cabinet_work", worked.name, True) if worked else Day("shortened", SHORTENED, True)
            )
    return dict(sorted(final.items()))


def _dates(year: int, key: str, year_data: Mapping[str, Any]) -> list[date]:
    """The days of one key, given as ``MM-DD``, ``YYYY-MM-DD`` or dates."""
    found: list[date] = []
    for value in year_data.get(key) or ():
        day = _date(year, key, value)
        if day.year != year:
            raise OutsideYear(f"{day} is not in {year} ({key})", day, key=key)
        if day in found:
            raise DayTwice(f"{day} twice in {key}", day, key=key)
        found.append(day)
    return found


def _date(year: int, key: str, value: Any) -> date:
    if isinstance(value, date):
        return value
    text = str(value)
    try:
        return date.fromisoformat(text if len(text) > 5 else f"{year}-{text}")
    except ValueError:
        raise NotADay(f"{year}: not a day: {text} ({key})", key=key, text=text) from None


def _names(year: int, listed: Mapping[str, list[date]]) -> dict[date, Name]:
    """Every holiday of the year with its names, two when two holidays meet."""
    names: dict[date, Name] = {}
    for day in listed["holidays"]:
        found = [FIXED[day.month, day.day]] if (day.month, day.day) in FIXED else []
        if day in _novruz(year, listed):
            found.append(GROUPS["novruz"])
        names[day] = _joined(found)
    for group in RELIGIOUS:
        for day in listed[group]:
            known = names.get(day, HOLIDAY)
            names[day] = _joined([*([] if known == HOLIDAY else [known]), GROUPS[group]])
    for day in listed["novruz"]:
        names.setdefault(day, GROUPS["novruz"])
    return names


def _joined(names: list[Name]) -> Name:
    if not names:
        return HOLIDAY
    return Name(*("; ".join(spellings) for spellings in zip(*names, strict=True)))


def _novruz(year: int, listed: Mapping[str, list[date]]) -> set[date]:
    return set(listed["novruz"]) or {date(year, month, day) for month, day in NOVRUZ}


def _moved_in(year: int, listed: Mapping[str, list[date]], names: Mapping[date, Name]) -> set[date]:
    """Articles 105.5 and 105.6 for one year, with the fixed holidays on both sides of it."""
    religious = {day for group in RELIGIOUS for day in listed[group]}
    others = {
        day
        for day in names
        if day not in religious or (day.month, day.day) in FIXED or day in _novruz(year, listed)
    }
    beside = {date(year - 1, 12, 31), date(year + 1, 1, 1), date(year + 1, 1, 2)}
    moved = moved_days(others | beside, religious, off=listed["mourning"])
    return {day for day in moved if day.year == year}


def _overrides(listed: Mapping[str, list[date]], ruled: Mapping[date, Day]) -> dict[date, Day]:
    """What the Cabinet ordered, each order refused that says nothing or contradicts another."""
    both = sorted(set(listed["cabinet_off"]) & set(listed["cabinet_work"]))
    if both:
        raise DayTwice(f"{both[0]} both off and worked by the Cabinet", both[0], key="cabinet_work")
    for day in listed["cabinet_work"]:
        if day not in ruled and day.weekday() not in _REST:
            raise AlreadyWorked(f"{day} is worked anyway", day, key="cabinet_work")
    for day in listed["cabinet_off"]:
        if day in ruled or day.weekday() in _REST:
            raise AlreadyOff(f"{day} is off anyway", day, key="cabinet_off")
    off = {day: Day("cabinet_off", CABINET_OFF) for day in listed["cabinet_off"]}
    return off | {day: Day("cabinet_work", CABINET_WORK) for day in listed["cabinet_work"]}


def day_kinds(days: Mapping[date, Day]) -> dict[date, DayKind]:
    """The days as ``arithmetic.Calendar`` takes them."""
    return {day: found.day_kind for day, found in days.items()}


def day_names(days: Mapping[date, Day], language: str = "az") -> dict[date, str]:
    """The names of the days off, in ``az``, ``en`` or ``ru``, as ``arithmetic.Calendar`` takes them."""
    return {day: found.name.said(language) for day, found in days.items() if not found.works}
