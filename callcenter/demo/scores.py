"""The kinds of stories and what happens in each: phases one after another, tracks side by side.

A phase takes its share of the story's time; the acts of a track keep their order within it. A slot is
one unit's part in the application; whoever replaces a unit takes over its slot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from .material import Material

CRISES = ("PSY-CRISIS", "MED-EMERG")


@dataclass(frozen=True)
class Act:
    """One thing somebody does, by the name of the method of ``acts.Performance`` and its arguments."""

    verb: str
    args: tuple[Any, ...] = ()


Track = list[Act]
Phase = tuple[float, list[Track]]


@dataclass(frozen=True)
class Part:
    """What a score needs to know: the units, the words, and the dice."""

    subtopic: str
    units: Sequence[str]
    words: dict[str, str]
    material: Material
    rng: Random
    forced: tuple[int, str] | None = None  # (slot, progress) somebody has to be found at

    @property
    def slots(self) -> range:
        return range(len(self.units))

    def some_slot(self) -> int:
        return self.rng.choice(self.slots)


# --- tracks ---------------------------------------------------------------------------------------------

WAYS_TO_ANSWER = {
    (): 25,  # answered at once
    ("accept",): 35,
    ("claim",): 20,
    ("claim", "start"): 8,
    ("claim", "accept", "start"): 8,
    ("claim", "release", "claim"): 4,
    ("claim", "accept", "start", "hold", "resume"): 8,
}
WAYS_TO: dict[str, dict[Any, int]] = {
    "new": {(): 1},
    "accepted": {("accept",): 2, ("claim", "accept"): 3},
    "in_progress": {("start",): 2, ("claim", "accept", "start"): 3},
    "claimed": {("claim",): 1},
    "held": {("claim", "accept", "start", "hold"): 2, ("claim", "hold"): 1},
}
PROGRESS = {"new": 3, "claimed": 1, "accepted": 2, "in_progress": 4, "held": 2, "done": 6}


def _way(part: Part, ways: dict[Any, int]) -> list[str]:
    chosen = list(part.rng.choices(list(ways), list(ways.values()))[0])
    waits = ("hold", "resume")
    return [verb for verb in chosen if verb not in waits] if part.subtopic in CRISES else chosen


def done(part: Part, slot: int) -> Track:
    """The unit takes it and answers."""
    outcome, text = part.material.outcome_and_text(part.subtopic, part.rng, part.words)
    return [*_steps(part, slot, WAYS_TO_ANSWER), Act("complete", (slot, outcome, text))]


def to(part: Part, slot: int, progress: str) -> Track:
    """The unit has got so far and no further."""
    return done(part, slot) if progress == "done" else _steps(part, slot, WAYS_TO[progress])


def _steps(part: Part, slot: int, ways: dict[Any, int]) -> Track:
    return [Act(verb, (slot,)) for verb in _way(part, ways)]


def returned(part: Part, slot: int) -> Track:
    """The unit says: not ours."""
    reason = part.rng.choices(["not_ours", "need_info", "needs_consent", "duplicate"], [7, 1, 1, 1])[0]
    text = part.material.note_of_return(reason, part.rng)
    suggestion = successor(part, slot) if part.rng.random() < 0.6 else None
    return [
        *([Act("claim", (slot,))] if part.rng.random() < 0.6 else []),
        Act("reject", (slot, reason, text, suggestion)),
    ]


def refused(part: Part, slot: int) -> Track:
    """A reasoned refusal, which is an answer."""
    text = "Təqdim olunan sənədlərə əsasən bu yardım qanunvericilikdə nəzərdə tutulmayıb."
    return [Act("claim", (slot,)), Act("reject", (slot, "not_eligible", text, None))]


def failed(part: Part, slot: int) -> Track:
    reason = part.rng.choice(["unreachable_citizen", "no_show", "technical"])
    text = "Sistemdə nasazlıq olub, icra mümkün olmayıb." if reason == "technical" else ""
    return [*_steps(part, slot, WAYS_TO["in_progress"]), Act("fail", (slot, reason, text))]


def successor(part: Part, slot: int) -> str:
    """Who could take over: a unit that leads in the same subject, else a front desk; nobody already asked."""
    subjects = part.material.subtopics
    topic = subjects[part.subtopic].topic_id
    same = [row.lead for row in subjects.values() if row.topic_id == topic]
    fronts = ["MOH.SECT", "MLSPP.DOST", "TABIB", "SAMHI", "YASHAT", "MLSPP"]
    return next(code for code in [*same, *fronts] if code not in part.units)


# --- phases ---------------------------------------------------------------------------------------------


def alone(share: float, verb: str, *args: Any) -> Phase:
    return (share, [[Act(verb, args)]])


def answers(part: Part, share: float, *, other: dict[int, Track] | None = None) -> list[Phase]:
    """Every unit answers, except those that do something ``other``; a crisis ends with the lead's answer."""
    if part.subtopic in CRISES:
        joint = [to(part, slot, part.rng.choice(["new", "claimed", "done"])) for slot in part.slots[1:]]
        return [(share * 0.7, [to(part, 0, "claimed"), *joint]), (share * 0.3, [[done(part, 0)[-1]]])]
    return [(share, [(other or {}).get(slot) or done(part, slot) for slot in part.slots])]


def underway(part: Part, share: float) -> list[Phase]:
    """Everybody is somewhere; at least the forced slot, or the lead, is still at it."""
    slot, progress = part.forced or (0, part.rng.choice(["new", "accepted", "in_progress"]))
    weights = PROGRESS if part.subtopic not in CRISES else {**PROGRESS, "done": 0}
    others = {k: part.rng.choices(list(weights), list(weights.values()))[0] for k in part.slots}
    return [(share, [to(part, k, progress if k == slot else others[k]) for k in part.slots])]


