"""The clients: they bring an application from the call to its end, whatever happens to the servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from .asking import Answer, Line, Unanswered
from .history import History, Told
from .plan import Intent, Twice, Way

Row = dict[str, Any]
GIVE_UP = 240.0  # seconds for one answer; what is not answered by then is "not yet", and reported so
OPEN = ("requested", "accepted", "in_progress", "on_hold")
# Words that are found nowhere else: no log, no frame and no delivery may hold them.
CANARY = "Kanar"
PERSON = {"family_name": "Kanarsoyad", "given_name": "Kanarad", "patronymic": "Kanarata"}
PHONE = "0509912377"

Done = Callable[[Row, str], bool]
# After a conflict: has this been done already, for all the record says?
DONE: dict[str, Done] = {
    "claim": lambda row, who: row["assignee"] == who,
    "release": lambda row, who: row["assignee"] != who,
    "accept": lambda row, who: row["state"] == "accepted" and row["assignee"] == who,
    "hold": lambda row, who: row["state"] == "on_hold",
    "resume": lambda row, who: row["state"] == "in_progress",
    "complete": lambda row, who: row["state"] == "completed",
    "reject": lambda row, who: row["state"] == "rejected",
    "triage": lambda row, who: row["state"] == "routed",
    "confirm": lambda row, who: row["state"] == "closed",
    "withdraw": lambda row, who: row["state"] == "withdrawn",
}


class Refused(Exception):
    """An answer that no client of a sound product gets here."""


class GaveUp(Exception):
    """No answer in all that time."""


class Client:
    """One person at a screen. ``keyed`` is off for the negative control alone."""

    def __init__(
        self,
        ports: tuple[int, ...],
        tokens: dict[str, str],
        history: History,
        dice: random.Random,
        *,
        keyed: bool = True,
        patience: float = 8.0,
    ) -> None:
        self.lines = [Line(port, patience) for port in ports]
        self.tokens = tokens
        self.history = history
        self.dice = dice
        self.keyed = keyed
        self.person = ""

    async def work_off(self, intents: Iterator[Intent], begin: float, longest: float) -> None:
        """Take one intent after the other, none before its time, and none when the day is over."""
        for intent in intents:
            await asyncio.sleep(max(0.0, begin + intent.at - time.monotonic()))
            if time.monotonic() - begin > longest:
                self.history.not_asked += 1
                continue
            try:
                await self.live(intent)
            except Refused as refused:
                self.history.refused.append(f"{intent.name}: {refused}")
            except GaveUp as gave_up:
                self.history.unfinished[intent.name] = str(gave_up)
        self.close()

    def close(self) -> None:
        for line in self.lines:
            line.close()

    async def live(self, intent: Intent) -> None:
        """One application's life, as its intent says."""
        desk = self.dice.choice(("operator", "operator2"))
        row = await self._register(intent, desk)
        if row is None:
            return
        match intent.way:
            case Way.LEFT:
                return
            case Way.WITHDRAWN:
                await self._verb(intent, desk, "applications", row, "withdraw", {"text": f"{CANARY} geri"})
            case Way.WAITING:
                for part in row["referrals"]:
                    await self._take(intent, part, wait=True)
            case _:
                if intent.way == Way.RETURNED:
                    row = await self._return(intent, desk, row)
                whole = await self._answered(intent, desk, row)
                await self._verb(intent, desk, "applications", whole, "confirm", {"text": f"{CANARY} razı"})

    # The desk

    async def _register(self, intent: Intent, desk: str) -> Row | None:
        if intent.new_caller or not self.person:
            self.person = await self._person(intent, desk)
        body = {"person": self.person, "subtopic": intent.subject, "text": f"{CANARY} müraciət {intent.name}"}
        if intent.new_caller:
            body["contact"] = await self._contact(intent, desk)
        ask = ("POST", "/api/v1/applications/", desk, body, f"{intent.name}.register")
        if not intent.patient:
            await self._once(intent, *ask)
            return None
        if intent.twice == Twice.AT_ONCE:
            ports = [line.port for line in self.lines]
            both = [[Line(port, self.lines[0].patience) for port in order] for order in (ports, ports[::-1])]
            answers = list(await asyncio.gather(*(self._until_answered(*ask, lines=lines) for lines in both)))
        else:
            answers = [await self._until_answered(*ask)]
        if intent.twice == Twice.AFTER:
            answers.append(await self._until_answered(*ask))
        for answer in answers:
            self._registered(intent, desk, answer)
        row: Row = answers[0].data
        return row

    def _registered(self, intent: Intent, desk: str, answer: Answer) -> None:
        if answer.status != 201:
            raise Refused(f"register: {_said(answer)}")
        row = answer.data
        self.history.applications[intent.name].add(row["id"])
        self._tell(intent, "register", row, desk)

    async def _once(self, intent: Intent, method: str, path: str, who: str, body: Any, key: str) -> None:
        """Asked once: without an answer nobody knows."""
        self.history.operations += 1
        self.history.attempts += 1
        line = self.dice.choice(self.lines)
        try:
            answer = await line.ask(method, path, token=self.tokens[who], body=body, key=self._key(key))
        except Unanswered as trouble:
            self.history.unanswered[str(trouble)] += 1
            self.history.unknown.add(intent.name)
            return
        if answer.status >= 500:
            self.history.unanswered[str(answer.status)] += 1
            self.history.unknown.add(intent.name)
            return
        self._registered(intent, who, answer)

    async def _person(self, intent: Intent, desk: str) -> str:
        body = {**PERSON, "phones": [PHONE], "address": f"{CANARY} küçəsi {intent.name}"}
        key = f"{intent.name}.person"
        return await self._added(intent, "people", desk, body, key, self.history.people)

    async def _contact(self, intent: Intent, desk: str) -> str:
        body = {"caller": self.person, "verification": 1, "notes": f"{CANARY} zəng {intent.name}"}
        key = f"{intent.name}.contact"
        return await self._added(intent, "contacts", desk, body, key, self.history.contacts)

    async def _added(
        self, intent: Intent, what: str, desk: str, body: Row, key: str, told: dict[str, set[str]]
    ) -> str:
        answer = await self._until_answered("POST", f"/api/v1/{what}/", desk, body, key)
        if answer.status != 201:
            raise Refused(f"{what}: {_said(answer)}")
        told[intent.name].add(answer.data["id"])
        return str(answer.data["id"])

    # The agencies

    async def _take(self, intent: Intent, part: Row, *, wait: bool = False) -> Row:
        worker = part["unit"].split(".")[0].lower()
        if intent.way == Way.RELEASED:
            part = await self._verb(intent, worker, "referrals", part, "claim")
            part = await self._verb(intent, worker, "referrals", part, "release")
            worker = f"{worker}-admin"
        part = await self._verb(intent, worker, "referrals", part, "claim")
        part = await self._verb(intent, worker, "referrals", part, "accept")
        if wait:
            body = {"reason": "waiting_document", "text": f"{CANARY} gözləyir"}
            part = await self._verb(intent, worker, "referrals", part, "hold", body)
        return part | {"worker": worker}

    async def _answered(self, intent: Intent, desk: str, whole: Row) -> Row:
        """One unit after the other answers, as long as an answer is awaited."""
        while waiting := [part for part in whole["referrals"] if part["state"] in OPEN]:
            await self._answer(intent, waiting[0])
            whole = await self._read(desk, "applications", whole["id"])
        return whole

    async def _answer(self, intent: Intent, part: Row) -> None:
        part = await self._take(intent, part, wait=intent.way == Way.HELD)
        worker = part["worker"]
        if intent.way == Way.HELD:
            part = await self._verb(intent, worker, "referrals", part, "resume")
        body = {"outcome": "provided", "text": f"{CANARY} cavab"}
        await self._verb(intent, worker, "referrals", part, "complete", body)

    async def _return(self, intent: Intent, desk: str, row: Row) -> Row:
        """The lead says it is not theirs; triage asks the same unit again."""
        lead = next(part for part in row["referrals"] if part["is_lead"])
        worker = lead["unit"].split(".")[0].lower()
        body = {"reason": "not_ours", "text": f"{CANARY} bizim deyil"}
        await self._verb(intent, worker, "referrals", lead, "reject", body)
        whole = await self._read(desk, "applications", row["id"])
        again = {"lead": lead["unit"], "referral": lead["id"], "text": f"{CANARY} yenə"}
        return await self._verb(intent, desk, "applications", whole, "triage", again)

    # Asking

    async def _verb(
        self, intent: Intent, who: str, what: str, row: Row, verb: str, body: Row | None = None
    ) -> Row:
        """Do it to the record as it was read; after a conflict read it again and decide again."""
        path = f"/api/v1/{what}/{row['id']}/{verb}/"
        for round_ in range(6):
            key = f"{intent.name}.{verb}.{row['id'][-8:]}.{who}.{round_}"
            given = {**(body or {}), "version": row["version"]}
            answer = await self._until_answered("POST", path, who, given, key)
            if answer.status == 200:
                return self._tell(intent, verb, answer.data, who)
            if answer.status != 409:
                raise Refused(f"{verb}: {_said(answer)}")
            row = await self._read(who, what, row["id"])
            if DONE[verb](row, who):
                return self._tell(intent, verb, row, who)
        raise Refused(f"{verb}: in conflict again and again, now {row['state']}: {_said(answer)}")

    def _tell(self, intent: Intent, operation: str, row: Row, who: str) -> Row:
        self.history.told.append(Told(intent.name, operation, row["id"], who, row["version"]))
        return row

    async def _read(self, who: str, what: str, record: str) -> Row:
        answer = await self._until_answered("GET", f"/api/v1/{what}/{record}/", who, None, "")
        if answer.status != 200:
            raise Refused(f"read {what}: {_said(answer)}")
        row: Row = answer.data
        return row

    async def _until_answered(
        self, method: str, path: str, who: str, body: Any, key: str, *, lines: list[Line] | None = None
    ) -> Answer:
        """Ask with the same key until there is an answer; of ``lines`` of its own the first comes first."""
        begin = time.monotonic()
        self.history.operations += 1
        line = lines[0] if lines else self.dice.choice(self.lines)
        while time.monotonic() - begin < GIVE_UP:
            self.history.attempts += 1
            try:
                answer = await line.ask(method, path, token=self.tokens[who], body=body, key=self._key(key))
                if answer.status < 500:
                    self.history.latency.append(time.monotonic() - begin)
                    return answer
                trouble = str(answer.status)
            except Unanswered as unanswered:
                trouble = str(unanswered)
            self.history.unanswered[trouble] += 1
            await asyncio.sleep(self.dice.uniform(0.1, 0.4))
            line = self.dice.choice(lines or self.lines)
        raise GaveUp(f"{method} without an answer for {GIVE_UP:.0f} s")

    def _key(self, key: str) -> str | None:
        return key if self.keyed and key else None


def _said(answer: Answer) -> str:
    code = answer.data.get("code", "") if isinstance(answer.data, dict) else ""
    return f"{answer.status} {code}".strip()
