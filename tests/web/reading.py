"""Reading a page as a person does, and counting what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext


def text_of(page: Any) -> str:
    """What a person reads: no tags, entities resolved, blanks joined."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def statements(ask: Callable[[], Any]) -> int:
    """How many statements a request costs once the short-lived caches are warm.

    The least of three: on a slow machine a cache may run out between two requests.
    """
    counts = []
    for _ in range(4):
        with CaptureQueriesContext(connection) as seen:
            assert ask().status_code == 200
        counts.append(len(seen))
    return min(counts[1:])