def again(part: Part, share: float, slot: int) -> Phase:
    """The replacement of a slot is still being worked on."""
    return (share, [to(part, slot, part.rng.choice(["new", "accepted", "in_progress"]))])


# --- stories --------------------------------------------------------------------------------------------


def confirmed(part: Part) -> Act:
    return Act("confirm", (part.material.generic("confirmations", part.rng),))


def disputed(part: Part, slot: int) -> Act:
    return Act("dispute", (slot, part.material.generic("disputes", part.rng)))


def in_work(part: Part) -> list[Phase]:
    return underway(part, 1.0)


def closed(part: Part) -> list[Phase]:
    return [*answers(part, 0.85), (0.15, [[confirmed(part)]])]


def closed_late_reached(part: Part) -> list[Phase]:
    return [*answers(part, 0.6), alone(0.2, "unreachable"), (0.2, [[confirmed(part)]])]


def closed_returned(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [
        *answers(part, 0.45, other={slot: returned(part, slot)}),
        alone(0.1, "reroute", slot, successor(part, slot)),
        (0.3, [done(part, slot)]),
        (0.15, [[confirmed(part)]]),
    ]


def closed_disputed(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [
        *answers(part, 0.5),
        (0.1, [[disputed(part, slot)]]),
        (0.3, [done(part, slot)]),
        (0.1, [[confirmed(part)]]),
    ]


def closed_refused(part: Part) -> list[Phase]:
    return [*answers(part, 0.85, other={0: refused(part, 0)}), (0.15, [[confirmed(part)]])]


def closed_failed(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [*answers(part, 0.85, other={slot: failed(part, slot)}), (0.15, [[confirmed(part)]])]


def closed_cancelled(part: Part) -> list[Phase]:
    slot = part.slots[-1]
    reason = part.rng.choice(["wrong_unit", "no_longer_needed", "duplicate_referral"])
    return [
        *answers(part, 0.85, other={slot: [Act("cancel", (slot, reason))]}),
        (0.15, [[confirmed(part)]]),
    ]


def closed_triaged(part: Part) -> list[Phase]:
    return [alone(0.1, "triage"), *closed(part)]


def closed_twice(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [
        *answers(part, 0.3),
        (0.1, [[confirmed(part)]]),
        alone(0.1, "reopen", slot, part.material.generic("disputes", part.rng)),
        (0.3, [done(part, slot)]),
        (0.2, [[confirmed(part)]]),
    ]


def withdrawn(part: Part) -> list[Phase]:
    return [*underway(part, 0.8), alone(0.2, "withdraw")]


def annulled(part: Part) -> list[Phase]:
    return [alone(1.0, "annul")]


def awaiting(part: Part) -> list[Phase]:
    return answers(part, 1.0)


def awaiting_unreached(part: Part) -> list[Phase]:
    return [*answers(part, 0.7), alone(0.3, "unreachable")]


def returned_waiting(part: Part) -> list[Phase]:
    slot = part.some_slot()
    others = {k: to(part, k, part.rng.choice(["new", "in_progress", "done"])) for k in part.slots}
    return answers(part, 1.0, other={**others, slot: returned(part, slot)})


def triage_waiting(part: Part) -> list[Phase]:
    return []


def triaged(part: Part) -> list[Phase]:
    return [alone(0.3, "triage"), *underway(part, 0.7)]


def disputed_open(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [*answers(part, 0.5), (0.2, [[disputed(part, slot)]]), again(part, 0.3, slot)]


def reopened_open(part: Part) -> list[Phase]:
    slot = part.some_slot()
    return [
        *answers(part, 0.4),
        (0.1, [[confirmed(part)]]),
        alone(0.2, "reopen", slot, part.material.generic("disputes", part.rng)),
        again(part, 0.3, slot),
    ]


@dataclass(frozen=True)
class Kind:
    """A kind of story: how many in a thousand [D], whether it is over, what it can be about."""

    score: Callable[[Part], list[Phase]]
    share: int
    over: bool = False
    unclear: bool = False
    crisis: bool = False  # may it tell of a crisis
    at_least: int = 1  # units


KINDS = {
    "open": Kind(in_work, 245, crisis=True),
    "closed": Kind(closed, 380, over=True, crisis=True),
    "closed_late_reached": Kind(closed_late_reached, 40, over=True),
    "closed_returned": Kind(closed_returned, 55, over=True),
    "closed_disputed": Kind(closed_disputed, 25, over=True),
    "closed_refused": Kind(closed_refused, 20, over=True),
    "closed_failed": Kind(closed_failed, 20, over=True),
    "closed_cancelled": Kind(closed_cancelled, 10, over=True, at_least=2),
    "closed_triaged": Kind(closed_triaged, 20, over=True, unclear=True),
    "closed_twice": Kind(closed_twice, 10, over=True),
    "withdrawn": Kind(withdrawn, 25, over=True),
    "annulled": Kind(annulled, 8, over=True),
    "awaiting": Kind(awaiting, 55, crisis=True),
    "awaiting_unreached": Kind(awaiting_unreached, 12),
    "returned_waiting": Kind(returned_waiting, 25),
    "triage_waiting": Kind(triage_waiting, 15, unclear=True),
    "triaged": Kind(triaged, 12, unclear=True),
    "disputed_open": Kind(disputed_open, 13),
    "reopened_open": Kind(reopened_open, 10),
}
