"""How a rule set stands: its problems by row, its golden cases, rules that others hide, and cautions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from routing import editing, golden, selectors
from routing.errors import sentence
from routing.golden import Outcome
from routing.models import RuleSet
from routing.rules import check
from routing.rules.check import Problem, Vocabulary

KEPT = 32  # rule sets whose standing is remembered: looking through a large one takes a while


@dataclass(frozen=True)
class Standing:
    """What was found. While there are problems no case is tried and nothing can be said about shadows."""

    problems: tuple[Problem, ...]
    outcomes: tuple[Outcome, ...] = ()
    shadowed: tuple[tuple[str, str], ...] = ()
    cautions: tuple[Problem, ...] = ()

    @cached_property
    def failing(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.passed]

    @property
    def passed(self) -> int:
        return len(self.outcomes) - len(self.failing)

    def sentences(self, row: str) -> list[str]:
        """What is wrong with one rule."""
        return [str(sentence(problem)) for problem in self.problems if problem.row == row]

    def warnings(self) -> list[tuple[str, str]]:
        """(rule, or nothing; sentence) of what is allowed and seldom meant."""
        return [(problem.row, str(sentence(problem))) for problem in self.cautions]

    def of(self, rule: str) -> list[Outcome]:
        """The golden cases of one rule."""
        return [outcome for outcome in self.outcomes if outcome.rule == rule]


_known: OrderedDict[Hashable, Standing] = OrderedDict()


def standing(ruleset: RuleSet) -> Standing:
    """The standing of a rule set with the directory and the reference data as they are now."""
    vocabulary, directory = selectors.vocabulary(), selectors.directory()
    key = (ruleset.pk, ruleset.digest, directory.digest, _print(vocabulary))
    if key not in _known:
        _known[key] = _found(ruleset, vocabulary)
        while len(_known) > KEPT:
            _known.popitem(last=False)
    return _known[key]


def _print(vocabulary: Vocabulary) -> Hashable:
    return tuple(sorted((name, hash(codes)) for name, codes in vocabulary.codes.items()))


def _found(ruleset: RuleSet, vocabulary: Vocabulary) -> Standing:
    problems = check.problems(ruleset.document, vocabulary)
    if problems:
        return Standing(tuple(problems))
    outcomes = golden.run(editing.book_of(ruleset), selectors.directory().directory)
    hidden = check.shadowed(ruleset.document, vocabulary)
    return Standing((), tuple(outcomes), tuple(hidden), tuple(editing.cautions(ruleset)))
