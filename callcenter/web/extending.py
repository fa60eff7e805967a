"""More time for a legal reason, as it is chosen and told (``sla.services.offers``)."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callcenter import plain, words
from callcenter.dates import due_words
from sla import policies
from sla.services import Offer

from .sending import FIRST, SuggestingRadios, VerbForm, area


def label(offer: Offer) -> str:
    """A reason as it is chosen: with its article, the new target and the new due instant."""
    return _("%(reason)s (%(basis)s): %(target)s, until %(due)s") % {
        "reason": words.of(plain.GROUNDS, offer.reason),
        "basis": offer.basis,
        "target": words.target(offer.target),
        "due": due_words(offer.due_at, "always"),
    }


def bases(policy: str, version: int) -> dict[str, str]:
    """The articles of law that a policy's extensions rest on, by reason."""
    return {name: it.basis for name, it in policies.of(version, policy).extensions.items()}


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
        widget.choices = [(each.reason, label(each)) for each in found]
        widget.suggestions = {each.reason: plain.letter(each.reason, each.due_at) for each in found}
        widget.target = "extend-text"
        if found and not self.is_bound:
            self.initial = {"reason": found[0].reason, "text": widget.suggestions[found[0].reason]}
