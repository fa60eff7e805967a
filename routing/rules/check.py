"""What is wrong with a rule set, row by row. Nothing with a problem is ever published.

First its form (``ruleset.schema.json``), then its codes, then its logic: terms that define themselves,
values no fact can have, rules of which only one may hold but two can, rules that another one hides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from .book import CONCLUDING, Document, Hit, canonical, rows_of
from .conditions import ALWAYS, Cycle, Tree, leaves, resolved
from .facts import OF_RECORDS, Fact, Kind, questions
from .forms import Row, Setting, TooManyAlternatives, hides, meet, rows

SCHEMA = Path(__file__).with_name("ruleset.schema.json")
MOST_BYTES = 2_000_000
NUL = rb"\u0000"  # PostgreSQL keeps no such character
DEEPEST = 20  # levels of a condition; far below where a program's own stack would end


@dataclass(frozen=True)
class Vocabulary:
    """The codes of the reference data that rules may use, by list.

    ``under``: by the wider fact, the narrower one and its codes by the wider code.
    """

    codes: Mapping[str, frozenset[str]]
    under: Mapping[str, tuple[str, Mapping[str, frozenset[str]]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """What is wrong where: the rule's id (or its place), the part of it, and a code with its details."""

    row: str
    part: str
    code: str
    details: Mapping[str, str] = field(default_factory=dict)


def problems(document: Any, vocabulary: Vocabulary) -> list[Problem]:
    """Everything that forbids publishing; empty when nothing does."""
    return unusable(document, vocabulary) or list(_of_logic(document, setting(document, vocabulary)))


def unusable(document: Any, vocabulary: Vocabulary) -> list[Problem]:
    """What forbids even keeping it as a draft: its form, or codes that do not exist."""
    return list(_of_form(document)) or list(_of_codes(document, vocabulary))


@cache
def schema() -> dict[str, Any]:
    """The published JSON Schema of a rule set."""
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"))
    return loaded


# Form -------------------------------------------------------------------------------------------------------


def _of_form(document: Any) -> Iterator[Problem]:
    if _depth(document) > DEEPEST * 2:
        yield Problem("", "", "too_deep")
        return
    try:
        spelled = canonical(document)
    except (UnicodeEncodeError, TypeError, ValueError):  # half a character, or no JSON at all
        yield Problem("", "", "not_text")
        return
    if len(spelled) > MOST_BYTES or NUL in spelled:
        yield Problem("", "", "too_large" if len(spelled) > MOST_BYTES else "not_text")
        return
    for error in Draft202012Validator(schema()).iter_errors(document):
        path = list(error.absolute_path)
        part = _part(path)
        yield Problem(_row_at(document, path), part, "malformed", {"said": part or str(error.validator)})


def _depth(value: Any) -> int:
    """How deeply a value is nested, found without recursion."""
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if depth > DEEPEST * 2:
            return depth
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((child, depth + 1) for child in children)
    return deepest


def _row_at(document: Any, path: list[Any]) -> str:
    """The id of the rule at a path of the document, or its place; empty outside of rules."""
    match path:
        case ["sections", section, "rules", place, *_]:
            rule = document["sections"][section]["rules"][place]
            code = rule.get("id") if isinstance(rule, dict) else None
            return code if isinstance(code, str) else f"{section + 1}.{place + 1}"
        case ["questions", place, *_]:
            row = document["questions"][place]
            code = row.get("code") if isinstance(row, dict) else None
            return code if isinstance(code, str) else f"?{place + 1}"
    return ""


def _part(path: list[Any]) -> str:
    inside = path[4:] if path[:1] == ["sections"] else path
    return ".".join(str(step) for step in inside[:6])


# Codes ------------------------------------------------------------------------------------------------------


