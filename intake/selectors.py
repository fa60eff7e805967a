"""Reading subjects and applications: what a text may be about, and what resembles a new request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet

from events import clock
from people.models import Person

from .distress import Distress, sign
from .lately import Lately
from .lifecycle import OPEN, ApplicationState
from .models import Application, SubjectModel, Subtopic, SuggestionOutcome, Topic
from .suggest import model
from .suggest.words import Found, Known, Roots

log = logging.getLogger(__name__)

SIMILAR_DAYS = 30


@dataclass(frozen=True)
class Suggestions:
    """Up to three subjects with a confidence from 0 to 1, the likeliest first; and the sign of distress.

    ``model`` is the number of the trained model that proposed them, None for the taxonomy's own words.
    """

    suggestions: Found
    distress: Distress | None
    model: int | None


def suggestions(text: str) -> Suggestions:
    """Subjects that ``text`` may be about and a sign of distress in it; a person decides."""
    number, found = suggested(text)
    return Suggestions(found, sign(text), number)


def suggested(text: str) -> tuple[int | None, Found]:
    """The number of the model in use, and the subjects that it proposes for ``text``."""
    roots, trained = _roots.value(), _trained.value()
    if trained is None:
        return None, roots.suggest(text)
    return trained.number, trained.model.suggest(text, roots)


@dataclass(frozen=True)
class _Trained:
    """The stored model in use."""

    number: int
    digest: str
    model: model.Model


def taxonomy() -> list[Known]:
    """The subjects in use with their keywords and names."""
    rows = Subtopic.objects.filter(active=True, topic__active=True)
    return [Known(row.code, row.topic_id, row.keywords, (row.az, row.ru)) for row in rows]


def _read_roots(_before: Roots | None) -> Roots:
    return Roots(taxonomy())


def _read_trained(before: _Trained | None) -> _Trained | None:
    """The newest active model that can be read; its weights are fetched only when it is another one."""
    for number, digest in SubjectModel.objects.in_use().values_list("number", "digest"):
        if before is not None and (before.number, before.digest) == (number, digest):
            return before
        stored = bytes(SubjectModel.objects.values_list("weights", flat=True).get(pk=number))
        try:
            return _Trained(number, digest, model.from_bytes(stored))
        except model.Unreadable as error:
            log.error("Subject model %s cannot be read and is passed over: %s", number, error)
    return None


_roots: Lately[Roots] = Lately(_read_roots)
_trained: Lately[_Trained | None] = Lately(_read_trained)


def forget() -> None:
    """Read the subjects and the model anew, after they were changed in this process."""
    _roots.forget()
    _trained.forget()


def closed_texts() -> Iterator[tuple[str, str]]:
    """Texts of closed applications with the subtopic they ended on, the newest first."""
    closed = Application.objects.filter(state=ApplicationState.CLOSED).order_by("-closed_at", "-id")
    return closed.values_list("text", "subtopic_id").iterator(chunk_size=1000)


def outcomes() -> dict[int | None, dict[int | None, int]]:
    """How many applications were registered, by model and by the place of what was chosen (None: other)."""
    counted: dict[int | None, dict[int | None, int]] = {}
    rows = (
        SuggestionOutcome.objects.values_list("model", "rank").annotate(Count("pk")).order_by("model", "rank")
    )
    for number, rank, count in rows:
        counted.setdefault(number, {})[rank] = count
    return counted


def subjects() -> list[Topic]:
    """The subjects in use with what exactly can be asked under each, in two statements."""
    topics = Topic.objects.filter(active=True).prefetch_related("subtopics")
    return [topic for topic in topics if any(sub.active for sub in topic.subtopics.all())]


def similar(visible: QuerySet[Application], *, person: Person, subtopic: Subtopic) -> QuerySet[Application]:
    """The person's applications on the same subject that are open or not older than 30 days."""
    since = clock.now() - timedelta(days=SIMILAR_DAYS)
    recent = Q(state__in=OPEN) | Q(registered_at__gte=since)
    return visible.filter(recent, person=person, subtopic=subtopic).order_by("-registered_at", "-id")
