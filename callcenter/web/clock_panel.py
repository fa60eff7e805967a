"""The clocks of an application or a referral as its page shows them: kept, broken, and whose time it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.lifecycle import ReferralState
from agencies.models import Agency, Reason
from callcenter import words
from callcenter.clocks import ClockSight, FiringSight
from callcenter.dates import due_words
from callcenter.sight import ApplicationSight, ReferralSight
from events import clock
from intake.lifecycle import ApplicationState

from . import extending
from .ledger import Ledger, explain, span
from .sending import FIRST, Verb, VerbForm, area
from .times import left

FILLS = ("f1", "f2", "f3", "f4")
VERBS = {
    "contest": (gettext_lazy("Contest the breach"), "chat"),
    "settle": (gettext_lazy("Say what was done"), "check"),
}
GIVEN_UP = {ReferralState.CANCELLED, ReferralState.REJECTED}
TAKEN_BACK = {ApplicationState.WITHDRAWN, ApplicationState.ENTERED_IN_ERROR}


@dataclass(frozen=True)
class Row:
    """One clock in a list. ``state`` is that of its pill, ``word`` the pill's own word if it has one."""

    measure: str
    target: str
    due: datetime
    warn: datetime
    state: str
    word: str
    icon: str
    left: int | None
    paused: bool
    finished: datetime | None
    provisional: bool


@dataclass(frozen=True)
class Breach:
    """A clock that was broken, with what was said and done about it."""

    measure: str
    unit: str
    since: datetime
    over: bool
    firing: FiringSight | None


@dataclass(frozen=True)
class Share:
    """A party and its part of the time; ``fill`` is its colour in the bar."""

    name: str
    value: str
    seconds: int
    fill: str


@dataclass(frozen=True)
class Whose:
    """Whose the time was: shares in the order in which they began, and their sum."""

    shares: tuple[Share, ...]
    total: str
    told: str

    @property
    def segments(self) -> list[dict[str, object]]:
        return [{"value": share.seconds, "cls": share.fill} for share in self.shares]


@dataclass(frozen=True)
class Panel:
    """Everything about time on one page. ``main`` is the clock that the sum explains."""

    main: ClockSight
    ledger: Ledger
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    breaches: tuple[Breach, ...]
    whose: Whose | None
    verbs: tuple[Verb, ...]


def of_application(sights: Sequence[ClockSight], whole: ApplicationSight) -> Panel | None:
    """The panel of an application's page; None while nothing was promised."""
    promises = [it for it in sights if it.measure == "resolution" and it.referral is None]
    if not promises:
        return None
    ended = {part.id: part for part in whole.referrals if part.state in GIVEN_UP}
    closed = whole.closed_at if whole.state in TAKEN_BACK else None
    return _panel(max(promises, key=lambda it: it.instance), sights, ended, closed)


def of_referral(sights: Sequence[ClockSight], row: ReferralSight) -> Panel | None:
    """The panel of a referral's page: its own clocks."""
    main = next((it for it in sights if it.measure == "resolve"), None)
    if main is None:
        return None
    return _panel(main, sights, {row.id: row} if row.state in GIVEN_UP else {}, None)


def _panel(
    main: ClockSight,
    sights: Sequence[ClockSight],
    ended: Mapping[UUID, ReferralSight],
    closed: datetime | None,
) -> Panel:
    names = {reason.pk: reason.name for reason in Reason.objects.filter(kind="on_hold")}
    breaches = tuple(_breaches(sights))
    others = [it for it in sights if it is not main]
    return Panel(
        main=main,
        ledger=explain(main, names, extending.bases(main.policy, main.policy_version)),
        groups=tuple(
            (unit, tuple(_row(it, _given_up(it, ended, closed)) for it in found))
            for unit, found in groupby(others, key=lambda it: it.unit_short)
        ),
        breaches=breaches,
        whose=_whose(main),
        verbs=tuple(_verbs(breaches)),
    )


# --- the list -----------------------------------------------------------------------------------------------


def _given_up(sight: ClockSight, ended: Mapping[UUID, ReferralSight], closed: datetime | None) -> bool:
    """Did this clock stop because nobody had to keep it any more?"""
    if sight.stopped_at is None or sight.state == "broken":
        return False
    part = ended.get(sight.referral) if sight.referral else None
    over = part.finished_at if part else closed
    return over is not None and sight.stopped_at >= over


