"""What pages that send something share: forms that say the domain's refusal, and sending once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from django import forms
from django.db import transaction
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse

from events import idempotency
from events.errors import Refusal

from .doors import actor_of

T = TypeVar("T")


class VerbForm(forms.Form):
    """Fields of one verb. The domain checks them; the form only shows them and its refusal."""

    use_required_attribute = False

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at its fields; what has no field goes on top."""
        self._errors = ErrorDict(renderer=self.renderer)
        self.cleaned_data: dict[str, Any] = {}
        for name, sentences in refusal.errors.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, str(sentence))
        if not refusal.errors:
            self.add_error(None, str(refusal.message))


@dataclass(frozen=True)
class Verb:
    """A button. Without ``allowed`` it stays in its place and ``why`` says the reason.

    ``opens`` is what pressing does: "send" at once, "dialog" for its form, or an address to go to.
    """

    name: str
    label: str
    icon: str = ""
    key: str = ""
    opens: str = "send"
    allowed: bool = True
    primary: bool = False
    why: str = ""

    @property
    def look(self) -> str:
        if self.primary:
            return "btn-primary"
        return "btn-plain" if self.icon else "btn-quiet"


@dataclass(frozen=True)
class Change:
    """What another person changed meanwhile."""

    label: str
    was: str
    now: str


@dataclass(frozen=True)
class Refused:
    """A refusal to be shown in place. ``still``: the verb is possible now, so it may be sent again."""

    verb: str
    label: str
    notice: str
    form: VerbForm | None = None
    still: bool = False
    taken: bool = False
    stale: bool = False
    in_place: bool = True
    who: str = ""
    when: datetime | None = None
    changes: tuple[Change, ...] = ()


class Suggests:
    """A choice that suggests what another field may say: ``suggestions`` by value, for ``target``.

    The script puts it in only while nobody has written anything else there.
    """

    suggestions: Mapping[str, str] = {}
    target = ""

    def create_option(self, *args: Any, **options: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **options)  # type: ignore[misc]  # of the widget
        if suggestion := self.suggestions.get(str(option["value"])):
            option["attrs"] |= {"data-suggest": suggestion, "data-suggest-to": self.target}
        return option


class Suggesting(Suggests, forms.Select):
    """A list of which each line may suggest something."""


class SuggestingRadios(Suggests, forms.RadioSelect):
    """The same as radio buttons."""


def area(rows: int = 3, *, first: bool = False) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **(FIRST if first else {})})


# The field that takes the focus when its dialog opens; without it the closing button would.
FIRST = {"autofocus": True}


def once(
    request: HttpRequest,
    operation: str,
    work: Callable[[], T],
    *,
    identify: Callable[[T], object],
    again: Callable[[str], T],
) -> T:
    """Do it once per form: its hidden key makes a second press, or a repeat after a lost answer, harmless."""
    sent = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    meaning = json.dumps([request.path, sent], sort_keys=True).encode()
    with transaction.atomic():
        return idempotency.once(
            principal=actor_of(request).pk,
            operation=f"web.{operation}",
            key=request.POST.get("idempotency") or None,
            digest=idempotency.fingerprint(meaning),
            work=work,
            identify=identify,
            again=again,
        )


def new_key() -> str:
    """The idempotency key of a form about to be shown."""
    return str(uuid4())


def is_part(request: HttpRequest) -> bool:
    """Does a script ask for a part of the page? Not when the browser goes back to a whole one."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def status_for(request: HttpRequest, status: int) -> int:
    """Forms with errors go to htmx as 422, the status it swaps; everywhere else as they are."""
    return 422 if status == 400 and is_part(request) else status


def announce(response: HttpResponse, text: str, *, draft: str = "") -> HttpResponse:
    """Let the page say that something is done, and forget the draft of it."""
    told: dict[str, Any] = {"dq:toast": {"kind": "ontime", "title": text, "text": ""}}
    if draft:
        told["dq:draft-done"] = {"key": draft}
    response.headers["HX-Trigger"] = json.dumps(told)
    return response
