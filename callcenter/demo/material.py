"""What the demonstration is made of: the files of ``fixtures/demo`` and the reference data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import yaml
from django.conf import settings

from agencies.models import Unit
from intake.models import Disposition, Subtopic
from people.models import District
from routing import selectors as routing
from routing.decide import Decision, decide
from routing.directory import Directory
from routing.rules.book import RuleBook

T = TypeVar("T")

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "demo"
# The texts file speaks of the outcome in the short; the reasons' code is longer.
OUTCOMES = {"partly": "partly_provided"}


@dataclass(frozen=True)
class Material:
    """Everything the plan reads; nothing in it changes while stories are made."""

    names: Mapping[str, Any]
    texts: Mapping[str, Any]
    volumes: Mapping[str, Any]
    subtopics: Mapping[str, Subtopic]
    districts: Mapping[str, str]
    scopes: Mapping[str, tuple[str, bool]]
    rules: RuleBook
    directory: Directory
    dispositions: Mapping[str, list[str]]

    def decide(self, facts: Mapping[str, Any]) -> Decision:
        return decide(facts, self.rules, self.directory)

    def agency(self, unit: str) -> str:
        return self.scopes[unit][0]

    def is_external(self, unit: str) -> bool:
        return self.scopes[unit][1]

    def outcome_and_text(self, subtopic: str, rng: Random, words: Mapping[str, str]) -> tuple[str, str]:
        answer = rng.choice(self.texts[subtopic]["answers"])
        return OUTCOMES.get(answer["outcome"], answer["outcome"]), answer["text"].format(**words)

    def generic(self, kind: str, rng: Random) -> str:
        return str(rng.choice(self.texts["generic"][kind]))

    def note_of_return(self, reason: str, rng: Random) -> str:
        return str(rng.choice(self.texts["generic"]["returns"][reason]))


@cache
def _read(name: str) -> Any:
    return yaml.load((FOLDER / f"{name}.yaml").read_text("utf-8"), Loader=_Loader)  # noqa: S506 safe


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads the texts ten times faster


def gather() -> Material:
    """Read files and reference data. Raises ``NoRules`` when the reference data are not loaded."""
    groups: dict[str, list[str]] = {}
    for code, group in Disposition.objects.filter(active=True).order_by("code").values_list("code", "group"):
        groups.setdefault(group, []).append(code)
    return Material(
        names=_read("names"),
        texts=_read("texts"),
        volumes=_read("volumes"),
        subtopics={row.code: row for row in Subtopic.objects.select_related("topic").filter(active=True)},
        districts=dict(District.objects.filter(active=True).values_list("az", "code")),
        scopes={
            code: (agency, scope == "external")
            for code, agency, scope in Unit.objects.values_list("code", "agency", "agency__scope")
        },
        rules=routing.published().book,
        directory=routing.directory().directory,
        dispositions=groups,
    )


def share_out(weights: Mapping[T, float], count: int, *, each: bool = False) -> list[T]:
    """``count`` items in proportion to their weights (largest remainders); ``each``: everyone once first.

    The result is grouped by item; shuffle it.
    """
    once = list(weights) if each and count >= len(weights) else []
    rest = count - len(once)
    total = sum(weights.values())
    exact = {item: rest * weight / total for item, weight in weights.items()}
    whole = {item: int(amount) for item, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda item: whole[item] - exact[item])
    for item in by_remainder[: rest - sum(whole.values())]:
        whole[item] += 1
    return once + [item for item, amount in whole.items() for _ in range(amount)]


def shuffled(items: Iterable[T], rng: Random) -> list[T]:
    result = list(items)
    rng.shuffle(result)
    return result


def pick(weights: Mapping[T, float], rng: Random) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]
