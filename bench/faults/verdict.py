"""The checker: what clients were told against what is stored. Plain Python, tested on made-up histories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from .history import History

if TYPE_CHECKING:
    from .facts import Facts
    from .receiver import Book

EVENT = {
    "register": "application.registered",
    "claim": "referral.claimed",
    "release": "referral.released",
    "accept": "referral.accepted",
    "hold": "referral.held",
    "resume": "referral.resumed",
    "complete": "referral.completed",
    "reject": "referral.rejected",
    "triage": "application.triaged",
    "confirm": "application.confirmed",
    "withdraw": "application.withdrawn",
}
# What a record shows after its last acknowledged operation: (state, assignee, who did it).
Shows = Callable[[str, str, str], bool]
SHOWS: dict[str, Shows] = {
    "register": lambda state, _assignee, _who: state in ("routed", "triage"),
    "triage": lambda state, _assignee, _who: state == "routed",
    "confirm": lambda state, _assignee, _who: state == "closed",
    "withdraw": lambda state, _assignee, _who: state == "withdrawn",
    "claim": lambda state, assignee, who: state == "requested" and assignee == who,
    "release": lambda state, assignee, _who: state == "requested" and not assignee,
    "accept": lambda state, assignee, who: state == "accepted" and assignee == who,
    "hold": lambda state, _assignee, _who: state == "on_hold",
    "resume": lambda state, _assignee, _who: state == "in_progress",
    "complete": lambda state, _assignee, _who: state == "completed",
    "reject": lambda state, _assignee, _who: state == "rejected",
}


@dataclass
class Verdict:
    """Sentences; an empty list is what is wanted."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    clocks_twice: list[str] = field(default_factory=list)


def judge(history: History, facts: Facts) -> Verdict:
    """Everything that the clients of one phase can hold against the product."""
    verdict = Verdict()
    for what in ("applications", "people", "contacts"):
        _records(what, getattr(history, what), facts.stored.get(what, {}), history, verdict)
    _operations(history, facts, verdict)
    _last_words(history, facts, verdict)
    return verdict


def house_wide(facts: Facts, verdict: Verdict) -> None:
    """What needs no client: the journal, the clocks, whose turn it is."""
    verdict.duplicated += [f"told twice: {it}" for it in facts.told_twice]
    verdict.duplicated += [f"positions: {it}" for it in facts.not_dense]
    verdict.stuck += [f"nobody's turn: {it}" for it in facts.nobodys_turn]
    verdict.stuck += facts.not_fired
    verdict.stuck += [f"reconcile: {it}" for it in facts.reconcile]
    verdict.clocks_twice += facts.fired_twice


def _records(
    what: str,
    acknowledged: Mapping[str, set[str]],
    stored: Mapping[str, Sequence[str]],
    history: History,
    verdict: Verdict,
) -> None:
    """Acknowledged is stored, once, under the id that was told; the unknown is stored at most once."""
    for intent, ids in acknowledged.items():
        there = set(stored.get(intent, ()))
        if not there:
            verdict.lost.append(f"{what}: {intent} was acknowledged and is not stored")
        elif missing := ids - there:
            verdict.mismatched.append(f"{what}: {intent} was told {sorted(missing)}, stored {sorted(there)}")
        if len(ids) > 1:
            verdict.duplicated.append(f"{what}: {intent} was told {len(ids)} ids")
    for intent in history.planned:
        if len(rows := stored.get(intent, ())) > 1:
            verdict.duplicated.append(f"{what}: {intent} is stored {len(rows)} times")


def _operations(history: History, facts: Facts, verdict: Verdict) -> None:
    """Each acknowledged operation is in the journal, as often as it was asked for and no oftener."""
    whos: dict[tuple[str, str], set[str]] = defaultdict(set)
    for told in history.told:
        whos[told.operation, told.record].add(told.who)
    open_ended = _records_of(history, history.unfinished)
    for (operation, record), actors in whos.items():
        times = facts.events[EVENT[operation], record]
        if times < len(actors):
            verdict.lost.append(f"{operation} of {record}: acknowledged {len(actors)} times, told {times}")
        elif times > len(actors) and record not in open_ended:
            verdict.duplicated.append(
                f"{operation} of {record}: acknowledged {len(actors)} times, told {times}"
            )
    for record, count in facts.answers.items():
        if count > 1 and ("complete", record) in whos:
            verdict.duplicated.append(f"{record} has {count} answers")


def _last_words(history: History, facts: Facts, verdict: Verdict) -> None:
    """The last acknowledged operation on a record is what the record shows."""
    skip = _records_of(history, history.unfinished)
    for record, told in history.last().items():
        if record in skip:
            continue
        state, assignee = facts.referrals.get(record) or (facts.states.get(record, ""), "")
        if state and not SHOWS[told.operation](state, assignee, told.who):
            verdict.lost.append(f"{told.operation} of {record} by {told.who}: it is {state} {assignee}")


def _records_of(history: History, intents: Mapping[str, str]) -> set[str]:
    given_up = set(intents)
    return {told.record for told in history.told if told.intent in given_up}


@dataclass
class Deliveries:
    """What became of an agency's webhooks."""

    expected: int = 0
    missing: list[str] = field(default_factory=list)  # never came, though the drain was over
    not_yet: int = 0  # were still waiting when the budget was spent
    redelivered: int = 0
    out_of_order: list[str] = field(default_factory=list)
    two_ids: list[str] = field(default_factory=list)


def deliveries(
    wanted: Mapping[str, Sequence[tuple[int, str | None]]], books: Mapping[str, Book], *, drained: bool
) -> Deliveries:
    """Every event of an agency arrived, under one id, first arrivals in the order of the journal."""
    found = Deliveries()
    for agency, rows in wanted.items():
        book = books[agency]
        place = {delivery: position for position, delivery in rows if delivery}
        absent = [f"{agency} at {position}" for position, delivery in rows if delivery not in book.times]
        found.expected += len(rows)
        if drained:
            found.missing += absent
        else:
            found.not_yet += len(absent)
        found.redelivered += sum(1 for times in book.times.values() if times > 1)
        order = [place[delivery] for delivery in book.order if delivery in place]
        pairs = pairwise(order)
        found.out_of_order += [f"{agency}: {b} after {a}" for a, b in pairs if b < a]
        found.two_ids += [f"{agency}: {event}" for event, ids in book.ids_of.items() if len(ids) > 1]
        found.missing += [f"{agency}: {it} is no delivery of ours" for it in book.order if it not in place]
    return found
