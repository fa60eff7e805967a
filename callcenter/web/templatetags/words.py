"""Filters that put codes into words: ``{{ row.state|stage }}``."""

from __future__ import annotations

from django import template

from callcenter import words
from people.text import phone_display

register = template.Library()


@register.filter
def stage(state: str) -> str:
    """Stage of a referral."""
    return words.of(words.STAGES, state)


@register.filter
def application_state(state: str) -> str:
    return words.of(words.APPLICATION_STATES, state)


@register.filter
def urgency(code: str) -> str:
    return words.of(words.URGENCY, code)


@register.filter
def policy_words(code: str) -> str:
    return words.of(words.POLICIES, code)


@register.filter
def field_name(code: str) -> str:
    """Name of a field of an application, as the need-to-know list calls it."""
    return words.of(words.FIELDS, code)


@register.filter
def target_words(code: str) -> str:
    """ "7 wd" as "7 working days"."""
    return words.target(code)


@register.filter
def phone_words(number: str) -> str:
    """+994501234567 as people say it."""
    return phone_display(number)


# How an event looks in the list of what happened: colour of its node, and icon. They repeat the words.
LOOKS: dict[str, tuple[str, str]] = {
    "application.registered": ("", "phone"),
    "application.routed": ("info", "right"),
    "application.sent_to_triage": ("soon", "swap"),
    "application.triaged": ("info", "swap"),
    "application.answered": ("ontime", "merge"),
    "application.confirmed": ("ontime", "ok"),
    "application.disputed": ("late", "chat"),
    "application.unreachable": ("soon", "phone"),
    "application.reopened": ("info", "sync"),
    "application.withdrawn": ("paused", "out"),
    "application.entered_in_error": ("paused", "x"),
    "referral.requested": ("info", "send"),
    "referral.claimed": ("", "user"),
    "referral.released": ("paused", "list"),
    "referral.accepted": ("ontime", "ok"),
    "referral.started": ("ontime", "play"),
    "referral.rejected": ("late", "back"),
    "referral.completed": ("ontime", "check"),
    "referral.failed": ("late", "x"),
    "referral.cancelled": ("paused", "x"),
    "referral.replaced": ("info", "swap"),
    "referral.held": ("paused", "pause"),
    "referral.resumed": ("ontime", "play"),
    "referral.rescheduled": ("info", "cal"),
    "referral.raised": ("soon", "up"),
    "application.extended": ("info", "cal"),
    "application.rescheduled": ("info", "cal"),
    "application.raised": ("soon", "up"),
    "clock.warned": ("soon", "half"),
    "clock.breached": ("late", "late"),
    "clock.contested": ("info", "chat"),
    "escalation.opened": ("soon", "flag"),
    "escalation.settled": ("ontime", "ok"),
}


@register.filter
def event_look(kind: str) -> str:
    return LOOKS.get(kind, ("", "list"))[0]


@register.filter
def event_icon(kind: str) -> str:
    return LOOKS.get(kind, ("", "list"))[1]
