"""What an actor can see at all. Every read that reaches a person starts here."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet

from agencies.models import Referral, Unit
from agencies.selectors import below
from intake.models import Application, Contact
from people.models import Person

from .models import User
from .roles import AGENCY, CALL_CENTRE, Role

Actor = User | AnonymousUser


def own_units(actor: User) -> frozenset[str]:
    """Codes of the units the actor belongs to; read once per user object (one request, one socket check)."""
    known: frozenset[str] | None = actor.__dict__.get("_own_units")
    if known is None:
        known = frozenset(actor.memberships.values_list("unit_id", flat=True))
        actor.__dict__["_own_units"] = known
    return known


def works_in(actor: User, unit: Unit) -> bool:
    """Does the actor belong to this unit or to one above it?"""
    return not own_units(actor).isdisjoint(unit.path)


def units_for(actor: Actor) -> QuerySet[Unit]:
    """Units whose queues the actor may open."""
    if not isinstance(actor, User):
        return Unit.objects.none()
    if actor.role in CALL_CENTRE:
        return Unit.objects.all()
    if actor.role in AGENCY:
        return below(own_units(actor))
    return Unit.objects.none()


def referrals_for(actor: Actor) -> QuerySet[Referral]:
    if not isinstance(actor, User):
        return Referral.objects.none()
    if actor.role in CALL_CENTRE:
        return Referral.objects.all()
    if actor.role == Role.CLINICIAN:
        return Referral.objects.filter(subtopic__topic__health=True)
    if actor.role in AGENCY:
        return Referral.objects.filter(unit__in=list(below(own_units(actor)).values_list("pk", flat=True)))
    return Referral.objects.none()


def applications_for(actor: Actor) -> QuerySet[Application]:
    if not isinstance(actor, User):
        return Application.objects.none()
    if actor.role in CALL_CENTRE:
        return Application.objects.all()
    if actor.role == Role.CLINICIAN:
        return Application.objects.filter(subtopic__topic__health=True)
    if actor.role in AGENCY:
        return Application.objects.filter(Exists(referrals_for(actor).filter(application=OuterRef("pk"))))
    return Application.objects.none()


def people_for(actor: Actor) -> QuerySet[Person]:
    """People by search and by id: the call centre and clinicians. An agency sees a person only
    through a referral, as far as the referral's disclosure goes."""
    if isinstance(actor, User) and actor.role in CALL_CENTRE | {Role.CLINICIAN}:
        return Person.objects.all()
    return Person.objects.none()


def contacts_for(actor: Actor) -> QuerySet[Contact]:
    if isinstance(actor, User) and actor.role in CALL_CENTRE:
        return Contact.objects.all()
    return Contact.objects.none()
