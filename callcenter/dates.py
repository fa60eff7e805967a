"""Dates and times as people say them, in the active language and the zone of the call centre.

Month and weekday names are our own because the framework's Azerbaijani names are capitalised and its
Russian date needs the genitive.
"""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import get_language

MONTHS: dict[str, tuple[str, ...]] = {
    "az": (
        "yanvar", "fevral", "mart", "aprel", "may", "iyun",
        "iyul", "avqust", "sentyabr", "oktyabr", "noyabr", "dekabr",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
}  # fmt: skip
MONTHS_SHORT: dict[str, tuple[str, ...]] = {
    "az": ("yan", "fev", "mar", "apr", "may", "iyn", "iyl", "avq", "sen", "okt", "noy", "dek"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "ru": ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
}
WEEKDAYS: dict[str, tuple[str, ...]] = {
    "az": ("bazar ertəsi", "çərşənbə axşamı", "çərşənbə", "cümə axşamı", "cümə", "şənbə", "bazar"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ru": ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
}


def language() -> str:
    """The active language if we have its names, else English."""
    code = (get_language() or "az")[:2]
    return code if code in MONTHS else "en"


def _local(value: dt.datetime | dt.date) -> dt.datetime | dt.date:
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def day_words(value: dt.datetime | dt.date | None, year: str = "auto") -> str:
    """Day as "24 noyabr"; the year when it is not this year, or with ``"always"`` (to citizens)."""
    if not value:
        return ""
    local = _local(value)
    words = f"{local.day} {MONTHS[language()][local.month - 1]}"
    if year == "always" or (year == "auto" and local.year != timezone.localdate().year):
        words += f" {local.year}"
    return words


def day_short(value: dt.datetime | dt.date | None) -> str:
    """Day as "24 noy" for narrow columns and charts."""
    if not value:
        return ""
    local = _local(value)
    return f"{local.day} {MONTHS_SHORT[language()][local.month - 1]}"


def weekday_words(value: dt.datetime | dt.date | None) -> str:
    return WEEKDAYS[language()][_local(value).weekday()] if value else ""


def clock(value: dt.datetime | None) -> str:
    """Time as "15:44", 24-hour, in the zone of the call centre."""
    return _local(value).strftime("%H:%M") if value else ""


def due_words(value: dt.datetime | None, year: str = "auto") -> str:
    """Due instant in words: "24 noyabr, 15:44"."""
    return f"{day_words(value, year)}, {clock(value)}" if value else ""