def _of_codes(document: Document, vocabulary: Vocabulary) -> Iterator[Problem]:
    yield from _twice([code for _section, row in rows_of(document) for code in [row["id"]]], "rule_twice")
    yield from _twice([row["code"] for row in document.get("questions", ())], "question_twice")
    cases = [case["id"] for _section, row in rows_of(document) for case in row.get("cases", ())]
    yield from _twice(cases, "case_twice")
    asked = questions(document)
    for code, fact in asked.items():
        if code in OF_RECORDS:
            yield Problem(code, "code", "question_of_records")
        if fact.kind == Kind.CODE and not fact.options:
            yield Problem(code, "options", "no_options")
        yield from _unknown(code, "topics", fact.topics, vocabulary.codes["topics"])
    catalogue = {**OF_RECORDS, **asked}
    terms = document.get("terms", {})
    for name, term in terms.items():
        yield from _of_condition(name, term["when"], terms, catalogue, vocabulary)
    for section, row in rows_of(document):
        yield from _of_condition(row["id"], row.get("when") or ALWAYS, terms, catalogue, vocabulary)
        yield from _of_conclusion(section, row, vocabulary)
        yield from _of_cases(row, catalogue, vocabulary)


def _twice(codes: list[str], problem: str) -> Iterator[Problem]:
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield Problem(code, "id", problem)


def _unknown(row: str, part: str, codes: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for code in codes:
        if code not in known:
            yield Problem(row, part, "unknown_code", {"value": code})


def _of_condition(
    row: str, tree: Tree, terms: Mapping[str, Any], catalogue: Mapping[str, Fact], vocabulary: Vocabulary
) -> Iterator[Problem]:
    try:
        whole = resolved(tree, {name: term["when"] for name, term in terms.items()})
    except Cycle as cycle:
        yield Problem(row, "when", "cycle", {"value": cycle.name})
        return
    except KeyError as missing:
        yield Problem(row, "when", "unknown_term", {"value": str(missing.args[0])})
        return
    for leaf in leaves(whole):
        yield from _of_leaf(row, leaf, catalogue, vocabulary)


def _of_leaf(
    row: str, leaf: Tree, catalogue: Mapping[str, Fact], vocabulary: Vocabulary
) -> Iterator[Problem]:
    fact = catalogue.get(leaf["fact"])
    if fact is None:
        yield Problem(row, "when", "unknown_fact", {"value": leaf["fact"]})
        return
    if "between" in leaf:
        low, high = leaf["between"]
        if fact.kind != Kind.NUMBER:
            yield Problem(row, "when", "not_a_number", {"fact": fact.code})
        elif (low is None and high is None) or (low is not None and high is not None and low > high):
            yield Problem(row, "when", "empty_range", {"fact": fact.code})
    for value in leaf.get("in", ()):
        if not fact.accepts([value] if fact.kind == Kind.CODES else value):
            yield Problem(row, "when", "wrong_value", {"fact": fact.code, "value": str(value)})
        elif fact.of:
            yield from _unknown(row, f"when.{fact.code}", [value], vocabulary.codes[fact.of])


OF_SECTION: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        CONCLUDING,
        frozenset(
            {"lead", "joint", "policy", "priority", "first", "target", "health", "documents", "consents"}
            | {"triage"}
        ),
    ),
    "always": frozenset({"joint", "documents", "consents", "forbid", "raise", "triage"}),
}
"""What a rule may conclude, by its section."""

LISTS: Mapping[str, str] = {
    "joint": "units",
    "forbid": "units",
    "consents": "units",
    "documents": "documents",
}


