"""May this actor do that? One question, asked by every door and inside every command."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser

from agencies.models import Agency, Referral, Service, Unit
from events.errors import Denied
from intake.models import Contact

from .models import User
from .policy import POLICY, Action, Relation
from .visibility import works_in


def may(actor: User | AnonymousUser, action: Action, record: Any = None) -> bool:
    """True when the policy table grants ``action``; for a record, in the relation it asks for.

    Without a record the answer is about the role alone ("is there any record for which").
    """
    if not isinstance(actor, User) or not actor.is_active:
        return False
    return any(
        actor.role in grant.roles and (record is None or _stands(actor, grant.relation, record))
        for grant in POLICY.get(action, ())
    )


def require(actor: User | AnonymousUser, action: Action, record: Any = None) -> None:
    """Raise ``Denied`` unless ``may``."""
    if not may(actor, action, record):
        raise Denied(action=str(action))


def _stands(actor: User, relation: Relation, record: Any) -> bool:
    match relation, record:
        case Relation.ANY, _:
            return True
        case Relation.OWN_QUEUE, Referral() | Service():
            return works_in(actor, record.unit)
        case Relation.OWN_QUEUE, Unit():
            return works_in(actor, record)
        case Relation.OWN_QUEUE, Agency():
            return any(unit.agency_id == record.pk for unit in actor_units(actor))
        case Relation.ON_BEHALF, Referral() | Unit():
            return record.agency.scope == "external"
        case Relation.OWN, Contact():
            return record.operator_id == actor.pk
    return False


def actor_units(actor: User) -> list[Unit]:
    return [membership.unit for membership in actor.memberships.select_related("unit")]
