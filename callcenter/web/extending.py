"""More time for a legal reason: what the law allows now, and which date would come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callcenter import plain, words
from callcenter.dates import due_words
from callcenter.sight import ApplicationSight
from events import clock
from sla import histories, policies
from sla.ledger import Terms, due_under
from sla.models import Clock
from sla.policy import Extension
from sla.services import longer

from .sending import FIRST, SuggestingRadios, VerbForm, area


@dataclass(frozen=True)
class Offer:
    """A legal reason that may still be used: its article, the new target and the new due instant."""

    reason: str
    basis: str
    target: str
    due: datetime

    @property
    def label(self) -> str:
        return _("%(reason)s (%(basis)s): %(target)s, until %(due)s") % {
            "reason": words.of(plain.GROUNDS, self.reason),
            "basis": self.basis,
            "target": words.target(self.target),
            "due": due_words(self.due, "always"),
        }


def offers(whole: ApplicationSight) -> list[Offer]:
    """What may still be extended, as ``sla.services.extend`` would do it. Nothing after the breach."""
    measures = ["resolution", "legal_answer"]
    running = Clock.objects.filter(application=whole.id, stopped_at=None, measure__in=measures)
    rows = {row.measure: row for row in histories.with_changes(running)}
    promise = rows.get("resolution")
    if promise is None or promise.due_at <= clock.now():
        return []
    limit = rows.get("legal_answer", promise)
    used = {change.reason for row in rows.values() for change in row.changes.all()}
    waited = histories.pauses(promise, histories.referrals_of(whole.id))
    return [
        Offer(reason, ground.basis, target, due)
        for reason, ground in histories.policy_of(promise).extensions.items()
        if reason not in used
        and (target := longer(limit.target, ground))
        and (due := _due(promise, target, waited))
    ]


def _due(promise: Clock, target: str, waited: Any) -> datetime | None:
    """The promise under a longer target from now on; None when it would gain nothing."""
    if not longer(promise.target, Extension(to=target)):
        return None
    calendar = histories.calendar_of(promise)
    terms = histories.terms_of(promise, ())
    terms.append(Terms(clock.now(), *calendar.allowance(promise.started_at, target)))
    return due_under(terms, waited).due_at


def bases(policy: str, version: int) -> dict[str, str]:
    """The articles of law that a policy's extensions rest on, by reason."""
    return {name: it.basis for name, it in policies.version(version).named(policy).extensions.items()}


class ExtendForm(VerbForm):
    reason = forms.CharField(
        label=gettext_lazy("Legal reason and new date"), widget=SuggestingRadios(attrs=FIRST)
    )
    text = forms.CharField(
        label=gettext_lazy("Words for the citizen"),
        help_text=gettext_lazy("The citizen will be told exactly this."),
        widget=area(4),
    )

    def offer(self, found: list[Offer]) -> None:
        """Fill in the reasons; the first is chosen, and its words are ready to be edited."""
        widget = self.fields["reason"].widget
        assert isinstance(widget, SuggestingRadios)
        widget.choices = [(each.reason, each.label) for each in found]
        widget.suggestions = {each.reason: plain.letter(each.reason, each.due) for each in found}
        widget.target = "extend-text"
        if found and not self.is_bound:
            self.initial = {"reason": found[0].reason, "text": widget.suggestions[found[0].reason]}
