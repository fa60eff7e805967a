"""One referral as its page shows it: what is asked, by when, what may be done, what may be seen and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.disclosure import reads_note
from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import applications_for, referrals_for
from agencies.lifecycle import OPEN, ReferralState
from agencies.models import Referral, Unit
from callcenter import clocks, sight, words
from callcenter.clocks import ClockSight
from callcenter.live.stream import cursor_now
from callcenter.sight import ApplicationSight, ReferralSight
from callcenter.timeline import timeline
from events.models import Event
from intake.models import Application, Document
from routing.models import Decision

from . import clock_panel, waits
from .doors import visible
from .sending import Change, Verb, VerbForm, new_key
from .times import left
from .verb_forms import referral_forms

Context = dict[str, Any]

# Always in this order and place, each with what pressing it does.
TOOLBAR = (
    ("accept", gettext_lazy("Accept"), "ok", "Q", "send"),
    ("start", gettext_lazy("Begin work"), "play", "", "send"),
    ("complete", gettext_lazy("Answer and complete"), "check", "C", "#complete-outcome"),
    ("hold", gettext_lazy("Hold"), "pause", "D", "dialog"),
    ("resume", gettext_lazy("Go on"), "play", "R", "send"),
    ("reject", gettext_lazy("Return"), "back", "G", "dialog"),
    ("fail", gettext_lazy("Mark as not carried out"), "x", "", "dialog"),
    ("release", gettext_lazy("Release"), "", "B", "send"),
    ("cancel", gettext_lazy("Cancel the referral"), "", "", "dialog"),
)
NEXT_STEP = {
    ReferralState.REQUESTED: "accept",
    ReferralState.ACCEPTED: "start",
    ReferralState.IN_PROGRESS: "complete",
    ReferralState.ON_HOLD: "resume",
}


@dataclass(frozen=True)
class Partner:
    """An agency of the same application: its stage, its clock and the outcome it shares."""

    row: ReferralSight
    open: bool
    left: int | None

    @property
    def paused(self) -> bool:
        """Does its clock stand still?"""
        return self.row.time_state == "paused"


@dataclass(frozen=True)
class Wait:
    """What the unit waits for, since when and until when, and whether its clock stands still."""

    reason: str
    since: datetime
    until: datetime
    pauses: bool
    over: bool
    left: int | None
    note: str


@dataclass(frozen=True)
class Seen:
    """A field that is open, sealed or not this unit's, with the reason."""

    name: str
    how: str
    why: str


def load(actor: User, referral: UUID) -> tuple[Referral, Application]:
    """The referral and its application, or ``NotVisible``."""
    row = visible(referrals_for(actor).select_related("unit", "agency"), referral)
    return row, visible(sight.with_parts(applications_for(actor)), row.application_id)


def context(actor: User, referral: UUID, *, typed: VerbForm | None = None, verb: str = "") -> Context:
    """Everything ``queue/_item.html`` draws. ``typed`` is the refused form of ``verb``."""
    record, application = load(actor, referral)
    whole = sight.application(actor, application)
    row = next(part for part in whole.referrals if part.id == record.pk)
    panel = clock_panel.of_referral(clocks.of_referral(actor, record), row)
    main = panel.main if panel else None
    ends = waits.ends(main, record.unit.path) if main and "hold" in row.verbs else []
    buttons = toolbar(actor, row, works=may(actor, Action.REFERRAL_WORK, record), waits=bool(ends))
    of_clocks = list(panel.verbs) if panel else []
    possible = {each.name: each for each in buttons + of_clocks if each.allowed}
    forms = referral_forms(actor, row, ends, typed=typed, verb=verb)
    forms |= clock_panel.forms_of(panel, typed=typed, verb=verb)
    return {
        "whole": whole,
        "row": row,
        "open": row.state in OPEN,
        "left": left(row.due, row.target, row.paused_until, row.path),
        "passed": panel.ledger.share if panel else None,
        "paused": row.time_state == "paused",
        "panel": panel,
        "wait": waiting(actor, record, row, main),
        "part": part_of(row, whole),
        "toolbar": buttons,
        "blocked": _blocked(buttons),
        "answer": forms.get("complete") if "complete" in row.verbs else None,
        "dialogs": [
            (each, forms[each.name])
            for each in possible.values()
            if each.opens == "dialog" and each.name != verb
        ],
        "possible": possible,
        "labels": {each.name: each.label for each in buttons + of_clocks},
        "version": row.version,
        "key": new_key(),
        "partners": partners(whole),
        "why": list(why_here(actor, row, whole)),
        "seen": list(seen(actor, row, whole)),
        "documents": names_of_documents(whole),
        "history": list(reversed(timeline(actor, application))),
        "cursor": cursor_now(),
        "inside": actor.role in CALL_CENTRE,
        "suggested": Unit.objects.filter(pk=row.suggested_unit).first() if row.suggested_unit else None,
    }


