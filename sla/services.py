"""The verbs of clocks. They expect the application locked; ``workflows.actions`` locks and tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from agencies.models import Referral
from events import clock
from events.errors import Conflict, Invalid
from intake.models import Application

from . import calendars, histories
from .almanac import Book
from .arithmetic import BAKU, Calendar, extended, is_round_the_clock
from .ledger import Terms, due_under
from .models import Change, Clock, Firing
from .plans import Plan, attach, put, timing
from .policy import Extension, Policy

TAKEN_ON, BEGUN = ("accept", "first_answer"), ("accept", "first_action", "first_answer")


# --- starting and stopping ---------------------------------------------------------------------------


def start(plan: Plan, application: Application, shares: Iterable[tuple[Referral, list[Clock]]] = ()) -> None:
    """Start the promises of the application, and the shares of its referrals, in one statement."""
    rows = attach(plan.promises(), application)
    if application.closed_at is not None:  # it was over: new clocks beside the old ones, which stay
        instance = 1 + (application.clocks.aggregate(last=Max("instance"))["last"] or 0)
        for row in rows:
            row.instance = instance
    Clock.objects.bulk_create(rows + _shares(application, shares))


def start_shares(application: Application, shares: Iterable[tuple[Referral, list[Clock]]]) -> None:
    """Start the shares of units that are asked later; the promise goes on."""
    Clock.objects.bulk_create(_shares(application, shares))


def _shares(application: Application, shares: Iterable[tuple[Referral, list[Clock]]]) -> list[Clock]:
    return [row for referral, rows in shares for row in attach(rows, application, referral)]


def start_forwarding(plan: Plan, application: Application) -> None:
    """Start the law's clock to forward a misdirected appeal (Law 1308-IVQ, 7.10), unless it runs."""
    row = plan.clock("legal_forward")
    running = application.clocks.filter(measure="legal_forward", stopped_at=None)
    if row is not None and not running.exists():
        Clock.objects.bulk_create(attach([row], application))


def meet(application: Any, measures: Sequence[str], referral: Referral | None = None) -> None:
    """Stop the running clocks of these measures: those of the application, and of this referral only."""
    mine = Q(referral=None) if referral is None else Q(referral=None) | Q(referral=referral)
    _stop(Clock.objects.filter(mine, application=application, measure__in=measures))


def stop(application: Any, referrals: Iterable[Referral] | None = None) -> None:
    """Stop every running clock of the application, or only the shares of these referrals."""
    rows = Clock.objects.filter(application=application)
    _stop(rows if referrals is None else rows.filter(referral__in=[row.pk for row in referrals]))


def _stop(rows: QuerySet[Clock]) -> None:
    """Stop the running ones among these, locked in the order of their keys as ``refresh`` does.

    Two units of one application act without a common lock, and both stop its first answer.
    """
    running = rows.filter(stopped_at=None).order_by("pk").select_for_update(no_key=True)
    locked = running.values("pk")[:MANY]  # only a limited subquery keeps its order
    Clock.objects.filter(pk__in=locked).update(stopped_at=clock.now(), next_at=None, paused_until=None)


MANY = 10_000  # clocks of one application: never as many


# --- waiting ----------------------------------------------------------------------------------------


def end_of_wait(referral: Referral, reason: str, until: datetime | None) -> datetime:
    """When a wait that begins now ends: at ``until``, or as late as the policy allows.

    Raises ``Invalid`` when the policy knows no such wait, or ``until`` is past or later than it allows.
    """
    policy = histories.policy_of(referral.clocks.get(measure="resolve"))
    latest = latest_ends(policy, referral.unit.path).get(reason)
    if latest is None:
        raise Invalid.field(
            "reason", _("This cannot wait: its promise runs on whatever happens."), code="no_wait"
        )
    if until is None:
        return latest
    if until <= clock.now():
        raise Invalid.field("until", _("A wait ends in the future."), code="in_the_past")
    if until > latest:
        limit = localtime(latest, BAKU)
        raise Invalid.field(
            "until",
            _("A wait for this reason lasts until %(day)s at most.") % {"day": f"{limit:%d.%m.%Y %H:%M}"},
            code="too_long",
        )
    return until


def latest_ends(policy: Policy, path: Sequence[str]) -> dict[str, datetime]:
    """The latest end of a wait that begins now, by reason, in the hours of this unit; empty in a crisis."""
    calendar, present = calendars.calendar(path), clock.now()
    return {reason: calendar.due(present, wait.longest).due_at for reason, wait in policy.waits.items()}


# --- new instants -------------------------------------------------------------------------------------


def refresh(application: Application) -> list[Clock]:
    """Reckon the running clocks of an application anew from its history; return those that changed.

    To be called after a hold began or ended, a part came or went while another is held, and after
    new terms. Nothing is reset by it: what has elapsed is the history's, and what has fired stays,
    also what fires just now: the sweep waits for nobody, so the clocks are locked before they are read.
    """
    locked = Clock.objects.select_for_update(no_key=True).filter(application=application, stopped_at=None)
    running = histories.with_changes(locked.order_by("pk"))
    rows = sorted(running, key=lambda row: (row.referral_id is not None, row.pk))
    changed = _reckon(rows, histories.referrals_of(application))
    Clock.objects.bulk_update(changed, COMPUTED)
    return changed


