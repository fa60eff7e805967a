"""One application as its page shows it: the promise, the process, the agencies, whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import applications_for, referrals_for
from agencies.lifecycle import ANSWERED, OPEN
from agencies.models import Unit
from callcenter import clocks, plain, reasons, rulewords, sight, words
from callcenter.live.stream import cursor_now
from callcenter.sight import ApplicationSight, ReferralSight
from callcenter.timeline import timeline
from events import clock
from events.models import Event
from intake.lifecycle import OPEN as OPEN_APPLICATION
from intake.lifecycle import ApplicationState
from intake.models import Application
from routing import selectors as rules
from routing.models import Decision
from sla import services as sla
from sla.services import Offer
from workflows import diagrams, queue
from workflows.flows import ApplicationFlow

from . import clock_panel, lanes
from .doors import visible
from .extending import ExtendForm
from .item import names_of_documents, partners
from .sending import FIRST, Change, Verb, VerbForm, area, new_key
from .times import left

Context = dict[str, Any]

LABELS = {
    "confirm": gettext_lazy("The citizen confirms"),
    "dispute": gettext_lazy("Not solved"),
    "unreachable": gettext_lazy("Not reached"),
    "reopen": gettext_lazy("Open again"),
    "extend": gettext_lazy("Give more time"),
    "withdraw": gettext_lazy("The citizen withdraws"),
    "annul": gettext_lazy("Entered in error"),
}
ICONS = {"confirm": "check", "dispute": "chat", "unreachable": "phone", "reopen": "sync", "extend": "cal"}
KEYS = {"extend": "M"}
SOURCES = {
    "rules": gettext_lazy("By the rules"),
    "triage": gettext_lazy("By hand in triage"),
    "dispute": gettext_lazy("After the citizen's objection"),
}


class WordsForm(VerbForm):
    text = forms.CharField(label=gettext_lazy("Reason in a few words"), widget=area(first=True))


class ObjectionForm(VerbForm):
    referral = forms.CharField(label=gettext_lazy("Whose answer"), widget=forms.Select(attrs=FIRST))
    text = forms.CharField(label=gettext_lazy("What the citizen says"), widget=area())


FORMS: dict[str, type[VerbForm]] = {
    "dispute": ObjectionForm,
    "reopen": ObjectionForm,
    "extend": ExtendForm,
    "withdraw": WordsForm,
    "annul": WordsForm,
    **clock_panel.FORMS,
}


@dataclass(frozen=True)
class Why:
    """One routing decision. Facts and trace are the call centre's."""

    source: str
    at: datetime
    by: str
    lead: str
    joint: tuple[str, ...]
    policy: str
    priority: str
    target: str
    ruleset: int | None
    rules: tuple[str, ...]
    note: str
    facts: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]
    looks: tuple[reasons.Look, ...]
    near: tuple[reasons.Look, ...]


def context(actor: User, application: UUID, *, typed: VerbForm | None = None, verb: str = "") -> Context:
    """Everything ``applications/_body.html`` draws. ``typed`` is the refused form of ``verb``."""
    rows = sight.with_parts(applications_for(actor)).select_related("process")
    row = visible(rows, application)
    whole = sight.application(actor, row)
    panel = clock_panel.of_application(clocks.of_application(actor, row), whole)
    offers = sla.offers(whole.id) if "extend" in whole.verbs else []
    buttons = list(verbs(whole, offers))
    of_clocks = list(panel.verbs) if panel else []
    made = _forms(whole, offers, panel, typed, verb)
    own = set(referrals_for(actor).filter(application=row).values_list("pk", flat=True))
    return {
        "whole": whole,
        "open": whole.state in OPEN_APPLICATION,
        "left": left(whole.due, whole.target, whole.paused_until),
        "answered": sum(part.state in ANSWERED for part in whole.referrals),
        "drawing": diagrams.svg(ApplicationFlow, row.process) if row.process else "",
        "lanes": lanes.draw(whole.referrals),
        "partners": partners(whole),
        "own": own,
        "documents": names_of_documents(whole),
        "history": list(reversed(timeline(actor, row))),
        "decisions": decisions(actor, row),
        "panel": panel,
        "say": plain.sentence(panel.main) if panel and _is_told(actor, whole) else "",
        "turn": list(whose_turn(whole)),
        "blocks": list(what_blocks(whole)),
        "verbs": buttons,
        "dialogs": [
            (each, made[each.name])
            for each in buttons + of_clocks
            if each.allowed and each.name in made and each.name != verb
        ],
        "possible": {each.name for each in buttons + of_clocks if each.allowed},
        "version": whole.version,
        "key": new_key(),
        "cursor": cursor_now(),
        "inside": actor.role in CALL_CENTRE,
        "triage_url": _triage_url(row) if may(actor, Action.APPLICATION_TRIAGE) else "",
    }


