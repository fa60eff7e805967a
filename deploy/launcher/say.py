"""What the launcher tells its user: on stderr, because stdout belongs to the command that was asked for."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LauncherError(Exception):
    """A failure with its remedy: every one tells the user what to do next."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


def line(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def failure(error: LauncherError) -> None:
    """What went wrong and what to do about it."""
    line(f"dayaq: {error.message}")
    line(f"dayaq: what to do: {error.next_step}")


class Steps:
    """Numbered progress with times. With a total of 0 the lines carry no number."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.number = 0

    def nothing_to_do(self, title: str) -> None:
        """Count a step that was done before, so that the numbers add up."""
        self.number += 1
        if self.total:
            line(f"[{self.number}/{self.total}] {title}")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step before it starts and its duration when it is done."""
        self.number += 1
        prefix = f"[{self.number}/{self.total}] " if self.total else "dayaq: "
        line(f"{prefix}{title} ...")
        begin = time.monotonic()
        yield
        line(f"{' ' * len(prefix)}done in {time.monotonic() - begin:.1f} s")