COMPUTED = ["warn_at", "due_at", "instants", "provisional", "next_at", "paused_until"]


def _reckon(rows: Sequence[Clock], referrals: Sequence[Referral]) -> list[Clock]:
    """Put new instants into the running clocks of one application, promises first; return the changed."""
    changed, ceiling, present = [], None, clock.now()
    for row in rows:
        waited = histories.pauses(row, referrals)
        path = histories.path_of(row, referrals)
        found = timing(
            histories.terms_of(row, path),
            waited,
            row.levels,
            target=row.target,
            calendar=histories.calendar_of(row, path),
        )
        if row.capped and ceiling is not None:
            found = found.capped(ceiling)
        before = (list(row.instants), row.provisional, row.paused_until)
        put(row, found)
        row.paused_until = histories.paused_until(waited, present)
        if row.measure == "resolution":
            ceiling = row.due_at
        if (row.instants, row.provisional, row.paused_until) != before:
            changed.append(row)
    return changed


def extend(application: Application, *, reason: str, text: str, actor: Any) -> list[Clock]:
    """Give the promise and the limit by law more time for a legal reason; return the clocks that moved.

    What units still owe goes with them. Raises ``Invalid`` for a reason that the policy does not know
    or that gives no more time, ``Conflict`` after the breach or when it was extended for it before.
    """
    rows = _to_extend(application)
    promise = _promise(rows)
    if promise is None:
        raise Conflict(_("No promise is running: nothing can be extended."), code="no_promise")
    ground = histories.policy_of(promise).extensions.get(reason)
    if ground is None:
        raise Invalid.field("reason", _("Choose a legal reason from the list."), code="unknown_extension")
    if reason in _used(rows):
        raise Conflict(_("It was already extended for this reason."), code="already_extended")
    if promise.due_at <= clock.now():
        raise Conflict(
            _("The promised time has passed. It can be contested, not extended."), code="already_broken"
        )
    target = _extended(rows, promise, ground)
    if target is None:
        raise Invalid.field("reason", _("This reason gives no more time than there is."), code="no_extension")
    wanted = [row for row in rows if longer(row.target, Extension(to=target))]
    changes = [_change(row, "extended", row.calendar_version_id, target=target) for row in wanted]
    for change in changes:
        change.reason, change.text, change.by = reason, text, actor
    return _apply(application, changes)


@dataclass(frozen=True)
class Offer:
    """A legal reason that may still be used: its article, the new target, and the due instant then."""

    reason: str
    basis: str
    target: str
    due_at: datetime


def offers(application: Any) -> list[Offer]:
    """What ``extend`` would do for each reason by which the promise gains time; nothing after the breach."""
    rows = _to_extend(application)
    promise = _promise(rows)
    if promise is None or promise.due_at <= clock.now():
        return []
    waited = histories.pauses(promise, histories.referrals_of(application))
    found = []
    for reason, ground in histories.policy_of(promise).extensions.items():
        target = None if reason in _used(rows) else _extended(rows, promise, ground)
        if target and longer(promise.target, Extension(to=target)):
            terms = [*histories.terms_of(promise, ()), _terms(promise, target)]
            due_at = due_under(terms, waited).due_at
            if due_at is not None:
                found.append(Offer(reason, ground.basis, target, due_at))
    return found


def _terms(row: Clock, target: str) -> Terms:
    """From now on this target, in the calendar that the promise runs by."""
    return Terms(clock.now(), *histories.calendar_of(row).allowance(row.started_at, target))


def _to_extend(application: Any) -> list[Clock]:
    measures = ["resolution", "legal_answer", "resolve"]
    rows = Clock.objects.filter(application=application, stopped_at=None, measure__in=measures)
    return list(histories.with_changes(rows))


def _promise(rows: Iterable[Clock]) -> Clock | None:
    return next((row for row in rows if row.measure == "resolution"), None)


def _used(rows: Iterable[Clock]) -> set[str]:
    """The reasons for which it was extended before: each counts once."""
    return {change.reason for row in rows for change in row.changes.all()}


def _extended(rows: Iterable[Clock], promise: Clock, ground: Extension) -> str | None:
    """The target after an extension of the limit by law, or of the promise where the law sets none."""
    limit = next((row for row in rows if row.measure == "legal_answer"), promise)
    return longer(limit.target, ground)


def longer(target: str, ground: Extension) -> str | None:
    """The target after an extension, or None when it gives no more time."""
    try:
        return extended(target, to=ground.to, add=ground.add)
    except ValueError:
        return None


def _change(row: Clock, kind: str, calendar_version: int, *, target: str = "") -> Change:
    """New terms from now on; ``due_after`` is filled in when they have been reckoned."""
    return Change(
        clock=row,
        kind=kind,
        at=clock.now(),
        target_before=row.target,
        target=target or row.target,
        calendar_before_id=row.calendar_version_id,
        calendar_version_id=calendar_version,
        due_before=row.due_at,
        due_after=row.due_at,
    )