def _row(sight: ClockSight, given_up: bool) -> Row:
    state, word, icon = ("none", _("Ended"), "x") if given_up else _look(sight)
    running = sight.stopped_at is None
    return Row(
        measure=words.of(words.MEASURES, sight.measure),
        target=words.target(sight.target),
        due=sight.due,
        warn=sight.warn_at,
        state=state,
        word=word,
        icon=icon,
        left=left(sight.due, sight.target, sight.paused_until, sight.path) if running else None,
        paused=sight.state == "paused",
        finished=sight.stopped_at,
        provisional=sight.provisional and running,
    )


def _look(sight: ClockSight) -> tuple[str, str, str]:
    """State, word and icon of the pill; a clock that runs has the usual words."""
    if sight.state == "broken":
        return "late", _("Broken"), ""
    if sight.state == "met":
        return "ontime", _("Kept"), "check"
    if sight.state == "paused":
        return "paused", "", ""
    return "soon" if clock.now() >= sight.warn_at else "ontime", "", ""


# --- breaches -----------------------------------------------------------------------------------------------


def _breaches(sights: Iterable[ClockSight]) -> Iterator[Breach]:
    """What is broken, also where the sweep has not come by yet."""
    for sight in sights:
        firing = next((it for it in sight.firings if it.breach), None)
        if firing is not None or sight.state == "broken":
            yield Breach(
                measure=words.of(words.MEASURES, sight.measure),
                unit=sight.unit_short,
                since=firing.due if firing else sight.due,
                over=sight.stopped_at is not None,
                firing=firing,
            )


def _verbs(breaches: Sequence[Breach]) -> Iterator[Verb]:
    for name, (label, icon) in VERBS.items():
        if any(_possible(name, breach) for breach in breaches):
            yield Verb(name=name, label=str(label), icon=icon, opens="dialog")


def _possible(verb: str, breach: Breach) -> bool:
    return breach.firing is not None and verb in breach.firing.verbs


class ContestForm(VerbForm):
    firing = forms.CharField(label=gettext_lazy("Which breach"), widget=forms.Select(attrs=FIRST))
    text = forms.CharField(
        label=gettext_lazy("Why it should not count against the unit"),
        help_text=gettext_lazy("The breach stays on record; these words stand beside it."),
        widget=area(),
    )


class SettleForm(VerbForm):
    firing = forms.CharField(label=gettext_lazy("Which breach"), widget=forms.Select(attrs=FIRST))
    text = forms.CharField(label=gettext_lazy("What was done"), widget=area())


FORMS: dict[str, type[VerbForm]] = {"contest": ContestForm, "settle": SettleForm}


def forms_of(panel: Panel | None, *, typed: VerbForm | None, verb: str) -> dict[str, VerbForm]:
    """The forms of the clocks' verbs, the typed one as it was refused; each offers its own breaches."""
    made = {}
    for name, kind in FORMS.items():
        made[name] = typed if name == verb and typed is not None else kind(auto_id=f"{name}-%s")
        _offer(made[name], name, panel.breaches if panel else ())
    return made


def _offer(form: VerbForm, verb: str, breaches: Iterable[Breach]) -> None:
    widget = form.fields["firing"].widget
    assert isinstance(widget, forms.Select)
    widget.choices = [
        (str(breach.firing.id), _named(breach))
        for breach in breaches
        if breach.firing is not None and _possible(verb, breach)
    ]


def _named(breach: Breach) -> str:
    return " · ".join(filter(None, [breach.unit, breach.measure, due_words(breach.since)]))


# --- whose time it was --------------------------------------------------------------------------------------


def _whose(main: ClockSight) -> Whose | None:
    if not sum(party.seconds for party in main.parties):
        return None
    names = {agency.pk: agency.abbr or agency.name for agency in Agency.objects.all()}
    shares, so_far = [], 0
    for place, party in enumerate(main.parties):
        # Rounded so that the shares sum to the rounded whole.
        minutes = (so_far + party.seconds) // 60 - so_far // 60
        so_far += party.seconds
        name = str(words.PARTIES.get(party.party) or names.get(party.party, party.party))
        shares.append(Share(name, span(minutes), party.seconds, FILLS[place % len(FILLS)]))
    told = ", ".join(f"{share.name}: {share.value}" for share in shares)
    return Whose(tuple(shares), span(so_far // 60), told)