def part_of(row: ReferralSight, whole: ApplicationSight) -> Context | None:
    """Which of the parts that still count this is; None for one that another took over."""
    replaced = {part.replaces for part in whole.referrals}
    counting = [
        part.id
        for part in whole.referrals
        if part.id not in replaced and part.state != ReferralState.CANCELLED
    ]
    return {"k": counting.index(row.id) + 1, "n": len(counting)} if row.id in counting else None


def partners(whole: ApplicationSight) -> list[Partner]:
    """The agencies of the application; one that another replaced is history, not a partner."""
    replaced = {part.replaces for part in whole.referrals}
    return [
        Partner(part, part.state in OPEN, left(part.due, part.target, part.paused_until, part.path))
        for part in whole.referrals
        if part.id not in replaced
    ]


def names_of_documents(whole: ApplicationSight) -> list[str]:
    known = Document.objects.in_bulk(whole.documents)
    return [known[code].name for code in whole.documents if code in known]


def waiting(actor: User, record: Referral, row: ReferralSight, main: ClockSight | None) -> Wait | None:
    """What an open wait is about; the words are for who may read the unit's notes."""
    if row.state != ReferralState.ON_HOLD or main is None:
        return None
    hold = record.holds.select_related("reason").filter(ended_at=None).first()
    if hold is None:
        return None
    return Wait(
        reason=hold.reason.name,
        since=hold.started_at,
        until=hold.until,
        pauses=waits.policy_of(main).pauses(main.measure, hold.reason_id),
        over=main.state == "broken",
        left=left(row.due, row.target, row.paused_until, row.path),
        note=hold.note if reads_note(actor, record) else "",
    )


# --- the toolbar ------------------------------------------------------------------------------------------


def toolbar(actor: User, row: ReferralSight, *, works: bool, waits: bool) -> list[Verb]:
    """All verbs in their fixed order. Cancelling is the call centre's and does not stand before an agency.

    ``waits`` says whether the promise of this referral allows any wait.
    """
    step = NEXT_STEP.get(ReferralState(row.state))
    possible = set(row.verbs) - (set() if waits else {"hold"})
    return [
        Verb(
            name=name,
            label=str(label),
            icon=icon,
            key=key,
            opens=opens,
            allowed=name in possible,
            primary=name == step and name in possible,
            why="" if name in possible else why_not(actor, name, row, works=works),
        )
        for name, label, icon, key, opens in TOOLBAR
        if name != "cancel" or actor.role in CALL_CENTRE
    ]


def _blocked(buttons: list[Verb]) -> str:
    """The reason to say aloud when none of the working verbs is allowed."""
    working = [each for each in buttons if each.name not in ("resume", "release", "cancel")]
    return "" if any(each.allowed for each in working) else working[0].why


def why_not(actor: User, verb: str, row: ReferralSight, *, works: bool) -> str:
    """Why this verb cannot be used now, in one sentence."""
    if row.state not in OPEN:
        return _("The referral is over: %(stage)s.") % {"stage": words.of(words.STAGES, row.state)}
    if verb == "cancel":
        return _("Only a supervisor cancels a referral.")
    if verb == "resume" and row.state != ReferralState.ON_HOLD:
        return _("It is not on hold.")
    if verb == "release" and not row.assignee:
        return _("Nobody has taken it yet.")
    if not works:
        return _("The people of this agency work on it; here it is read.")
    if row.assignee and row.assignee != actor.username:
        return _("%(who)s has it. Take another one, or ask them to release it.") % {"who": row.assignee_name}
    return _wrong_stage(verb, row)


