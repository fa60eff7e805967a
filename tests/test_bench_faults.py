"""The fault rig sees what it is there to see, and believes no fault that did not act."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from bench.faults import plan, proof, schedule, verdict
from bench.faults.asking import Line, Unanswered
from bench.faults.facts import Facts, dense
from bench.faults.history import History, Told, percentile
from bench.faults.plan import Twice, Way
from bench.faults.proof import Act
from bench.faults.proxy import Proxy
from bench.faults.receiver import Book, Receiver, genuine
from bench.faults.schedule import Fault, Kind
from bench.faults.views import Model, differences, digest
from callcenter.live import stream

ONE, TWO = "r-main-000001", "r-main-000002"


def lived() -> tuple[History, Facts]:
    """A history in which everything is as it should be: one application, answered and confirmed."""
    history = History(planned={ONE, TWO})
    history.applications[ONE] = {"a1"}
    history.people[ONE] = {"p1"}
    for operation, record, who in (
        ("register", "a1", "operator"),
        ("claim", "b1", "tabib"),
        ("accept", "b1", "tabib"),
        ("complete", "b1", "tabib"),
        ("confirm", "a1", "operator"),
    ):
        history.told.append(Told(ONE, operation, record, who))
    facts = Facts(
        stored={"applications": {ONE: ["a1"]}, "people": {ONE: ["p1"]}},
        states={"a1": "closed"},
        referrals={"b1": ("completed", "tabib")},
        events=Counter({(verdict.EVENT[it.operation], it.record): 1 for it in history.told}),
        answers={"b1": 1},
    )
    return history, facts


# --- the checker ----------------------------------------------------------------------------------------


def test_a_sound_history_is_not_complained_of() -> None:
    history, facts = lived()
    judged = verdict.judge(history, facts)
    verdict.house_wide(facts, judged)
    assert judged == verdict.Verdict()


def test_what_was_acknowledged_and_is_not_stored_is_lost() -> None:
    history, facts = lived()
    history.applications[TWO] = {"a2"}
    history.contacts[TWO] = {"c2"}
    judged = verdict.judge(history, facts)
    assert len(judged.lost) == 2
    assert all(TWO in sentence for sentence in judged.lost)


def test_what_is_stored_twice_is_duplicated_whether_it_was_acknowledged_or_not() -> None:
    history, facts = lived()
    facts.stored["applications"] = {ONE: ["a1", "a9"], TWO: ["a3", "a4"]}
    facts.stored["people"] = {ONE: ["p1", "p2"]}
    assert len(verdict.judge(history, facts).duplicated) == 3


def test_an_unknown_intent_may_be_stored_once_or_not_at_all() -> None:
    history, facts = lived()
    history.unknown.add(TWO)
    assert verdict.judge(history, facts) == verdict.Verdict()
    facts.stored["applications"][TWO] = ["a2"]
    assert verdict.judge(history, facts) == verdict.Verdict()


def test_another_id_than_the_one_told_is_a_mismatch_and_two_ids_are_a_duplicate() -> None:
    history, facts = lived()
    facts.stored["applications"][ONE] = ["a7"]
    assert len(verdict.judge(history, facts).mismatched) == 1
    history.applications[ONE] = {"a7", "a8"}
    judged = verdict.judge(history, facts)
    assert (len(judged.mismatched), len(judged.duplicated)) == (1, 1)


def test_an_acknowledged_operation_without_its_event_is_lost() -> None:
    history, facts = lived()
    del facts.events["referral.completed", "b1"]
    assert [it.split()[0] for it in verdict.judge(history, facts).lost] == ["complete"]


def test_an_operation_done_oftener_than_it_was_asked_for_is_duplicated() -> None:
    history, facts = lived()
    facts.events["referral.completed", "b1"] = 2
    facts.answers["b1"] = 2
    assert len(verdict.judge(history, facts).duplicated) == 2


@pytest.mark.parametrize(
    ("record", "state", "assignee"),
    [("a1", "awaiting_confirmation", ""), ("b1", "in_progress", "tabib"), ("a1", "routed", "")],
)
def test_a_record_that_does_not_show_the_last_word_is_lost(record: str, state: str, assignee: str) -> None:
    history, facts = lived()
    if record == "a1":
        facts.states["a1"] = state
    else:
        facts.referrals["b1"] = (state, assignee)
    assert len(verdict.judge(history, facts).lost) == 1


def test_a_claim_that_somebody_else_holds_is_lost() -> None:
    history, facts = lived()
    history.told.append(Told(TWO, "claim", "b2", "tabib"))
    facts.events["referral.claimed", "b2"] = 1
    facts.referrals["b2"] = ("requested", "tabib-admin")
    assert len(verdict.judge(history, facts).lost) == 1


def test_what_a_client_gave_up_may_have_gone_further_than_it_knows() -> None:
    history, facts = lived()
    history.told.append(Told(TWO, "claim", "b2", "tabib"))
    history.unfinished[TWO] = "no answer"
    facts.events["referral.claimed", "b2"] = 1
    facts.referrals["b2"] = ("accepted", "tabib")
    assert verdict.judge(history, facts) == verdict.Verdict()


def test_the_house_wide_findings_are_counted() -> None:
    facts = Facts(
        told_twice=["referral.completed b1 4"],
        not_dense=dense(5, 5, 5, 1, 6, 6),
        nobodys_turn=["a1"],
        not_fired=["clock 3"],
        reconcile=["clock-stops: a1"],
        fired_twice=["clock 1"],
    )
    judged = verdict.Verdict()
    verdict.house_wide(facts, judged)
    assert (len(judged.duplicated), len(judged.stuck), len(judged.clocks_twice)) == (2, 3, 1)


@pytest.mark.parametrize(
    ("counts", "wrong"),
    [
        ((4, 4, 4, 1, 4, 4), 0),
        ((0, 0, 0, None, None, 0), 0),
        ((4, 3, 3, 1, 3, 3), 1),  # one without a position
        ((4, 4, 3, 1, 3, 3), 1),  # one position twice
        ((4, 4, 4, 1, 5, 5), 1),  # one left out
        ((4, 4, 4, 1, 4, 5), 1),  # the head is ahead
        ((3, 3, 3, 2, 4, 4), 0),  # older ones are no longer kept
    ],
)
def test_positions_are_dense(counts: Any, wrong: int) -> None:
    assert len(dense(*counts)) == wrong


# --- webhooks -------------------------------------------------------------------------------------------


def book(*messages: str) -> Book:
    found = Book()
    for message in messages:
        data = {"id": message[1:], "version": 1}
        found.enter(message, {"type": "referral.claimed", "timestamp": "2026-03-02T09:00:00Z", "data": data})
    return found


def test_webhooks_that_never_came_are_missing_and_those_still_on_their_way_are_not_yet() -> None:
    wanted = {"TABIB": [(1, "w1"), (2, "w2"), (3, None)]}
    after = verdict.deliveries(wanted, {"TABIB": book("w1", "w1")}, drained=True)
    assert (after.expected, len(after.missing), after.not_yet, after.redelivered) == (3, 2, 0, 1)
    before = verdict.deliveries(wanted, {"TABIB": book("w1")}, drained=False)
    assert (len(before.missing), before.not_yet) == (0, 2)


def test_first_arrivals_have_to_come_in_the_order_of_the_journal() -> None:
    wanted = {"TABIB": [(1, "w1"), (2, "w2"), (3, "w3")]}
    fine = verdict.deliveries(wanted, {"TABIB": book("w1", "w2", "w1", "w3")}, drained=True)
    assert (fine.out_of_order, fine.missing) == ([], [])
    turned = verdict.deliveries(wanted, {"TABIB": book("w2", "w1", "w3")}, drained=True)
    assert len(turned.out_of_order) == 1


def test_one_event_under_two_ids_and_an_id_that_is_nobodys_are_seen() -> None:
    wanted = {"TABIB": [(1, "w1"), (2, "x1")]}
    found = verdict.deliveries(wanted, {"TABIB": book("w1", "x1", "y9")}, drained=True)
    assert (len(found.two_ids), len(found.missing)) == (1, 1)


def test_the_receiver_knows_a_genuine_signature() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    mac = hmac.new(b"k" * 32, b"m1.1000.{}", hashlib.sha256).digest()
    signed = {
        "webhook-id": "m1",
        "webhook-timestamp": "1000",
        "webhook-signature": "v1,other v1," + base64.b64encode(mac).decode(),
    }
    assert genuine(secret, signed, b"{}", 1001)
    assert not genuine(secret, signed, b"{ }", 1001)
    assert not genuine(secret, signed, b"{}", 5000)
    assert not genuine(secret, {**signed, "webhook-id": "m2"}, b"{}", 1001)


def test_the_receiver_is_unpleasant_by_seed_and_never_twice_to_one_message() -> None:
    def moods(seed: int) -> list[str]:
        receiver = Receiver(0, seed, (2, 3))
        found = []
        for number in range(40):
            page = Book()
            found.append(receiver._mood(page, f"m{number}"))
            if found[-1]:
                assert receiver._mood(page, f"m{number}") == ""
        return found

    assert moods(4) == moods(4)
    assert moods(4) != moods(5)
    assert {"500", "429", "hang", "reset", "slow", "lost"} <= set(moods(4))


# --- views ----------------------------------------------------------------------------------------------


def snapshot(*rows: tuple[str, int]) -> dict[str, Any]:
    listed = [{"id": record, "version": version} for record, version in rows]
    return {"op": "snapshot", "topic": "board", "cursor": "e.1", "rows": listed}


def event(position: int, record: str, version: int, listed: bool | None) -> dict[str, Any]:
    frame = {"op": "event", "topic": "board", "cursor": f"e.{position}", "id": record, "version": version}
    return frame if listed is None else {**frame, "listed": listed}


def test_a_model_follows_its_events() -> None:
    model = Model("board")
    assert model.subscription()["cursor"] is None
    model.hear(snapshot(("a", 1), ("b", 1)))
    for frame in (
        event(2, "a", 2, True),
        event(3, "a", 1, True),  # older than what is shown
        event(4, "b", 2, False),
        event(5, "c", 1, True),
        event(6, "c", 9, None),  # of no row of this topic
    ):
        model.hear(frame)
    assert model.rows == {"a": 2, "c": 1}
    assert model.subscription()["cursor"] == "e.6"
    model.hear(event(7, "d", 1, True) | {"topic": "queue:MOH"})
    assert "d" not in model.rows


def test_a_model_reckons_the_digest_as_the_server_does() -> None:
    rows = {"b": 2, "a": 10}
    assert digest(rows) == stream.digest([{"id": record, "version": n} for record, n in rows.items()])


def test_a_wrong_checksum_is_counted_and_starts_the_view_over() -> None:
    model = Model("board")
    model.hear(snapshot(("a", 1)))
    right = {"op": "checksum", "topic": "board", "cursor": "e.1", "rows": 1, "digest": digest({"a": 1})}
    assert model.hear(right) is False
    assert model.hear({**right, "digest": digest({"a": 2})}) is True
    assert (model.checksums, model.mismatches, model.subscription()["cursor"]) == (2, 1, None)


def test_a_reset_starts_over_and_a_repeated_event_is_counted() -> None:
    model = Model("board")
    model.hear(snapshot())
    model.hear(event(2, "a", 1, True))
    model.hear(event(2, "a", 1, True))
    assert model.repeated == 1
    assert model.hear({"op": "reset", "topic": "board"}) is True
    assert model.subscription()["cursor"] is None


def test_the_control_asks_for_nothing_it_missed() -> None:
    model = Model("board", push_only=True)
    model.hear(snapshot(("a", 1)))
    model.hear(event(2, "a", 2, True))
    assert model.subscription()["cursor"] is None
    model.hear(snapshot(("a", 4), ("b", 1)))
    assert model.hear({"op": "reset", "topic": "board"}) is False
    assert differences(model.rows, {"a": 4, "b": 1}) == ["missing b", "a at 2, is 4"]


def test_differences_name_every_row() -> None:
    assert differences({"a": 1}, {"a": 1}) == []
    assert differences({"a": 1, "b": 1}, {"a": 2, "c": 1}) == ["missing c", "too many b", "a at 1, is 2"]


# --- plan and schedule ----------------------------------------------------------------------------------


def test_the_plan_comes_from_the_seed_alone() -> None:
    again = [plan.draw(3, "main", 400, seconds=100, stay_open=60) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != plan.draw(4, "main", 400, seconds=100, stay_open=60)
    intents = again[0]
    assert len({it.name for it in intents}) == 400
    assert {it.way for it in intents} == set(Way)
    assert {it.twice for it in intents} == set(Twice)
    assert not all(it.patient for it in intents)
    left = sum(it.way in plan.OPEN_ENDED for it in intents)
    assert 30 < left < 120
    urgent = {it.way for it in intents if it.subject == plan.URGENT}
    assert urgent == set(Way) - set(plan.WAITS)


def test_the_schedule_comes_from_the_seed_alone_and_has_every_kind() -> None:
    again = [schedule.draw(3, "main", 22, gap=(1, 2)) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != schedule.draw(4, "main", 22, gap=(1, 2))
    assert {fault.kind for fault in again[0][: len(Kind)]} == set(Kind)
    assert [fault.at for fault in again[0]] == sorted(fault.at for fault in again[0])
    assert all(3 <= f.seconds <= 10 for f in again[0] if f.kind.startswith("freeze"))


# --- proofs ---------------------------------------------------------------------------------------------

KILLED = {"signal": 9, "pid_before": 10, "pid_after": 11, "alive": True}
PROOF: dict[Kind, dict[str, Any]] = {
    **{kind: KILLED for kind in Kind if kind.startswith("kill")},
    Kind.KILL_VALKEY: KILLED | {"run_id_before": "a", "run_id_after": "b"},
    Kind.KILL_POSTGRES: KILLED | {"started_before": "1", "started_after": "2"},
    **{kind: {"state_during": "T", "state_after": "S"} for kind in Kind if kind.startswith("freeze")},
    Kind.TERMINATE: {"backends": 3},
    Kind.CUT: {"connections": 2},
    Kind.STALL: {"connections": 2, "held_bytes": 5},
    Kind.HALF_OPEN: {"connections": 2, "swallowed_bytes": 5},
    Kind.FLUSH: {"keys_before": 1, "mark_after": "gone"},
}
SPOILED: dict[str, Any] = {
    "signal": 15,
    "pid_after": 10,
    "alive": False,
    "run_id_after": "a",
    "started_after": "1",
    "state_during": "S",
    "state_after": "T",
    "backends": 0,
    "connections": 0,
    "held_bytes": 0,
    "swallowed_bytes": 0,
    "keys_before": 0,
    "mark_after": "there",
}


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_needs_all_of_its_proof(kind: Kind) -> None:
    assert proof.acted(kind, PROOF[kind])
    assert not proof.acted(kind, {})
    for name in PROOF[kind]:
        assert not proof.acted(kind, {k: v for k, v in PROOF[kind].items() if k != name}), name
        if name in SPOILED:
            assert not proof.acted(kind, PROOF[kind] | {name: SPOILED[name]}), name


def test_a_fault_that_did_not_act_is_not_counted_and_its_kind_is_named() -> None:
    cut, flush = (Fault(n, 1.0, kind, "x", 0) for n, kind in enumerate((Kind.CUT, Kind.FLUSH)))
    acts = [
        Act(cut, 1.0, evidence={"connections": 4}),
        Act(cut, 2.0, evidence={"connections": 4}, error="OSError"),
        Act(flush, 3.0, evidence={"keys_before": 0}),
    ]
    assert proof.by_kind(acts) == {"cut connections": 1}
    assert proof.without_proof([cut, flush], acts) == ["flush valkey"]


# --- lines ----------------------------------------------------------------------------------------------


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([1, 2, 3], 1.0) == 3


def test_a_proxy_cuts_stalls_and_makes_deaf_and_counts_it() -> None:
    asyncio.run(_hurt_a_line())


async def _hurt_a_line() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    target, port = _free(), _free()
    server = await asyncio.start_server(serve, "127.0.0.1", target)
    proxy = Proxy(port, target)
    await proxy.start()
    line = Line(port, patience=0.5)
    assert (await line.ask("GET", "/")).status == 200

    assert proxy.stall() == 1
    with pytest.raises(Unanswered):
        await line.ask("GET", "/stalled")
    assert proxy.held_bytes > 0
    proxy.heal()

    assert (await line.ask("GET", "/")).status == 200
    before = len(asked)
    assert proxy.deafen() >= 1
    with pytest.raises(Unanswered):
        await line.ask("GET", "/deaf")
    assert (len(asked), proxy.swallowed_bytes > 0) == (before + 1, True)

    assert (await line.ask("GET", "/")).status == 200
    assert proxy.cut() >= 1
    await asyncio.sleep(0.05)
    assert proxy.cut() == 0
    line.close()
    await proxy.stop()
    server.close()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
