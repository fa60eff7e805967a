"""What the desk has to ask: only the questions that the published rules look at, in people's words."""

from __future__ import annotations

from callcenter import rulewords
from callcenter.web.forms import Question
from intake.models import Subtopic
from routing.rules.book import RuleBook
from routing.rules.conditions import leaves
from routing.rules.facts import Fact


def questions(book: RuleBook, subtopic: Subtopic | None) -> list[Question]:
    """The questions that rules about this subject, or about any, look at; choices first, then ticks."""
    if subtopic is None:
        return []
    spoken = {
        leaf["fact"]
        for section in book.sections.values()
        for rule in section.about(subtopic.code)
        for leaf in leaves(rule.tree)
    }
    asked = [_question(fact) for fact in book.asked if fact.code in spoken and _fits(fact, subtopic)]
    return sorted(asked, key=lambda question: not question.options)


def _fits(fact: Fact, subtopic: Subtopic) -> bool:
    return not fact.topics or subtopic.topic_id in fact.topics


def _question(fact: Fact) -> Question:
    options = tuple((option.value, rulewords.in_language(option.names)) for option in fact.options)
    return Question(fact.code, rulewords.label(fact.code), options)
