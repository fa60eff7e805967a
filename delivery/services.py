"""What an agency's administrator does about its endpoints. Each is one transaction, and asks who asks."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import require
from access.policy import Action
from agencies.models import Agency
from events import clock, journal
from events.catalog import Kind
from events.errors import Conflict, Invalid, NotVisible, Sentence

from . import addresses, courier, signing
from .addresses import Unreachable
from .models import Delivery, DeliveryState, Endpoint, EndpointState, Secret
from .selectors import agencies_for, endpoints_for

ROTATION = timedelta(hours=24)  # how long the secret before stays valid
AT_MOST = 10  # endpoints of one agency

SENTENCES: dict[str, Sentence] = {
    "address": _("This is not the address of a receiver. Write it like https://system.example/dayaq."),
    "scheme": _("The address has to begin with https://."),
    "port": _("This port is not allowed: 443, or one from 1024 on."),
    "forbidden": _("This address does not lead out to the public network. Messages cannot go there."),
    "unknown": _("There is no host of this name, or it cannot be found at the moment."),
}


def add_endpoint(
    *, actor: User, agency: Agency | str, url: str, kinds: Collection[str] = ()
) -> tuple[Endpoint, str]:
    """An address to be told from now on, and the secret of its signatures, which is not shown again."""
    found = agencies_for(actor).filter(pk=agency.pk if isinstance(agency, Agency) else agency).first()
    if found is None:
        require(actor, Action.WEBHOOKS_EDIT)
        raise NotVisible
    require(actor, Action.WEBHOOKS_EDIT, found)
    unknown = sorted(set(kinds) - set(Kind))
    if unknown:
        raise Invalid.field("kinds", _("There is no such event."), code="unknown_kind")
    try:
        addresses.check(url)  # asks the network: never inside the transaction
    except Unreachable as refused:
        raise Invalid.field("url", SENTENCES[refused.code], code=f"url_{refused.code}") from None
    return _added(actor, found, url, sorted(set(kinds)))


@transaction.atomic
def _added(actor: User, agency: Agency, url: str, kinds: list[str]) -> tuple[Endpoint, str]:
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    living = Endpoint.objects.filter(agency=agency).exclude(state=EndpointState.GONE)
    if living.filter(url=url).exists():
        raise Invalid.field("url", _("This address is already there."), code="url_twice")
    if living.count() >= AT_MOST:
        raise Conflict(_("There are ten addresses already. End one that is not used."), code="too_many")
    made = Endpoint.objects.create(
        agency=agency, url=url, kinds=kinds, after=journal.head().position, created_by=actor
    )
    return made, _give_secret(made)


@transaction.atomic
def rotate_secret(*, actor: User, endpoint: UUID) -> str:
    """A new secret. The one before stays valid for a day; one that was already on its way out ends now."""
    row, now = _mine(actor, endpoint), clock.now()
    row.secrets.filter(expires_at__gt=now).update(expires_at=now)
    row.secrets.filter(expires_at=None).update(expires_at=now + ROTATION)
    return _give_secret(row)


def _give_secret(endpoint: Endpoint) -> str:
    secret = signing.new_secret()
    Secret.objects.create(endpoint=endpoint, sealed=signing.seal(secret), created_at=clock.now())
    return secret


@transaction.atomic
def pause(*, actor: User, endpoint: UUID) -> None:
    """Send nothing for now. What happens meanwhile is collected."""
    _move(_mine(actor, endpoint), EndpointState.ACTIVE, EndpointState.PAUSED)


@transaction.atomic
def resume(*, actor: User, endpoint: UUID) -> None:
    """Send again, what was collected first, at once."""
    row = _mine(actor, endpoint)
    _move(row, EndpointState.PAUSED, EndpointState.ACTIVE)
    courier.waiting(row.pk).update(next_at=clock.now())


@transaction.atomic
def end(*, actor: User, endpoint: UUID) -> None:
    """This address is told nothing any more. What waited lies among the dead letters."""
    row = _mine(actor, endpoint)
    if row.state == EndpointState.GONE:
        raise Conflict
    courier.end(row.pk)


@transaction.atomic
def revive(*, actor: User, endpoint: UUID) -> None:
    """An ended address is told again, of what happens from now on; its dead letters can be sent again."""
    row = _mine(actor, endpoint)
    same = Endpoint.objects.filter(agency=row.agency, url=row.url).exclude(state=EndpointState.GONE)
    if row.state != EndpointState.GONE or same.exists():
        raise Conflict
    Endpoint.objects.filter(pk=row.pk).update(state=EndpointState.ACTIVE, after=journal.head().position)


def _move(row: Endpoint, before: str, after: str) -> None:
    if row.state != before:
        raise Conflict
    Endpoint.objects.filter(pk=row.pk).update(state=after)


@transaction.atomic
def ping(*, actor: User, endpoint: UUID) -> Delivery:
    """Send a test message, before all that waits and once. When it arrives, what waits goes out at once."""
    row = _mine(actor, endpoint)
    courier.waiting(row.pk).filter(event=None).delete()
    return Delivery.objects.create(endpoint=row, next_at=clock.now())


@transaction.atomic
def try_now(*, actor: User, endpoint: UUID) -> None:
    """Do not wait any longer for the next attempt."""
    courier.waiting(_mine(actor, endpoint).pk).update(next_at=clock.now())


@transaction.atomic
def redrive(*, actor: User, delivery: UUID) -> None:
    """Send a dead letter again, in its place: before everything that happened later and still waits."""
    if not _revived(_whose(actor, delivery), lambda rows: rows.filter(pk=delivery)):
        raise Conflict


@transaction.atomic
def redrive_all(*, actor: User, endpoint: UUID) -> int:
    """All dead letters of the endpoint again; how many there were."""
    return _revived(_mine(actor, endpoint), lambda rows: rows.filter(event__isnull=False))


def _revived(endpoint: Endpoint, which: Callable[[Any], Any]) -> int:
    if endpoint.state == EndpointState.GONE:
        raise Conflict(_("This address has ended. Let it be told again first."), code="endpoint_gone")
    rows = which(Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.DEAD))
    changed: int = rows.update(state=DeliveryState.PENDING, reason="", attempts=0, next_at=clock.now())
    return changed


@transaction.atomic
def set_aside(*, actor: User, delivery: UUID) -> None:
    """Give up one that waits, so that those behind it can go. It can be sent again later."""
    row = _whose(actor, delivery)
    changed = courier.waiting(row.pk).filter(pk=delivery).update(state=DeliveryState.DEAD, reason="set_aside")
    if not changed:
        raise Conflict


def _mine(actor: User, endpoint: UUID) -> Endpoint:
    """The endpoint, locked; raises ``NotVisible`` for one of another agency."""
    require(actor, Action.WEBHOOKS_EDIT)
    rows = endpoints_for(actor).select_related("agency").select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk=endpoint).first()
    if found is None:
        raise NotVisible
    require(actor, Action.WEBHOOKS_EDIT, found.agency)
    return found


def _whose(actor: User, delivery: UUID) -> Endpoint:
    """The endpoint of a delivery, locked."""
    require(actor, Action.WEBHOOKS_EDIT)
    known = Delivery.objects.filter(pk=delivery).values_list("endpoint", flat=True).first()
    if known is None:
        raise NotVisible
    return _mine(actor, known)
