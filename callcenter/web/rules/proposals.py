"""What returns of the last months speak for: changes of rules that a person may take up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from access.permissions import may
from access.policy import Action
from callcenter import rulewords
from callcenter.web.doors import actor_of, page
from events.errors import Refusal
from routing import editing, misroutes
from routing.misroutes import Proposal
from routing.models import RuleSet

from .common import tell

DAYS = 90
MOST = 10  # each is rehearsed on the decisions about its subject


@dataclass(frozen=True)
class Row:
    """One proposal in words. ``changed`` and ``returned``: what its rehearsal on the past found."""

    proposal: Proposal
    subject: str
    unit: str
    instead: str
    regions: tuple[str, ...]
    percent: int
    changed: int | None
    returned: int | None


@page(Action.RULES_VIEW)
def show(request: HttpRequest) -> HttpResponse:
    """The proposals, the most frequent first."""
    document = RuleSet.objects.get(status="published").document
    rows = [_row(proposal, document) for proposal in misroutes.proposals(DAYS)[:MOST]]
    values = {
        "rows": rows,
        "days": DAYS,
        "least": misroutes.LEAST,
        "share": round(misroutes.SHARE * 100),
        "may_take": may(actor_of(request), Action.RULES_EDIT),
    }
    return render(request, "rules/proposals.html", values)


def _row(proposal: Proposal, document: Any) -> Row:
    units, regions = rulewords.names("units"), rulewords.names("regions")
    try:
        effect = misroutes.effect(document, proposal, DAYS)
    except LookupError:  # no rule of its own sends it there: to be changed by hand
        effect = {"changed": None, "returned_before": None}
    return Row(
        proposal,
        rulewords.names("subtopics").get(proposal.subtopic, proposal.subtopic),
        units.get(proposal.unit, proposal.unit),
        units.get(proposal.instead, proposal.instead),
        tuple(regions.get(code, code) for code in proposal.regions),
        round(proposal.share * 100),
        effect["changed"],
        effect["returned_before"],
    )


@page(Action.RULES_EDIT, methods=("POST",))
def take(request: HttpRequest) -> HttpResponse:
    """Begin a draft with the proposal that the form names, as the returns stand now."""
    named = tuple(request.POST.get(name, "") for name in ("subtopic", "unit", "instead"))
    found = [it for it in misroutes.proposals(DAYS) if (it.subtopic, it.unit, it.instead) == named]
    if not found:
        messages.error(request, _("The returns no longer speak for this. Nothing was changed."))
        return redirect("rule-proposals")
    why = _("%(returned)s of %(sent)s came back and went to %(unit)s") % {
        "returned": found[0].returned,
        "sent": found[0].sent,
        "unit": rulewords.names("units").get(found[0].instead, found[0].instead),
    }
    try:
        draft = editing.take_up(actor_id=actor_of(request).pk, proposal=found[0], why=why)
    except Refusal as refusal:
        tell(request, refusal)
        return redirect("rule-proposals")
    return redirect("ruleset", number=draft.pk)
