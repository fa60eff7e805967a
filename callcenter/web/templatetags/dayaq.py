"""Presentation tags: icons, state words, dates and durations as people say them.

Nothing here decides anything. Instants and working seconds arrive ready from the SLA code; these tags only
put them into words in the active language.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, widgets
from django.http import QueryDict
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from callcenter import dates

from ._words import js_word_table

register = template.Library()

# State of a clock or a task: icon and word always go together, the colour class only repeats them.
STATES: dict[str, tuple[str, str]] = {
    "ontime": ("ok", _noop("On time")),
    "soon": ("half", _noop("Due soon")),
    "late": ("late", _noop("Late")),
    "paused": ("pause", _noop("On hold")),
    "crisis": ("crisis", _noop("Crisis")),
    "info": ("bell", _noop("New")),
    "none": ("list", _noop("Cancelled")),
}
NOTE_ICONS = {"info": "ask", "ontime": "ok", "soon": "half", "late": "late", "crisis": "crisis"}


def workday_seconds() -> int:
    """Length of one working day: the unit of "2 working days 3 h" (09:00-18:00 without the lunch hour)."""
    return int(getattr(settings, "DAYAQ_WORKDAY_SECONDS", 8 * 3600))


# --- icons and states ---------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "") -> SafeString:
    """An icon of the sprite. Without a label it is decoration and hidden from screen readers."""
    href = f"{static('dayaq/icons.svg')}#i-{name}"
    classes = f"ic {cls}".strip()
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', classes, href)


@register.filter
def state_icon(state: str) -> str:
    return STATES.get(str(state), STATES["none"])[0]


@register.filter
def state_word(state: str) -> str:
    return _(STATES[str(state)][1]) if str(state) in STATES else str(state)


@register.filter
def note_icon(kind: str) -> str:
    return NOTE_ICONS.get(str(kind), "ask")


# --- dates and durations ------------------------------------------------------------------------------------


for said in (dates.day_words, dates.day_short, dates.weekday_words, dates.clock, dates.due_words):
    register.filter(said.__name__, said)


@register.filter
def iso(value: dt.datetime | None) -> str:
    """UTC instant for ``datetime`` attributes and scripts; never shown to a person."""
    if not value:
        return ""
    return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.filter
def span_words(seconds: float | str | None) -> str:
    """Working seconds as "2 iş günü 3 s" or "1 s 18 dəq": the two largest units, minutes rounded down."""
    if seconds is None or seconds == "":
        return ""
    total = abs(int(seconds))
    days, rest = divmod(total, workday_seconds())
    hours, minutes = rest // 3600, rest % 3600 // 60
    if days:
        first = _("%(n)s working day") if days == 1 else _("%(n)s working days")
        parts = [first % {"n": days}]
        if hours:
            parts.append(_("%(n)s h") % {"n": hours})
        return " ".join(parts)
    if hours:
        return f"{_('%(n)s h') % {'n': hours}} {_('%(n)s min') % {'n': f'{minutes:02d}'}}"
    return _("%(n)s min") % {"n": minutes}


@register.filter
def left_words(seconds: float | str | None) -> str:
    """Remainder of a clock: "qalıb 2 iş günü 3 s", below zero "1 iş günü 2 s keçib"."""
    if seconds is None or seconds == "":
        return ""
    words = span_words(seconds)
    return (_("%(span)s left") if float(seconds) >= 0 else _("%(span)s over")) % {"span": words}


@register.filter
def grouped(value: int | str | None) -> str:
    """1234 as "1.234" (az), "1,234" (en), "1 234" (ru); nothing measured is a dash, never a zero."""
    if value is None or value == "":
        return "–"
    mark = {"az": ".", "ru": "\u00a0"}.get(dates.language(), ",")
    return f"{int(value):,}".replace(",", mark)


# --- links, forms, data for scripts -------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def url_with(context: template.Context, **changes: Any) -> str:
    """The present query string with some values changed; an empty value removes the key."""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag
def widget(field: BoundField, describedby: str = "", **attrs: Any) -> SafeString:
    """Draw a form control with the class of its kind; names in ``attrs`` use ``_`` for ``-``."""
    control = field.field.widget
    extra = {key.replace("_", "-"): value for key, value in attrs.items()}
    if isinstance(control, widgets.CheckboxInput):
        kind = "form-check-input"
    elif isinstance(control, (widgets.RadioSelect, widgets.CheckboxSelectMultiple)):
        kind = "choices"
    elif isinstance(control, widgets.Select):
        kind = "form-select"
    else:
        kind = "form-control"
    extra["class"] = " ".join(filter(None, [kind, control.attrs.get("class"), extra.get("class")]))
    if describedby:
        extra["aria-describedby"] = " ".join(filter(None, [field.aria_describedby, describedby]))
    return field.as_widget(attrs=extra)


@register.filter
def is_choice(field: BoundField) -> bool:
    """Radio and checkbox groups are a fieldset with a legend, not a label with one control."""
    return isinstance(field.field.widget, (widgets.RadioSelect, widgets.CheckboxSelectMultiple))


@register.filter
def is_check(field: BoundField) -> bool:
    return isinstance(field.field.widget, widgets.CheckboxInput)


@register.filter
def grouped_choices(field: BoundField) -> list[dict[str, Any]]:
    """The options of a grouped list by their heading, with how many of them are chosen."""
    drawn = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})
    return [
        {"heading": heading, "options": options, "chosen": sum(option["selected"] for option in options)}
        for heading, options, _place in drawn["widget"]["optgroups"]
    ]


@register.simple_tag
def js_words() -> dict[str, str]:
    """Words the scripts say. Use with ``json_script``: a data block is not a script for the policy."""
    return {
        **js_word_table(),
        **{f"state_{name}": _(word) for name, (_icon, word) in STATES.items()},
        **{f"icon_{name}": icon_name for name, (icon_name, _word) in STATES.items()},
        "sprite": static("dayaq/icons.svg"),
        "workday": str(workday_seconds()),
    }


@register.inclusion_tag("parts/_stackbar.html")
def stackbar(label: str, segments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One bar of shares: segments of ``{"value": n, "cls": "f1".."f4"}``. Needs a list or table beside it."""
    items = [dict(segment) for segment in segments if segment["value"] > 0]
    total = sum(item["value"] for item in items) or 1
    x = 0.0
    for item in items:
        item["x"], item["width"] = f"{x:.2f}", f"{max(item['value'] / total * 100 - 0.6, 0.4):.2f}"
        x += item["value"] / total * 100
    return {"label": label, "segments": items}


@register.simple_tag
def current_language() -> str:
    return dates.language()


@register.simple_tag
def sprite_url() -> str:
    return mark_safe(static("dayaq/icons.svg"))  # noqa: S308 - our own static address
