"""Logging contacts and registering applications."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from events import clock
from events.errors import Invalid, StaleVersion
from people import text as text_rules
from people.models import Person
from people.reference import find
from people.services import checked

from . import selectors
from .errors import ContactFinalised
from .lifecycle import APPLICATION, CONTACT, ApplicationState, ContactState
from .models import Application, Channel, Contact, Direction, Disposition, Subtopic, SuggestionOutcome

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FACT_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FACT_LIMIT = 40
# Who may read and who may not be asked depends on these: another kind of value would go unheard.
FACT_KINDS = {"consents": list, "complained_about": str}


def start_contact(
    *,
    operator_id: int,
    channel: str = Channel.PHONE,
    direction: str = Direction.IN,
    caller: Person | None = None,
    concerning: Person | None = None,
    number: str = "",
    verification: int = 0,
    notes: str = "",
) -> Contact:
    """Open a contact: somebody is on the line."""
    return Contact.objects.create(
        channel=channel,
        direction=direction,
        state=ContactState.ACTIVE,
        caller=caller,
        concerning=concerning or caller,
        number=checked("number", text_rules.phone, number) if number else "",
        verification=_level(verification),
        notes=body("notes", notes),
        operator_id=operator_id,
        started_at=clock.now(),
    )


@transaction.atomic
def change_contact(*, contact: UUID, version: int | None, changes: dict[str, Any]) -> Contact:
    """Change an unfinished contact. Raises ``ContactFinalised`` or ``StaleVersion``."""
    row = Contact.objects.select_for_update(no_key=True).get(pk=contact)
    if row.state == ContactState.FINALISED:
        raise ContactFinalised
    if version is not None and version != row.version:
        raise StaleVersion(yours=version, current=row.version)
    if "notes" in changes:
        row.notes = body("notes", changes["notes"])
    if "verification" in changes:
        row.verification = _level(changes["verification"])
    if "state" in changes:
        CONTACT.check(ContactState(row.state), ContactState(changes["state"]))
        row.state = changes["state"]
    for field in ("caller", "concerning"):
        if field in changes:
            setattr(row, field, changes[field])
    row.version += 1
    row.save()
    return row


@transaction.atomic
def finalise_contact(*, contact: UUID, disposition: str, notes: str | None = None) -> Contact:
    """End a contact with its disposition; from then on it is a record."""
    row = Contact.objects.select_for_update(no_key=True).get(pk=contact)
    CONTACT.check(ContactState(row.state), ContactState.FINALISED)
    known = find(Disposition, disposition)
    if known is None:
        raise Invalid.field("disposition", _("Choose how the contact ended."), code="unknown_disposition")
    if notes is not None:
        row.notes = body("notes", notes)
    row.disposition = known
    row.state = ContactState.FINALISED
    row.finalised_at = clock.now()
    row.version += 1
    row.save()
    return row


def register(
    *,
    actor_id: int,
    person: Person,
    contact: Contact | None,
    subtopic: Subtopic,
    text: str,
    facts: dict[str, Any],
    synthetic: bool = False,
) -> Application:
    """Give an application its number and tracking code. Where it goes is the workflow's business."""
    present = clock.now()
    words, answers = body("text", text, required=True), clean_facts(facts)  # refused before a number is drawn
    application = Application.objects.create(
        number=_next_number(present.year),
        tracking_code=new_tracking_code(),
        person=person,
        contact=contact,
        subtopic=subtopic,
        text=words,
        facts=answers,
        priority=subtopic.urgency,
        registered_by_id=actor_id,
        registered_at=present,
        synthetic=synthetic,
    )
    _record_suggestions(application)
    return application


def _record_suggestions(application: Application) -> None:
    """Write down what was suggested for the text beside what the operator chose."""
    number, found = selectors.suggested(application.text)
    codes = [code for code, _confidence in found]
    chosen = application.subtopic_id
    SuggestionOutcome.objects.create(
        application=application,
        model_id=number,
        suggested=[[code, round(confidence, 3)] for code, confidence in found],
        chosen_id=chosen,
        rank=codes.index(chosen) + 1 if chosen in codes else None,
    )


