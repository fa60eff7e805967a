"""Waits, extensions, breaches and what is told of clocks, as a machine meets them at the door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache

from agencies.models import Hold, Referral, Unit
from events import clock
from events.models import Event
from sla import calendars
from sla.models import Firing
from tests.access.stage import time_passes
from tests.rows import fingerprint
from tests.web.reading import statements
from workflows import actions, firing

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 10:00 in Baku
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THURSDAY, FRIDAY = TUESDAY + 2 * DAY, TUESDAY + 3 * DAY
LONG_AFTER = TUESDAY + 90 * DAY
WAIT = {"reason": "waiting_citizen", "until": "2026-11-27T10:00:00+04:00"}
STUDY = {"reason": "additional_study", "text": "Əlavə müayinə lazımdır, cavab sonra veriləcək."}
TOLD = {"text": "Sənədlər vaxtında gəlməyib."}


def at(text: str | None) -> datetime:
    assert text
    return datetime.fromisoformat(text)


def parts(application: Any) -> dict[str, str]:
    """The address of each referral by its unit."""
    rows = Referral.objects.filter(application=application)
    return {row.unit_id: f"referrals/{row.pk}/" for row in rows}


def refused(answer: Any, status: int, code: str, field: str = "") -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["detail"]
    assert set(body["errors"]) == ({field} if field else set())
    assert all(sentence.endswith(".") for many in body["errors"].values() for sentence in many)
    return body


def denied(answer: Any) -> None:
    refused(answer, 403, answer.json()["code"])


class Case:
    """One application registered on a Tuesday morning, and everybody who asks about it."""

    def __init__(self, api: Any, people: Any, application: Any) -> None:
        self.row, self.here = application, f"applications/{application.pk}/"
        self.parts = parts(application)
        self.clients = {name: api(user) for name, user in people.users.items()}

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        with clock.at(self.now):
            client = self.clients[who]
            return getattr(client, method)(path, **({} if body is None else {"data": body}), **headers)

    def at(self, instant: datetime) -> Case:
        self.now = instant
        return self

    def get(self, who: str, path: str) -> Any:
        answer = self.ask(who, "get", path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def post(self, who: str, path: str, body: Any = None, **headers: Any) -> Any:
        return self.ask(who, "post", path, body or {}, **headers)

    def done(self, who: str, path: str, body: Any = None, **headers: Any) -> Any:
        answer = self.post(who, path, body, **headers)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def clocks(self, who: str = "supervisor") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(who, f"{self.here}clocks/")
        return found

    def clock(self, measure: str, unit: str = "", who: str = "supervisor") -> dict[str, Any]:
        return next(it for it in self.clocks(who) if (it["measure"], it["unit"]) == (measure, unit))

    def breach(self, measure: str, unit: str = "", who: str = "supervisor") -> dict[str, Any]:
        found: dict[str, Any] = next(it for it in self.clock(measure, unit, who)["firings"] if it["breach"])
        return found


@pytest.fixture
def case(api: Any, people_at_work: Any, register: Any) -> Any:
    def make(subtopic: str) -> Case:
        with clock.at(TUESDAY):
            return Case(api, people_at_work, register(subtopic)).at(TUESDAY)

    return make


@pytest.fixture
def idea(case: Any) -> Case:
    """One unit alone is asked: while it waits, the promise does."""
    found: Case = case("CMP-IDEA")
    return found


@pytest.fixture
def repair(case: Any) -> Case:
    """MLSPP.DTSERA leads, YASHAT joins."""
    found: Case = case("PRO-REPAIR")
    return found


UNIT = "MOH.SECT"


# Waiting -----------------------------------------------------------------------------------------------


def test_while_the_only_unit_waits_for_the_citizen_share_and_promise_stand_still(idea: Case) -> None:
    before = idea.get("supervisor", idea.here)
    board = idea.get("supervisor", "board/")

    held = idea.done("moh", f"{idea.parts[UNIT]}hold/", WAIT)

    assert (held["state"], held["time_state"]) == ("on_hold", "paused")
    assert at(held["paused_until"]) == FRIDAY
    assert "resume" in held["verbs"]
    whole = idea.get("supervisor", idea.here)
    assert (whole["time_state"], at(whole["paused_until"])) == ("paused", FRIDAY)
    # three working days are waited, and as much later is the answer due: 15 wd become 18
    assert at(whole["due"]) == at(held["due"]) > at(before["due"])
    office = calendars.calendar()
    assert office.working_seconds(at(before["due"]), at(whole["due"])) == 3 * 8 * 3600
    totals = idea.get("supervisor", "board/")["totals"]
    for figure in ("open", "late", "soon", "triage", "confirmation"):
        assert totals[figure] == board["totals"][figure]
    assert [it["paused_until"] for it in idea.get("moh", "referrals/?state=on_hold")["results"]] == [
        held["paused_until"]
    ]


def test_the_citizen_calls_back_and_the_operator_lets_the_clocks_go_on(idea: Case) -> None:
    plain = at(idea.get("moh", idea.parts[UNIT])["due"])
    planned = at(idea.done("moh", f"{idea.parts[UNIT]}hold/", WAIT)["due"])

    going = idea.at(THURSDAY).done("operator", f"{idea.parts[UNIT]}resume/")

    assert (going["state"], going["time_state"], going["paused_until"]) == ("in_progress", "ontime", None)
    assert plain < at(going["due"]) < planned
    whole = idea.get("operator", idea.here)
    assert (whole["time_state"], whole["paused_until"]) == ("ontime", None)
    assert at(whole["due"]) == at(going["due"])
    kinds = list(Event.objects.filter(application=idea.row.pk).order_by("id").values_list("kind", flat=True))
    assert kinds.index("referral.held") < kinds.index("referral.resumed")
    assert {"application.rescheduled", "referral.rescheduled"} <= set(kinds)
    refused(idea.post("operator", f"{idea.parts[UNIT]}resume/"), 409, "illegal_move")


def test_a_wait_without_an_end_lasts_as_long_as_the_policy_allows(idea: Case) -> None:
    held = idea.done("moh", f"{idea.parts[UNIT]}hold/", {"reason": "waiting_citizen", "until": None})

    assert at(held["paused_until"]) == datetime(2026, 12, 1, 14, 0, tzinfo=UTC)  # the end of the 5th day


def test_waiting_for_another_body_is_waiting_but_pauses_nothing(idea: Case) -> None:
    before = idea.get("moh", idea.parts[UNIT])["due"]

    held = idea.done("moh", f"{idea.parts[UNIT]}hold/", {**WAIT, "reason": "waiting_document"})

    assert (held["state"], held["time_state"], held["paused_until"]) == ("on_hold", "ontime", None)
    assert held["due"] == before


def test_one_of_two_waits_and_only_its_share_does(repair: Case) -> None:
    before = repair.get("supervisor", repair.here)

    held = repair.done("yashat", f"{repair.parts['YASHAT']}hold/", WAIT)

    whole = repair.get("supervisor", repair.here)
    assert held["time_state"] == "paused"
    assert (whole["time_state"], whole["due"], whole["paused_until"]) == ("ontime", before["due"], None)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid", "reason"),
        ({"reason": ""}, "invalid", "reason"),
        ({"reason": "lunch"}, "reason_required", "reason"),
        ({"reason": "not_ours"}, "reason_required", "reason"),
        ({**WAIT, "until": "2026-11-23T10:00:00+04:00"}, "in_the_past", "until"),
        ({**WAIT, "until": "2026-11-24T06:00:00Z"}, "in_the_past", "until"),
        ({**WAIT, "until": "2027-02-01T10:00:00+04:00"}, "too_long", "until"),
        ({**WAIT, "until": "9999-12-31T23:59:59-23:59"}, "too_long", "until"),
        ({**WAIT, "until": "0001-01-01T00:00:00+23:59"}, "in_the_past", "until"),
        ({**WAIT, "until": "2026-11-27T10:00:00"}, "invalid", "until"),
        ({**WAIT, "until": "2026-11-27"}, "invalid", "until"),
        ({**WAIT, "until": "Friday"}, "invalid", "until"),
        ({**WAIT, "until": ""}, "invalid", "until"),
        ({**WAIT, "until": 1764223200}, "invalid", "until"),
        ({**WAIT, "until": ["2026-11-27T10:00:00Z"]}, "invalid", "until"),
    ],
)
def test_a_wait_that_cannot_be_is_told_why_and_changes_nothing(
    idea: Case, body: Any, code: str, field: str
) -> None:
    before = fingerprint()

    refused(idea.post("moh", f"{idea.parts[UNIT]}hold/", body), 400, code, field)

    assert fingerprint() == before


def test_a_crisis_does_not_wait(case: Any) -> None:
    crisis = case("PSY-CRISIS")
    before = fingerprint()

    refused(crisis.post("moh", f"{crisis.parts['MOH.PSM']}hold/", WAIT), 400, "no_wait", "reason")

    assert fingerprint() == before


def test_whose_it_is_not_neither_holds_nor_knows(repair: Case) -> None:
    share, before = repair.parts["YASHAT"], fingerprint()

    for verb, body in (("hold/", WAIT), ("resume/", {})):
        refused(repair.post("tabib", f"{share}{verb}", body), 404, "not_found")
        refused(repair.post("mlspp", f"{share}{verb}", body), 404, "not_found")
        denied(repair.post("clinician", f"{share}{verb}", body))
    denied(repair.post("operator", f"{share}hold/", WAIT))

    assert fingerprint() == before


def test_the_same_call_twice_holds_once(idea: Case) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": "one-wait"}

    first = idea.done("moh", f"{idea.parts[UNIT]}hold/", WAIT, **key)
    again = idea.at(TUESDAY + HOUR).done("moh", f"{idea.parts[UNIT]}hold/", WAIT, **key)

    assert (first["state"], first["version"]) == (again["state"], again["version"])
    assert Hold.objects.filter(referral__application=idea.row).count() == 1
    refused(idea.post("moh", f"{idea.parts[UNIT]}hold/", {**WAIT, "text": "."}, **key), 422,
            "idempotency_key_reused")  # fmt: skip


def test_a_version_that_moved_on_is_told_with_both(idea: Case) -> None:
    stale = {"HTTP_IF_MATCH": '"7"'}

    for who, path, body in (
        ("moh", f"{idea.parts[UNIT]}hold/", WAIT),
        ("moh", f"{idea.parts[UNIT]}resume/", {}),
        ("supervisor", f"{idea.here}extend/", STUDY),
    ):
        told = refused(idea.post(who, path, body, **stale), 409, "stale_version")
        assert told["yours"] == 7 > told["current"]


# Extending ---------------------------------------------------------------------------------------------


def test_an_extension_is_told_to_the_citizen_and_given_once(repair: Case) -> None:
    before = repair.clock("resolution")

    whole = repair.done("supervisor", f"{repair.here}extend/", STUDY)

    promise = repair.clock("resolution")
    assert (before["target"], promise["target"]) == ("10 wd", "30 wd")
    assert whole["due"] == promise["due"] > before["due"]
    [change] = promise["changes"]
    assert change == {
        "kind": "extended", "at": change["at"], "target_before": "10 wd", "target": "30 wd",
        "due_before": before["due"], "due_after": promise["due"], **STUDY,
    }  # fmt: skip
    assert repair.clock("legal_answer")["target"] == "30 wd"
    after = fingerprint()
    refused(repair.post("supervisor", f"{repair.here}extend/", STUDY), 409, "already_extended")
    assert fingerprint() == after


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({**STUDY, "text": ""}, "invalid", "text"),
        ({**STUDY, "text": " "}, "required", "text"),
        ({"reason": "additional_study"}, "invalid", "text"),
        ({"text": "Gözləyin."}, "invalid", "reason"),
        ({**STUDY, "reason": "holiday"}, "unknown_extension", "reason"),
        ({**STUDY, "reason": "waiting_citizen"}, "unknown_extension", "reason"),
    ],
)
def test_an_extension_without_ground_or_words_is_refused(
    repair: Case, body: Any, code: str, field: str
) -> None:
    before = fingerprint()

    refused(repair.post("supervisor", f"{repair.here}extend/", body), 400, code, field)

    assert fingerprint() == before


def test_a_broken_promise_is_not_extended(repair: Case) -> None:
    repair.at(LONG_AFTER)
    before = fingerprint()

    refused(repair.post("supervisor", f"{repair.here}extend/", STUDY), 409, "already_broken")

    assert fingerprint() == before


def test_an_agency_sees_the_clocks_of_the_application_and_extends_nothing(repair: Case) -> None:
    repair.done("supervisor", f"{repair.here}extend/", STUDY)
    before = fingerprint()

    denied(repair.post("yashat_admin", f"{repair.here}extend/", STUDY))
    denied(repair.post("operator", f"{repair.here}extend/", STUDY))
    denied(repair.post("tabib", f"{repair.here}extend/", STUDY))
    assert fingerprint() == before

    seen = repair.clocks("yashat")
    assert [(it["measure"], it["unit"]) for it in seen] == [
        (it["measure"], it["unit"]) for it in repair.clocks()
    ]

    def words(who: str) -> dict[str, str]:
        return {it["unit"]: change["text"] for it in repair.clocks(who) for change in it["changes"]}

    assert words("mlspp") == {"": "", "MLSPP.DTSERA": STUDY["text"], "YASHAT": ""}
    assert set(words("yashat").values()) == {""}, "it may be about health"
    for path in (repair.here, repair.parts["YASHAT"]):
        refused(repair.ask("tabib", "get", f"{path}clocks/"), 404, "not_found")
        denied(repair.ask("admin", "get", f"{path}clocks/"))


# Breaches ----------------------------------------------------------------------------------------------


@pytest.fixture
def broken(repair: Case) -> Case:
    """Nobody has done anything for three months."""
    time_passes(LONG_AFTER)
    return repair.at(LONG_AFTER)


def test_an_administrator_contests_the_breach_of_his_own_share_once(broken: Case) -> None:
    path, own = f"{broken.here}contest/", broken.breach("resolve", "YASHAT", "yashat_admin")
    assert own["verbs"] == ["contest"]

    broken.done("yashat_admin", path, {"firing": own["id"], **TOLD})

    told = broken.breach("resolve", "YASHAT", "yashat_admin")
    assert (told["contest"], at(told["contested_at"]), told["verbs"]) == (TOLD["text"], LONG_AFTER, [])
    assert told["breach"], "the breach stays"
    partner = broken.breach("resolve", "YASHAT", "mlspp")
    assert (partner["contest"], partner["contested_at"]) == ("", told["contested_at"])
    after = fingerprint()
    again = {"firing": own["id"], "text": "Yenə."}
    refused(broken.post("yashat_admin", path, again), 409, "already_contested")
    refused(broken.post("supervisor", path, again), 409, "already_contested")
    assert fingerprint() == after


def test_nobody_contests_what_is_not_his_or_no_breach(broken: Case) -> None:
    path, before = f"{broken.here}contest/", fingerprint()
    promise, foreign = broken.breach("resolution"), broken.breach("resolve", "MLSPP.DTSERA")
    own = broken.breach("resolve", "YASHAT")
    warning = next(it for it in broken.clock("resolve", "YASHAT")["firings"] if not it["breach"])

    for breach in (promise, foreign):
        body = {"firing": breach["id"], **TOLD}
        denied(broken.post("yashat_admin", path, body))
    for who in ("yashat", "yashat_machine", "operator", "clinician"):
        denied(broken.post(who, path, {"firing": own["id"], **TOLD}))
    refused(broken.post("tabib_admin", path, {"firing": own["id"], **TOLD}), 404, "not_found")
    body = {"firing": warning["id"], **TOLD}
    assert broken.post("yashat_admin", path, body).json()["code"] == "not_a_breach"
    for unknown in (own["id"] + 10_000, 2**63 - 1):
        body = {"firing": unknown, **TOLD}
        refused(broken.post("yashat_admin", path, body), 400, "unknown_firing", "firing")
    assert fingerprint() == before

    broken.done("supervisor", path, {"firing": promise["id"], **TOLD})


def test_a_breach_of_another_application_is_none_of_this_one(broken: Case, case: Any) -> None:
    other = case("PRO-REPAIR")

    body = {"firing": broken.breach("resolution")["id"], **TOLD}
    for verb in ("contest", "settle"):
        refused(other.post("supervisor", f"{other.here}{verb}/", body), 400, "unknown_firing", "firing")


@pytest.fixture
def escalated(case: Any) -> Case:
    """Its policy asks for the supervisor: MLSPP leads, LEA joins."""
    flat: Case = case("HOU-FLAT")
    time_passes(LONG_AFTER, escalating=flat.row)
    return flat.at(LONG_AFTER)


def test_the_supervisor_finds_what_was_escalated_and_settles_it_once(escalated: Case) -> None:
    waiting = escalated.get("supervisor", "escalations/")["results"]
    breaches = Firing.objects.filter(clock__application=escalated.row, level=100)
    assert breaches.count() > 3, "much is late"
    (first,) = waiting  # and one task is enough to step in
    assert first["id"] == breaches.get(clock__measure="resolution").pk
    assert set(first) == {
        *("id", "application", "referral", "unit", "measure", "due", "fired_at", "late_detected"),
        *("subtopic", "priority"),
    }
    assert first["application"] == {"id": str(escalated.row.pk), "number": escalated.row.number}
    assert (first["subtopic"], first["late_detected"]) == ("HOU-FLAT", True)
    path, body = f"{escalated.here}settle/", {"firing": first["id"], "text": "Qurumla danışıldı."}

    key = {"HTTP_IDEMPOTENCY_KEY": "settled"}
    for _again in range(2):
        escalated.done("supervisor", path, body, **key)

    assert escalated.get("supervisor", "escalations/")["results"] == []
    refused(escalated.post("supervisor", path, body), 409, "no_open_task")
    told = next(it for clock_ in escalated.clocks() for it in clock_["firings"] if it["id"] == first["id"])
    assert (told["escalated"], told["waiting"], told["settlement"]) == (True, False, body["text"])
    assert at(told["settled_at"]) == LONG_AFTER
    for clock_ in escalated.clocks("mlspp"):
        assert {it["settlement"] for it in clock_["firings"]} <= {""}


def test_escalations_are_the_supervisors(escalated: Case) -> None:
    breach = escalated.breach("resolution")
    body = {"firing": breach["id"], **TOLD}

    for who in ("operator", "mlspp_admin", "clinician", "admin"):
        denied(escalated.ask(who, "get", "escalations/"))
        denied(escalated.post(who, f"{escalated.here}settle/", body))
    assert breach["verbs"] == ["contest", "settle"]


def test_escalations_come_in_pages_of_the_same_price(case: Any) -> None:
    flats = [case("HOU-FLAT") for _ in range(5)]
    for flat in flats:
        time_passes(LONG_AFTER, escalating=flat.row)
    escalated = flats[0].at(LONG_AFTER)
    every = escalated.get("supervisor", "escalations/")["results"]
    assert len(every) == 5

    found, page = [], "escalations/?page_size=2"
    while page:
        answer = escalated.get("supervisor", page.removeprefix("http://testserver"))
        found += answer["results"]
        page = answer["next"]

    assert found == every
    price = [statements(lambda n=n: escalated.ask("supervisor", "get", f"escalations/?page_size={n}"))
             for n in (1, 200)]  # fmt: skip
    assert price[0] == price[1] < 8


# What is told of a clock -------------------------------------------------------------------------------


def eventful(case: Case) -> Case:
    """Waited, extended, resumed and late, and read in the middle of the next spring."""
    for unit, path in case.parts.items():
        who = unit.partition(".")[0].lower()
        case.at(TUESDAY + HOUR).done(who, f"{path}hold/", WAIT)
    case.done("supervisor", f"{case.here}extend/", {**STUDY, "reason": "information_requested"})
    case.at(THURSDAY).done("operator", f"{next(iter(case.parts.values()))}resume/")
    firing.end_waits(FRIDAY + HOUR)
    time_passes(LONG_AFTER)
    return case.at(LONG_AFTER)


STORIES = ["untouched", "waiting", "eventful", "answered"]


def play(case: Case, story: str) -> Case:
    if story == "waiting":
        for unit, path in case.parts.items():
            case.done(unit.partition(".")[0].lower(), f"{path}hold/", WAIT)
        return case.at(THURSDAY)
    if story == "answered":
        for unit, path in case.parts.items():
            case.at(THURSDAY).done(
                unit.partition(".")[0].lower(), f"{path}complete/", {"outcome": "provided", "text": "Oldu."}
            )
        case.at(FRIDAY).done("operator", f"{case.here}confirm/")
        return case.at(FRIDAY + HOUR)
    return eventful(case) if story == "eventful" else case.at(THURSDAY + HOUR)


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("subtopic", ["MED-EXAM", "CMP-IDEA", "PRO-NEW"])
def test_the_spans_of_a_clock_add_up_to_its_target_and_the_parties_to_its_time(
    case: Any, subtopic: str, story: str
) -> None:
    played = play(case(subtopic), story)

    for it in played.clocks():
        path = Unit.objects.get(pk=it["unit"]).path if it["unit"] else ()
        calendar = calendars.calendar(path, version=it["calendar_version"])
        start, due = at(it["started_at"]), at(it["due"])
        seconds, _reckoning = calendar.allowance(start, it["target"])
        counted = sum(span["seconds"] for span in it["spans"] if span["kind"] == "counted")
        assert counted == sum(span["seconds"] for span in it["spans"])
        if it["ends_with_promise"]:
            assert counted <= seconds
        else:
            assert counted == seconds, (it["measure"], it["unit"])
        assert (at(it["spans"][0]["start"]), at(it["spans"][-1]["end"])) == (start, due)
        assert all(one["end"] == next_["start"] for one, next_ in pairwise(it["spans"]))
        until = at(it["stopped_at"] or played.now.isoformat())
        held = sum(party["seconds"] for party in it["parties"])
        assert held == calendar.working_seconds(start, until), (it["measure"], it["unit"])


def test_a_crisis_counts_every_second(case: Any) -> None:
    crisis = case("PSY-CRISIS").at(TUESDAY + HOUR)

    promise = crisis.clock("resolution")

    assert (promise["target"], promise["round_the_clock"], promise["left"]) == ("24 h", True, 23 * 3600)
    assert [(span["kind"], span["seconds"]) for span in promise["spans"]] == [("counted", 24 * 3600)]


def test_a_clock_is_told_in_the_readers_language(idea: Case) -> None:
    idea.done("moh", f"{idea.parts[UNIT]}hold/", WAIT)
    idea.at(THURSDAY)

    def names(language: str) -> tuple[str, str, set[tuple[str, str]]]:
        answer = idea.ask("moh", "get", f"{idea.here}clocks/", HTTP_ACCEPT_LANGUAGE=language)
        promise = next(it for it in answer.json() if it["measure"] == "resolution")
        [pause] = [span for span in promise["spans"] if span["kind"] == "paused"]
        assert all(span["reason"] == "" for span in promise["spans"] if span != pause)
        assert pause["reason"] == "waiting_citizen"
        assert (at(pause["start"]), at(pause["end"]), pause["seconds"]) == (TUESDAY, FRIDAY, 0)
        parties = {(party["party"], party["name"]) for party in promise["parties"]}
        return pause["name"], promise["plain"], parties

    english, azeri = names("en"), names("az")

    assert english[0] == "Waiting for the citizen"
    assert azeri[0] == "Vətəndaşın cavabı gözlənilir"
    assert ("CITIZEN", "The citizen") in english[2]
    assert {party for party, _name in azeri[2]} == {party for party, _name in english[2]}
    assert english[1] != azeri[1]


def test_only_the_newest_promise_is_told_in_plain_words(idea: Case) -> None:
    idea.done("moh", f"{idea.parts[UNIT]}complete/", {"outcome": "provided", "text": "Baxıldı."})
    idea.done("operator", f"{idea.here}confirm/")
    idea.at(THURSDAY).done("operator", f"{idea.here}reopen/", {"text": "Cavab düz deyil."})

    told = idea.clocks("moh")

    assert [(it["measure"], it["instance"]) for it in told if it["plain"]] == [("resolution", 2)]
    assert {it["instance"] for it in told} == {1, 2}
    assert not any(it["plain"] for it in idea.get("moh", f"{idea.parts[UNIT]}clocks/"))


def test_a_referral_tells_its_own_share_only(repair: Case) -> None:
    share = repair.get("yashat", f"{repair.parts['YASHAT']}clocks/")

    assert {it["unit"] for it in share} == {"YASHAT"}
    assert {it["kind"] for it in share} == {"share"}
    assert share == [it for it in repair.clocks("yashat") if it["unit"] == "YASHAT"]


def test_reading_clocks_costs_the_same_however_much_happened(case: Any) -> None:
    small, large = eventful(case("CMP-IDEA")), eventful(case("PRO-NEW"))
    assert len(small.parts) < len(large.parts)

    def price(one: Case, path: str) -> int:
        return statements(lambda: one.ask("supervisor", "get", path))

    assert price(small, f"{small.here}clocks/") == price(large, f"{large.here}clocks/") <= 12
    assert (
        price(small, f"{next(iter(small.parts.values()))}clocks/")
        == price(large, f"{next(iter(large.parts.values()))}clocks/")
        <= 12
    )


# Forecast ----------------------------------------------------------------------------------------------


def test_without_a_history_there_is_no_forecast_and_no_calibration(idea: Case) -> None:
    cache.clear()

    found = idea.get("operator", "forecast/?hours=24")

    assert found["hours"] == 24
    assert (found["rows"], found["calibration"]) == ([], None)
    assert found["beyond"] == {"late": 0, "n": 0}
    assert idea.get("supervisor", "forecast/")["hours"] == 4


def test_a_forecast_names_what_it_was_compared_with(idea: Case, register: Any, people_at_work: Any) -> None:
    """Thirty such proposals took four weeks; this one is three weeks old."""
    cache.clear()
    _took(register, people_at_work, days=28, n=30)
    idea.at(TUESDAY + 20 * DAY)

    [row] = idea.get("moh_admin", "forecast/?hours=24")["rows"]

    assert (row["id"], row["number"]) == (str(idea.row.pk), idea.row.number)
    assert (row["subtopic"], row["agency"]) == ("CMP-IDEA", "MOH")
    assert row["basis"][:2] == ["CMP", "CMP-IDEA"]
    assert row["beyond"] or 0.5 <= row["probability"] <= 1
    assert row["n"] >= 20
    assert idea.get("supervisor", "forecast/?hours=24&agency=TABIB")["rows"] == []


def _took(register: Any, people_at_work: Any, *, days: int, n: int) -> None:
    """Proposals registered in summer that were confirmed after so many days."""
    start = TUESDAY - 120 * DAY
    for nth in range(n):
        with clock.at(start + nth * HOUR / 60):
            done = register("CMP-IDEA")
        with clock.at(start + days * DAY + nth * HOUR / 60):
            for referral in Referral.objects.filter(application=done):
                actions.complete(
                    actor=people_at_work.moh, referral=referral.pk, outcome="explained", text="Oldu."
                )
            actions.confirm(actor=people_at_work.operator, application=done.pk)


@pytest.mark.parametrize("hours", ["", "0", "5", "04", "4.0", "x", "%00", "٤", "-4", "9" * 5000])
def test_a_forecast_is_for_four_or_twenty_four_hours(idea: Case, hours: str) -> None:
    refused(idea.ask("operator", "get", f"forecast/?hours={hours}"), 400, "unknown_hours", "hours")


def test_a_forecast_is_for_who_leads(idea: Case) -> None:
    for who in ("moh", "moh_machine", "clinician", "admin"):
        denied(idea.ask(who, "get", "forecast/"))
    for code in ("TABIB", "NOBODY", "%00", "M" * 5000):
        refused(idea.ask("moh_admin", "get", f"forecast/?agency={code}"), 404, "not_found")
    refused(idea.ask("operator", "get", "forecast/?agency=NOBODY"), 404, "not_found")
    assert idea.get("moh_admin", "forecast/")["rows"] == []
    assert idea.get("moh_admin", "forecast/?agency=MOH")["rows"] == []
