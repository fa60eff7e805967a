"""Why it goes there, in sentences: rules that held or failed, and what an answer would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from callcenter import rulewords
from intake.models import Subtopic
from routing import explain
from routing import selectors as rules
from routing.explain import Hint, Near
from routing.rules.book import Rule, RuleBook


@dataclass(frozen=True)
class Look:
    """One line of the reasons: a rule that was looked at, and the first condition that did not hold."""

    rule: str
    matched: bool
    why: str
    about: str = ""


def looks(trace: Iterable[dict[str, Any]], book: RuleBook | None = None) -> list[Look]:
    """The reasons of a decision under ``book``, in the order in which the rules were looked at.

    Rules that could have added something and did not say nothing about the way.
    """
    book = book or rules.published().book
    adding = {rule.code: rule for rule in book.sections["always"].rules}
    return [
        _look(step, adding.get(str(step["rule"])), book.rule(str(step["rule"])))
        for step in trace
        if step["matched"] or step["rule"] not in adding
    ]


def _look(step: dict[str, Any], adding: Rule | None, rule: Rule | None) -> Look:
    about = named(rule) if rule else ""
    return Look(str(step["rule"]), bool(step["matched"]), _why(step, adding), about)


def _why(step: dict[str, Any], adding: Rule | None) -> str:
    rule, fact = str(step["rule"]), str(step["fact"])
    if step["matched"]:
        return _directory(rule, step) or _holds(adding)
    if rule.startswith("DIRECTORY-"):
        return _refused(rule.removeprefix("DIRECTORY-"), step)
    if rule.startswith("GUARD-"):
        return _("The complaint is about this very agency, so it cannot go there")
    return failing(fact, step["wanted"], step["found"])


def failing(fact: str, wanted: Any, found: Any) -> str:
    """The first condition that failed."""
    return _("%(fact)s: %(wanted)s is needed, here: %(found)s") % {
        "fact": rulewords.label(fact),
        "wanted": rulewords.wanted(fact, wanted),
        "found": rulewords.value(fact, found),
    }


def nearest(facts: Mapping[str, Any], book: RuleBook) -> list[Look]:
    """The rules about these subjects that came closest, each with its first condition that failed."""
    return [
        Look(
            near.rule.code,
            False,
            failing(near.first.fact, near.first.wanted, near.first.found),
            named(near.rule),
        )
        for near in near_ones(facts, book)
    ]


def near_ones(facts: Mapping[str, Any], book: RuleBook) -> list[Near]:
    """The nearest rules about this subject and those of its group."""
    topic = facts.get("topic")
    akin = Subtopic.objects.filter(topic=topic).values_list("pk", flat=True) if topic else ()
    return explain.nearest(facts, book, list(akin))


def named(rule: Rule) -> str:
    """What a rule is about, if it says so."""
    return rulewords.in_language(rule.reason)


def _holds(adding: Rule | None) -> str:
    if adding is None:
        return _("holds")
    if adding.then.get("raise"):
        return _("raises the urgency")
    if adding.then.get("triage"):
        return _("a person looks first")
    return _("adds to the decision")


CHOSEN = {
    "area": gettext_noop("%(unit)s acts: it serves this district"),
    "free": gettext_noop("%(unit)s acts: it has room"),
    "load": gettext_noop("%(unit)s acts: it has the least open work for its capacity"),
    "first": gettext_noop("%(unit)s acts: the first of several that could"),
    "only": gettext_noop("%(unit)s acts: the only one that serves this subject"),
    "above": gettext_noop("%(unit)s acts: whoever serves this has closed"),
    "full": gettext_noop("%(unit)s acts, though it has no room: nobody else could"),
}


def _directory(rule: str, step: dict[str, Any]) -> str:
    """Why the directory chose another unit than the rule names."""
    if not rule.startswith("DIRECTORY-"):
        return ""
    unit = rulewords.names("units").get(str(step["found"]), str(step["found"]))
    return _(CHOSEN.get(str(step["wanted"]), CHOSEN["only"])) % {"unit": unit}


def _refused(unit: str, step: dict[str, Any]) -> str:
    if step["found"] == "no_service":
        return _("No unit of %(unit)s serves this subject in this district") % {"unit": unit}
    return _("%(unit)s takes no referrals at present") % {"unit": unit}


def hints(found: Iterable[Hint], most: int = 3) -> list[str]:
    """How an answer would change the agencies, one sentence each."""
    return [_hint(hint) for hint in found if hint.adds or hint.drops][:most]


def urgent(found: Iterable[Hint]) -> list[str]:
    """The questions whose answer would change the urgency alone."""
    return list(dict.fromkeys(rulewords.label(it.fact) for it in found if not (it.adds or it.drops)))


def _hint(hint: Hint) -> str:
    units = rulewords.names("units")
    said = {
        "fact": rulewords.label(hint.fact),
        "value": rulewords.wanted(hint.fact, {"in": list(hint.values)}),
        "units": ", ".join(units.get(code, code) for code in hint.adds or hint.drops),
    }
    if hint.adds:
        return _("If “%(fact)s” is “%(value)s”, it would also go to %(units)s") % said
    return _("If “%(fact)s” is “%(value)s”, it would not go to %(units)s") % said


NOTICES = {
    "deceased": gettext_noop(
        "The records say that this person has died. Check first, and talk to the family."
    ),
    "duplicate": gettext_noop(
        "The same was asked for within 30 days. Perhaps it belongs to that application."
    ),
    "repeated": gettext_noop(
        "Three reasoned answers were given on this within a year. Without new information it may be left"
        " without consideration, which a supervisor decides."
    ),
}


def notices(codes: Iterable[str]) -> list[str]:
    """What has to be pointed out about an application, in sentences."""
    return [_(NOTICES[code]) for code in codes if code in NOTICES]


def unknown(trace: Iterable[dict[str, Any]]) -> list[str]:
    """Questions that nobody has asked yet and that could change something."""
    catalogue = rules.published().book.catalogue
    missing = [
        str(step["fact"])
        for step in trace
        if not step["matched"]
        and step["found"] in (None, [], "")
        and (fact := catalogue.get(str(step["fact"]))) is not None
        and fact.options
    ]
    return list(dict.fromkeys(missing))
