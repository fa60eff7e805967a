"""What routing refuses, and what a problem of a rule set says in front of people."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from events.errors import Conflict, Denied, Invalid, Sentence

from .rules.check import Problem


class NoRules(Conflict):
    """No rule set is published; nothing can be routed."""

    code = "no_rules"
    message = _("No routing rules are published. An administrator has to load the reference data.")


class NotADraft(Conflict):
    """Only a draft can be changed."""

    code = "not_a_draft"
    message = _("This rule set is no draft, so it cannot be changed. Begin a draft from it.")


class NotReady(Conflict):
    """The draft cannot be reviewed or published yet; ``extra`` says what is missing."""

    code = "not_ready"
    message = _("The draft is not ready: correct what is listed, rehearse it and try again.")


class Overtaken(Conflict):
    """Another rule set was published since the draft was begun."""

    code = "overtaken"
    message = _("Other rules were published after this draft was begun. Begin a draft from those in force.")


class SecondPerson(Denied):
    """Who wrote or changed a draft does not publish it."""

    code = "second_person"
    message = _("You wrote part of this draft. Another person has to publish it.")


PROBLEMS: dict[str, Sentence] = {
    "malformed": _("This part is not written as the format of rule sets asks: %(said)s."),
    "too_deep": _("Conditions are nested too deeply."),
    "too_large": _("The rule set is too large."),
    "not_text": _("The rule set holds characters that are no text, or a value that is no JSON."),
    "rule_twice": _("Two rules have this name."),
    "question_twice": _("Two questions have this name."),
    "case_twice": _("Two golden cases have this name."),
    "question_of_records": _("This fact is read from the records, so nobody is asked for it."),
    "no_options": _("This question needs its answers."),
    "unknown_code": _("%(value)s is not in the reference data, or no longer in use."),
    "unknown_fact": _("There is no fact %(value)s."),
    "unknown_term": _("There is no term %(value)s."),
    "cycle": _("The term %(value)s is defined by itself."),
    "not_a_number": _("%(fact)s is no number, so it has no range."),
    "empty_range": _("No number is in the range of %(fact)s."),
    "wrong_value": _("%(value)s is no value of %(fact)s."),
    "not_in_section": _("A rule of this section cannot conclude this."),
    "concludes_nothing": _("The rule concludes nothing."),
    "lead_or_triage": _("Say either which unit leads or that a person decides, not both."),
    "lead_is_joint": _("%(value)s leads already, so it cannot join."),
    "missing": _("This is missing."),
    "too_many_alternatives": _("The condition has too many alternatives. Split the rule."),
    "never_holds": _("No application can meet this condition."),
    "overlap": _("It holds for the same applications as %(value)s, and only one rule may."),
    "no_default": _("The last rule of the last section has to hold always, so that nothing is lost."),
    # Cautions: allowed, and seldom meant.
    "no_rule": _("No rule is about %(value)s: it goes where the last section says."),
    "no_case": _("No golden case tries this rule."),
    "case_gone": _("The golden case %(value)s is gone."),
    "case_changed": _("The golden case %(value)s asks for something else than in the rules in force."),
}


def sentence(problem: Problem) -> Sentence:
    """What is wrong, in the reader's language."""
    return PROBLEMS[problem.code] % dict(problem.details) if problem.details else PROBLEMS[problem.code]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise ``Invalid`` with the rows that are wrong, if any: ``rows.<rule>`` to sentences."""
    errors: dict[str, list[Sentence]] = {}
    for problem in problems:
        errors.setdefault(f"rows.{problem.row}" if problem.row else "document", []).append(sentence(problem))
    if errors:
        raise Invalid(code="invalid_rules", errors=errors)
