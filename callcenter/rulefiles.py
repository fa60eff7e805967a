"""Rule sets as files, with Azerbaijani names: DMN for modellers, workbooks for people with a spreadsheet."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from callcenter import rulewords, words
from events.errors import Conflict
from intake.models import Channel
from people.services import checked
from people.text import clean
from routing import dmn, editing, selectors, sheet
from routing.models import RuleSet
from routing.rules.book import Document
from routing.rules.facts import OF_RECORDS, questions
from routing.rules.forms import TooManyAlternatives

SECTIONS: words.Words = {
    "routing": _("Routing rules"),
    "safety": _("Safety: before everything else"),
    "always": _("Additions: all that hold are collected"),
    "subject": _("By subject"),
    "default": _("When none of them holds"),
}


class NotShown(Conflict):
    """A rule is larger than a decision table or a cell can show; ``extra`` names it."""

    code = "not_shown"
    message = _("The rule set has a rule that this format cannot show. Split the rule.")


def as_dmn(row: RuleSet) -> bytes:
    """A rule set as a model in DMN. Raises ``NotShown``."""
    try:
        return dmn.export(row.document, selectors.vocabulary(), names(row.document))
    except TooManyAlternatives as error:
        raise NotShown(rule=str(error)) from None


def as_workbook(row: RuleSet) -> bytes:
    """A rule set as a workbook. Raises ``NotShown``."""
    try:
        return sheet.write(row.document, names(row.document))
    except sheet.TooLong as error:
        raise NotShown(rule=error.row) from None


def names(document: Document) -> dmn.Names:
    """The Azerbaijani names of everything that rules speak of, by list and code."""
    catalogue = {**OF_RECORDS, **questions(document)}
    with override("az"):
        return {
            "sections": {code: str(said) for code, said in SECTIONS.items()},
            "facts": {code: rulewords.label(code, catalogue) for code in catalogue},
            **{table: rulewords.names(table) for table in rulewords.TABLES},
            "priorities": {code: str(said) for code, said in words.URGENCY.items()},
            "channels": {code: str(said) for code, said in Channel.choices},
        }


def take_workbook(*, actor_id: int, number: int, data: bytes, why: str, version: int | None) -> RuleSet:
    """Put what a workbook says in place of a draft's rules. Raises ``Invalid`` by sheet and row."""
    base = RuleSet.objects.get(pk=number)
    document, errors = sheet.read(data, base.document)
    sheet.refuse(errors)
    return take(actor_id=actor_id, number=number, document=document, why=why, version=version)


def take(*, actor_id: int, number: int, document: Any, why: str, version: int | None) -> RuleSet:
    """Put a document that came from outside in place of a draft's rules, once it can be stored."""
    for said in texts(document):
        checked("document", clean, said)
    return editing.rewrite(actor_id=actor_id, number=number, document=document, why=why, version=version)


def texts(value: Any) -> list[str]:
    """Every text in a value, names of members included, found without recursion."""
    found, waiting = [], [value]
    while waiting:
        match waiting.pop():
            case str() as said:
                found.append(said)
            case dict() as members:
                found.extend(members)
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
    return found
