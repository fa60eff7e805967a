"""File locks of the kernel (flock): they vanish with their holder, so a kill -9 leaves none behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Lock:
    """One lock file (or directory). Children do not inherit the descriptor: only this process holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
        self.descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)

    def shared(self) -> None:
        """Wait for a shared hold."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def exclusive(self) -> None:
        """Wait for the only hold."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take a shared hold unless somebody has the only one."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the only hold unless somebody has any."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Let go; the lock can be taken again."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go for good."""
        os.close(self.descriptor)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def is_held(path: Path) -> bool:
    """Does any other process hold this lock?"""
    try:
        lock = Lock(path)
    except OSError:
        return False
    try:
        return not lock.try_exclusive()
    finally:
        lock.close()


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock alone for the length of a block."""
    lock = Lock(path)
    try:
        lock.exclusive()
        yield
    finally:
        lock.close()