def _is_told(actor: User, whole: ApplicationSight) -> bool:
    """Is the promised time what the citizen wants to hear? Once he is answered it is not."""
    return actor.role in CALL_CENTRE and whole.state != ApplicationState.AWAITING_CONFIRMATION


# --- what may be done -------------------------------------------------------------------------------------


def verbs(whole: ApplicationSight, offers: Sequence[Offer]) -> Iterable[Verb]:
    """The verbs of this state, the next step first and filled. More time rests where the law has none."""
    for name, label in LABELS.items():
        if name in whole.verbs:
            allowed = name != "extend" or bool(offers)
            yield Verb(
                name=name,
                label=str(label),
                icon=ICONS.get(name, ""),
                key=KEYS.get(name, ""),
                opens="dialog" if name in FORMS else "send",
                allowed=allowed,
                primary=name == "confirm",
                why="" if allowed else _no_more_time(whole),
            )


def _no_more_time(whole: ApplicationSight) -> str:
    if whole.due is not None and whole.due <= clock.now():
        return _("The promised time has passed. It can be contested, not extended.")
    return _("The law gives no more time for this application.")


def label(verb: str) -> str:
    """What a verb is called on its button."""
    return str(LABELS[verb] if verb in LABELS else clock_panel.VERBS[verb][0])


def bound(verb: str, data: Any) -> VerbForm | None:
    """The form of a verb with what was typed; None for a verb without fields."""
    return FORMS[verb](data, auto_id=f"{verb}-%s") if verb in FORMS else None


def _forms(
    whole: ApplicationSight,
    offers: list[Offer],
    panel: clock_panel.Panel | None,
    typed: VerbForm | None,
    verb: str,
) -> dict[str, VerbForm]:
    """A form per verb, filled with what may be chosen now; the typed one as it was refused."""
    made = clock_panel.forms_of(panel, typed=typed, verb=verb)
    for name in FORMS.keys() - made.keys():
        form = typed if name == verb and typed is not None else FORMS[name](auto_id=f"{name}-%s")
        if isinstance(form, ExtendForm):
            form.offer(offers)
        _choose_answer(form, whole)
        made[name] = form
    return made


def _choose_answer(form: VerbForm, whole: ApplicationSight) -> None:
    if isinstance(form, ObjectionForm):
        widget = form.fields["referral"].widget
        assert isinstance(widget, forms.Select)
        answers = [part for part in whole.referrals if part.state not in OPEN and not _replaced(part, whole)]
        widget.choices = [(str(part.id), part.unit_name) for part in answers]


def _replaced(part: ReferralSight, whole: ApplicationSight) -> bool:
    return any(other.replaces == part.id for other in whole.referrals)


def whose_turn(whole: ApplicationSight) -> Iterable[str]:
    """Who has to act now."""
    match whole.state:
        case ApplicationState.TRIAGE | ApplicationState.REGISTERED:
            yield _("Call Centre: triage finds the agency")
        case ApplicationState.AWAITING_CONFIRMATION:
            yield _("Call Centre: asks the citizen whether it is solved")
        case ApplicationState.ROUTED:
            for part in whole.referrals:
                if part.state in OPEN:
                    yield f"{part.unit_short}: {words.of(words.STAGES, part.state)}"


