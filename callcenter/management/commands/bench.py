"""``manage bench NAME``: measure beside a limit taken in the same run."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from bench import intake, routing, sla
from bench.live import run as live

RUNS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "intake": lambda options: intake.run(options["seconds"]),
    "sla": lambda options: sla.run(options["seconds"], options["clocks"]),
    "live": lambda options: live.run(options["seconds"], options["sockets"]),
    "routing": lambda options: routing.run(options["decisions"]),
}


class Command(BaseCommand):
    help = (
        "Measures the product beside plain psycopg doing the same work, in interleaved slices, in a scratch "
        "schema that is dropped afterwards. bench/README.md says how to read it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", choices=RUNS)
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
        parser.add_argument("--seconds", type=float, default=10, help="seconds for each way of doing it")
        parser.add_argument("--clocks", type=int, default=1_000_000, help="sla: how many of them are open")
        parser.add_argument("--decisions", type=int, default=50_000, help="routing: how many are stored")
        parser.add_argument(
            "--sockets",
            type=lambda text: [int(part) for part in text.split(",")],
            default=live.SOCKETS,
            help="live: numbers of them, with commas between (10,200,1000,2000)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        options["seconds"] = max(0.1, options["seconds"])
        result = RUNS[options["name"]](options)
        self.stdout.write(json.dumps(result) if options["json"] else "\n".join(TOLD[options["name"]](result)))


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    figures = result["figures"]
    ways = {
        name: value for name, value in figures.items() if isinstance(value, dict) and "per_second" in value
    }
    shares = ", ".join(f"{name} {share:.0%}" for name, share in figures["profile"].items())
    return [
        f"{'':14} {'per second':>11} {'p50 ms':>8} {'client us':>10} {'server us':>10} {'statements':>11}",
        *(
            f"{name:14} {way['per_second']:11.1f} {way['p50_ms']:8.2f} {way['client_us']:10.0f}"
            f" {way['server_us']:10.0f} {figures['statements'][name]:11d}"
            for name, way in ways.items()
        ),
        "ratios (1.0 = at the limit): "
        + ", ".join(f"{name} {value}" for name, value in result["ratios"].items()),
        f"time of the product: {shares}",
        f"slices kept: {figures['slices']}; other work used up to {figures['foreign_cores']} cores in them",
    ]


TOLD = {"intake": lines, "sla": sla.lines, "live": live.lines, "routing": routing.lines}
