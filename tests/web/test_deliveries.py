"""The pages of deliveries: an agency's administrator adds an address, sees how it fares, and steps in."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from delivery import courier, services, signing
from delivery.models import Attempt, Delivery, DeliveryState, Endpoint
from events import clock
from events.models import Event
from tests.delivery import conftest as delivery
from tests.delivery.receiver import Receiver

from .reading import statements, text_of

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
Make = Callable[..., Endpoint]
Happen = Callable[..., list[Event]]


receiver, endpoint, happen = delivery.receiver, delivery.endpoint, delivery.happen


@pytest.fixture
def inside(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


def place(of: Endpoint, verb: str = "") -> str:
    return f"/deliveries/{of.pk}/{verb}/" if verb else f"/deliveries/{of.pk}/"


SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


# --- who ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "own", "foreign"),
    [
        ("tabib_admin", 200, 404),
        ("admin", 200, 200),
        ("tabib", 403, 403),
        ("tabib_machine", 403, 403),
        ("operator", 403, 403),
        ("supervisor", 403, 403),
        ("clinician", 403, 403),
    ],
)
def test_whose_deliveries_one_sees(
    browser: Browser, endpoint: Make, people_at_work: Any, name: str, own: int, foreign: int
) -> None:
    mine, other = endpoint(), endpoint(agency="YASHAT", actor=people_at_work.yashat_admin)
    ping = services.ping(actor=people_at_work.yashat_admin, endpoint=other.pk)
    client = browser(name)

    assert client.get("/deliveries/").status_code == own
    assert client.get("/deliveries/new/").status_code == own
    assert client.get(place(mine)).status_code == own
    assert client.get(place(other)).status_code == foreign
    for there in (place(other, "pause"), place(other, "rotate"), place(other, f"{ping.pk}/set-aside")):
        answer = client.post(there)
        assert answer.status_code == (foreign if foreign != 200 else answer.status_code), there
        assert answer.status_code in (foreign, 302), there
    if foreign != 200:
        other.refresh_from_db()
        assert (other.state, Delivery.objects.get().state) == ("active", DeliveryState.PENDING)
        assert other.secrets.count() == 1


def test_a_list_names_only_ones_own(browser: Browser, endpoint: Make, people_at_work: Any) -> None:
    endpoint("/ok?mine")
    endpoint("/ok?theirs", agency="YASHAT", actor=people_at_work.yashat_admin)

    said = text_of(browser("tabib_admin").get("/deliveries/"))
    assert "/ok?mine" in said
    assert "/ok?theirs" not in said
    assert {"/ok?mine", "/ok?theirs"} <= set(
        re.findall(r"/ok\?\w+", text_of(browser("admin").get("/deliveries/")))
    )


def test_a_message_of_another_address_is_not_reached_through_ones_own(
    browser: Browser, endpoint: Make, people_at_work: Any
) -> None:
    mine, other = endpoint(), endpoint(agency="YASHAT", actor=people_at_work.yashat_admin)
    ping = services.ping(actor=people_at_work.yashat_admin, endpoint=other.pk)

    answer = browser("tabib_admin").post(place(mine, f"{ping.pk}/set-aside"))

    assert answer.status_code == 404
    assert Delivery.objects.get().state == DeliveryState.PENDING


# --- adding and secrets -----------------------------------------------------------------------------------


def test_an_address_is_added_and_its_secret_shown_this_once(
    browser: Browser, receiver: Receiver, inside: None
) -> None:
    client = browser("tabib_admin")
    page = client.post("/deliveries/new/", {"agency": "TABIB", "url": receiver.url(), "kinds": []})

    assert page.status_code == 200
    (secret,) = SECRET.findall(page.content.decode())
    made = Endpoint.objects.get()
    assert (made.agency_id, made.url, made.kinds) == ("TABIB", receiver.url(), [])
    assert signing.unseal(bytes(made.secrets.get().sealed)) == secret
    assert secret.encode() not in bytes(made.secrets.get().sealed)
    for there in ("/deliveries/", place(made)):
        assert not SECRET.search(client.get(there).content.decode())


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"url": "https://10.0.0.1/"}, "does not lead out to the public network"),
        ({"url": "ftp://x"}, "not the address of a receiver"),
        ({"url": ""}, "not the address of a receiver"),
        ({"url": "https://93.184.215.14/", "kinds": ["no.such"]}, "no.such"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(
    browser: Browser, typed: dict[str, Any], sentence: str
) -> None:
    page = browser("tabib_admin").post("/deliveries/new/", {"agency": "TABIB", **typed})

    assert page.status_code == 422
    assert sentence in text_of(page)
    assert typed["url"] in page.content.decode()
    assert not Endpoint.objects.exists()


def test_an_agency_that_is_not_ones_own_cannot_be_chosen(browser: Browser) -> None:
    sent = {"agency": "YASHAT", "url": "https://93.184.215.14/"}
    assert browser("tabib_admin").post("/deliveries/new/", sent).status_code == 422
    assert not Endpoint.objects.exists()


def test_an_administrator_of_the_house_says_for_whom(
    browser: Browser, receiver: Receiver, inside: None
) -> None:
    client = browser("admin")
    sent = {"url": receiver.url()}
    assert client.post("/deliveries/new/", sent).status_code == 422
    assert client.post("/deliveries/new/", {**sent, "agency": "MOD"}).status_code == 422, "outside the system"
    assert client.post("/deliveries/new/", {**sent, "agency": "MOH"}).status_code == 200
    assert Endpoint.objects.get().agency_id == "MOH"


def test_the_same_address_is_not_added_twice(browser: Browser, receiver: Receiver, inside: None) -> None:
    client = browser("tabib_admin")
    sent = {"agency": "TABIB", "url": receiver.url()}
    assert [client.post("/deliveries/new/", sent).status_code for _twice in range(2)] == [200, 422]
    assert Endpoint.objects.count() == 1


def test_a_new_secret_is_shown_once_and_the_one_before_stays_for_a_day(
    browser: Browser, endpoint: Make
) -> None:
    to = endpoint()
    client = browser("tabib_admin")
    page = client.post(place(to, "rotate"))

    assert len(SECRET.findall(page.content.decode())) == 1
    assert "stays valid for 24 hours" in text_of(page)
    assert "The one before valid until" in text_of(client.get(place(to)))


# --- how it fares -------------------------------------------------------------------------------------------


def test_failures_are_told_and_can_be_stepped_over(
    browser: Browser, endpoint: Make, happen: Happen, receiver: Receiver
) -> None:
    receiver.answers = [500]
    to = endpoint("/script")
    happen(3)
    courier.deliver(to.pk)
    client = browser("tabib_admin")

    said = text_of(client.get(place(to)))
    assert "Does not answer" in said
    assert "has failed 1 time; those behind it wait with it" in said
    assert "HTTP 500" in said
    assert "Referral sent TABIB" in said
    first = Delivery.objects.order_by("position")[0]
    page = client.post(place(to, f"{first.pk}/set-aside"), {"show": "waiting"}, follow=True)
    assert "Set aside. Those behind it go on." in text_of(page)
    courier.deliver(to.pk)

    said = text_of(client.get(f"{place(to)}?show=dead"))
    assert "set aside by hand" in said
    assert "Given up 1" in said
    page = client.post(place(to, "redrive"), {"show": "dead"}, follow=True)
    assert "Nothing was given up" in text_of(page)
    courier.deliver(to.pk)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert text_of(client.get(f"{place(to)}?show=delivered")).count("HTTP 204") == 3


def test_a_test_message_tells_what_came_of_it(browser: Browser, endpoint: Make, receiver: Receiver) -> None:
    to = endpoint("/302")
    client = browser("tabib_admin")
    client.post(place(to, "test"))
    courier.deliver(to.pk)
    said = text_of(client.get(f"{place(to)}?show=dead"))
    assert "Test message" in said
    assert "HTTP 302" in said


@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        (["pause"], "paused"),
        (["pause", "resume"], "active"),
        (["end"], "gone"),
        (["end", "revive"], "active"),
        (["end", "end"], "gone"),
        (["resume"], "active"),
    ],
)
def test_the_verbs_of_an_address(browser: Browser, endpoint: Make, verbs: list[str], state: str) -> None:
    to = endpoint()
    client = browser("tabib_admin")
    for verb in verbs:
        assert client.post(place(to, verb)).status_code == 302
    to.refresh_from_db()
    assert to.state == state
    assert client.get(place(to)).status_code == 200
    assert client.get(place(to, "pause")).status_code == 405, "a link changes nothing"
    assert client.post(place(to, "explode")).status_code == 404


def test_what_was_given_up_stands_in_the_navigation(browser: Browser, endpoint: Make, happen: Happen) -> None:
    to = endpoint("/410")
    happen(4)
    assert "Deliveries 4" not in text_of(browser("tabib_admin").get("/board/"))
    courier.deliver(to.pk)

    assert "Deliveries 4" in text_of(browser("tabib_admin").get("/board/"))
    assert "Deliveries 4" not in text_of(browser("yashat_admin").get("/board/"))


def test_pages_cost_the_same_however_much_there_is(browser: Browser, endpoint: Make, happen: Happen) -> None:
    to = endpoint()
    client, counts = browser("tabib_admin"), []
    for number in (1, 40):
        happen(number)
        courier.spread(to.pk)
        Attempt.objects.bulk_create(
            Attempt(delivery=it, at=clock.now(), milliseconds=3, status=500) for it in Delivery.objects.all()
        )
        counts.append([statements(partial(client.get, there)) for there in ("/deliveries/", place(to))])

    assert counts[0] == counts[1]
    assert counts[1][0] <= 10
    assert counts[1][1] <= 13
    pages = [client.get(f"{place(to)}?show=waiting&page={n}") for n in (1, 2, 3)]
    assert [len(page.context["deliveries"]) for page in pages] == [20, 20, 1]
    for odd in ("0", "-1", "x", "9999999", "٣"):
        assert client.get(place(to), {"show": odd, "page": odd}).status_code == 200
