"""Who looks at a question or uses a term: rules, also through terms, other terms, and golden cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from routing.rules.book import Document, rows_of
from routing.rules.conditions import ALWAYS, Tree

Terms = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Lookers:
    """Everything that stands in the way of taking a question or a term out."""

    rules: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()  # (rule, golden case)

    def __bool__(self) -> bool:
        return bool(self.rules or self.terms or self.cases)


def lookers(document: Document) -> Mapping[str, Lookers]:
    """By ?question and =term; one that nobody looks at has none."""
    terms = document.get("terms", {})
    rules, used, cases = (defaultdict[str, list[Any]](list) for _kind in range(3))
    for _section, row in rows_of(document):
        for name in set(_named(row.get("when") or ALWAYS, terms)):
            rules[name].append(row["id"])
        for case in row.get("cases", ()):
            for fact in case["facts"]:
                cases[f"?{fact}"].append((row["id"], case["id"]))
    for code, term in terms.items():
        for name in set(_named(term["when"], terms)):
            used[name].append(code)
    names = {*rules, *used, *cases}
    return {name: Lookers(*(tuple(each[name]) for each in (rules, used, cases))) for name in names}


def _named(tree: Tree, terms: Terms) -> Iterator[str]:
    """Every ?fact and =term of a condition, terms looked through: a draft's terms come to an end."""
    match tree:
        case {"and": parts} | {"or": parts}:
            for part in parts:
                yield from _named(part, terms)
        case {"not": part}:
            yield from _named(part, terms)
        case {"term": name}:
            yield f"={name}"
            yield from _named(terms[name]["when"], terms)
        case {"fact": code}:
            yield f"?{code}"