def _of_conclusion(section: str, row: Mapping[str, Any], vocabulary: Vocabulary) -> Iterator[Problem]:
    then, code = row["then"], row["id"]
    for name in sorted(then.keys() - OF_SECTION[section]):
        yield Problem(code, f"then.{name}", "not_in_section", {"value": section})
    if section == "always" and not then:
        yield Problem(code, "then", "concludes_nothing")
    if section in CONCLUDING:
        if ("lead" in then) == ("triage" in then):
            yield Problem(code, "then", "lead_or_triage")
        elif "lead" in then:
            yield from _unknown(code, "then.lead", [then["lead"]], vocabulary.codes["units"])
            for name in ("priority", "first", "target"):
                if name not in then:
                    yield Problem(code, f"then.{name}", "missing")
        if then.get("lead") in then.get("joint", ()):
            yield Problem(code, "then.joint", "lead_is_joint", {"value": then["lead"]})
    for name, known in LISTS.items():
        yield from _unknown(code, f"then.{name}", then.get(name, ()), vocabulary.codes[known])


def _of_cases(
    row: Mapping[str, Any], catalogue: Mapping[str, Fact], vocabulary: Vocabulary
) -> Iterator[Problem]:
    for case in row.get("cases", ()):
        part = f"cases.{case['id']}"
        if ("triage" in case["expect"]) == ("lead" in case["expect"]):
            yield Problem(row["id"], part, "lead_or_triage")
        for code, value in case["facts"].items():
            fact = catalogue.get(code)
            if fact is None:
                yield Problem(row["id"], part, "unknown_fact", {"value": code})
            elif value is not None and not fact.accepts(value):
                yield Problem(row["id"], part, "wrong_value", {"fact": code, "value": str(value)[:60]})
            elif fact.of and value is not None:
                values = value if isinstance(value, list) else [value]
                yield from _unknown(row["id"], part, values, vocabulary.codes[fact.of])
        units = [*case["expect"].get("joint", ()), *filter(None, [case["expect"].get("lead")])]
        yield from _unknown(row["id"], part, units, vocabulary.codes["units"])


# Logic ------------------------------------------------------------------------------------------------------


def setting(document: Document, vocabulary: Vocabulary) -> Setting:
    """What the normal form of conditions has to know."""
    return Setting({**OF_RECORDS, **questions(document)}, vocabulary.under)


def alternatives(document: Document, known: Setting) -> dict[str, list[Row]]:
    """The normal form of every rule by its id. Raises ``TooManyAlternatives`` with the id."""
    terms = {name: term["when"] for name, term in document.get("terms", {}).items()}
    found = {}
    for _section, row in rows_of(document):
        try:
            found[row["id"]] = rows(resolved(row.get("when") or ALWAYS, terms), known)
        except TooManyAlternatives:
            raise TooManyAlternatives(row["id"]) from None
    return found


def _of_logic(document: Document, known: Setting) -> Iterator[Problem]:
    try:
        forms = alternatives(document, known)
    except TooManyAlternatives as error:
        yield Problem(str(error), "when", "too_many_alternatives")
        return
    for code, form in forms.items():
        if not form:
            yield Problem(code, "when", "never_holds")
    for section in document["sections"]:
        codes = [row["id"] for row in section["rules"]]
        if section["hit"] == Hit.UNIQUE:
            for one, other in combinations(codes, 2):
                if meet(forms[one], forms[other]) is not None:
                    yield Problem(other, "when", "overlap", {"value": one})
    last = document["sections"][-1]["rules"]
    if not last or not hides(forms[last[-1]["id"]], [Row()]):
        yield Problem(last[-1]["id"] if last else "", "default", "no_default")


def shadowed(document: Document, vocabulary: Vocabulary) -> list[tuple[str, str]]:
    """(hidden rule, rule before it that always wins) of the sections where the first rule concludes.

    Found from the conditions alone; a rule may be hidden by several others together, which only the
    rehearsal shows.
    """
    forms = alternatives(document, setting(document, vocabulary))
    found = []
    for section in document["sections"]:
        if section["hit"] != Hit.FIRST:
            continue
        codes = [row["id"] for row in section["rules"]]
        for place, code in enumerate(codes):
            before = next((one for one in codes[:place] if hides(forms[one], forms[code])), None)
            if before is not None:
                found.append((code, before))
    return found
