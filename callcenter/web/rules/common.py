"""What every page of a rule set needs: the rule set, its versions, what differs, and the last rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import may
from access.policy import Action
from callcenter.web.doors import actor_of
from events.errors import NotVisible, Refusal
from routing.lifecycle import RuleSetStatus
from routing.models import RuleEdit, RuleSet
from routing.rules.book import rows_of

from .changes import Changes, Sides
from .standing import Standing, standing

STATUSES: Mapping[str, tuple[str, str, str | Promise]] = {  # look of the pill, its icon, its word
    RuleSetStatus.DRAFT: ("soon", "edit", _("Draft")),
    RuleSetStatus.REVIEW: ("info", "users", _("Awaits a second person")),
    RuleSetStatus.PUBLISHED: ("ontime", "ok", _("In force")),
    RuleSetStatus.RETIRED: ("none", "back", _("Was in force")),
    RuleSetStatus.DISCARDED: ("none", "trash", _("Draft given up")),
}
OPEN = (RuleSetStatus.DRAFT, RuleSetStatus.REVIEW)


@dataclass(frozen=True)
class Sight:
    """One rule set as somebody looks at it."""

    ruleset: RuleSet
    actor: User

    @cached_property
    def standing(self) -> Standing:
        return standing(self.ruleset)

    @cached_property
    def changes(self) -> Changes:
        """What an open rule set changes of those in force when it was begun; nothing of the others."""
        base = self.ruleset.base
        if base is None or not self.is_open:
            return Changes()
        moves = RuleEdit.objects.filter(ruleset=self.ruleset, before=F("after")).values_list("row", flat=True)
        return Sides(base.document, self.ruleset.document, frozenset(moves)).changes

    @property
    def is_open(self) -> bool:
        return self.ruleset.status in OPEN

    @property
    def is_draft(self) -> bool:
        return self.ruleset.status == RuleSetStatus.DRAFT

    @property
    def in_review(self) -> bool:
        return self.ruleset.status == RuleSetStatus.REVIEW

    @property
    def may_edit(self) -> bool:
        """May this actor change this rule set now?"""
        return self.is_draft and may(self.actor, Action.RULES_EDIT)

    @property
    def may_begin(self) -> bool:
        return may(self.actor, Action.RULES_EDIT)

    @property
    def look(self) -> tuple[str, str, str | Promise]:
        return STATUSES[self.ruleset.status]

    @cached_property
    def writers(self) -> set[int | None]:
        """Who wrote part of it, so that another person has to publish it."""
        edits = RuleEdit.objects.filter(ruleset=self.ruleset).values_list("by_id", flat=True)
        return {self.ruleset.author_id, self.ruleset.submitted_by_id, *edits}

    @property
    def rehearsed(self) -> bool:
        """Was this very document rehearsed?"""
        return bool(self.ruleset.rehearsal) and self.ruleset.rehearsed == self.ruleset.digest

    @property
    def report(self) -> dict[str, Any]:
        """The last rehearsal, also of an earlier state of the draft; empty when there was none."""
        found: dict[str, Any] = self.ruleset.rehearsal or {}
        return found


def sight_of(request: HttpRequest, number: int) -> Sight:
    """The rule set of this number; raises ``NotVisible`` when there is none."""
    row = rulesets().filter(pk=number).first()
    if row is None:
        raise NotVisible
    return Sight(row, actor_of(request))


def rulesets() -> QuerySet[RuleSet]:
    return RuleSet.objects.select_related("base", "author", "submitted_by", "published_by")


def rule_of(ruleset: RuleSet, code: str) -> tuple[str, dict[str, Any]]:
    """(section, rule as written); raises ``NotVisible`` when the rule set has no such rule."""
    for section, row in rows_of(ruleset.document):
        if row["id"] == code:
            return section, dict(row)
    raise NotVisible


def done(
    request: HttpRequest, place: str, said: str | Promise, command: Callable[[], Any], **where: Any
) -> HttpResponse:
    """Do it and go to a page; what is refused is said there and nothing is changed."""
    try:
        command()
    except Refusal as refusal:
        tell(request, refusal)
    else:
        messages.success(request, str(said))
    answer: HttpResponse = redirect(place, **where)
    return answer


def tell(request: HttpRequest, refusal: Refusal) -> None:
    """Say every sentence of a refusal, with the row that it is about."""
    sentences = [_at_row(name, str(line)) for name, lines in refusal.errors.items() for line in lines]
    for sentence in sentences or [str(refusal.message)]:
        messages.error(request, sentence)


def _at_row(name: str, said: str) -> str:
    row = name.removeprefix("rows.")
    return said if row == name else f"{row}: {said}"
