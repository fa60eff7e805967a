"""The desk: the person who calls, the conversation, the application, and the call that confirms it."""

from __future__ import annotations

from .application import preview, register, topics
from .calls import confirmations
from .contact import change_contact, finalise
from .page import desk
from .people import add_person, person, search

__all__ = [
    "add_person",
    "change_contact",
    "confirmations",
    "desk",
    "finalise",
    "person",
    "preview",
    "register",
    "search",
    "topics",
]
