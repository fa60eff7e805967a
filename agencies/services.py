"""The verbs of a referral. They expect locked rows; ``workflows.actions`` locks and moves the process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from events import clock
from events.errors import Invalid, StaleVersion, together
from intake.models import Application
from intake.services import body
from people.reference import find

from .errors import NotTaken, ReasonRequired, Taken, TakenByYou
from .lifecycle import OPEN, REFERRAL, ReferralState, path
from .models import Answer, Hold, Reason, Referral, Unit


@dataclass(frozen=True)
class Asked:
    """What one unit is asked: whether it leads, what it may see, and by when its answer is due."""

    unit: Unit
    is_lead: bool
    disclosed: Sequence[str]
    due_at: datetime
    warn_at: datetime


def request(
    *, application: Application, parts: Iterable[Asked], why: str, replaces: Referral | None = None
) -> list[Referral]:
    """Ask units to act."""
    return Referral.objects.bulk_create(
        Referral(
            application=application,
            unit=part.unit,
            agency_id=part.unit.agency_id,
            subtopic_id=application.subtopic_id,
            is_lead=part.is_lead,
            priority=application.priority,
            why=why,
            disclosed=list(part.disclosed),
            replaces=replaces,
            requested_at=clock.now(),
            due_at=part.due_at,
            warn_at=part.warn_at,
        )
        for part in parts
    )


def lock(referral: UUID) -> Referral:
    """Lock a referral and its process; after the application, where that is locked too (one fixed order).

    What may have changed while we waited must not be joined here: only locked rows are read anew
    after the wait, a joined assignee would be the one of before. ``waited`` says whether any unit
    of the application ever was on hold; it can be relied on where the application is locked too.
    """
    return (
        Referral.objects.select_for_update(no_key=True, of=("self", "process"))
        .annotate(waited=Exists(Hold.objects.filter(referral__application=OuterRef("application"))))
        .select_related("unit", "agency", "process")
        .get(pk=referral, process__status__isnull=False)
    )


def check_version(referral: Referral, version: int | None) -> None:
    if version is not None and version != referral.version:
        raise StaleVersion(yours=version, current=referral.version)


def claim(referral: Referral, *, actor: Any, version: int | None = None) -> None:
    """Take it. Raises ``Taken`` with the name of who has it, ``IllegalMove`` when it is finished.

    Who has it says more than that the version is old, therefore the version is looked at last.
    """
    if not referral.is_open:
        REFERRAL.check(ReferralState(referral.state), ReferralState.ACCEPTED)
    if referral.assignee is not None:
        refusal = TakenByYou if referral.assignee == actor else Taken
        raise refusal(referral.assignee.display)
    check_version(referral, version)
    _write(referral, assignee=actor)


def hold_by(referral: Referral, *, actor: Any) -> dict[str, Any]:
    """The change that makes ``actor`` hold it: none when he does, ``Taken`` when somebody else does."""
    if referral.assignee_id == actor.pk:
        return {}
    if referral.assignee is not None and referral.is_open:
        raise Taken(referral.assignee.display)
    return {"assignee": actor}


def release(referral: Referral) -> None:
    """Give it back to the queue."""
    if referral.assignee_id is None:
        raise NotTaken
    _write(referral, assignee=None)


def advance(
    referral: Referral, target: ReferralState, *, by: Any = None, **changes: Any
) -> list[ReferralState]:
    """Walk the state table to ``target`` and write ``changes``; return the states passed through.

    ``by`` is who ends a wait with it; nobody when its time was up.
    """
    before = ReferralState(referral.state)
    steps = path(before, target)
    if target not in OPEN:
        changes["finished_at"] = clock.now()
    _write(referral, state=target, **changes)
    if before == ReferralState.ON_HOLD:  # whatever comes next ends the wait, in the same instant
        Hold.objects.filter(referral=referral, ended_at=None).update(ended_at=clock.now(), ended_by=by)
    return steps


def hold(
    referral: Referral, *, actor: Any, reason: Reason, until: datetime, note: str, **changes: Any
) -> list[ReferralState]:
    """Wait for somebody else, for a coded reason and up to ``until``; return the states passed through."""
    steps = advance(referral, ReferralState.ON_HOLD, by=actor, **changes)
    Hold.objects.create(
        referral=referral, reason=reason, note=note, started_at=clock.now(), until=until, by=actor
    )
    return steps


def hand_lead_on(application: UUID) -> Referral | None:
    """The lead was taken away: the open part that was asked first leads now. None when there is none."""
    parts = Referral.objects.open().filter(application=application).select_related("unit")
    heir = parts.select_for_update(no_key=True, of=("self",)).order_by("requested_at", "id").first()
    if heir is not None:
        _write(heir, is_lead=True)
    return heir


def reschedule(referral: Referral, *, due_at: datetime, warn_at: datetime) -> None:
    """Show other instants in the lists; the clock itself is ``sla``'s."""
    _write(referral, due_at=due_at, warn_at=warn_at)


def answer(referral: Referral, *, actor: Any, outcome: str, text: str, **changes: Any) -> list[ReferralState]:
    """Answer and complete; the text is what the citizen will be told."""
    chosen, words = together(
        lambda: reason_of_kind(outcome, "completed", field="outcome"),
        lambda: body("text", text, required=True),
    )
    steps = advance(referral, ReferralState.COMPLETED, by=actor, reason=chosen, **changes)
    Answer.objects.create(referral=referral, outcome=chosen, text=words, by=actor, at=clock.now())
    return steps


def raise_priority(referral: Referral, priority: str) -> None:
    """Make it as urgent as its application has become."""
    _write(referral, priority=priority)


def reason_of_kind(code: Any, kind: str, *, field: str = "reason", note: str = "") -> Reason:
    """The coded reason, checked: known, of this kind, with a note where it asks for one."""
    found = find(Reason, code, kind=kind)
    if found is None:
        sentence = _("Choose an outcome.") if kind == "completed" else _("Choose a reason from the list.")
        raise ReasonRequired(errors={field: [sentence]}, code="reason_required")
    if found.needs_note and kind != "completed" and not note.strip():
        raise Invalid.field("text", _("This reason needs a few words of explanation."), code="note_required")
    return found


def unit_by_code(code: Any, *, field: str) -> Unit:
    """An active unit, or ``Invalid`` for this field."""
    found = find(Unit, code)
    if found is None:
        raise Invalid.field(field, _("There is no such unit."), code="unknown_unit")
    return found


def _write(referral: Referral, **changes: Any) -> None:
    referral.version += 1
    for field, value in changes.items():
        setattr(referral, field, value)
    referral.save(update_fields=["version", *changes])
