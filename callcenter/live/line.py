"""One open socket: what it follows, how far it has been told, and how much it has not taken yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .presence import Place
from .stream import as_frame
from .topics import Topic
from .wire import Wire

BACKLOG = 256 * 1024  # bytes a client may leave untaken; one that leaves more starts over
HELD = 1000  # events kept for a topic while its replay or snapshot is being read


@dataclass(eq=False, slots=True)
class Line:
    """A socket and who is at its other end: a user by session or by token.

    ``password`` is the hash that was in force at the handshake: with another one nobody stays.
    """

    wire: Wire
    close: Callable[[int], Awaitable[None]]
    user: int
    password: str
    session: str | None
    token: int | None
    opened_at: float
    topics: dict[str, Topic] = field(default_factory=dict)  # by audience
    here: Place | None = None

    def tell(self, body: dict[str, Any]) -> None:
        self.wire.write(as_frame(body))

    def offer(self, frame: bytes) -> bool:
        """Write a frame unless too much waits already. False when this client does not keep up."""
        if self.wire.waiting() > BACKLOG:
            return False
        self.wire.write(frame)
        return True


@dataclass(slots=True)
class Catching:
    """A line that is being brought to the present: what happens meanwhile is held for it.

    ``since`` is where holding began when the hub had to jump; nothing before that was held. ``upto`` is
    where its replay reached; until the hub is there, what comes is known to it already.
    """

    held: list[tuple[int, bytes]] | None = field(default_factory=list)
    since: int = 0
    upto: int = 0

    def hold(self, told: list[tuple[int, bytes]]) -> bool:
        """Keep it for later. False when that is too much."""
        if self.held is not None:
            self.held += told
        return self.held is None or len(self.held) <= HELD
