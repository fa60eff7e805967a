"""What people and time itself do to the clocks of a running application."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies import services as referrals
from agencies.models import Referral
from events.catalog import Kind
from events.errors import Conflict, Invalid
from events.publish import publish
from intake import services as intake
from intake.models import Application
from routing.decide import LADDER
from sla import services as sla
from sla.models import Firing
from sla.policy import RAISE, TASK
from workflows import boundaries, queue, timing
from workflows.news import application_news, clock_news, referral_news


@transaction.atomic
def extend(
    *, actor: User, application: UUID, reason: str, text: str, version: int | None = None
) -> Application:
    """Give the promise more time for a legal reason, before it is broken; ``text`` is for the citizen."""
    row = intake.lock(application)
    require(actor, Action.APPLICATION_EXTEND, row)
    intake.check_version(row, version)
    words = intake.body("text", text, required=True)
    moved = sla.extend(row, reason=reason, text=words, actor=actor)
    timing.show(row, moved, actor=actor)
    publish([application_news(Kind.APPLICATION_EXTENDED, row, actor=actor, reason=reason)])
    return row


@transaction.atomic
def contest(*, actor: User, application: UUID, firing: int, text: str) -> Firing:
    """Contest a breach, with a reason. The breach stays; the objection stands beside it."""
    row = intake.lock(application)
    found = (
        Firing.objects.select_related("clock__referral__unit")
        .filter(clock__application=row, pk=firing)
        .first()
    )
    if found is None:
        raise Invalid.field("firing", _("There is no such breach."), code="unknown_breach")
    require(actor, Action.CLOCK_CONTEST, found.clock.referral or row)
    sla.contest(found, text=intake.body("text", text, required=True), actor=actor)
    publish([clock_news(Kind.CLOCK_CONTESTED, found, row, actor=actor)])
    return found


@transaction.atomic
def escalate(firing: int) -> bool:
    """Do what the policy says about a breach: raise the priority, open a task for the supervisor.

    Once: the breach says itself that it is still to be done, and is asked again under its lock.
    """
    found = Firing.objects.select_related("clock").get(pk=firing)
    row = intake.lock(found.clock.application_id)
    found = Firing.objects.select_for_update().get(pk=firing)
    if not found.pending:
        return False
    if row.is_open:
        wanted = sla.consequences(found)
        if RAISE in wanted and not sla.was_broken_before(found):
            _raise(row)
        if TASK in wanted and not _is_looked_at(row) and boundaries.open_escalation(found):
            publish([clock_news(Kind.ESCALATION_OPENED, found, row)])
    found.pending = False
    found.save(update_fields=["pending"])
    return True


def _is_looked_at(row: Application) -> bool:
    """Does a supervisor have a task about it already? One at a time is enough to step in."""
    return queue.escalations().filter(clock__application=row).exists()


def _raise(row: Application) -> None:
    """One class more urgent, with all that is still open of it. Nothing becomes a crisis by being late."""
    place = LADDER.index(row.priority)
    if place <= 1:
        return
    raised = LADDER[place - 1]
    intake.raise_priority(row, raised)
    news = [application_news(Kind.APPLICATION_RAISED, row)]
    open_rows = Referral.objects.select_for_update(no_key=True, of=("self",)).select_related("unit")
    for referral in open_rows.filter(application=row).open().order_by("pk"):
        referrals.raise_priority(referral, raised)
        news.append(referral_news(Kind.REFERRAL_RAISED, referral))
    publish(news)


@transaction.atomic
def settle_escalation(*, actor: User, application: UUID, firing: int, text: str) -> Firing:
    """The supervisor has stepped in; ``text`` says what was done."""
    row = intake.lock(application)
    require(actor, Action.ESCALATION_SETTLE, row)
    found = queue.escalations().filter(clock__application=row, pk=firing).first()
    if found is None:
        raise Conflict(_("This escalation is settled already, or there was none."), code="no_open_task")
    sla.settle(found, text=intake.body("text", text, required=True), actor=actor)
    boundaries.settle(found, actor)
    publish([clock_news(Kind.ESCALATION_SETTLED, found, row, actor=actor)])
    return found


@transaction.atomic
def recalendar(application: UUID) -> bool:
    """Let the running clocks of an application run by the calendar in force, and tell what moved."""
    row = intake.lock(application)
    timing.show(row, sla.recalendar(row))
    return True
