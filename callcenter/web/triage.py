"""The triage desk: a person decides what the rules could not, and who takes over what was returned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.policy import Action
from access.visibility import applications_for, referrals_for
from agencies.models import Referral, Unit
from callcenter import reasons, rulewords, sight
from callcenter.live import stream
from events.errors import Conflict, Invalid, NotVisible, Refusal
from intake import selectors as intake
from intake.models import Application, Subtopic
from people.reference import find
from routing import explain
from routing import selectors as rules
from routing import services as routing
from routing.decide import Part, disclosed_to, notices
from routing.models import Decision
from workflows import actions, queue

from .desk import routed
from .desk.once import id_in
from .doors import actor_of, page, version_of, visible
from .forms import Choices, TriageForm

SHOWN = 60
SUGGESTED = 3


@dataclass(frozen=True)
class Waiting:
    """One row of what waits: an application nobody could route, or a referral that came back."""

    application: Application
    referral: Referral | None
    decision: Decision | None

    @property
    def key(self) -> str:
        """The record a live event names."""
        return str(self.referral.pk if self.referral else self.application.pk)

    @property
    def version(self) -> int:
        return self.referral.version if self.referral else self.application.version

    @property
    def address(self) -> str:
        url = reverse("triage-settle", args=[self.application.pk])
        return f"{url}?referral={self.referral.pk}" if self.referral else url

    @property
    def crisis(self) -> bool:
        """A crisis stays one, also when somebody marked its way as unclear."""
        return "P0" in (self.application.priority, self.application.subtopic.urgency)

    @property
    def why(self) -> str:
        """Why it did not go by itself, in one line."""
        if self.referral:
            reason = self.referral.reason.name if self.referral.reason else ""
            return _("Returned by %(unit)s: %(reason)s") % {
                "unit": self.referral.unit.short,
                "reason": reason,
            }
        return reason_of(self.decision)


def reason_of(decision: Decision | None) -> str:
    """Why the rules sent it to a person."""
    if decision is None or decision.lead:
        return _("No agency is left that could answer")
    for step in decision.trace:
        if str(step["rule"]).startswith("GUARD-"):
            return _("The complaint is about the agency that would answer")
        if str(step["rule"]).startswith("DIRECTORY-"):
            return _("The agency of this subject takes no referrals at present")
    if decision.incident:
        return _("A rule failed. The rules' editors have to mend it")
    book = rules.published().book
    held = (rule for step in decision.trace if step["matched"] and (rule := book.rule(step["rule"])))
    if any(rule.then.get("triage") and rule.section == "always" for rule in held):
        return _("The operator marked it as unclear")
    return _("No rule speaks about this subject")


# What waits ----------------------------------------------------------------------------------------------


def waiting_for(actor: User) -> list[Waiting]:
    """Everything that waits, a crisis first, then by due instant. Statements: the same for any number."""
    rows = [
        *(Waiting(row, None, _newest(row)) for row in _applications(actor)),
        *(Waiting(row.application, row, _newest(row.application)) for row in _returned(actor)),
    ]
    return sorted(
        rows, key=lambda row: (not row.crisis, row.application.due_at is None, row.application.due_at)
    )


def _applications(actor: User) -> QuerySet[Application]:
    rows = applications_for(actor).filter(pk__in=queue.triage_applications().values("pk"))
    return rows.select_related("subtopic", "contact").prefetch_related(_decisions())[:SHOWN]


def _returned(actor: User) -> QuerySet[Referral]:
    rows = referrals_for(actor).filter(pk__in=queue.returned().values("pk"))
    related = rows.select_related("unit", "reason", "application__subtopic", "application__contact")
    return related.prefetch_related(_decisions("application__"))[:SHOWN]


def _decisions(path: str = "") -> Prefetch[Any]:
    return Prefetch(f"{path}decisions", queryset=Decision.objects.order_by("-id"))


def _newest(row: Application) -> Decision | None:
    return next(iter(row.decisions.all()), None)


@page(Action.TRIAGE_VIEW)
def triage(request: HttpRequest) -> HttpResponse:
    """The list, with the first of it open."""
    rows = waiting_for(actor_of(request))
    return redirect(rows[0].address) if rows else render(request, "triage/triage.html", _listed(rows))


@page(Action.TRIAGE_VIEW)
def waiting(request: HttpRequest) -> HttpResponse:
    """The list alone, fetched again when something happened."""
    chosen = request.GET.get("chosen", "")[:40]
    return render(request, "triage/_list.html", _listed(waiting_for(actor_of(request)), chosen))


def _listed(rows: list[Waiting], chosen: str = "") -> dict[str, Any]:
    return {
        "rows": rows,
        "total": len(rows),
        "chosen": chosen,
        "cursor": stream.cursor_now(),
        "next": next((row for row in rows if row.key != chosen), None),
    }


# One item ------------------------------------------------------------------------------------------------


@page(Action.TRIAGE_VIEW, methods=("GET", "POST"))
def settle(request: HttpRequest, application: UUID) -> HttpResponse:
    """One item; by POST the preview of a choice (``preview``) or the decision itself."""
    actor = actor_of(request)
    row = visible(sight.with_parts(applications_for(actor)), application)
    returned = _referral_in(request, row)
    if request.method == "GET":
        return _item_page(request, row, returned)
    form = _form(row, returned, request.POST)
    if "preview" in request.POST:
        return render(request, "triage/_choice.html", _item(actor, row, returned, form))
    return _decide(request, row, returned, form)


def _decide(
    request: HttpRequest, row: Application, returned: Referral | None, form: TriageForm
) -> HttpResponse:
    if not _still_waits(row, returned):  # before the form: the choice of a settled item cannot be judged
        return _moved_on(request, row, returned, form, Conflict())
    if not form.is_valid():
        return _item_page(request, row, returned, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    chosen = form.cleaned_data
    try:
        actions.triage(
            actor=actor_of(request),
            application=row.pk,
            lead=chosen["lead"],
            joint=[code for code in chosen["joint"] if code != chosen["lead"]],
            policy=chosen["policy"] or "all",
            text=chosen["text"],
            referral=returned.pk if returned else None,
            version=version_of(request),
        )
    except Invalid as refusal:
        if "referral" in refusal.errors:
            return _moved_on(request, row, returned, form, refusal)
        form.refuse(refusal)
        return _item_page(request, row, returned, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Conflict as refusal:
        return _moved_on(request, row, returned, form, refusal)
    return redirect("triage")


def _moved_on(
    request: HttpRequest, row: Application, returned: Referral | None, form: TriageForm, refusal: Refusal
) -> HttpResponse:
    """Somebody was faster: the words stay, with the item as it is now, or with the next one."""
    actor = actor_of(request)
    row = visible(sight.with_parts(applications_for(actor)), row.pk)
    if _still_waits(row, returned):
        form.refuse(refusal)
        return _item_page(request, row, returned, form, HTTPStatus.CONFLICT)
    rows = waiting_for(actor)
    values = {**_listed(rows), "gone": sight.application(actor, row), "words": form["text"].value() or ""}
    return render(request, "triage/triage.html", values, status=HTTPStatus.CONFLICT)


def _still_waits(row: Application, returned: Referral | None) -> bool:
    if returned is not None:
        return queue.returned_of(row.pk).filter(pk=returned.pk).exists()
    return queue.triage_applications().filter(pk=row.pk).exists()


def _item_page(
    request: HttpRequest,
    row: Application,
    returned: Referral | None,
    form: TriageForm | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    actor = actor_of(request)
    rows = waiting_for(actor)
    key = str(returned.pk if returned else row.pk)
    if form is None and not any(waits.key == key for waits in rows):
        values = {**_listed(rows), "gone": sight.application(actor, row)}
        return render(request, "triage/triage.html", values)
    form = form or _form(row, returned)
    values = {**_listed(rows, key), **_item(actor, row, returned, form)}
    return render(request, "triage/triage.html", values, status=status)


def _item(actor: User, row: Application, returned: Referral | None, form: TriageForm) -> dict[str, Any]:
    """Values of one item: text, choice, what each chosen agency would see, and why it is here."""
    decision = Decision.objects.filter(application=row).first()
    parts = _parts(row, returned, form)
    facts = routing.facts_of(row)
    item = sight.application(actor, row)
    waits = Waiting(row, returned, decision)
    return {
        "item": item,
        "crisis": waits.crisis,
        "instead": returned.suggested_unit if returned else None,
        "returned": next((part for part in item.referrals if returned and part.id == returned.pk), None),
        "form": form,
        "why": reason_of(decision),
        "proposed": bool(decision and decision.proposal and not returned),
        **_reasons(facts, decision),
        **_suggested(row, facts, form),
        "goes": routed.goes(parts, health=row.subtopic.topic.health, consents=facts.get("consents") or ()),
        "closing": routed.closing(str(form["policy"].value() or "all"), len(parts)),
        "version": row.version,
        "address": waits.address,
    }


def _reasons(facts: dict[str, Any], decision: Decision | None) -> dict[str, Any]:
    """Why no rule sent it, which rules came nearest, and what is not known."""
    book, units = rules.published().book, rules.directory().directory
    found = explain.hints(facts, book, units)
    return {
        "looks": reasons.looks(decision.trace) if decision and not decision.lead else [],
        "near": reasons.nearest(facts, book),
        "hints": reasons.hints(found),
        "unknown": reasons.urgent(found),
        "notices": reasons.notices(notices(facts)),
    }


@dataclass(frozen=True)
class Suggested:
    """A subject the text may be about, and where its rules would send the application."""

    code: str
    name: str
    percent: int
    lead: str
    chosen: bool


def _suggested(row: Application, facts: dict[str, Any], form: TriageForm) -> dict[str, Any]:
    """Up to three subjects with their confidence. They propose an agency; nothing is decided by them."""
    found = intake.suggestions(row.text)
    subjects = Subtopic.objects.select_related("topic").in_bulk([code for code, _sure in found.suggestions])
    units, lead = rulewords.names("units"), form["lead"].value()
    shown = []
    for code, sure in found.suggestions:
        if code in subjects:
            way = _way_about(facts, subjects[code])
            shown.append(
                Suggested(code, subjects[code].name, round(sure * 100), units.get(way[0], ""), way[0] == lead)
            )
    return {"suggested": shown, "distress": found.distress}


def _way_about(facts: dict[str, Any], subject: Subtopic) -> tuple[str, tuple[str, ...]]:
    """Lead and partners if the application were about this subject."""
    about = {"subtopic": subject.code, "topic": subject.topic_id, "urgency": subject.urgency}
    decision = routing.preview({**facts, **about, "unclear": None})
    return decision.lead, decision.joint


def _parts(row: Application, returned: Referral | None, form: TriageForm) -> list[Part]:
    """The choice as a decision would write it (``routing.services.record_choice``)."""
    units, facts = rules.directory().directory.units, routing.facts_of(row)
    lead, joint = form["lead"].value() or "", form["joint"].value() or []
    codes = [code for code in dict.fromkeys([lead, *joint]) if code in units]
    first_leads = returned.is_lead if returned else True
    return [
        Part(
            code,
            code == lead and first_leads,
            disclosed_to(units[code], row.subtopic.topic.health, facts),
        )
        for code in codes
    ]


# The form ------------------------------------------------------------------------------------------------


def _form(row: Application, returned: Referral | None, data: QueryDict | None = None) -> TriageForm:
    busy = {part.unit_id for part in row.referrals.all() if part.is_open}
    known = Unit.objects.filter(active=True).select_related("agency").order_by("agency", "code")
    units = [unit for unit in known if unit.code not in busy]
    likely = _likely(row, returned, {unit.code for unit in units})
    if data is not None and (subject := find(Subtopic, data.get("about", ""))) is not None:
        data = _as_about(row, subject, data)
    chosen = set(data.getlist("joint")) if data is not None else set()
    partners = _proposal(row).get("joint", row.subtopic.joint)
    joint = [] if returned else [code for code in partners if code not in busy | _refused(row)]
    offered = list(
        dict.fromkeys([*partners, *row.subtopic.joint, *chosen, data.get("more", "") if data else ""])
    )
    if data is not None and data.get("more"):
        data = data.copy()
        data.appendlist("joint", str(data["more"]))
        data["more"] = ""
    names = {unit.code: unit.name for unit in units}
    return TriageForm(
        data,
        initial={"lead": likely[0] if likely else "", "joint": joint, "policy": row.policy},
        leads=_grouped(units, likely[:SUGGESTED]),
        joints=[(code, names[code]) for code in offered if code in names],
        more=_grouped(units, []),
        auto_id="t_%s",
    )


def _as_about(row: Application, subject: Subtopic, data: QueryDict) -> QueryDict:
    """The form with the agencies that the rules of another subject would ask."""
    lead, joint = _way_about(routing.facts_of(row), subject)
    data = data.copy()
    data["lead"], data["more"] = lead, ""
    data.setlist("joint", list(joint))
    return data


def _likely(row: Application, returned: Referral | None, known: set[str]) -> list[str]:
    """Units that may be right: whom the returning unit names, then those of the subject's data."""
    named = [returned.suggested_unit_id or ""] if returned else []
    proposed = [lead] if (lead := _proposal(row).get("lead")) and not returned else []
    codes = dict.fromkeys([*named, *proposed, row.subtopic.lead, *row.subtopic.joint])
    return [code for code in codes if code in known and code not in _refused(row)]


def _refused(row: Application) -> set[str]:
    """Units that gave it back or could not do it."""
    return {part.unit_id for part in row.referrals.all() if part.state in ("rejected", "failed")}


def _proposal(row: Application) -> dict[str, Any]:
    """Where the rules would send it if no person had to look first: ``lead`` and ``joint``, or nothing."""
    decision = _newest(row)
    return (decision.proposal or {}) if decision else {}


def _grouped(units: Iterable[Unit], likely: list[str]) -> Choices:
    """Units under their agencies, the likely ones first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in units:
        groups.setdefault(unit.agency.name, []).append((unit.code, unit.name))
    names = {unit.code: unit.name for unit in units}
    first = [(_("Suggested"), [(code, names[code]) for code in likely])] if likely else []
    return [*first, *groups.items()]


def _referral_in(request: HttpRequest, row: Application) -> Referral | None:
    """The returned referral of this application that the address or the form names."""
    named = request.POST.get("referral") or request.GET.get("referral")
    if not named:
        return None
    wanted = id_in(named)
    for part in row.referrals.all():
        if part.pk == wanted:
            return part
    raise NotVisible