def _wrong_stage(verb: str, row: ReferralSight) -> str:
    held = row.state == ReferralState.ON_HOLD
    match verb:
        case "hold":
            return _("It is on hold already.") if held else _("Nothing pauses this promise; it cannot wait.")
        case "start" if held:
            return _("It is on hold: let it go on.")
        case "accept":
            return _("It is accepted already.")
        case "start":
            return _("Work on it has begun already.")
        case "reject":
            return _("It is accepted already: answer it, or mark it as not carried out.")
    return _("In the stage “%(stage)s” this is not possible.") % {"stage": words.of(words.STAGES, row.state)}


# --- why it is here, what may be seen -----------------------------------------------------------------------


def why_here(actor: User, row: ReferralSight, whole: ApplicationSight) -> Iterable[str]:
    """Sentences that say why this unit has it."""
    decision = (
        Decision.objects.filter(application=row.application, at__lte=row.requested_at)
        .select_related("by")
        .order_by("-id")
        .first()
    )
    if decision is not None:
        yield _why_decided(actor, decision, row)
        if decision.note and actor.role in CALL_CENTRE:
            yield decision.note
    before = next((part for part in whole.referrals if part.id == row.replaces), None)
    if before is not None and before.state != ReferralState.COMPLETED:
        yield _("It takes the place of %(unit)s (%(reason)s). The citizen's date stays.") % {
            "unit": before.unit_name,
            "reason": before.reason_name or words.of(words.STAGES, before.state),
        }


def _why_decided(actor: User, decision: Decision, row: ReferralSight) -> str:
    if decision.source == "triage":
        if decision.by is not None and actor.role in CALL_CENTRE:
            return _("Sent by hand from triage, by %(who)s.") % {"who": decision.by.display}
        return _("Sent by hand from triage.")
    if decision.source == "dispute":
        return _("The citizen says the answer did not solve it, so the same unit is asked again.")
    return _("The subject is “%(subject)s”. Rule %(rule)s, edition %(edition)s.") % {
        "subject": row.subtopic_name,
        "rule": row.why or "–",
        "edition": decision.ruleset_id or "–",
    }


def seen(actor: User, row: ReferralSight, whole: ApplicationSight) -> Iterable[Seen]:
    """The need-to-know list: what this referral opens, what is sealed, what belongs to others."""
    reasons = {
        "identity": _("to address the citizen"),
        "phone": _("to reach the citizen"),
        "district": _("to find the right place"),
        "subtopic": _("this is what is asked"),
        "text": _("needed for the answer"),
        "facts": _("needed for the answer"),
    }
    for code in row.disclosed:
        yield Seen(words.of(words.FIELDS, code), "open", reasons.get(code, ""))
    for code in ("text", "facts"):
        if code not in row.disclosed:
            yield Seen(
                words.of(words.FIELDS, code), "sealed", _("health details, no consent for this agency")
            )
    yield Seen(_("Address, FIN, answers of other agencies"), "other", _("not needed for this work"))


# --- what changed meanwhile -------------------------------------------------------------------------------


def changes_since(row: ReferralSight, version: int) -> tuple[Change, ...]:
    """What differs from the version a form was rendered from, out of the row history."""
    history = apps.get_model("agencies", "ReferralEvent")
    old = history._default_manager.filter(pgh_obj=row.id, version=version).order_by("-pgh_id").first()
    if old is None:
        return ()
    changes = []
    if old.state != row.state:
        changes.append(
            Change(_("Stage"), words.of(words.STAGES, old.state), words.of(words.STAGES, row.state))
        )
    holder = User.objects.filter(pk=old.assignee_id).first() if old.assignee_id else None
    if (holder.username if holder else "") != row.assignee:
        nobody = _("nobody")
        changes.append(
            Change(_("Taken by"), holder.display if holder else nobody, row.assignee_name or nobody)
        )
    return tuple(changes)


def changed_by(actor: User, row: ReferralSight) -> tuple[str, datetime | None]:
    """Who wrote the present version and when; people of other houses by their house's name."""
    event = Event.objects.filter(application=row.application, referral=row.id).order_by("-id").first()
    if event is None:
        return _("Somebody"), None
    person = User.objects.filter(pk=event.actor).first() if event.actor else None
    if person is None or (person.role in CALL_CENTRE and actor.role not in CALL_CENTRE):
        return str(words.CALL_CENTRE), event.at
    return person.display, event.at
