"""When what time allows has changed: reckon the clocks anew, show it in the lists, tell everybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from agencies import services as referrals
from agencies.models import Hold, Referral
from events.catalog import Kind
from events.publish import publish
from intake import services as intake
from intake.models import Application
from sla import services as sla
from sla.models import Clock

from .news import application_news, referral_news


def refresh(application: UUID, *, actor: Any = None, row: Referral | None = None) -> None:
    """Reckon a locked application's clocks anew: a wait began or ended, or a part came or went beside one.

    The application is read anew, because the engine may have moved it on another object.
    """
    whole = Application.objects.get(pk=application)
    show(whole, sla.refresh(whole), actor=actor, row=row)


def has_waited(application: UUID) -> bool:
    """Did any of its units ever wait? If not, coming and going parts change no clock."""
    return Hold.objects.filter(referral__application=application).exists()


def show(
    application: Application, moved: Iterable[Clock], *, actor: Any = None, row: Referral | None = None
) -> None:
    """Copy the instants of clocks that moved into the lists, and tell of each record they are of.

    ``row`` is the referral that the command has in hand: it must not be written behind its back.
    """
    shares: dict[Any, Clock] = {}
    news = []
    for it in moved:
        if it.measure == "resolution" and (it.due_at, it.warn_at) != (
            application.due_at,
            application.warn_at,
        ):
            intake.reschedule(application, due_at=it.due_at, warn_at=it.warn_at)
            news.append(application_news(Kind.APPLICATION_RESCHEDULED, application, actor=actor))
        elif it.measure == "resolve":
            shares[it.referral_id] = it
    for referral in _locked(shares, row):
        share = shares[referral.pk]
        if (share.due_at, share.warn_at) != (referral.due_at, referral.warn_at):
            referrals.reschedule(referral, due_at=share.due_at, warn_at=share.warn_at)
            news.append(referral_news(Kind.REFERRAL_RESCHEDULED, referral, actor=actor))
    if news:
        publish(news)


def _locked(shares: dict[Any, Clock], row: Referral | None) -> Iterable[Referral]:
    """The referrals of these shares, locked in one order."""
    rows = Referral.objects.select_for_update(no_key=True, of=("self",)).select_related("unit")
    others = [pk for pk in shares if row is None or pk != row.pk]
    return [
        *([row] if row is not None and row.pk in shares else []),
        *(rows.filter(pk__in=others).order_by("pk") if others else []),
    ]
