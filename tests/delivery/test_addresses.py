"""Nothing that an administrator can write leads into our own network, however it is spelt."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Any

import pytest

from delivery import addresses, courier, services
from delivery.addresses import Unreachable
from delivery.models import Endpoint
from events.errors import Invalid
from events.models import Event

from .receiver import Receiver

PUBLIC = "93.184.215.14"

# Loopback, metadata and private networks in every spelling that some reader somewhere understands.
SPELLINGS = """
https://127.0.0.1/ https://127.1/ https://127.0.1/ https://2130706433/ https://0x7f000001/ https://0x7f.1/
https://0177.0.0.1/ https://017700000001/ https://0x7f.0x0.0x0.0x1/ https://127.000.000.001/ https://0/
https://0.0.0.0/ https://127.0.0.1./ https://[::1]/ https://[::]/ https://[0:0:0:0:0:0:0:1]/
https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://[::127.0.0.1]/ https://[64:ff9b::7f00:1]/
https://[64:ff9b:1::a9fe:a9fe]/ https://[2002:7f00:1::]/ https://[2002:a9fe:a9fe::1]/
https://[2001:0:7f00:1::]/ https://[fe80::1]/ https://[fe80::1%25eth0]/ https://[fc00::1]/
https://[fd00:ec2::254]/ https://[ff02::1]/ https://[2001:db8::1]/ https://[3fff::1]/ https://[100::1]/
https://169.254.169.254/latest/meta-data/ https://2852039166/ https://0xa9fea9fe/ https://0xA9FEA9FE/
https://169.254.43518/ https://0251.0376.0251.0376/ https://10.0.0.1/ https://172.16.0.1/
https://192.168.0.1/ https://100.64.0.1/ https://100.100.100.200/ https://168.63.129.16/
https://192.0.0.192/ https://192.88.99.1/ https://198.18.0.1/ https://192.0.2.1/ https://203.0.113.7/
https://224.0.0.1/ https://239.255.255.250/ https://240.0.0.1/ https://255.255.255.255/
https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/ https://127。0。0。1/ https://１２７.0.0.1/ https://loc%61lhost/ https://127.0.0.1%2f@ok.example/
https://ok.example@127.0.0.1/ https://user:secret@ok.example/ https://ok.example:443@10.0.0.1/
https://ok.example#@10.0.0.1/  https:10.0.0.1/ //10.0.0.1/
https:///10.0.0.1/ https://ok.example:22/ https://ok.example:0443/ https://ok.example:99999/
https://ok.example:80/ https://ok.example:/ https://ok.example:4_43/ http://ok.example/
HTTPS://ok.example/ ftp://ok.example/ file:///etc/passwd gopher://ok.example/ javascript:alert(1)
https://-ok.example/ https://ok..example/ https://.example/ https://ok_.example/ https://ok.example./
"""
CONTROLS = [
    "https://",
    "https",
    "",
    " https://ok.example/",
    "https://ok.example/ ",
    "https://ok.example\\@10.0.0.1/",
    "https:\\\\10.0.0.1/",
    "https://ok.example/\t",
    "https://ok.example/\r\nHost: evil",
    "https://ok.example\n.evil/",
    "https://ok.example/\x00",
    "https://ok.example/\n",
]
HOSTILE = SPELLINGS.split() + CONTROLS
FINE = [
    "https://ok.example",
    "https://ok.example/",
    "https://ok.example:8443/dayaq?from=b%20c",
    "https://xn--80ak6aa92e.example/hook",
    f"https://{PUBLIC}/hook",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/",
]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A resolver that believes everything: every name that gets to it is public."""
    known: dict[str, list[str]] = {}
    monkeypatch.setattr(addresses, "resolve", lambda host, port: known.get(host, [PUBLIC]))
    return known


@pytest.mark.parametrize("url", HOSTILE)
def test_no_spelling_leads_inside(url: str) -> None:
    with pytest.raises(Unreachable):
        addresses.check(url)