def what_blocks(whole: ApplicationSight) -> Iterable[str]:
    """Why the application cannot be closed yet."""
    waiting = [part.unit_short for part in whole.referrals if part.state in OPEN]
    if whole.state == ApplicationState.TRIAGE:
        yield _("No agency has been chosen yet.")
    if waiting:
        yield _("Not answered yet: %(units)s.") % {"units": ", ".join(waiting)}
    if whole.state == ApplicationState.AWAITING_CONFIRMATION:
        yield _("The citizen has not confirmed yet.")


def _triage_url(row: Application) -> str:
    """Where triage settles what waits of this application: a returned referral, or the whole."""
    address = reverse("triage-settle", args=[row.pk])
    if returned := queue.returned_of(row.pk).first():
        return f"{address}?referral={returned.pk}"
    return address if row.state == ApplicationState.TRIAGE else ""


# --- why these agencies -----------------------------------------------------------------------------------


def decisions(actor: User, row: Application) -> list[Why]:
    """The decisions about an application, the newest first."""
    found = list(Decision.objects.filter(application=row).select_related("by", "ruleset"))
    codes = {code for decision in found for code in (decision.lead, *decision.joint)}
    names = {unit.pk: unit.name for unit in Unit.objects.filter(pk__in=codes)}
    return [_why(decision, names, inside=actor.role in CALL_CENTRE) for decision in found]


def _why(decision: Decision, names: dict[str, str], *, inside: bool) -> Why:
    ruleset = decision.ruleset
    book = rules.book(ruleset.number, ruleset.digest) if ruleset else None
    return Why(
        source=str(SOURCES.get(decision.source, decision.source)),
        at=decision.at,
        by=decision.by.display if decision.by and inside else "",
        lead=names.get(decision.lead, decision.lead),
        joint=tuple(names.get(code, code) for code in decision.joint),
        policy=decision.policy,
        priority=decision.priority,
        target=decision.target,
        ruleset=decision.ruleset_id,
        rules=tuple(step["rule"] for step in decision.trace if step.get("matched")),
        note=decision.note if inside else "",
        facts=tuple(_told(decision.facts)) if inside else (),
        notices=tuple(reasons.notices(decision.notices)) if inside else (),
        looks=tuple(reasons.looks(decision.trace, book)) if inside and book else (),
        near=tuple(reasons.nearest(decision.facts, book)) if inside and book else (),
    )


def _told(facts: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Facts in words; what is unknown decided nothing and is left out, and so is the work of units."""
    for name, value in facts.items():
        if value not in (None, "", []) and name != "load":
            yield rulewords.label(name), rulewords.value(name, value)


# --- what changed meanwhile -------------------------------------------------------------------------------


def changes_since(whole: ApplicationSight, version: int) -> tuple[Change, ...]:
    """What differs from the version a form was rendered from, out of the row history."""
    history = apps.get_model("intake", "ApplicationEvent")
    old = history._default_manager.filter(pgh_obj=whole.id, version=version).order_by("-pgh_id").first()
    if old is None or old.state == whole.state:
        return ()
    was, now = (words.of(words.APPLICATION_STATES, state) for state in (old.state, whole.state))
    return (Change(_("State"), was, now),)


def changed_by(actor: User, whole: ApplicationSight) -> tuple[str, datetime | None]:
    """Who changed the application last, and when."""
    event = Event.objects.filter(application=whole.id).order_by("-id").first()
    person = User.objects.filter(pk=event.actor).first() if event and event.actor else None
    if person is None or actor.role not in CALL_CENTRE:
        return str(words.CALL_CENTRE), event.at if event else None
    return person.display, event.at if event else None
