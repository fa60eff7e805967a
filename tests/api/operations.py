"""Every operation that takes a body, with a body it accepts: what hostile input is put into."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from events import clock
from routing import sheet
from tests.access.stage import Stage

Body = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """``texts`` and ``codes`` are scalar members, ``lists`` arrays of strings."""

    name: str
    who: str
    method: str
    path: Callable[[Stage], str]
    body: Callable[[Stage], Body]
    texts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    numbers: tuple[str, ...] = field(default=("version",))

    def __str__(self) -> str:
        return self.name


def application(name: str, verb: str) -> Callable[[Stage], str]:
    return lambda day: f"applications/{day.applications[name].pk}/{verb}/"


def referral(name: str, verb: str) -> Callable[[Stage], str]:
    return lambda day: f"referrals/{day.referrals[name].pk}/{verb}/"


def rules(name: str, verb: str = "") -> Callable[[Stage], str]:
    return lambda day: f"rulesets/{day.rulesets[name].pk}/{verb and f'{verb}/'}"


def person(day: Stage) -> str:
    assert day.person is not None
    return str(day.person.pk)


PERSON_TEXTS = ("family_name", "given_name", "patronymic", "address", "safety_note", "fin")
PERSON = {
    "family_name": "Nümunəvi",
    "given_name": "Aygün",
    "patronymic": "Sınaq",
    "address": "Bakı",
    "safety_note": "Axşam zəng edin",
    "fin": "7TST1NG",
    "phones": ["0557654321"],
    "district": "TAR",
    "categories": ["VET"],
    "birth_date": "1990-03-02",
    "sex": "f",
    "language": "az",
}
LEAD, FRONT = "worker of DTSERA", "front desk of MLSPP"


def otherwise(document: Body) -> Body:
    """The same rules, the last with another reason."""
    whole = deepcopy(document)
    whole["sections"][-1]["rules"][-1]["reason"] = {"az": "Bölgüdə baxılır."}
    return whole


OPERATIONS = [
    Operation(
        "add a person", "operator", "post", lambda day: "people/", lambda day: {**PERSON},
        PERSON_TEXTS, ("district",), ("phones", "categories"), (), ("sex", "language", "birth_date"), (),
    ),
    Operation(
        "change a person", "operator", "patch", lambda day: f"people/{person(day)}/",
        lambda day: {**PERSON, "version": 1},
        PERSON_TEXTS, ("district",), ("phones", "categories"), (), ("sex", "language", "birth_date"),
    ),
    Operation(
        "start a contact", "operator", "post", lambda day: "contacts/",
        lambda day: {
            "channel": "phone", "direction": "in", "caller": person(day), "concerning": person(day),
            "number": "0501112233", "verification": 1, "notes": "Qeyd",
        },
        ("number", "notes"), (), (), ("caller", "concerning"), ("channel", "direction"), ("verification",),
    ),
    Operation(
        "change a contact", "operator", "patch",
        lambda day: f"contacts/{day.contacts['of the operator'].pk}/",
        lambda day: {"caller": person(day), "verification": 2, "notes": "Qeyd", "state": "wrap_up"},
        ("notes",), (), (), ("caller", "concerning"), ("state",), ("verification", "version"),
    ),
    Operation(
        "finish a contact", "operator", "post",
        lambda day: f"contacts/{day.contacts['of the operator'].pk}/finalise/",
        lambda day: {"disposition": "application_opened", "notes": "Qeyd"},
        ("notes",), ("disposition",), (), (), (), (),
    ),
    Operation(
        "register", "operator", "post", lambda day: "applications/",
        lambda day: {
            "person": person(day), "contact": str(day.contacts["of the operator"].pk),
            "subtopic": "PRO-REPAIR", "text": "Protez", "facts": {"limb": "sol ayaq"},
        },
        ("text",), ("subtopic",), (), ("person", "contact"), (), (),
    ),
    Operation(
        "preview", "operator", "post", lambda day: "routing/preview/",
        lambda day: {"subtopic": "PRO-REPAIR", "person": person(day), "facts": {}},
        (), ("subtopic",), (), ("person", "contact"), (), (),
    ),
    Operation(
        "suggest", "operator", "post", lambda day: "routing/suggest/", lambda day: {"text": "protez"},
        ("text",), (), (), (), (), (),
    ),
    Operation(
        "triage", "operator", "post", application("unclear", "triage"),
        lambda day: {"lead": "TABIB", "joint": ["MOH"], "policy": "all", "text": "Belə daha yaxşıdır."},
        ("text",), ("lead",), ("joint",), ("referral",), ("policy",),
    ),
    Operation(
        "confirm", "operator", "post", application("answered", "confirm"), lambda day: {"text": "Razıdır."},
        ("text",),
    ),
    Operation(
        "dispute", "operator", "post", application("answered", "dispute"),
        lambda day: {"text": "Yox.", "referral": str(day.referrals["answered by DTSERA"].pk)},
        ("text",), (), (), ("referral",),
    ),
    Operation(
        "not reached", "operator", "post", application("answered", "unreachable"),
        lambda day: {"text": "Götürmədi."}, ("text",),
    ),
    Operation(
        "reopen", "operator", "post", application("closed", "reopen"), lambda day: {"text": "Yenə."},
        ("text",), (), (), ("referral",),
    ),
    Operation(
        "withdraw", "operator", "post", application("prosthesis", "withdraw"),
        lambda day: {"text": "Geri götürdü."}, ("text",),
    ),
    Operation(
        "annul", "supervisor", "post", application("prosthesis", "annul"),
        lambda day: {"text": "Səhv."}, ("text",),
    ),
    Operation(
        "extend", "supervisor", "post", application("prosthesis", "extend"),
        lambda day: {"reason": "additional_study", "text": "Əlavə müayinə lazımdır."},
        ("text",), ("reason",),
    ),
    Operation(
        "contest", "administrator of MLSPP", "post", application("prosthesis", "contest"),
        lambda day: {"firing": day.breaches["of DTSERA"].pk, "text": "Sənəd gec gəldi."},
        ("text",), (), (), (), (), ("firing",),
    ),
    Operation(
        "settle", "supervisor", "post", application("insurance", "settle"),
        lambda day: {"firing": day.breaches["of the promise, escalated"].pk, "text": "Danışıldı."},
        ("text",), (), (), (), (), ("firing",),
    ),
    Operation("claim", LEAD, "post", referral("of DTSERA", "claim"), lambda day: {}),
    Operation("accept", LEAD, "post", referral("of DTSERA", "accept"), lambda day: {}),
    Operation("start", LEAD, "post", referral("of DTSERA", "start"), lambda day: {}),
    Operation(
        "hold", LEAD, "post", referral("of DTSERA", "hold"),
        lambda day: {
            "reason": "waiting_citizen", "until": (clock.now() + timedelta(days=1)).isoformat(),
            "text": "Zəng gözlənilir.",
        },
        ("text",), ("reason",), (), (), ("until",),
    ),
    Operation("resume", "operator", "post", referral("of a body outside", "resume"), lambda day: {}),
    Operation(
        "release", "administrator of MLSPP", "post", referral("of MLSPP, taken", "release"), lambda day: {}
    ),
    Operation(
        "reject", LEAD, "post", referral("of DTSERA", "reject"),
        lambda day: {"reason": "not_ours", "text": "Bizim deyil.", "suggested_unit": "TABIB"},
        ("text",), ("reason", "suggested_unit"),
    ),
    Operation(
        "complete", LEAD, "post", referral("of DTSERA", "complete"),
        lambda day: {"outcome": "provided", "text": "Hazırdır."}, ("text",), ("outcome",),
    ),
    Operation(
        "fail", LEAD, "post", referral("of DTSERA", "fail"),
        lambda day: {"reason": "no_show", "text": "Gəlmədi."}, ("text",), ("reason",),
    ),
    Operation(
        "cancel", "supervisor", "post", referral("of DTSERA", "cancel"),
        lambda day: {"reason": "no_longer_needed", "text": "Lazım deyil."}, ("text",), ("reason",),
    ),
    Operation(
        "report the room", "machine of MLSPP", "post",
        lambda day: f"reference/services/{day.services['MLSPP.DTSERA'].pk}/capacity/",
        lambda day: {"status": "full", "capacity": 12, "alert": "Yanvaradək yer yoxdur."},
        ("alert",), (), (), (), ("status",), ("capacity", "version"),
    ),
    Operation(
        "begin a draft", "supervisor", "post", lambda day: "rulesets/",
        lambda day: {"source": day.rulesets["published"].pk, "note": "Yeni protez mərkəzi açıldı."},
        ("note",), (), (), (), (), ("source",),
    ),
    Operation(
        "rewrite a draft", "supervisor", "put", rules("draft"),
        lambda day: {"document": otherwise(day.rulesets["draft"].document), "why": "Yeni mərkəz."}, ("why",),
    ),
    Operation(
        "rehearse", "supervisor", "post", rules("draft", "rehearse"), lambda day: {"days": 30},
        (), (), (), (), (), ("days",),
    ),
    Operation("submit rules", "supervisor", "post", rules("ready", "submit"), lambda day: {}),
    Operation(
        "send rules back", "administrator", "post", rules("review", "send_back"),
        lambda day: {"why": "Səbəb yazılmayıb."}, ("why",),
    ),
    Operation("publish rules", "supervisor", "post", rules("review", "publish"), lambda day: {}),
    Operation("discard rules", "administrator", "post", rules("draft", "discard"), lambda day: {}),
]  # fmt: skip

UPLOADS = [
    Operation(
        "take a workbook", "supervisor", "post", rules("draft", "xlsx"),
        lambda day: {"file": sheet.write(day.rulesets["draft"].document, {}), "why": "Yeni mərkəz."},
    ),
]  # fmt: skip
"""Operations that take a form with a file instead of JSON."""
