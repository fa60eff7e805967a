"""The figures of the board: how much is open, how much of it is late, and where it lies.

Every figure is counted from the rows that the actor may see. Lateness is due instant against now;
numbers without a denominator are ``None``, never zero per cent.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, FilteredRelation, Min, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractHour
from django.utils.translation import gettext_lazy as _

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import CALL_CENTRE
from access.visibility import applications_for, referrals_for
from agencies.lifecycle import ANSWERED, OPEN, ReferralState
from agencies.models import Agency, Referral
from events import clock
from events.errors import NotVisible
from intake.lifecycle import OPEN as OPEN_APPLICATION
from intake.lifecycle import ApplicationState
from intake.models import Application, Topic
from people.models import Region
from sla.arithmetic import BAKU
from workflows import queue

from . import sight

ROWS = 10
ANSWERED_WITHIN = timedelta(days=30)

Figures = dict[str, Any]


def figures(actor: User, agency: str | None) -> Figures:
    """The whole board for the call centre, or the board of one agency.

    Raises ``NotVisible`` for an agency that is not the actor's, and for the whole board outside the
    call centre. A constant number of statements.
    """
    _check(actor, agency)
    present = clock.now()
    referrals = referrals_for(actor).filter(**({"agency": agency} if agency else {}))
    applications = _applications(actor, referrals if agency else None)
    by_agency = _agencies(referrals, present, agency)
    return {
        "agency": agency or "",
        "at": present,
        "totals": _totals(applications, by_agency, present, agency),
        "agencies": by_agency,
        "longest": _longest(actor, referrals),
        "crisis": _crisis(actor, applications),
        "topics": _topics(applications, present),
        "regions": _regions(applications, present),
        "hours": _hours(applications, present),
    }


def _check(actor: User, agency: str | None) -> None:
    if agency is None:
        if actor.role not in CALL_CENTRE or not may(actor, Action.BOARD_VIEW):
            raise NotVisible
        return
    row = Agency.objects.filter(pk=agency).first()
    if row is None or not may(actor, Action.BOARD_VIEW, row):
        raise NotVisible


def _applications(actor: User, asked: QuerySet[Referral] | None) -> QuerySet[Application]:
    """All applications, or those that the agency has been asked about."""
    if asked is None:
        return applications_for(actor)
    return Application.objects.filter(Exists(asked.filter(application=OuterRef("pk"))))


def _totals(
    applications: QuerySet[Application], by_agency: list[Figures], present: datetime, agency: str | None
) -> Figures:
    """The six figures. The whole board counts promises to citizens, an agency's board its own referrals."""
    counted = _promised(applications).aggregate(
        **standing(present), confirmation=Count("pk", filter=Q(state=ApplicationState.AWAITING_CONFIRMATION))
    )
    if agency:
        counted |= {name: sum(row[name] for row in by_agency) for name in STANDING}
    return {
        **counted,
        "triage": _in_triage(agency),
        "unclaimed": sum(row["unclaimed"] for row in by_agency),
    }


STANDING = ("open", "late", "soon", "paused", "ontime")


def standing(present: datetime) -> dict[str, Count]:
    """How records stand in time: every open one is late, soon late, paused or on time, and only one of them.

    The rows are referrals or applications joined with the clock of their answer as ``running``.
    """
    calm = Q(due_at__gte=present, warn_at__gt=present)
    waits = Q(running__paused_until__gt=present)
    return {
        "open": Count("pk"),
        "late": Count("pk", filter=Q(due_at__lt=present)),
        "soon": Count("pk", filter=Q(due_at__gte=present, warn_at__lte=present)),
        "paused": Count("pk", filter=calm & waits),
        "ontime": Count("pk", filter=calm & (Q(running__paused_until=None) | ~waits)),
    }


def _promised(rows: QuerySet[Application]) -> QuerySet[Application]:
    """The open applications with their running promise."""
    promise = FilteredRelation("clocks", condition=Q(clocks__measure="resolution", clocks__stopped_at=None))
    return rows.filter(state__in=OPEN_APPLICATION).annotate(running=promise)


def _shared(rows: QuerySet[Referral]) -> QuerySet[Referral]:
    """The open referrals with their running share."""
    share = FilteredRelation("clocks", condition=Q(clocks__measure="resolve", clocks__stopped_at=None))
    return rows.filter(state__in=OPEN).annotate(running=share)


def _in_triage(agency: str | None) -> int:
    """What waits for a person to route it: whole applications, and referrals that an agency returned."""
    returned = queue.returned()
    if agency:
        return returned.filter(agency=agency).count()
    return queue.triage_applications().count() + returned.count()


