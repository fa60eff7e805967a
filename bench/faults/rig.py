"""One run from the empty directory to the report."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from . import facts as stored
from . import plan, proof, races, schedule, verdict
from .history import spread
from .house import House, line
from .lives import CANARY, PHONE
from .phase import Phase, Settled
from .receiver import Receiver
from .verdict import Deliveries, Verdict

CONTROL_PATIENCE = 3.0  # seconds; what is silent is asked again sooner, and twice is twice


@dataclass(frozen=True)
class Lane:
    """How much. Gaps are seconds between faults; moods, messages between a receiver's bad moods."""

    name: str
    applications: int
    seconds: float  # over which the intents are spread; the work may take longer
    faults: int
    gap: tuple[float, float]
    required: int  # faults that have to act
    clients: int
    moods: tuple[int, int]
    drain: float  # budget for what is still on its way
    control: int  # applications of the negative control
    longest: float  # seconds after which no new intent is taken, on a slow machine
    enough: int  # applications without which a run says too little
    stay_open: int = 1000  # a live view shows 2,000 rows at most
    ended: Mapping[plan.Way, int] = field(default_factory=lambda: plan.ENDED)


COMMIT = Lane(
    "commit", applications=320, seconds=110, faults=22, gap=(2.5, 6.5), required=15, clients=10,
    moods=(60, 160), drain=90, control=60, longest=220, enough=150,
)  # fmt: skip
EVENING = Lane(
    "evening", applications=2000, seconds=420, faults=88, gap=(2.5, 6.5), required=80, clients=12,
    moods=(300, 800), drain=300, control=60, longest=540, enough=600, ended=plan.BRIEF,
)  # fmt: skip
NIGHT = Lane(
    "night", applications=10_100, seconds=1500, faults=120, gap=(8, 18), required=80, clients=12,
    moods=(1500, 3000), drain=1800, control=200, longest=7200, enough=10_000, ended=plan.BRIEF,
)  # fmt: skip
LANES = {lane.name: lane for lane in (COMMIT, EVENING, NIGHT)}
CONTROL_LONGEST = 60.0
CONTROL_FAULTS = 9


