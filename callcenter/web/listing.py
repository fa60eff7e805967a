"""The list of a queue: its lines, filters and pages, and the choice of all queues."""

from __future__ import annotations

import base64
import binascii
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from access.models import User
from access.permissions import may
from access.policy import Action
from access.roles import AGENCY
from access.visibility import referrals_for, units_for
from agencies.lifecycle import OPEN, ReferralState
from agencies.models import Referral, Unit
from agencies.selectors import in_queue_of
from callcenter import sight
from callcenter.live.stream import cursor_now
from callcenter.sight import ReferralSight
from events import clock

from .times import left

PAGE = 50
SHOWS = ("all", "mine", "free", "held", "late", "soon")
OFFERED = SHOWS[:4]  # the others when there is something in them, or by a link from the board
ORDER = ("due_at", "priority", "id")
OPEN_ONLY = Q(state__in=sorted(OPEN))

Context = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where in a queue the reader is: unit, filter, and after which row the page begins."""

    unit: str
    show: str = "all"
    after: str = ""

    @classmethod
    def of(cls, request: HttpRequest, unit: str) -> Place:
        show = request.GET.get("show", "")
        return cls(unit, show if show in SHOWS else "all", request.GET.get("after", "")[:200])

    def url(self, *, opened: UUID | None = None) -> str:
        query = {"show": self.show if self.show != "all" else "", "after": self.after, "item": opened or ""}
        return with_query(reverse("queue-unit", args=[self.unit]), **query)

    @property
    def query(self) -> str:
        """What a form carries along to come back to the same place."""
        return urlencode({"unit": self.unit, "show": self.show, "after": self.after})

    @property
    def rows_url(self) -> str:
        return self._part(reverse("queue-rows", args=[self.unit]))

    def item_url(self, referral: UUID) -> str:
        return self._part(reverse("referral", args=[referral]), unit=self.unit)

    def row_url(self, referral: UUID) -> str:
        return self._part(reverse("referral-row", args=[referral]), unit=self.unit)

    def _part(self, url: str, **more: str) -> str:
        return with_query(url, **more, show=self.show if self.show != "all" else "", after=self.after)


@dataclass(frozen=True)
class Row:
    """A line of the list."""

    seen: ReferralSight
    left: int | None
    why: str
    place: Place
    current: bool = False
    gone: str = ""

    @property
    def new(self) -> bool:
        return self.seen.state == ReferralState.REQUESTED and not self.seen.assignee

    @property
    def paused(self) -> bool:
        """Does its clock stand still?"""
        return self.seen.time_state == "paused"

    @property
    def url(self) -> str:
        return self.place.url(opened=self.seen.id)

    @property
    def item_url(self) -> str:
        return self.place.item_url(self.seen.id)

    @property
    def live_url(self) -> str:
        return self.place.row_url(self.seen.id)


def page_of(actor: User, unit: Unit, place: Place, opened: UUID | None) -> Context:
    # The cursor first: an event between the two reads is then told twice, never lost.
    cursor = cursor_now()
    page_rows = lines(actor, _after(shown(actor, unit, place.show), place.after)[: PAGE + 1], place, opened)
    more = len(page_rows) > PAGE
    page_rows = page_rows[:PAGE]
    counts = _counts(actor, unit)
    return {
        "unit": unit,
        "place": place,
        "rows": page_rows,
        "counts": counts,
        "total": counts[place.show],
        "shows": [
            (show, label, counts[show], replace(place, show=show, after=""))
            for show, label in _labels()
            if show in OFFERED or place.show == show or (show == "late" and counts[show])
        ],
        "more_url": replace(place, after=_mark(page_rows[-1].seen)).url(opened=opened) if more else "",
        "first_url": replace(place, after="").url(opened=opened) if place.after else "",
        "complete": place.show == "all" and not place.after and not more,
        "list_cursor": cursor,
        "may_take": may(actor, Action.REFERRAL_WORK, Referral(unit=unit, agency=unit.agency)),
        "other_queues": actor.role not in AGENCY or units_for(actor).count() > 1,
    }


def _labels() -> list[tuple[str, str]]:
    return [
        ("all", _("All")),
        ("mine", _("Mine")),
        ("free", _("Nobody's")),
        ("held", _("Held")),
        ("late", _("Late")),
        ("soon", _("Due soon")),
    ]


def _filters(actor: User) -> dict[str, Q]:
    """What each filter asks of an open referral."""
    present = clock.now()
    return {
        "all": Q(),
        "mine": Q(assignee=actor),
        "free": Q(assignee=None),
        "held": Q(state=ReferralState.ON_HOLD),
        "late": Q(due_at__lt=present),
        "soon": Q(due_at__gte=present, warn_at__lte=present),
    }


def _counts(actor: User, unit: Unit) -> dict[str, int]:
    """How much each filter shows."""
    found = in_queue_of(referrals_for(actor), unit).filter(OPEN_ONLY)
    return found.aggregate(**{show: Count("pk", filter=wanted) for show, wanted in _filters(actor).items()})


def shown(actor: User, unit: Unit, show: str) -> QuerySet[Referral]:
    """The open referrals of the unit and below that a filter shows, the most pressing first."""
    found = in_queue_of(referrals_for(actor), unit).filter(OPEN_ONLY)
    return found.filter(_filters(actor)[show]).order_by(*ORDER)


def lines(actor: User, found: QuerySet[Referral], place: Place, opened: UUID | None = None) -> list[Row]:
    seen = sight.queue_rows(actor, found)
    others = _partners([row.application for row in seen])
    return [
        Row(
            seen=row,
            left=left(row.due, row.target, row.paused_until, row.path),
            why=_why(actor, row, others[row.application], place.unit),
            place=place,
            current=row.id == opened,
        )
        for row in seen
    ]


def _partners(applications: list[UUID]) -> dict[UUID, list[Referral]]:
    """The other referrals of these applications that count: who takes part is known to all who take part."""
    found: dict[UUID, list[Referral]] = defaultdict(list)
    counting = Referral.objects.filter(application__in=applications, replaced_by=None)
    for row in counting.exclude(state=ReferralState.CANCELLED).select_related("unit"):
        found[row.application_id].append(row)
    return found


def _why(actor: User, row: ReferralSight, parts: list[Referral], unit: str) -> str:
    """Why the line is here: whose it is, who leads, who has not answered, who has it."""
    others = [part for part in parts if part.pk != row.id]
    said = [row.unit_short] if row.unit != unit else []
    if row.is_lead:
        said.append(_("You lead") if row.own else _("Lead agency"))
        waiting = [part.unit.short for part in others if part.is_open]
        if waiting:
            said.append(_("not answered yet: %(units)s") % {"units": ", ".join(waiting)})
    else:
        lead = next((part.unit.short for part in others if part.is_lead), "")
        said.append(_("joint, %(lead)s leads") % {"lead": lead} if lead else _("joint agency"))
    if row.assignee:
        mine = row.assignee == actor.username
        said.append(_("yours") if mine else _("taken by %(who)s") % {"who": row.assignee_name})
    return " · ".join(said)


def _after(found: QuerySet[Referral], mark: str) -> QuerySet[Referral]:
    """The rows behind a mark, by the order of the list; a mark that is none begins at the beginning."""
    try:
        due, priority, pk = json.loads(base64.urlsafe_b64decode(mark.encode() + b"=="))
        instant, key = datetime.fromisoformat(due), UUID(pk)
    except (ValueError, TypeError, binascii.Error):
        return found
    later = Q(due_at__gt=instant) | Q(due_at=instant, priority__gt=str(priority))
    return found.filter(later | Q(due_at=instant, priority=str(priority), id__gt=key), due_at__gte=instant)


def _mark(row: ReferralSight) -> str:
    due = row.due.isoformat() if row.due else clock.now().isoformat()
    return (
        base64.urlsafe_b64encode(json.dumps([due, row.priority, str(row.id)]).encode()).decode().rstrip("=")
    )


# --- all queues -------------------------------------------------------------------------------------------


def groups(actor: User) -> list[Context]:
    """Units whose queues the actor may open: bodies outside the system together and first, then by agency."""
    units = list(units_for(actor).filter(active=True).select_related("agency"))
    sums = _sums(actor, units)
    found: dict[str, Context] = {}
    for unit in sorted(units, key=lambda unit: (unit.agency.scope == "in_system", unit.agency_id, unit.path)):
        external = unit.agency.scope == "external"
        code, name = ("external", _("Other bodies")) if external else (unit.agency_id, unit.agency.name)
        empty: Context = {"code": code, "name": name, "external": external, "busy": [], "idle": []}
        group = found.setdefault(code, empty)
        line = {"unit": unit, "front": unit.pk == unit.agency_id, **sums[unit.pk]}
        group["busy" if line["open"] else "idle"].append(line)
    return list(found.values())


def _sums(actor: User, units: list[Unit]) -> dict[str, dict[str, int]]:
    """Open, unclaimed and late per unit, each with the units below it."""
    counted = (
        referrals_for(actor)
        .filter(OPEN_ONLY)
        .values_list("unit__path")
        .annotate(
            open=Count("pk"),
            free=Count("pk", filter=Q(assignee=None)),
            late=Count("pk", filter=Q(due_at__lt=clock.now())),
        )
        .order_by()
    )
    sums = {unit.pk: {"open": 0, "free": 0, "late": 0} for unit in units}
    for path, *figures in counted:
        for code in set(path) & sums.keys():
            for name, figure in zip(("open", "free", "late"), figures, strict=True):
                sums[code][name] += figure
    return sums


def with_query(url: str, **query: object) -> str:
    given = {name: str(value) for name, value in query.items() if value}
    return f"{url}?{urlencode(given)}" if given else url
