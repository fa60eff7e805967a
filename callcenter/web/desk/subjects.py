"""The list of subjects, narrowed by what is typed."""

from __future__ import annotations

from dataclasses import dataclass

from intake import selectors as intake
from intake.models import Subtopic, Topic
from people import text as rules

# The order of the source: what is asked most stands first; fields added later come last.
ORDER = ("PSY", "REH", "PRO", "MED", "RX", "INS", "DIS", "SOC", "HOU", "EMP", "STA", "CMP")


@dataclass(frozen=True)
class Field:
    """One of the twelve fields with what can be asked under it."""

    name: str
    subtopics: list[Subtopic]


def narrowed(wanted: str = "") -> list[Field]:
    """Subjects in whose names or words every typed word occurs, in any of the three languages."""
    words = rules.fold(wanted).split()
    fields = [
        Field(topic.name, [sub for sub in topic.subtopics.all() if sub.active and _holds(sub, topic, words)])
        for topic in sorted(intake.subjects(), key=_place)
    ]
    return [field for field in fields if field.subtopics]


def _place(topic: Topic) -> int:
    return ORDER.index(topic.code) if topic.code in ORDER else len(ORDER)


def _holds(sub: Subtopic, topic: Topic, words: list[str]) -> bool:
    names = [sub.code, sub.az, sub.en, sub.ru, topic.az, topic.en, topic.ru, *sub.keywords]
    whole = rules.fold(" ".join(names))
    return all(word in whole for word in words)
