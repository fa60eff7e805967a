"""Reading a page as a person does, and counting what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
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


class _Form(HTMLParser):
    """What a browser would send of the form that has this attribute, as it stands on the page."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark, self.inside = mark, False
        self.sent: dict[str, list[str]] = {}
        self.select, self.text = "", ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = self.mark in given
        if not self.inside:
            return
        name, kind = given.get("name") or "", given.get("type", "text")
        if tag == "select":
            self.select = name
        elif tag == "option" and "selected" in given:
            self._send(self.select, given["value"])
        elif tag == "textarea":
            self.text = name
            self._send(name, "")
        elif tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self._send(name, given.get("value") or ("on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self.text:
            self.sent[self.text] = [self.sent[self.text][0] + data]

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"
        self.text = "" if tag == "textarea" else self.text

    def _send(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


def form_of(page: Any, mark: str = "data-once") -> dict[str, list[str]]:
    """The fields of the page's form with this attribute, ready to be sent."""
    parser = _Form(mark)
    parser.feed(page.content.decode())
    return {name: [value.removeprefix("\n") for value in values] for name, values in parser.sent.items()}
