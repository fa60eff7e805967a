"""Reading units and queues."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from .lifecycle import ReferralState
from .models import Referral, Unit


def below(units: Iterable[str]) -> QuerySet[Unit]:
    """These units and everything below them."""
    return Unit.objects.filter(path__overlap=list(units))


def in_queue_of(referrals: QuerySet[Referral], unit: Unit) -> QuerySet[Referral]:
    """The referrals of a unit's queue: its own and those of the units below it.

    An agency's front desk reads one index on the agency; a unit reads its own few.
    """
    if unit.code == unit.agency_id:
        return referrals.filter(agency=unit.agency_id)
    return referrals.filter(unit__in=list(below([unit.code]).values_list("code", flat=True)))


def counting(application: UUID) -> QuerySet[Referral]:
    """The referrals that count for the join policy: not cancelled, not replaced by another."""
    return Referral.objects.filter(application=application, replaced_by=None).exclude(
        state=ReferralState.CANCELLED
    )
