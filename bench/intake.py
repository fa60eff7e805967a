"""Registrations per second: the product's command beside plain psycopg writing the same rows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import User
from access.roles import Role
from callcenter.demo.sampling import Sampler
from callcenter.reference import load
from intake.models import Application, Subtopic
from people import services as people
from workflows import actions

from . import cpu, raw, scratch

SUBTOPIC = "MED-EXAM"  # goes to two agencies
SLICE = 1.0  # seconds; /proc counts in ticks of 10 ms, so shorter ones say little
TEXT = (
    "Veteran bildirir ki, iki ildir belində ağrılar var, son ay uzun müddət dayana bilmir, gecələr "
    "yuxudan oyanır. Əvvəllər aldığı müalicə müvəqqəti kömək edib. Rayon xəstəxanasında nevropatoloq "
    "qəbulu olmayıb, paytaxta gəlməsi çətindir. Göndəriş, müayinə və lazım olsa reabilitasiya üçün vaxt "
    "təyin edilməsini xahiş edir. Yanında həyat yoldaşı ola bilər. Zəng üçün axşam saatları əlverişlidir, "
    "telefonu açıq olacaq, sənədlərinin surəti hazırdır."
)
FACTS = {"consents": ["SAMHI"], "disability_degree": "2", "lives_alone": False, "documents": ["ID", "DISR"]}

Operation = Callable[[], object]


@dataclass
class Variant:
    """One way of doing it, with what its slices showed."""

    operation: Operation
    slices: list[dict[str, float]] = field(default_factory=list)

    def measure(self, postmaster: int | None, seconds: float) -> None:
        times: list[float] = []
        with cpu.Slice(postmaster) as used:
            end = time.perf_counter() + seconds
            while (begin := time.perf_counter()) < end:
                self.operation()
                times.append(time.perf_counter() - begin)
        self.slices.append(
            {
                "per_second": len(times) / used.wall,
                "p50_ms": statistics.median(times) * 1000,
                "client_us": used.client / len(times) * 1e6,
                "server_us": used.server / len(times) * 1e6,
                "foreign": used.foreign,
            }
        )

    def kept(self) -> list[dict[str, float]]:
        """The slices other work left alone, or else the quietest third."""
        quiet = [one for one in self.slices if one["foreign"] <= cpu.FOREIGN]
        by_noise = sorted(self.slices, key=lambda one: one["foreign"])
        return quiet if len(quiet) >= 2 else by_noise[: max(1, (len(by_noise) + 2) // 3)]

    def figures(self) -> dict[str, float]:
        kept = self.kept()
        names = ("per_second", "p50_ms", "client_us", "server_us")
        return {name: round(statistics.median(one[name] for one in kept), 2) for name in names}


def run(seconds: float) -> dict[str, Any]:
    """Measure in a scratch schema; ``seconds`` for each of the three ways, in interleaved slices."""
    with scratch.schema(), scratch.connect() as plain:
        load()
        register = registration()
        first = register()
        copier = raw.Copier(plain, first.pk)
        ways = {
            "product": Variant(register),
            "row_by_row": Variant(copier.row_by_row),
            "one_statement": Variant(copier.one_statement),
        }
        _warm_up(ways)
        server = postmaster(plain)
        for _ in range(max(1, round(seconds / SLICE))):
            for way in ways.values():
                cpu.wait_until_quiet()
                way.measure(server, SLICE)
        return _result(ways, copier, _statements(register), _profile(register, seconds / 3), server)


def registration() -> Callable[[], Application]:
    """The command with what it is given: an operator, citizens in turn, the subtopic."""
    operator = User.objects.create(username="bench", role=Role.OPERATOR)
    citizens = cycle(
        [
            people.add(
                family_name="Sınaq", given_name=f"Ölçü{place}", phones=[f"050000{place:04d}"],
                district="BA", categories=["VET"], synthetic=True,
            )
            for place in range(50)
        ]
    )  # fmt: skip
    subtopic = Subtopic.objects.select_related("topic").get(pk=SUBTOPIC)

    def register() -> Application:
        return actions.register(
            actor=operator,
            person=next(citizens),
            contact=None,
            subtopic=subtopic,
            text=TEXT,
            facts=FACTS,
            synthetic=True,
        )

    return register


def _warm_up(ways: dict[str, Variant]) -> None:
    """Past the first executions, in which PostgreSQL still plans anew and Python still imports."""
    for way in ways.values():
        for _ in range(12):
            way.operation()


def postmaster(plain: Any) -> int | None:
    try:
        return cpu.parent(plain.info.backend_pid)
    except OSError:  # another machine or another name space of processes
        return None


def _statements(register: Operation) -> int:
    with CaptureQueriesContext(connection) as captured:
        register()
    return sum(query["sql"] not in ("BEGIN", "COMMIT") for query in captured.captured_queries)


def _profile(register: Operation, seconds: float) -> dict[str, float]:
    end = time.perf_counter() + seconds
    with Sampler() as sampler:
        while time.perf_counter() < end:
            register()
    return sampler.shares()


def _result(
    ways: dict[str, Variant],
    copier: raw.Copier,
    statements: int,
    profile: dict[str, float],
    postmaster: int | None,
) -> dict[str, Any]:
    figures = {name: way.figures() for name, way in ways.items()}
    noise = [one["foreign"] for way in ways.values() for one in way.kept()]
    return {
        "name": "intake",
        "figures": {
            **figures,
            "rows": len(copier.rows),
            "statements": {"product": statements, "row_by_row": len(copier.rows) + 1, "one_statement": 1},
            "profile": profile,
            "slices": {name: [len(way.kept()), len(way.slices)] for name, way in ways.items()},
            "foreign_cores": round(max(noise), 2),
        },
        "ratios": {
            f"{kind}_to_{name}": ratio
            for name in ("row_by_row", "one_statement")
            for kind, ratio in _ratios(figures["product"], figures[name], postmaster).items()
        },
    }


def _ratios(
    ours: dict[str, float], limit: dict[str, float], postmaster: int | None
) -> dict[str, float | None]:
    """1.0 is at the limit, less is further away: throughput as ours/limit, CPU as limit/ours."""
    used = [side["client_us"] + side["server_us"] for side in (limit, ours)]
    return {
        "wall": round(ours["per_second"] / limit["per_second"], 3),
        "cpu": round(used[0] / used[1], 3) if postmaster else None,
    }