@dataclass
class Result:
    """Everything the report says. ``wrong`` holds a sentence per promise that was not kept."""

    figures: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Rig:
    """Keeps the order of a run: races, the lane, the checker, the negative control."""

    def __init__(self, lane: Lane, seed: int) -> None:
        self.lane, self.seed = lane, seed
        self.house = House()
        self.receiver = Receiver(self.house.receiver_port, seed, lane.moods)
        self.result = Result()
        self.begin = time.monotonic()

    async def run(self) -> Result:
        """The result; whatever happens, nothing of it is left running."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _this_task().cancel)
        keep = True
        try:
            await self.house.open()
            await self.receiver.start(self.house.stage["endpoints"])
            await self._main()
            await self._control()
            self._close_books()
            keep = bool(self.result.wrong)
        except asyncio.CancelledError:
            keep = False  # somebody has stopped it: nothing was found
            raise
        finally:
            await self.receiver.stop()
            await self.house.close(keep=keep)
        return self.result

    async def _main(self) -> None:
        lane = self.lane
        seconds, stay_open = lane.seconds, lane.stay_open
        intents = plan.draw(
            self.seed, "main", lane.applications, seconds=seconds, stay_open=stay_open, ended=lane.ended
        )
        faults = schedule.draw(self.seed, "main", lane.faults, gap=lane.gap)
        phase = Phase(
            self.house, self.seed, "main", intents, faults, clients=lane.clients, longest=lane.longest
        )
        ran = await races.run(self.house.ports, phase.tokens, self.house.stage["display"], phase.history)
        self._told_of_races(ran)
        line(f"faults: {len(intents)} applications, {len(faults)} faults planned, seed {self.seed}")
        await phase.run()
        settled = await phase.settle()
        self._want_none("ended by themselves", settled.died)
        self._told_of_views(phase, settled)
        self._told_of_faults(phase)
        await self._check(phase)

    async def _check(self, phase: Phase) -> None:
        drained, drain_s = await self._drain()
        facts = await stored.gather(self.house, list(self.receiver.secrets))
        judged = verdict.judge(phase.history, facts)
        verdict.house_wide(facts, judged)
        arrived = verdict.deliveries(facts.webhooks, self.receiver.books, drained=drained)
        self._told_of_clients(phase, judged)
        self._told_of_webhooks(arrived)
        self.result.figures |= {"drain_s": round(drain_s, 1), "clocks_fired": facts.fired}

    async def _drain(self) -> tuple[bool, float]:
        """Wait until every delivery has come to its end. False: the budget was spent before."""
        self.receiver.friendly = True
        begin = time.monotonic()
        waiting = (
            "SELECT (SELECT count(*) FROM delivery_delivery WHERE state = 'pending')"
            " + (SELECT count(*) FROM delivery_endpoint WHERE after < (SELECT head FROM events_stream))"
        )
        while (await self.house.query(waiting))[0][0]:
            if time.monotonic() - begin > self.lane.drain:
                return False, time.monotonic() - begin
            await asyncio.sleep(0.5)
        return True, time.monotonic() - begin

    async def _control(self) -> None:
        """The same seed and nemesis against clients without keys and views without cursors: it must fail."""
        count = self.lane.control
        intents = plan.draw(self.seed, "control", count, seconds=count / 3, stay_open=count)
        faults = schedule.draw(
            self.seed, "control", CONTROL_FAULTS, gap=(2.0, 4.0), kinds=schedule.OF_CONTROL
        )
        line("faults: negative control: no keys, no cursors")
        phase = Phase(
            self.house, self.seed, "control", intents, faults,
            clients=self.lane.clients, longest=CONTROL_LONGEST, sound=False, patience=CONTROL_PATIENCE,
        )  # fmt: skip
        await phase.run()
        settled = await phase.settle()
        self._want_none("ended by themselves in the control", settled.died)
        judged = verdict.judge(phase.history, await stored.gather(self.house, []))
        gaps = sum(len(lines) for lines in settled.divergent.values())
        failed = bool(judged.duplicated) and gaps > 0
        self.result.figures["negative_control_failed"] = failed
        self.result.figures["control"] = {
            "applications": len(intents),
            "duplicated": len(judged.duplicated),
            "views_divergent": len(settled.divergent),
            "rows_wrong": gaps,
            "faults": sum(act.acted for act in phase.nemesis.acts),
        }
        self.result.details["control"] = {"duplicated": judged.duplicated[:20], "views": settled.divergent}
        if not failed:
            self.result.wrong.append("the negative control passed: the rig is blind")

    # What is told

    def _told_of_races(self, ran: list[races.Race]) -> None:
        self.result.figures["races"] = [asdict(race) | {"wrong": len(race.wrong)} for race in ran]
        for race in ran:
            line(f"faults: race, {race.name}: {race.clients} answered within {race.slowest:.2f} s")
            self.result.wrong += [f"race, {race.name}: {it}" for it in race.wrong]

    def _told_of_faults(self, phase: Phase) -> None:
        acts = phase.nemesis.acts
        kinds = proof.by_kind(acts)
        self.result.figures |= {
            "faults": sum(kinds.values()),
            "faults_by_kind": kinds,
            "did_not_act": sum(not act.acted for act in acts),
        }
        self.result.details["faults"] = [act.as_data() for act in acts]
        if blind := proof.without_proof(phase.nemesis.faults, acts):
            self.result.wrong.append(f"no proof of: {', '.join(blind)}")
        if sum(kinds.values()) < self.lane.required:
            self.result.wrong.append(f"only {sum(kinds.values())} of {self.lane.required} faults acted")

    def _told_of_views(self, phase: Phase, settled: Settled) -> None:
        models = [view.model for view in phase.views]
        mismatches = sum(model.mismatches for model in models)
        self.result.figures |= {
            "views": len(models),
            "views_divergent": len(settled.divergent),
            "view_convergence_s": max(settled.after.values(), default=None),
            "view_events": sum(model.events for model in models),
            "view_delay_s": spread([delay for model in models for delay in model.delays]),
            "view_reconnects": sum(view.reconnects for view in phase.views),
            "view_resets": sum(model.resets for model in models),
            "views_repeated": sum(model.repeated for model in models),
            "checksums": sum(model.checksums for model in models),
            "checksum_divergences": mismatches,
        }
        self.result.details["views"] = settled.divergent
        self._want_none("live views differ from a fresh fetch", list(settled.divergent))
        self._want_none("checksums did not agree", [""] * mismatches)
        self._want_none("digests are reckoned differently", [""] * settled.wrong_digests)
        self._want_none("canaries in frames", [""] * sum(model.canaries for model in models))
        self._want_none("views were denied", [m.topic for m in models if m.denied])

    def _told_of_clients(self, phase: Phase, judged: Verdict) -> None:
        history = phase.history
        self.result.figures |= {
            "applications": len(history.applications),
            "operations": history.operations,
            "attempts": history.attempts,
            "acknowledged": len(history.told),
            "unknown": len(history.unknown),
            "not_asked": history.not_asked,
            "not_yet": len(history.unfinished),
            "unanswered": dict(history.unanswered.most_common()),
            "lost": len(judged.lost),
            "duplicated": len(judged.duplicated),
            "id_mismatch": len(judged.mismatched),
            "stuck": len(judged.stuck),
            "clocks_fired_twice": len(judged.clocks_twice),
            "latency_ms": spread(history.latency, 1000),
            "load_s": round(phase.seconds, 1),
        }
        if len(history.applications) < self.lane.enough:
            self.result.wrong.append(f"only {len(history.applications)} applications came to be")
        self.result.details["verdict"] = asdict(judged)
        for name, found in asdict(judged).items():
            self._want_none(name, found)
        self._want_none("refused where nothing may be", history.refused)
        self._want_none("not answered in all the time", list(history.unfinished.items()))

    def _told_of_webhooks(self, arrived: Deliveries) -> None:
        self.result.figures |= {
            "webhooks": arrived.expected,
            "webhooks_missing": len(arrived.missing),
            "webhooks_not_yet": arrived.not_yet,
            "webhooks_redelivered": arrived.redelivered,
            "webhooks_out_of_order": len(arrived.out_of_order),
            "webhooks_two_ids": len(arrived.two_ids),
            "webhook_delay_s": spread([d for book in self.receiver.books.values() for d in book.delays]),
            "receiver_moods": dict(self.receiver.moods),
        }
        self._want_none("webhooks missing", arrived.missing)
        self._want_none("webhooks not yet delivered", [""] * arrived.not_yet)
        self._want_none("webhooks out of order", arrived.out_of_order)
        self._want_none("webhooks of one event under two ids", arrived.two_ids)
        self._want_none("webhooks badly signed", [""] * self.receiver.bad_signatures)
        self._want_none("canaries in webhooks", [""] * self.receiver.canaries)

    def _close_books(self) -> None:
        """Who is still up; and the logs, last, when everybody has said everything."""
        self._want_none("not up at the end", self.house.down())
        words = (CANARY, PHONE.lstrip("0"))
        found = [
            log.name
            for log in sorted(self.house.home.logs.iterdir())
            if any(word in log.read_text(errors="replace") for word in words)
        ]
        self._want_none("canaries in logs", found)
        self.result.figures |= {"canaries": len(found), "logs": len(list(self.house.home.logs.iterdir()))}
        self.result.figures |= {"seed": self.seed, "lane": self.lane.name}
        self.result.figures["seconds"] = round(time.monotonic() - self.begin, 1)

    def _want_none(self, what: str, found: list[Any]) -> None:
        if found:
            examples = "; ".join(str(it) for it in found[:3] if it)
            self.result.wrong.append(f"{what}: {len(found)}{f': {examples}' if examples else ''}")


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task
