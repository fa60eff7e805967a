"""A receiver, an endpoint that leads to it, and events for it to be told of."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from access.models import User
from delivery import services
from delivery.models import Endpoint
from events.catalog import Happened, Kind, referral_topics
from events.models import Event, Stream
from events.publish import publish

from .receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def inside(settings: Any) -> None:
    """Let messages go to this machine, where the receiver is."""
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def endpoint(people_at_work: Any, receiver: Receiver, inside: None) -> Callable[..., Endpoint]:
    """An endpoint of TABIB on a path of the receiver; its secret is at ``endpoint.secret``."""

    def make(path: str = "/ok", actor: User | None = None, agency: str = "TABIB", **more: Any) -> Endpoint:
        made, secret = services.add_endpoint(
            actor=actor or people_at_work.tabib_admin, agency=agency, url=receiver.url(path), **more
        )
        made.secret = secret
        return made

    return make


@pytest.fixture
def happen(reference: None) -> Callable[..., list[Event]]:
    """Write stamped events about referrals of an agency."""

    def make(number: int = 1, agency: str = "TABIB", kind: Kind = Kind.REFERRAL_REQUESTED) -> list[Event]:
        before = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
        with transaction.atomic():
            publish(happened(agency, kind, version) for version in range(1, number + 1))
            made = list(Event.objects.filter(id__gt=before).order_by("id"))
            head = Stream.objects.select_for_update().get()
            for place, event in enumerate(made, start=1):
                event.position = head.head + place
                Event.objects.filter(pk=event.pk).update(position=event.position)
            Stream.objects.update(head=head.head + len(made))
        return made

    return make


def happened(agency: str, kind: Kind, version: int) -> Happened:
    application, referral = uuid.uuid4(), uuid.uuid4()
    return Happened(
        kind=kind,
        application=application,
        referral=referral,
        topics=referral_topics(application, [agency], agency),
        unit=agency,
        version=version,
        state="requested",
    )
