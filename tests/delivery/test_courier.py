"""What is due goes out signed, in order and under one id; what fails comes again, later, in its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from delivery import backoff, courier, selectors, services
from delivery.models import Attempt, Delivery, DeliveryState, Endpoint, EndpointState, Secret
from events import clock
from events.catalog import Kind
from events.models import Event, Stream

from .receiver import Receiver

pytestmark = pytest.mark.django_db
Make = Callable[..., Endpoint]
Happen = Callable[..., list[Event]]


def states(endpoint: Endpoint) -> list[str]:
    return list(
        Delivery.objects.filter(endpoint=endpoint).order_by("position").values_list("state", flat=True)
    )


def first(endpoint: Endpoint) -> Delivery:
    return Delivery.objects.filter(endpoint=endpoint).order_by("position")[0]


# --- what is told -------------------------------------------------------------------------------------


def test_a_receiver_verifies_the_message_with_the_schemes_own_library(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    to = endpoint()
    (event,) = happen()
    assert courier.deliver(to.pk) is False

    (heard,) = receiver.heard
    told = Webhook(to.secret).verify(heard.body, heard.headers)
    assert told == {
        "type": "referral.requested",
        "timestamp": courier._written(event.at),
        "data": {
            "id": str(event.referral),
            "application": str(event.application),
            "referral": str(event.referral),
            "unit": "TABIB",
            "state": "requested",
            "version": 1,
        },
    }
    assert heard.id == str(first(to).pk)
    assert heard.headers["user-agent"] == "Dayaq-Webhooks/1"
    assert heard.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert states(to) == ["delivered"]


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_whoever_changes_anything_of_it_is_noticed(
    endpoint: Make, happen: Happen, receiver: Receiver, changed: str
) -> None:
    to = endpoint()
    happen()
    courier.deliver(to.pk)
    (heard,) = receiver.heard
    if changed == "body":
        heard.body = heard.body.replace(b'"version":1', b'"version":2')
    else:
        heard.headers[changed] = heard.headers[changed][:-2] + "00"

    with pytest.raises(WebhookVerificationError):
        Webhook(to.secret).verify(heard.body, heard.headers)


def test_only_what_concerns_the_agency_is_told_and_only_from_now_on(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    happen(3)
    to, only = endpoint(), endpoint("/ok?only", kinds=[Kind.REFERRAL_REJECTED])
    (one,), _other = happen(), happen(2, agency="YASHAT")
    (rejected,) = happen(kind=Kind.REFERRAL_REJECTED)
    assert set(selectors.due()) == {to.pk, only.pk}

    for each in (to, only):
        courier.deliver(each.pk)

    told = [json.loads(heard.body)["data"]["id"] for heard in receiver.heard if heard.path == "/ok"]
    assert told == [str(one.referral), str(rejected.referral)]
    assert [heard.path for heard in receiver.heard].count("/ok?only") == 1
    assert selectors.due() == []


def test_a_far_journal_is_looked_through_in_stretches(
    endpoint: Make, happen: Happen, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.fanout.STRETCH", 7)
    to = endpoint()
    for agency in ("YASHAT", "TABIB", "MOH", "TABIB"):
        happen(10, agency=agency)

    courier.deliver(to.pk)

    assert len(receiver.heard) == 20
    positions = list(Delivery.objects.order_by("position").values_list("position", flat=True))
    assert receiver.effects == [str(it.pk) for it in Delivery.objects.order_by("position")]
    assert positions == sorted(positions)
    to.refresh_from_db()
    assert to.after == Stream.objects.get().head


# --- what fails ---------------------------------------------------------------------------------------


def test_what_fails_comes_again_under_its_id_and_those_behind_it_wait(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    receiver.answers = [500, 503]
    to = endpoint("/script")
    happen(3)
    now = clock.now()
    for _look in range(3):
        assert courier.deliver(to.pk) is False
    assert len(receiver.heard) == 1, "it is not asked again at once"
    assert states(to) == ["pending"] * 3
    wait = first(to).next_at - now
    assert timedelta(seconds=5) <= wait < timedelta(seconds=8)

    for _again in range(2):
        with clock.at(first(to).next_at + timedelta(seconds=1)):
            assert to.pk in selectors.due()
            courier.deliver(to.pk)

    assert states(to) == ["delivered"] * 3
    ids = [it.id for it in receiver.heard]
    assert ids[0] == ids[1] == ids[2]
    assert receiver.effects == [str(it.pk) for it in Delivery.objects.order_by("position")]
    tries = Attempt.objects.filter(delivery=first(to)).values_list("status", "error")
    assert list(tries) == [(500, ""), (503, ""), (204, "")]


def test_attempts_go_on_for_three_days_and_then_the_next_one_goes(
    endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    receiver.answers = [500] * backoff.ATTEMPTS
    to = endpoint("/script")
    happen(2)
    begin = now = clock.now()
    for _attempt in range(backoff.ATTEMPTS):
        with clock.at(now):
            courier.deliver(to.pk)
        now = first(to).next_at
    assert states(to) == ["dead", "delivered"]
    assert timedelta(hours=75) < now - begin < timedelta(hours=84)
    assert first(to).reason == "attempts"
    assert Attempt.objects.filter(delivery=first(to)).count() == backoff.ATTEMPTS


def test_a_dead_letter_is_sent_again_in_its_place(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    to = endpoint("/script")
    happen(3)
    courier.deliver(to.pk)
    Delivery.objects.update(state=DeliveryState.DEAD, reason="attempts", attempts=10)
    (last,) = happen()
    services.redrive_all(actor=people_at_work.tabib_admin, endpoint=to.pk)
    receiver.heard.clear()

    courier.deliver(to.pk)

    assert [it.id for it in receiver.heard] == [str(it.pk) for it in Delivery.objects.order_by("position")]
    assert json.loads(receiver.heard[-1].body)["data"]["id"] == str(last.referral)
    assert states(to) == ["delivered"] * 4


def test_one_that_blocks_can_be_set_aside(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    receiver.answers = [400]
    to = endpoint("/script")
    happen(2)
    courier.deliver(to.pk)

    services.set_aside(actor=people_at_work.tabib_admin, delivery=first(to).pk)
    courier.deliver(to.pk)

    assert states(to) == ["dead", "delivered"]
    services.redrive(actor=people_at_work.tabib_admin, delivery=first(to).pk)
    courier.deliver(to.pk)
    assert states(to) == ["delivered"] * 2


def test_a_receiver_says_when_it_wants_to_be_asked_again(endpoint: Make, happen: Happen) -> None:
    to = endpoint("/later")
    happen()
    courier.deliver(to.pk)

    assert timedelta(hours=2) - timedelta(seconds=5) < first(to).next_at - clock.now() <= timedelta(hours=2)


def test_gone_is_gone(endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any) -> None:
    to = endpoint("/410")
    happen(3)
    courier.deliver(to.pk)
    to.refresh_from_db()
    assert (to.state, len(receiver.heard)) == (EndpointState.GONE, 1)
    assert states(to) == ["dead"] * 3
    assert set(Delivery.objects.values_list("reason", flat=True)) == {"gone"}

    happen(2)
    assert selectors.due() == []
    courier.deliver(to.pk)
    assert len(receiver.heard) == 1

    services.revive(actor=people_at_work.tabib_admin, endpoint=to.pk)
    assert services.redrive_all(actor=people_at_work.tabib_admin, endpoint=to.pk) == 3


def test_a_paused_endpoint_collects_and_a_test_still_goes(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    to = endpoint()
    services.pause(actor=people_at_work.tabib_admin, endpoint=to.pk)
    happen(2)
    assert courier.deliver(to.pk) is False
    assert (receiver.heard, states(to)) == ([], ["pending"] * 2)
    assert selectors.due() == []

    services.ping(actor=people_at_work.tabib_admin, endpoint=to.pk)
    assert selectors.due() == [to.pk]
    courier.deliver(to.pk)
    assert [json.loads(it.body)["type"] for it in receiver.heard] == ["ping"]

    services.resume(actor=people_at_work.tabib_admin, endpoint=to.pk)
    courier.deliver(to.pk)
    assert len(receiver.heard) == 3


def test_a_test_that_arrives_wakes_what_waits_and_one_that_fails_is_not_repeated(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    receiver.answers = [500, 500]
    to = endpoint("/script")
    happen(2)
    courier.deliver(to.pk)
    for _failing_then_well in range(2):
        services.ping(actor=people_at_work.tabib_admin, endpoint=to.pk)
        courier.deliver(to.pk)

    pings = Delivery.objects.filter(event=None).order_by("id")
    assert [it.state for it in pings] == ["dead", "delivered"]
    assert states(to)[-2:] == ["delivered"] * 2, "nobody waited for the back-off"
    assert selectors.dead_letters(people_at_work.tabib_admin) == 0, "a failed test is no dead letter"


# --- who carries --------------------------------------------------------------------------------------


def test_only_who_has_the_lease_carries(endpoint: Make, happen: Happen, receiver: Receiver) -> None:
    to = endpoint()
    happen()
    assert courier._take(to.pk, to.pk)
    assert selectors.due() == []
    assert courier.deliver(to.pk) is False
    assert receiver.heard == []

    Endpoint.objects.update(leased_until=clock.now() - timedelta(minutes=1))
    courier.deliver(to.pk)
    assert states(to) == ["delivered"]


def test_who_has_lost_the_lease_meanwhile_writes_nothing(
    endpoint: Make, happen: Happen, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = endpoint()
    happen(2)

    def slow(*given: Any) -> Any:
        Endpoint.objects.update(lease=to.pk)  # its time ran out, and another took it
        return whole(*given)

    whole = courier.sending.send
    monkeypatch.setattr(courier.sending, "send", slow)
    assert courier.deliver(to.pk) is False

    assert len(receiver.heard) == 1
    assert states(to) == ["pending"] * 2
    assert not Attempt.objects.exists()
    assert Endpoint.objects.get().lease == to.pk, "the other's lease is not ended"


def test_a_rotation_signs_with_both_secrets_for_a_day(
    endpoint: Make, happen: Happen, receiver: Receiver, people_at_work: Any
) -> None:
    to = endpoint()
    begin = clock.now()
    old, new = to.secret, services.rotate_secret(actor=people_at_work.tabib_admin, endpoint=to.pk)

    def verified(at: datetime) -> list[bool]:
        receiver.heard.clear()
        happen()
        with clock.at(at):
            courier.deliver(to.pk)
        (heard,) = receiver.heard
        heard.headers["webhook-timestamp"] = str(int(at.timestamp()))
        said = heard.headers["webhook-signature"].split()
        return [Webhook(key).sign(heard.id, at, heard.body.decode()) in said for key in (old, new)]

    assert verified(begin + timedelta(hours=23)) == [True, True]
    assert verified(begin + timedelta(hours=25)) == [False, True]
    newest = services.rotate_secret(actor=people_at_work.tabib_admin, endpoint=to.pk)
    services.rotate_secret(actor=people_at_work.tabib_admin, endpoint=to.pk)
    valid = Secret.objects.filter(endpoint=to).exclude(expires_at__lte=clock.now())
    assert valid.count() == 2, "never three"
    assert newest not in [old, new]


def test_a_message_costs_a_fixed_number_of_statements(endpoint: Make, happen: Happen) -> None:
    to = endpoint()
    counts = []
    for number in (1, 11):
        happen(number)
        with CaptureQueriesContext(connection) as seen:
            courier.deliver(to.pk)
        counts.append(len([it for it in seen if "SAVEPOINT" not in it["sql"]]))

    assert counts[1] - counts[0] == 10 * 6, counts
    assert counts[0] <= 16, counts
