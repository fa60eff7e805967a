"""What a form of a rule can choose from, by name: subjects, places, units, facts and their values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from callcenter import rulewords, words
from callcenter.web.directory.forms import units
from callcenter.web.directory.rows import Group, Lists
from intake.models import Channel, Document
from people.models import Category
from routing.decide import LADDER
from routing.rules.facts import OF_RECORDS, Fact, Kind, questions

from .speech import Speech

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Choices:
    """All lists of one page, each read once."""

    document: Mapping[str, Any]

    @cached_property
    def lists(self) -> Lists:
        return Lists.read()

    @cached_property
    def topics(self) -> Pairs:
        return [(topic.code, topic.name) for topic in self.lists.topics]

    @cached_property
    def regions(self) -> Pairs:
        return [(region.code, region.name) for region in self.lists.regions]

    @cached_property
    def categories(self) -> Pairs:
        return [(row.code, row.name) for row in Category.objects.filter(active=True)]

    @cached_property
    def documents(self) -> Pairs:
        return [(row.code, row.name) for row in Document.objects.filter(active=True)]

    @cached_property
    def units(self) -> list[Group]:
        return units()

    @cached_property
    def speech(self) -> Speech:
        return Speech(self.document)

    @cached_property
    def catalogue(self) -> Mapping[str, Fact]:
        return self.speech.catalogue

    @cached_property
    def facts(self) -> list[tuple[str, Pairs]]:
        """Facts by where they come from: the questions of the rule set, and the records."""
        asked = [(code, rulewords.label(code, self.catalogue)) for code in questions(self.document)]
        known = [(code, rulewords.label(code, self.catalogue)) for code in OF_RECORDS]
        return [(_("Asked in the call"), asked), (_("Read from the records"), known)]

    def values(self, fact: Fact) -> Sequence[tuple[str, Any]]:
        """The values of a fact, (encoded value, name), long lists by group; none of a bare number."""
        if fact.options:
            return [(encoded(option.value), rulewords.in_language(option.names)) for option in fact.options]
        if fact.kind == Kind.FLAG:
            return [(encoded(True), _("yes")), (encoded(False), _("no"))]
        if fact.kind == Kind.NUMBER:
            return []
        return _encoded(self._listed(fact.of))

    def _listed(self, name: str) -> Sequence[tuple[str, Any]]:
        """A list of the reference data by its name in the vocabulary."""
        match name:
            case "subtopics":
                return self.lists.subjects
            case "districts":
                return self.lists.places
            case "units":
                return self.units
            case "channels":
                return [(code, words.of(rulewords.CHANNELS, code)) for code in Channel.values]
            case "priorities":
                return [(code, words.of(words.URGENCY, code)) for code in LADDER]
        return {"topics": self.topics, "regions": self.regions, "categories": self.categories}[name]


def encoded(value: Any) -> str:
    """A value of any kind as a form sends it."""
    return json.dumps(value, ensure_ascii=False)


def _encoded(listed: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [
        (code, _encoded(name)) if isinstance(name, list) else (encoded(code), name) for code, name in listed
    ]