def test_there_are_many_spellings() -> None:
    assert len(set(HOSTILE)) >= 90


@pytest.mark.parametrize("url", FINE)
def test_a_receivers_address_is_read(url: str) -> None:
    addresses.check(url)


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], ["fe80::1%eth0"], [PUBLIC, "::ffff:10.0.0.1"]]
)
def test_a_name_is_refused_when_any_of_its_numbers_is_inside(
    answers: list[str], names: dict[str, list[str]]
) -> None:
    names["ok.example"] = answers
    with pytest.raises(Unreachable, match="forbidden"):
        addresses.check("https://ok.example/")


@pytest.mark.parametrize("answers", [[], ["slow"]])
def test_a_name_that_is_not_found_in_time_is_unknown(
    answers: list[str], names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if answers:
            time.sleep(1)
        return answers

    monkeypatch.setattr(addresses, "resolve", resolve)
    with pytest.raises(Unreachable, match="unknown"):
        addresses.check("https://ok.example/", patience=0.1)


def test_a_named_private_network_is_allowed_and_only_that_one(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    addresses.check("http://10.1.2.3:8080/")
    addresses.check("https://10.1.2.3/")
    for url in ("http://10.2.0.1/", "https://10.2.0.1/", "http://ok.example/", "https://127.0.0.1/"):
        with pytest.raises(Unreachable):
            addresses.check(url)


def test_a_written_number_goes_where_the_check_looked() -> None:
    """What was checked is what is connected to: there is no second reading of the host."""
    for url in FINE:
        target = addresses.read(url)
        found = addresses.numbers(target, 1)
        assert [str(it) for it in found] == [target.host if addresses.number(target.host) else PUBLIC]


# --- at the door, and at the connection -----------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/", "url_forbidden"),
        ("http://ok.example/", "url_scheme"),
        ("https://ok.example:25/", "url_port"),
        ("https://user@ok.example/", "url_address"),
        ("https://nowhere.example/", "url_unknown"),
        ("https://" + "x" * 500, "url_address"),
    ],
)
def test_saving_such_an_address_is_refused_with_a_sentence(
    people_at_work: Any, names: dict[str, list[str]], url: str, code: str
) -> None:
    names["nowhere.example"] = []
    with pytest.raises(Invalid) as refused:
        services.add_endpoint(actor=people_at_work.tabib_admin, agency="TABIB", url=url)

    assert refused.value.code == code
    assert str(refused.value.errors["url"][0])
    assert not Endpoint.objects.exists()


@pytest.fixture
def rebinding(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A resolver that answers public once, then loopback; the list holds what it answered."""
    answered: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        answered.append("127.0.0.1" if answered else PUBLIC)
        return [answered[-1]]

    monkeypatch.setattr(addresses, "resolve", resolve)
    return answered


@pytest.mark.django_db
def test_a_name_that_turns_inward_after_it_was_saved_is_not_followed(
    people_at_work: Any, receiver: Receiver, rebinding: list[str], happen: Callable[..., list[Event]]
) -> None:
    made, _secret = services.add_endpoint(
        actor=people_at_work.tabib_admin, agency="TABIB", url=f"https://ok.example:{receiver.port}/"
    )
    happen()
    courier.deliver(made.pk)

    (attempt,) = made.deliveries.get().tries.all()
    assert (attempt.status, attempt.error) == (None, "forbidden")
    assert rebinding == [PUBLIC, "127.0.0.1"], "resolved once at each occasion, never between check and use"
    assert receiver.heard == []


def test_the_connection_goes_to_the_number_that_was_checked(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one sending the name is asked for once: the second answer of a rebinding name is never seen."""
    from delivery import sending

    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    monkeypatch.setattr(addresses, "resolve", resolve)
    answer = sending.send(f"http://inside.example:{receiver.port}/ok", {"webhook-id": "x"}, b"{}")

    assert (answer.status, asked) == (204, ["inside.example"])
    assert receiver.heard[0].headers["host"] == f"inside.example:{receiver.port}"
