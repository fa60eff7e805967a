"""Whole lives of applications whose every sensitive field holds a word found nowhere else, and all that
anybody was answered meanwhile: a tape that can be searched for those words."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.test import Client
from rest_framework.test import APIClient

from access.roles import CALL_CENTRE, Role
from agencies.models import Referral, Unit
from events import clock
from intake.models import Application, Contact
from people.models import Person
from tests.access.stage import STAFF, TWINS, Stage, addresses, breach, hire, time_passes, works_for

OPERATOR, SUPERVISOR = "operator", "supervisor"
STAFF_OF_THE_TAPE = (*(name for name in STAFF if name not in TWINS), "worker of MOH")
OUTSIDERS = ("administrator", "worker without a unit", "worker of another unit of MLSPP")
PERSONAL = ("family_name", "given_name", "patronymic", "phone")


@dataclass
class Life:
    """One application from the call to its end, and the words that mark each of its fields."""

    key: str
    subtopic: str
    health: bool
    lead: str
    joint: tuple[str, ...]
    sealed: frozenset[str]  # units that may not read health details
    workers: dict[str, str]  # who answers for which unit
    end: str
    number: int
    tracking: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    application: str = ""

    def mark(self, name: str) -> str:
        return f"Kanar{name.replace('_', '')}{self.key}z"

    @property
    def fin(self) -> str:
        return f"7XQZ{self.number}WK"

    @property
    def marks(self) -> dict[str, tuple[str, ...]]:
        """Every sensitive field with the ways its word can be written."""
        words = (
            *("family_name", "given_name", "patronymic", "address", "safety", "text", "fact", "notes"),
            *("wait", "extension", "contest"),
            *("rejection", "triage", "unreachable", "dispute", "confirmation", "reopening", "end"),
            *(f"answer of {unit}" for unit in (self.lead, *self.joint)),
        )
        return {
            **{name: (self.mark(name),) for name in words},
            "fin": (self.fin,),
            "phone": (f"5099123{self.number}7", f"50 991 23 {self.number}7"),
            "number": (f"5099145{self.number}8", f"50 991 45 {self.number}8"),
            "tracking": (self.tracking,),
        }

    def tokens(self) -> Iterator[tuple[str, str]]:
        return ((name, word) for name, words in self.marks.items() for word in words)


def lives() -> list[Life]:
    return [
        Life(
            key="prosthesis",
            subtopic="PRO-REPAIR",
            health=True,
            lead="MLSPP.DTSERA",
            joint=("YASHAT",),
            sealed=frozenset({"YASHAT"}),
            workers={"MLSPP.DTSERA": "worker of DTSERA", "YASHAT": "worker of YASHAT"},
            end="withdraw",
            number=1,
        ),
        Life(
            key="sorrow",
            subtopic="PSY-PTSD",
            health=True,
            lead="MOH.PSM",
            joint=("MOH.PHC", "TABIB"),
            sealed=frozenset(),
            workers={"MOH.PSM": "worker of MOH", "MOH.PHC": "worker of MOH", "TABIB": "worker of TABIB"},
            end="annul",
            number=2,
        ),
        Life(
            key="debt",
            subtopic="SOC-DEBT",
            health=False,
            lead="YASHAT",
            joint=("MLSPP",),
            sealed=frozenset(),
            workers={"YASHAT": "worker of YASHAT", "MLSPP": "front desk of MLSPP"},
            end="withdraw",
            number=3,
        ),
    ]


def may_read(stage: Stage, name: str, life: Life, what: str) -> bool:
    """Is this field this person's to know? The need-to-know, said once more in plain words."""
    actor = stage.users[name]
    if actor.role in CALL_CENTRE:
        return True
    if actor.role == Role.CLINICIAN:
        who = (*PERSONAL, "fin", "address", "safety")
        return what in who or (life.health and what not in ("notes", "number", "tracking"))
    mine = {unit for unit in (life.lead, *life.joint) if works_for(actor, Unit.objects.get(pk=unit))}
    if not mine:
        return False
    reads_text = bool(mine - life.sealed)
    if what.startswith("answer of "):
        return what.removeprefix("answer of ") in mine
    return (
        what in PERSONAL
        or (what in ("text", "fact", "extension") and reads_text)
        or (what in ("rejection", "wait", "contest") and life.lead in mine)
        # all of these were about the first joint unit
        or (what in ("dispute", "reopening", "end") and life.joint[0] in mine and reads_text)
    )


