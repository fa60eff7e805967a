"""Asking the database from the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

# Not Channels' one thread for everything: after a deployment a thousand sockets ask at once.
_threads = ThreadPoolExecutor(4, thread_name_prefix="live")

P = ParamSpec("P")
T = TypeVar("T")


def asked(question: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The question, put in a thread of its own; its connection goes back afterwards."""
    put: Callable[P, Awaitable[T]] = database_sync_to_async(
        question, thread_sensitive=False, executor=_threads
    )
    return put
