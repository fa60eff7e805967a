"""What to say next: the steps of a call after ``reference/domain.md`` 5.1 [D].

The wording is a neutral draft of ours: the Call Centre and clinicians have to approve it, as the page says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from intake.models import Contact

Word = str | Promise

GREETING, EASE, IDENTITY, LISTENING, CONSENT, AGREEMENT, CLOSE = range(1, 8)

STEPS: dict[int, tuple[Word, Word]] = {
    GREETING: (
        _("Greeting, and that the call is recorded"),
        _("“Good day! Call Centre of the Ministry of Health. Our talk is recorded. I am listening to you.”"),
    ),
    EASE: (_("Is it a good moment to talk"), _("“Is it convenient for you to talk now?”")),
    IDENTITY: (
        _("Identity"),
        _("“To write this down correctly, please tell me your name, year of birth and district.”"),
    ),
    LISTENING: (
        _("Listen, repeat the need back"),
        _("“If I have understood you correctly … Is that so?”"),
    ),
    CONSENT: (
        _("Consent for each agency"),
        _("“Do you agree that we share your health details with the agencies that will deal with this?”"),
    ),
    AGREEMENT: (
        _("Agreement: number, who acts, by which date"),
        _("“Your application is registered. You will have an answer by the date I tell you now.”"),
    ),
    CLOSE: (_("“Is there anything else?”"), _("“Is there anything else? You can call us back at 9109.”")),
}


@dataclass(frozen=True)
class Step:
    """One step of the call and where it stands."""

    number: int
    title: Word
    say: Word
    state: Literal["done", "now", "next"]


def steps(contact: Contact, has_subject: bool, asks_consent: bool, *, registered: bool) -> list[Step]:
    """All steps, with the present one guessed from what has been filled in."""
    now = _present(contact, has_subject, asks_consent, registered)
    left_out = set() if asks_consent or not has_subject else {CONSENT}
    return [
        Step(number, title, say, "done" if number < now else "now" if number == now else "next")
        for number, (title, say) in STEPS.items()
        if number not in left_out
    ]


def _present(contact: Contact, has_subject: bool, asks_consent: bool, registered: bool) -> int:
    if registered:
        return AGREEMENT
    if has_subject:
        return CONSENT if asks_consent else LISTENING
    if contact.verification or contact.notes:
        return LISTENING
    return GREETING
