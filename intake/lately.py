"""What a process has read a moment ago, so that it is not read for every letter somebody types."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lately(Generic[T]):
    """A value with an age: ``read`` is asked again after ``seconds``, and gets what it gave before, or None.

    Several processes agree after that time. Threads may read twice at once, which harms nothing.
    """

    def __init__(self, read: Callable[[T | None], T], seconds: float = 5.0) -> None:
        self._read = read
        self._seconds = seconds
        self._value: tuple[float, T] | None = None

    def value(self) -> T:
        held = self._value
        if held is not None and time.monotonic() < held[0]:
            return held[1]
        value = self._read(held[1] if held else None)
        self._value = (time.monotonic() + self._seconds, value)
        return value

    def forget(self) -> None:
        """Read anew next time, after a change in this process."""
        self._value = None
