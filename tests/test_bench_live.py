"""The live bench in its smallest form: every way delivers, and what is told has the promised shape."""

from __future__ import annotations

from typing import Any

import pytest

from bench.live import client, run, ways
from events import bell
from events.models import Event


@pytest.fixture(scope="session")
def result(django_db_setup: None, django_db_blocker: Any) -> dict[str, Any]:
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "BUDGET", 0.0)  # no slice again, however loud the machine is
        return run.run(1.0, (10,))


@pytest.mark.parametrize("name", ["product", "limit", "stock"])
def test_every_way_delivers_everything_to_ten_sockets(result: dict[str, Any], name: str) -> None:
    one = result["figures"][name]["10"]

    assert (one["delivered"], one["missing"], one["complete"]) == (200, 0, 20)
    assert 0 < one["delivery_ms"]["p50"] <= one["delivery_ms"]["p99"]
    assert 0 < one["last_ms"]["p50"] <= one["last_ms"]["p99"]
    assert one["cpu_us"] > 0


def test_yardsticks_send_as_many_bytes_as_the_product(result: dict[str, Any]) -> None:
    sizes = {name: result["figures"][name]["10"]["frame_bytes"] for name in ("product", "limit", "stock")}

    assert sizes["limit"] == sizes["stock"]
    assert abs(sizes["product"] - sizes["limit"]) < 4  # the digits of a number or two


def test_a_socket_that_never_reads_costs_the_others_nothing(result: dict[str, Any]) -> None:
    one = result["figures"]["stalled"]

    assert (one["delivered"], one["missing"], one["closed"]) == (200, 0, {})
    assert one["stalled"]["frames"] < run.BACKLOG
    assert one["stalled"]["reset"] or one["stalled"]["ended"]  # the end, when a ping went unanswered


def test_ratios_and_push_are_told(result: dict[str, Any]) -> None:
    ratios = result["ratios"]

    assert {"last_p50_10", "cpu_to_limit_10", "stock_cpu_to_ours_10", "missing"} <= ratios.keys()
    assert {"push_8", "push_16", "push_cpu_8", "push_cpu_16"} <= ratios.keys()
    assert ratios["missing"] == 0
    assert result["figures"]["push"]["8"]["on"]["per_second"] > 0
    assert len(run.lines(result)) == 9


@pytest.mark.django_db
def test_it_leaves_nothing_behind(result: dict[str, Any]) -> None:
    assert not Event.objects.filter(topics__contains=[ways.TOPIC]).exists()
    assert bell.COMMITTED == "dayaq:committed"


def test_the_client_knows_a_frame_only_when_it_is_whole() -> None:
    text = b'{"op":"event","version":17,"rest":"' + b"x" * 200 + b'"}'
    frame = b"\x81\x7e" + len(text).to_bytes(2, "big") + text

    assert client._frame(frame[:-1]) is None
    assert client._frame(frame[:1]) is None
    assert client._frame(frame + b"more") == (client.EVENT, text, len(frame))
    assert client._frame(b"\x89\x02hi") == (client.PING, b"hi", 4)


def test_a_message_of_a_yardstick_has_the_length_it_is_told() -> None:
    assert [len(ways.text(number, 364)) for number in (1, 1000)] == [364, 364]


def test_one_is_at_the_limit_and_what_is_missing_is_not_reckoned() -> None:
    assert run.over(10.0, 20.0) == 0.5
    assert run.over(None, 20.0) is None
    assert run.over(10.0, None) is None