def _apply(application: Application, changes: Sequence[Change]) -> list[Clock]:
    """Write new terms and reckon under them."""
    Change.objects.bulk_create(changes)
    for change in changes:
        change.clock.target = change.target
        change.clock.calendar_version_id = change.calendar_version_id
    Clock.objects.bulk_update([change.clock for change in changes], ["target", "calendar_version"])
    moved = {row.pk: row for row in refresh(application)}
    for change in changes:
        change.due_after = moved[change.clock_id].due_at if change.clock_id in moved else change.due_before
    Change.objects.bulk_update(changes, ["due_after"])
    return list(moved.values())


# --- another calendar ---------------------------------------------------------------------------------

SOME = 500  # running clocks looked at together


@dataclass(frozen=True)
class Moved:
    """A running clock to which another calendar makes a difference, if only to its warning."""

    clock: Clock
    due_before: datetime
    due_after: datetime
    provisional: bool

    @property
    def is_told(self) -> bool:
        """Does the promise itself move, or become a guess or a certainty?"""
        return (self.due_before, self.clock.provisional) != (self.due_after, self.provisional)


def moved_by(book: Book) -> list[Moved]:
    """The running clocks that a proposed calendar would move, in order of their due instants. Writes nothing.

    A share that ends with the promise moves with it and is not told of by itself.
    """
    running = Clock.objects.filter(stopped_at=None, capped=False).select_related("application")
    rows = histories.with_changes(running.order_by("application", "id")).iterator(SOME)
    found: list[Moved] = []
    while some := list(islice(rows, SOME)):
        known = histories.referrals_by_application(row.application_id for row in some)
        moved = (_moved(row, known[row.application_id], book.calendar) for row in some)
        found += [it for it in moved if it is not None and it.is_told]
    return sorted(found, key=lambda it: (it.due_before, it.clock.pk))


def _moved(
    row: Clock, referrals: Sequence[Referral], calendar_of: Callable[[Sequence[str]], Calendar]
) -> Moved | None:
    """What another calendar from now on makes of a clock; None when it makes no difference."""
    if is_round_the_clock(row.target):
        return None  # no calendar counts it
    path = histories.path_of(row, referrals)
    calendar = calendar_of(path)
    terms = histories.terms_of(row, path)
    terms.append(Terms(clock.now(), *calendar.allowance(row.started_at, row.target)))
    waited = histories.pauses(row, referrals)
    found = timing(terms, waited, row.levels, target=row.target, calendar=calendar)
    if (list(found.instants), found.provisional) == (row.instants, row.provisional):
        return None
    return Moved(row, row.due_at, found.due_at, found.provisional)


def outdated(limit: int) -> list[Any]:
    """Applications with clocks that still run by an earlier calendar than the one in force."""
    earlier = Clock.objects.filter(stopped_at=None, calendar_version__lt=calendars.version())
    found = earlier.order_by("calendar_version").values_list("application", flat=True)[:limit]
    return list(dict.fromkeys(found))


def recalendar(application: Application) -> list[Clock]:
    """Let the running clocks of an application run by the calendar in force; return those that moved."""
    number, referrals = calendars.version(), histories.referrals_of(application)
    earlier = Clock.objects.filter(application=application, stopped_at=None, calendar_version__lt=number)
    rows = list(histories.with_changes(earlier))
    moved = [it for row in rows if (it := _moved(row, referrals, calendars.calendar))]
    earlier.exclude(pk__in=[it.clock.pk for it in moved]).update(calendar_version=number)
    return _apply(application, [_change(it.clock, "calendar", number) for it in moved])


# --- after a breach -----------------------------------------------------------------------------------


def consequences(firing: Firing) -> tuple[str, ...]:
    """What the policy of its clock says about this level."""
    return histories.policy_of(firing.clock).consequences(firing.clock.measure, firing.level)


def was_broken_before(firing: Firing) -> bool:
    """Has another clock of the same measure, of another unit perhaps, been broken and dealt with before?"""
    others = Firing.objects.filter(level=firing.level, pending=False).exclude(pk=firing.pk)
    clock_ = firing.clock
    return others.filter(clock__application=clock_.application_id, clock__measure=clock_.measure).exists()


def settle(firing: Firing, *, text: str, actor: Any) -> None:
    """Say what was done about a breach that was escalated."""
    firing.settlement, firing.settled_by, firing.settled_at = text, actor, clock.now()
    firing.save(update_fields=["settlement", "settled_by", "settled_at"])


def contest(firing: Firing, *, text: str, actor: Any) -> None:
    """Contest a breach, with a reason. It is never undone: the objection stands beside it.

    Raises ``Invalid`` for a warning, ``Conflict`` when it is contested already.
    """
    if not firing.is_breach:
        raise Invalid.field("level", _("Only a breach can be contested."), code="not_a_breach")
    if firing.contested_at is not None:
        raise Conflict(_("It is contested already."), code="already_contested")
    firing.contest, firing.contested_by, firing.contested_at = text, actor, clock.now()
    firing.save(update_fields=["contest", "contested_by", "contested_at"])
