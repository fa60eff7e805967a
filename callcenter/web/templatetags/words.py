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
    """"7 wd" as "7 working days"."""
    return words.target(code)


@register.filter
def phone_words(number: str) -> str:
    """+994501234567 as people say it."""
    return phone_display(number)
