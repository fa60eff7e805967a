"""Facts, values and conditions of routing rules in people's words: names, never codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from agencies.models import Unit
from callcenter import words
from intake.models import Channel, Document, Subtopic, Topic
from people.models import Category, District, Region
from people.reference import ReferenceRow
from routing import selectors
from routing.rules.facts import Fact, Kind

FRESH = 5.0  # seconds for which names are not asked for again
Catalogue = Mapping[str, Fact]
Terms = Mapping[str, Mapping[str, Any]]  # of a rule set, by name

# Facts of the records; a question brings its own words.
LABELS: words.Words = {
    "subtopic": gettext_lazy("Subject"),
    "topic": gettext_lazy("Group of subjects"),
    "urgency": gettext_lazy("Urgency of the subject"),
    "district": gettext_lazy("District"),
    "region": gettext_lazy("Region"),
    "categories": gettext_lazy("Category"),
    "age": gettext_lazy("Age"),
    "household": gettext_lazy("People in the household"),
    "channel": gettext_lazy("Channel"),
    "verification": gettext_lazy("Identity level"),
    "unclear": gettext_lazy("Unclear: let triage decide"),
    "complained_about": gettext_lazy("Complaint is about"),
    "consents": gettext_lazy("Consent"),
    "answers_given": gettext_lazy("Reasoned answers within a year"),
    "duplicate": gettext_lazy("Asked for the same within 30 days"),
    "deceased": pgettext_lazy("of a person", "Has died"),
    "unit": gettext_lazy("Agency"),
}
CHANNELS: words.Words = {
    Channel.PHONE: gettext_lazy("By telephone"),
    Channel.VISIT: gettext_lazy("In person"),
    Channel.LETTER: gettext_lazy("By letter"),
    Channel.WEB: gettext_lazy("Through the web form"),
}
TABLES: Mapping[str, type[ReferenceRow]] = {
    "subtopics": Subtopic,
    "topics": Topic,
    "districts": District,
    "regions": Region,
    "categories": Category,
    "units": Unit,
    "documents": Document,
}

_names: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}


def names(table: str) -> dict[str, str]:
    """Names of a list of the reference data by code, in the reader's language."""
    return _kept(table, lambda: {row.pk: str(row.name) for row in TABLES[table]._default_manager.all()})


def shorts() -> dict[str, str]:
    """Units by code as a table names them: by their abbreviation, or by their name when they have none."""
    return _kept("shorts", lambda: {row.pk: row.abbr or str(row.name) for row in Unit.objects.all()})


def _kept(what: str, read: Callable[[], dict[str, str]]) -> dict[str, str]:
    key = (what, get_language() or "az")
    known = _names.get(key)
    if known is None or monotonic() - known[0] > FRESH:
        _names[key] = known = (monotonic(), read())
    return known[1]


def label(fact: str, catalogue: Catalogue | None = None) -> str:
    known = (catalogue or selectors.published().book.catalogue).get(fact)
    if known is not None and known.names:
        return in_language(known.names)
    return str(LABELS.get(fact, fact))


def in_language(by_language: Mapping[str, str]) -> str:
    """The words in the reader's language; Azerbaijani where there are no others."""
    return by_language.get((get_language() or "az")[:2]) or by_language.get("az", "")


def value(fact: str, found: Any, catalogue: Catalogue | None = None) -> str:
    """One value of a fact, or several, in words."""
    known = (catalogue or selectors.published().book.catalogue).get(fact)
    if isinstance(found, list):
        return ", ".join(value(fact, item, catalogue) for item in found)
    if isinstance(found, bool):
        return _("yes") if found else _("no")
    if found in (None, ""):
        return _("not known")
    if known is None:
        return str(found)
    if option := next((it for it in known.options if it.value == found), None):
        return in_language(option.names)
    if known.of == "channels":
        return words.of(CHANNELS, found)
    if known.of == "priorities":
        return words.of(words.URGENCY, str(found))
    return names(known.of).get(str(found), str(found)) if known.of else str(found)


def wanted(fact: str, condition: Any, catalogue: Catalogue | None = None) -> str:
    """What a leaf wants of a fact (``routing.rules.conditions.Failing.wanted``)."""
    match condition:
        case {"not": inner}:
            return _("not: %(wanted)s") % {"wanted": wanted(fact, inner, catalogue)}
        case {"unknown": True}:
            return _("not known")
        case {"between": [None, high]}:
            return _("at most %(high)s") % {"high": high}
        case {"between": [low, None]}:
            return _("at least %(low)s") % {"low": low}
        case {"between": [low, high]}:
            return _("%(low)s to %(high)s") % {"low": low, "high": high}
        case {"in": values}:
            return _(" or ").join(value(fact, item, catalogue) for item in values)
    return value(fact, condition, catalogue)


def condition(
    tree: Mapping[str, Any] | None, catalogue: Catalogue | None = None, terms: Terms | None = None
) -> str:
    """A whole condition in one line; nothing for one that always holds."""
    match tree:
        case None | {"and": []}:
            return ""
        case {"and": parts}:
            return _(" and ").join(_within(part, catalogue, terms) for part in parts)
        case {"or": parts}:
            return _(" or ").join(_within(part, catalogue, terms) for part in parts)
        case {"not": part}:
            return _("not (%(condition)s)") % {"condition": condition(part, catalogue, terms)}
        case {"term": name}:
            return in_language((terms or {}).get(name, {})) or str(name)
    fact = str(tree["fact"])
    known = (catalogue or selectors.published().book.catalogue).get(fact)
    if known is not None and known.kind == Kind.FLAG and tree.get("in") == [True]:
        return label(fact, catalogue)
    leaf = {name: part for name, part in tree.items() if name != "fact"}
    return f"{label(fact, catalogue)}: {wanted(fact, leaf, catalogue)}"


def _within(tree: Mapping[str, Any], catalogue: Catalogue | None, terms: Terms | None) -> str:
    told = condition(tree, catalogue, terms)
    return f"({told})" if len(tree.get("or", ())) > 1 or len(tree.get("and", ())) > 1 else told