# The tape --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """One answer somebody was given."""

    to: str
    where: str
    status: int
    text: str
    headers: str


@dataclass
class Tape:
    stage: Stage
    lives: list[Life]
    said: list[Said] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    client: APIClient = field(default_factory=lambda: APIClient(raise_request_exception=False))

    def api(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        client = self.client
        client.credentials(HTTP_AUTHORIZATION=f"Token {self.stage.secrets[who]}")
        given = {} if method == "get" else {"data": body or {}, "format": "json"}
        answer = getattr(client, method)(f"/api/v1/{path}", **given, headers=headers or None)
        self._hear(who, f"{method} {path}", answer)
        return answer

    def page(self, client: Client, who: str, address: str) -> Any:
        answer = client.get(address)
        self._hear(who, f"page {address}", answer)
        return answer

    def _hear(self, who: str, where: str, answer: Any) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        cookies = answer.cookies.output()
        text = answer.content.decode() if answer.content else ""
        self.said.append(Said(who, where, answer.status_code, text, f"{headers}\n{cookies}"))
        if answer.status_code >= 500:
            self.problems.append(f"{who}: {where}: {answer.status_code}")

    def met(self, who: str) -> dict[tuple[str, str], str]:
        """(life, field) of every mark this person came across, with the first place."""
        found: dict[tuple[str, str], str] = {}
        for said in self.said:
            if said.to != who:
                continue
            text = f"{said.text}\n{said.headers}".casefold()
            for life in self.lives:
                if life.number and f"{life.key}z" not in text and not _numbers(life, text):
                    continue
                for name, word in life.tokens():
                    if word.casefold() in text:
                        found.setdefault((life.key, name), said.where)
        return found


def _numbers(life: Life, text: str) -> bool:
    return any(
        word.casefold() in text
        for name in ("fin", "phone", "number", "tracking")
        for word in life.marks[name]
    )


# Driving ---------------------------------------------------------------------------------------------------


def record() -> Tape:
    """Three lives, read by everybody in their middle and at their end."""
    stage = hire({"worker of MOH": (Role.AGENCY_WORKER, "MOH")})
    tape = Tape(stage, lives())
    with listening(tape.logs):
        acts = [_acts(tape, life) for life in tape.lives]
        for act in acts:
            next(act)
        involved = {OPERATOR, "clinician", *(who for life in tape.lives for who in life.workers.values())}
        for who in sorted(involved):
            _read(tape, who)
        _turn_pages(tape, "worker of YASHAT")
        for act in acts:
            assert next(act, "over") == "over"
        for who in STAFF_OF_THE_TAPE:
            _read(tape, who)
        for who in (OPERATOR, "worker of YASHAT"):
            _turn_pages(tape, who)
        others = ("clinician", "front desk of MLSPP", "worker of DTSERA", "worker of MOH", "worker of TABIB")
        for who in (*others, "administrator"):
            _turn_pages(tape, who, everything=False)
    return tape


def _acts(tape: Tape, life: Life) -> Iterator[None]:
    """The life, up to its middle (both agencies at work), and from there to its end."""
    mark = life.mark

    def act(who: str, path: str, body: Any, status: int = 200, method: str = "post", **headers: str) -> Any:
        """First those try whose business it is not, then the one whose it is."""
        strangers = [name for name in OUTSIDERS if name != who]
        if who not in life.workers.values():
            strangers.append("worker of YASHAT" if life.lead != "YASHAT" else "worker of TABIB")
        for stranger in strangers:
            refused = tape.api(stranger, method, path, body)
            assert refused.status_code in (403, 404), (stranger, path, refused.content)
        done = tape.api(who, method, path, body, **headers)
        assert done.status_code == status, (who, path, done.content)
        return done.json()

    def referral(unit: str) -> str:
        rows = Referral.objects.filter(application=life.application, unit=unit)
        return str(rows.latest("requested_at", "id").pk)

    life.person = act(
        OPERATOR,
        "people/",
        {
            **{name: mark(name) for name in ("family_name", "given_name", "patronymic", "address")},
            "safety_note": mark("safety"),
            "fin": life.fin,
            "phones": [f"+99450991{230 + life.number}7"],
            "sex": "m",
        },
        201,
        **{"Idempotency-Key": f"person-{life.key}"},
    )
    again = {"family_name": mark("family_name"), "given_name": mark("given_name")}
    for refused in (
        {**again, "fin": life.fin},
        {**again, "phones": [mark("phone")]},
        {**again, "fin": mark("text")},
        {mark("fact"): mark("text")},
    ):
        assert tape.api(OPERATOR, "post", "people/", refused).status_code in (400, 409)
    person = life.person["id"]
    act(OPERATOR, f"people/{person}/", {"version": 9, "address": mark("address")}, 409, "patch")
    life.contact = act(
        OPERATOR,
        "contacts/",
        {"caller": person, "number": f"+99450991{450 + life.number}8", "notes": mark("notes")},
        201,
    )
    call = life.contact["id"]
    act(OPERATOR, f"contacts/{call}/", {"verification": 2, "notes": mark("notes")}, method="patch")
    facts = {"kanar": mark("fact"), "lives_alone": True}
    wish = {"subtopic": life.subtopic, "person": person, "contact": call, "facts": facts}
    act(OPERATOR, "routing/preview/", wish)
    act(OPERATOR, "routing/suggest/", {"text": f"protez {mark('text')}"})
    whole = act(
        OPERATOR,
        "applications/",
        {**wish, "text": f"Ağrıyır. {mark('text')}"},
        201,
        **{"Idempotency-Key": f"application-{life.key}"},
    )
    life.application, life.tracking = whole["id"], whole["tracking_code"]
    assert {row["unit"] for row in whole["referrals"]} == {life.lead, *life.joint}
    here = f"applications/{life.application}"

    lead = life.workers[life.lead]
    first = referral(life.lead)
    act(lead, f"referrals/{first}/claim/", {})
    act(lead, f"referrals/{first}/reject/", {"reason": "not_ours", "text": mark("rejection")})
    act(OPERATOR, f"{here}/triage/", {"lead": life.lead, "referral": first, "text": mark("triage")})
    act(lead, f"referrals/{referral(life.lead)}/accept/", {})
    waiting = {"reason": "waiting_citizen", "text": mark("wait")}
    act(lead, f"referrals/{referral(life.lead)}/hold/", waiting)
    act(OPERATOR, f"referrals/{referral(life.lead)}/resume/", {})
    act(SUPERVISOR, f"{here}/extend/", {"reason": "information_requested", "text": mark("extension")})
    time_passes(clock.now() + timedelta(days=200))
    late = breach(Application.objects.get(pk=life.application), life.lead)
    act(SUPERVISOR, f"{here}/contest/", {"firing": late.pk, "text": mark("contest")})
    yield

    done = {unit: {"outcome": "provided", "text": mark(f"answer of {unit}")} for unit in life.workers}
    for unit in (*life.joint, life.lead):
        act(life.workers[unit], f"referrals/{referral(unit)}/complete/", done[unit])
    disputed = life.joint[0]
    about = {"referral": referral(disputed)}
    act(OPERATOR, f"{here}/unreachable/", {"text": mark("unreachable")})
    act(OPERATOR, f"{here}/dispute/", {**about, "text": mark("dispute")})
    act(life.workers[disputed], f"referrals/{referral(disputed)}/complete/", done[disputed])
    act(OPERATOR, f"{here}/confirm/", {"text": mark("confirmation")})
    act(OPERATOR, f"{here}/reopen/", {"referral": referral(disputed), "text": mark("reopening")})
    act(SUPERVISOR, f"{here}/{life.end}/", {"text": mark("end")})
    act(OPERATOR, f"contacts/{call}/finalise/", {"disposition": "application_opened"})


UNITS = ("MLSPP", "MLSPP.DTSERA", "MOH", "TABIB", "YASHAT")


def _read(tape: Tape, who: str) -> None:
    """Everything there is to read through the API, whether one may or not."""
    ask = ["applications/?page_size=200", "referrals/?page_size=200", "board/", "live/board/"]
    ask += [f"board/?agency={code}" for code in ("MLSPP", "YASHAT")]
    ask += ["escalations/", "forecast/?hours=24"]
    ask += [f"live/queue:{unit}/" for unit in UNITS]
    for life in tape.lives:
        here = f"applications/{life.application}/"
        ask += [
            here,
            f"{here}timeline/",
            f"{here}why/",
            f"{here}clocks/",
            f"live/application:{life.application}/",
        ]
        ask += [f"people/{life.person['id']}/", f"people/?q={quote(life.mark('family_name'))}"]
        ask += [f"applications/?person={life.person['id']}", f"contacts/{life.contact['id']}/"]
        rows = Referral.objects.filter(application=life.application).values_list("pk", flat=True)
        ask += [f"referrals/{row}/{part}" for row in rows for part in ("", "clocks/")]
    for path in ask:
        tape.api(who, "get", path)


def _turn_pages(tape: Tape, who: str, *, everything: bool = True) -> None:
    """Every page and part of a page of every record, as this person's browser would ask for them."""
    from tests.access.routes import OWN_GUARD, routes

    client = Client(raise_request_exception=False)
    client.force_login(tape.stage.users[who])
    pages = [r for r in routes() if not r.is_api and not r.is_admin and r.name not in OWN_GUARD]
    wanted: dict[str, None] = {}
    for life in tape.lives:
        own = Stage(tape.stage.users, tape.stage.secrets)
        own.applications = {"it": Application.objects.get(pk=life.application)}
        rows = Referral.objects.filter(application=life.application).select_related("unit")
        own.referrals = {str(row.pk): row for row in rows}
        own.contacts = {"it": Contact.objects.get(pk=life.contact["id"])}
        own.person = Person.objects.get(pk=life.person["id"])
        for route in pages:
            if "<str:verb>" not in route.path:
                wanted.update(dict.fromkeys(address for address, _record in addresses(own, route)))
        wanted[f"/desk/?contact={life.contact['id']}"] = None
        for row in rows if everything else []:
            wanted[f"/queue/{row.agency_id}/?item={row.pk}"] = None
            wanted[f"/referrals/{row.pk}/row/?unit={row.agency_id}"] = None
            wanted[f"/triage/{life.application}/?referral={row.pk}"] = None
    for unit in UNITS:
        wanted[f"/queue/{unit}/list/?show=all"] = None
    for address in wanted:
        tape.page(client, who, address)


# Listening to the log --------------------------------------------------------------------------------------


class Ear(logging.Handler):
    """Keeps every line as the product would have written it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self.lines = lines
        self.setFormatter(logging.getLogger("django.request").handlers[0].formatter)

    def emit(self, record: logging.LogRecord) -> None:
        fresh = copy.copy(record)
        fresh.exc_text = None  # another handler's wording of the exception, if there was one before
        self.lines.append(self.format(fresh))


@contextmanager
def listening(lines: list[str]) -> Iterator[None]:
    """Hear every logger at every level, however quiet the settings make it."""
    ear = Ear(lines)
    names = list(logging.root.manager.loggerDict)
    loggers = [logging.root, *(logging.getLogger(name) for name in names)]
    before = [(logger, logger.level, logger.handlers) for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
            logger.handlers = [ear] if logger is logging.root or not logger.propagate else []
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers = handlers
