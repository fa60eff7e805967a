"""Clients, views and nemesis at once on one house; then healing, and the look whether all views agree."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from .asking import Line, Unanswered
from .history import History
from .house import House, line
from .lives import Client
from .nemesis import Nemesis
from .plan import Intent, Way, names
from .schedule import Fault
from .views import Model, View, differences, digest, stop

WITHIN = 5.0  # seconds of quiescence after which a view has to be equal
PATIENCE = 30.0  # seconds it is watched, to know whether it is late or lost
STAMPING = 60.0
AGENCIES = ("MOH", "MLSPP", "SAMHI", "TABIB", "YASHAT")
FOLLOWED = 4  # applications that a screen keeps open


@dataclass
class Settled:
    """How the views ended. ``after`` is the time until each was equal to a fresh fetch."""

    after: dict[str, float] = field(default_factory=dict)
    divergent: dict[str, list[str]] = field(default_factory=dict)
    wrong_digests: int = 0
    died: list[str] = field(default_factory=list)  # parts that had ended by themselves


class Phase:
    """One run of a plan under a schedule. ``sound`` is off for the negative control."""

    def __init__(
        self,
        house: House,
        seed: int,
        name: str,
        intents: list[Intent],
        faults: list[Fault],
        *,
        clients: int,
        longest: float,
        sound: bool = True,
        patience: float = 8.0,
    ) -> None:
        self.house = house
        self.name = name
        self.intents = intents
        self.longest = longest
        self.sound = sound
        self.history = History(planned=names(intents))
        self.nemesis = Nemesis(house, faults)
        self.tokens: dict[str, str] = house.stage["tokens"]
        self.dice = random.Random(f"{seed} {name} clients")
        self.clients = [
            Client(house.ports, self.tokens, self.history, self._dice(), keyed=sound, patience=patience)
            for _ in range(clients)
        ]
        self.views = [self._view(topic, who) for topic, who in screens()]
        self.tasks: list[asyncio.Task[None]] = []
        self.seconds = 0.0

    def _dice(self) -> random.Random:
        return random.Random(self.dice.getrandbits(64))

    def _view(self, topic: str, who: str) -> View:
        model = Model(topic, push_only=not self.sound)
        return View(model, self.tokens[who], who, self.house.ports, self._dice())

    async def run(self) -> None:
        """Until every intent has its answer and the schedule is over."""
        self.tasks = [asyncio.create_task(view.watch()) for view in self.views]
        await asyncio.wait_for(asyncio.gather(*(view.connected.wait() for view in self.views)), 60)
        begin = time.monotonic()
        work = iter([intent for intent in self.intents if intent.patient])
        hurry = iter([intent for intent in self.intents if not intent.patient])
        following = asyncio.create_task(self._follow())
        telling = asyncio.create_task(self._progress(begin))
        async with asyncio.TaskGroup() as group:
            for number, client in enumerate(self.clients):
                group.create_task(client.work_off(work if number else hurry, begin, self.longest))
            group.create_task(self.nemesis.run())
        telling.cancel()
        following.cancel()
        self.seconds = time.monotonic() - begin

    async def _follow(self) -> None:
        """Open a view on the first applications that go on to live."""
        wanted = [it.name for it in self.intents if it.way not in (Way.LEFT, Way.WITHDRAWN)][:FOLLOWED]
        while wanted:
            for name in [it for it in wanted if self.history.applications.get(it)]:
                wanted.remove(name)
                record = min(self.history.applications[name])
                view = self._view(f"application:{record}", "operator")
                self.views.append(view)
                self.tasks.append(asyncio.create_task(view.watch()))
            await asyncio.sleep(0.1)

    async def _progress(self, begin: float) -> None:
        while True:
            await asyncio.sleep(10)
            done, all_ = len(self.history.applications), len(self.intents)
            acted = sum(act.acted for act in self.nemesis.acts)
            line(
                f"faults: {time.monotonic() - begin:6.1f} s  {self.name}: {done} of {all_} applications,"
                f" {self.history.attempts} requests, {acted} faults acted"
            )

    async def settle(self) -> Settled:
        """Heal, let the relay stamp what is written, then compare each view with a fresh fetch."""
        settled = Settled(died=await self.house.heal())
        await self._stamped()
        begin = time.monotonic()
        await asyncio.gather(*(self._compare(view, begin, settled) for view in self.views))
        await stop(self.tasks)
        return settled

    async def _stamped(self) -> None:
        deadline = time.monotonic() + STAMPING
        while (await self.house.query("SELECT count(*) FROM events_event WHERE position IS NULL"))[0][0]:
            if time.monotonic() > deadline:
                raise RuntimeError("events wait for their position although a relay runs")
            await asyncio.sleep(0.1)

    async def _compare(self, view: View, begin: float, settled: Settled) -> None:
        """Ask again until the view is equal; what is too late is divergent, and so is what never is."""
        name = f"{view.model.topic} of {view.who}"
        fetching = Line(random.choice(self.house.ports))
        while True:
            answer = await _fetched(fetching, view)
            fresh = {row["id"]: row["version"] for row in answer["rows"]}
            after = time.monotonic() - begin
            if fresh == view.model.rows:
                settled.after[name] = round(after, 3)
                settled.wrong_digests += digest(view.model.rows) != answer["digest"]
                if after <= WITHIN:
                    break
            if after > WITHIN:
                late = settled.divergent.setdefault(name, differences(view.model.rows, fresh)[:20])
                if name in settled.after:
                    late.append(f"equal only after {after:.1f} s")
                    break
                if after > (PATIENCE if self.sound else WITHIN):
                    break
            await asyncio.sleep(0.2)
        fetching.close()


async def _fetched(fetching: Line, view: View) -> dict[str, list[dict[str, int]]]:
    for _attempt in range(20):
        try:
            answer = await fetching.ask("GET", f"/api/v1/live/{view.model.topic}/", token=view.token)
        except Unanswered:
            continue
        if answer.status == 200:
            found: dict[str, list[dict[str, int]]] = answer.data
            return found
        await asyncio.sleep(0.2)
    raise RuntimeError(f"no fresh snapshot of {view.model.topic}")


def screens() -> list[tuple[str, str]]:
    """Who watches what: every kind of topic, every role that may."""
    queues = [(f"queue:{agency}", agency.lower()) for agency in AGENCIES]
    queues += [(f"queue:{agency}", f"{agency.lower()}-admin") for agency in AGENCIES]
    boards = [(f"board:{agency}", f"{agency.lower()}-admin") for agency in AGENCIES]
    house = [("board", who) for who in ("supervisor", "operator", "operator2")]
    desks = [(f"desk:{who}", who) for who in ("operator", "operator2")]
    return [*queues, *boards, *house, *desks]