def lock(application: UUID) -> Application:
    """Lock the application, first of all rows (order: application, referral, process, task).

    The process is not joined: it may have changed while we waited (see ``agencies.services.lock``).
    """
    return (
        Application.objects.select_for_update(no_key=True, of=("self",))
        .select_related("subtopic__topic", "person__district", "contact")
        .get(pk=application)
    )


def lock_of_referral(referral: UUID) -> Application:
    """Lock the application a referral belongs to, in one statement."""
    return Application.objects.select_for_update(no_key=True, of=("self",)).get(referrals=referral)


def check_version(application: Application, version: int | None) -> None:
    if version is not None and version != application.version:
        raise StaleVersion(yours=version, current=application.version)


def move(application: Application, target: ApplicationState, **changes: Any) -> None:
    """Move a locked application and write ``changes`` with it. Raises ``IllegalMove``."""
    state = ApplicationState(application.state)
    if state != target:
        APPLICATION.check(state, target)
    if target in (ApplicationState.CLOSED, ApplicationState.WITHDRAWN, ApplicationState.ENTERED_IN_ERROR):
        changes["closed_at"] = clock.now()
    _change(application, state=target, **changes)


def reschedule(application: Application, *, due_at: datetime, warn_at: datetime) -> None:
    """Show other instants of the promise in the lists; the clock itself is ``sla``'s."""
    _change(application, due_at=due_at, warn_at=warn_at)


def raise_priority(application: Application, priority: str) -> None:
    """Make a locked application more urgent."""
    _change(application, priority=priority)


def _change(application: Application, **changes: Any) -> None:
    application.version += 1
    for field, value in changes.items():
        setattr(application, field, value)
    application.save(update_fields=["version", *changes])


def body(field: str, value: str, *, required: bool = False) -> str:
    """A citizen's or an officer's text: cleaned, at most 1500 user-perceived characters."""
    cleaned = checked(field, text_rules.clean, value or "")
    if required and not cleaned:
        raise Invalid.field(field, _("Write a few words here."), code="required")
    if not text_rules.fits(cleaned):
        raise Invalid.field(field, _("At most 1500 characters. Shorten the text."), code="too_long")
    return cleaned


def clean_facts(facts: Any) -> dict[str, Any]:
    """Facts are few, named in plain words, and flat: text, number, yes or no, or a list of texts."""
    if not isinstance(facts, dict) or len(facts) > FACT_LIMIT:
        raise Invalid.field("facts", _("Facts are a short list of names and values."), code="facts")
    cleaned = {_fact_name(name): _fact_value(value) for name, value in facts.items()}
    for name, kind in FACT_KINDS.items():
        if cleaned.get(name) is not None and not isinstance(cleaned[name], kind):
            sentence = _("“consents” is a list of codes, “complained_about” one code.")
            raise Invalid.field("facts", sentence, code="facts")
    return cleaned


def _fact_name(name: Any) -> str:
    if not isinstance(name, str) or not FACT_NAME.fullmatch(name):
        raise Invalid.field("facts", _("A fact's name is small letters, digits and _."), code="facts")
    return name


def _fact_value(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int() if abs(value) < 10**9:
            return value
        case str() if len(value) <= 300:
            return checked("facts", text_rules.clean_line, value)
        case list() if len(value) <= 20 and all(isinstance(item, str) and len(item) <= 60 for item in value):
            return [checked("facts", text_rules.clean_line, item) for item in value]
    raise Invalid.field("facts", _("A fact is a short text, a number, yes or no, or a list."), code="facts")


def _level(value: Any) -> int:
    if value not in (0, 1, 2, 3):
        raise Invalid.field("verification", _("The level of identity is 0, 1, 2 or 3."), code="verification")
    return int(value)


def _next_number(year: int) -> str:
    """The next registration number. A sequence: gaps are possible, waiting for each other is not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('intake_application_number')")
        return f"VET-{year}-{cursor.fetchone()[0]:06d}"


def new_tracking_code() -> str:
    """80 random bits in Crockford's base 32, in four groups; says nothing about the application."""
    letters = "".join(secrets.choice(CROCKFORD) for _ in range(16))
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))
