"""Reading subjects and applications: what a text may be about, and what resembles a new request."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.db.models import Q, QuerySet

from events import clock
from people.models import Person

from .lifecycle import OPEN
from .models import Application, Subtopic, Topic
from .suggest import Known, Suggestions, suggest

SIMILAR_DAYS = 30
_CACHE_KEY = "intake-subjects"


def suggestions(text: str) -> Suggestions:
    """Subjects that ``text`` may be about and a sign of distress in it; a person decides."""
    return suggest(text, _known())


def _known() -> list[Known]:
    """Codes, keywords and names of all subjects. Cached for seconds: it is read while somebody types."""
    known: list[Known] | None = cache.get(_CACHE_KEY)
    if known is None:
        rows = Subtopic.objects.filter(active=True, topic__active=True)
        known = [(row.code, row.keywords, (row.az, row.ru)) for row in rows]
        cache.set(_CACHE_KEY, known, 5)
    return known


def forget() -> None:
    """Read the subjects anew, after they were changed in this process."""
    cache.delete(_CACHE_KEY)


def subjects() -> list[Topic]:
    """The subjects in use with what exactly can be asked under each, in two statements."""
    topics = Topic.objects.filter(active=True).prefetch_related("subtopics")
    return [topic for topic in topics if any(sub.active for sub in topic.subtopics.all())]


def similar(visible: QuerySet[Application], *, person: Person, subtopic: Subtopic) -> QuerySet[Application]:
    """The person's applications on the same subject that are open or not older than 30 days."""
    since = clock.now() - timedelta(days=SIMILAR_DAYS)
    recent = Q(state__in=OPEN) | Q(registered_at__gte=since)
    return visible.filter(recent, person=person, subtopic=subtopic).order_by("-registered_at", "-id")
