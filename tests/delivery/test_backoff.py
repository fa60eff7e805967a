"""When a failed delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from delivery import backoff

NOW = datetime(2026, 6, 22, 6, tzinfo=UTC)


def waits(retry_after: str = "") -> list[float]:
    found = [backoff.after(n, NOW, retry_after) for n in range(1, backoff.ATTEMPTS)]
    return [(it - NOW).total_seconds() for it in found if it]


def test_the_steps_grow_and_end_after_three_days() -> None:
    found = waits()
    assert len(found) == len(backoff.STEPS) == 9
    for step, wait in zip(backoff.STEPS, found, strict=True):
        assert step <= wait <= step * 1.1
    assert 75 <= sum(found) / 3600 <= 84
    assert backoff.after(backoff.ATTEMPTS, NOW) is None


def test_two_that_fail_together_are_not_asked_again_together() -> None:
    assert len({backoff.after(5, NOW) for _each in range(20)}) > 15


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7200", 7200),
        (" 7200 ", 7200),
        ("Mon, 22 Jun 2026 08:00:00 GMT", 7200),
        ("99999999999999999999", 86400),
        ("Fri, 22 Jun 2029 08:00:00 GMT", 86400),
    ],
)
def test_a_receiver_may_ask_for_more_time_up_to_a_day(said: str, seconds: int) -> None:
    assert backoff.after(1, NOW, said) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "said",
    ["", "soon", "-5", "1.5", "٣٠٠٠", "Mon, 22 Jun 1998 08:00:00 GMT", "0", "Mon, 99 Jun 2026", "\x00"],
)
def test_what_cannot_be_read_asks_for_nothing(said: str) -> None:
    found = backoff.after(1, NOW, said)
    assert found is not None
    assert found < NOW + timedelta(seconds=6)