def _agencies(referrals: QuerySet[Referral], present: datetime, agency: str | None) -> list[Figures]:
    """One row per agency in the system, and per other body that has something to do."""
    rows = {row["agency"]: row for row in _open_by_agency(referrals, present)}
    answered = {row["agency"]: row for row in _answered_by_agency(referrals, present)}
    wanted = Q(pk=agency) if agency else Q(scope="in_system") | Q(pk__in={*rows, *answered})
    return [
        {
            "code": body.code,
            "name": body.name,
            "short": body.abbr or body.code,
            "external": body.scope == "external",
            **{name: rows.get(body.code, {}).get(name, 0) for name in (*STANDING, "unclaimed")},
            "oldest_due": rows.get(body.code, {}).get("oldest_due"),
            **_attainment(answered.get(body.code)),
        }
        for body in Agency.objects.filter(wanted).order_by("-scope", "code")
    ]


def _open_by_agency(referrals: QuerySet[Referral], present: datetime) -> list[Figures]:
    rows: Any = (
        _shared(referrals)
        .values("agency")
        .annotate(
            **standing(present),
            unclaimed=Count("pk", filter=Q(state=ReferralState.REQUESTED, assignee=None)),
            oldest_due=Min("due_at"),
        )
        .order_by()
    )
    return list(rows)


def _answered_by_agency(referrals: QuerySet[Referral], present: datetime) -> list[Figures]:
    rows: Any = (
        referrals.filter(finished_at__gte=present - ANSWERED_WITHIN, state__in=ANSWERED)
        .values("agency")
        .annotate(answered=Count("pk"), in_time=Count("pk", filter=Q(finished_at__lte=F("due_at"))))
        .order_by()
    )
    return list(rows)


def _attainment(row: Figures | None) -> Figures:
    answered, in_time = (row["answered"], row["in_time"]) if row else (0, 0)
    return {
        "answered": answered,
        "in_time": in_time,
        "per_cent": round(100 * in_time / answered) if answered else None,
    }


def _longest(actor: User, referrals: QuerySet[Referral]) -> list[Figures]:
    """The open referrals whose time ran or runs out first."""
    rows = referrals.filter(state__in=OPEN).order_by("due_at", "id")[:ROWS]
    return [_referral(row) for row in sight.queue_rows(actor, rows)]


def _referral(row: sight.ReferralSight) -> Figures:
    """What a board may show of a referral: no person."""
    names = (
        *("id", "application", "number", "unit", "unit_short", "agency", "is_lead", "subtopic_name"),
        *("state", "version", "priority", "due", "warn_at", "time_state", "target", "assignee_name", "path"),
    )
    return {name: getattr(row, name) for name in names}


def _crisis(actor: User, applications: QuerySet[Application]) -> Figures:
    found = applications.filter(state__in=OPEN_APPLICATION, priority="P0").order_by("due_at", "id")
    rows = list(found.select_related("subtopic")[: ROWS + 1])
    return {
        "open": found.count() if len(rows) > ROWS else len(rows),
        "rows": [
            {
                "id": row.pk,
                "number": row.number,
                "state": row.state,
                "subtopic_name": row.subtopic.name,
                "registered_at": row.registered_at,
                "due": row.due_at,
            }
            for row in rows[:ROWS]
        ],
    }


def _topics(applications: QuerySet[Application], present: datetime) -> list[Figures]:
    return _by("subtopic__topic", Topic, applications, present)


def _regions(applications: QuerySet[Application], present: datetime) -> list[Figures]:
    """By the citizen's region; those whose place is unknown come last."""
    return _by("person__district__region", Region, applications, present)


def _by(
    column: str, model: type[Topic] | type[Region], applications: QuerySet[Application], present: datetime
) -> list[Figures]:
    """How open applications stand, by one column, the largest group first."""
    counted = _promised(applications).values(column).annotate(**standing(present)).order_by("-open", column)
    names = {row.pk: row.name for row in model._default_manager.all()}
    return [
        {
            "code": row[column] or "",
            "name": names.get(row[column], str(_("place unknown"))),
            **{name: row[name] for name in STANDING},
        }
        for row in counted
    ]


def _hours(applications: QuerySet[Application], present: datetime) -> list[Figures]:
    """Registrations of today by hour, from the first busy or working hour to the last."""
    midnight = datetime.combine(present.astimezone(BAKU).date(), time(), tzinfo=BAKU)
    counted = dict(
        applications.filter(registered_at__gte=midnight)
        .annotate(hour=ExtractHour("registered_at", tzinfo=BAKU))
        .values_list("hour")
        .annotate(n=Count("pk"))
        .order_by()
    )
    hours = range(min([9, *counted]), max([17, *counted]) + 1)
    return [{"hour": hour, "registered": counted.get(hour, 0)} for hour in hours]
