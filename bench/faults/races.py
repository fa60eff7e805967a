"""Fifty at the same instant: one registration under one key, and one referral that everybody wants."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from .asking import Answer, Line, Unanswered
from .history import History
from .lives import CANARY, PERSON
from .stage import CROWD, CROWD_UNIT

AGAIN = 30.0  # seconds in which a client that is told "busy" asks the same again

SUBJECT = "INS-STATUS"  # asks one unit: that of the crowd


@dataclass
class Race:
    """How it ended. ``slowest`` is the last answer's time in seconds."""

    name: str
    clients: int
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def run(
    ports: tuple[int, ...], tokens: dict[str, str], display: dict[str, str], history: History
) -> list[Race]:
    """Both races, on the same application. What was told goes into the history, too."""
    line = Line(ports[0])
    body = {**PERSON, "address": f"{CANARY} küçəsi r-race-000000"}
    person = await line.ask("POST", "/api/v1/people/", token=tokens["operator"], body=body, key="race-person")
    line.close()
    wish = {"person": person.data["id"], "subtopic": SUBJECT, "text": f"{CANARY} müraciət r-race-000001"}
    ask = {"token": tokens["operator"], "body": wish, "key": "race-register"}
    told, answers = await _at_once(
        "same registration, same key", ports, "/api/v1/applications/", [ask] * CROWD
    )
    ids = {answer.data["id"] for answer in answers if answer.status == 201}
    told.wrong += [f"answered {answer.status}" for answer in answers if answer.status != 201]
    if len(ids) != 1:
        told.wrong.append(f"{len(ids)} applications")
    history.planned.add("r-race-000001")
    history.applications["r-race-000001"] |= ids
    referral = next(row for row in answers[0].data["referrals"] if row["unit"] == CROWD_UNIT)
    return [told, await _claims(ports, tokens, display, referral["id"])]


async def _claims(
    ports: tuple[int, ...], tokens: dict[str, str], display: dict[str, str], referral: str
) -> Race:
    """One gets it; everybody else is told who."""
    names = [f"crowd{number}" for number in range(CROWD)]
    asks = [{"token": tokens[name], "body": {}, "key": f"race-{name}"} for name in names]
    race, answers = await _at_once("one referral", ports, f"/api/v1/referrals/{referral}/claim/", asks)
    winners = [name for name, answer in zip(names, answers, strict=True) if answer.status == 200]
    if len(winners) != 1:
        race.wrong.append(f"{len(winners)} winners")
        return race
    for answer in answers:
        named = isinstance(answer.data, dict) and answer.data.get("assignee")
        if answer.status != 200 and (answer.status, named) != (409, display[winners[0]]):
            race.wrong.append(f"{answer.status}, named {named}")
    return race


async def _at_once(
    name: str, ports: tuple[int, ...], path: str, asks: list[dict[str, Any]]
) -> tuple[Race, list[Answer]]:
    """Connections first, then all requests in the same instant, to both processes in turn."""
    lines = [Line(ports[number % len(ports)], patience=20) for number in range(len(asks))]
    await asyncio.gather(*(line.ask("GET", "/healthz") for line in lines))
    begin = time.monotonic()
    times: list[float] = []

    async def one(line: Line, ask: dict[str, Any]) -> Answer:
        try:
            answer = await line.ask("POST", path, **ask)
            while answer.status == 503 and time.monotonic() - begin < AGAIN:  # as it is told
                await asyncio.sleep(0.5)
                answer = await line.ask("POST", path, **ask)
            return answer
        except Unanswered as trouble:
            return Answer(0, str(trouble))
        finally:
            times.append(time.monotonic() - begin)
            line.close()

    answers = await asyncio.gather(*(one(line, ask) for line, ask in zip(lines, asks, strict=True)))
    return Race(name, len(asks), max(times)), answers
