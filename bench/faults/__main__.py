"""``./run bench faults --lane commit|evening|night [--seed N] [--json]``."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from .house import line
from .rig import LANES, Lane, Result, Rig


def main() -> int:
    options = _options()
    lane = LANES[options.lane]
    if options.applications:
        lane = smaller(lane, options.applications, options.faults)
    try:
        result = uvloop.run(Rig(lane, options.seed).run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        line("faults: stopped")
        return 130
    report = _written(options, result)
    line(f"faults: schedule, proofs and findings: {report}")
    for sentence in result.wrong:
        line(f"faults: WRONG: {sentence}")
    answer = {"name": "faults", "figures": result.figures, "ratios": {}}
    print(json.dumps(answer) if options.json else "\n".join(lines(result.figures)), flush=True)
    line("faults: failed" if result.wrong else "faults: nothing lost, doubled or stuck")
    return 1 if result.wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench faults", description=__doc__)
    parser.add_argument("--lane", choices=LANES, default="commit")
    parser.add_argument("--seed", type=int, default=1, help="of the plan, the nemesis and the receiver")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--report", type=Path, help="the file with the schedule, its proofs and findings")
    parser.add_argument("--applications", type=int, help="fewer than the lane has, for work on the rig")
    parser.add_argument("--faults", type=int, default=0, help="with --applications: how many are planned")
    return parser.parse_args()


def smaller(lane: Lane, applications: int, faults: int) -> Lane:
    """The lane at another size; its required faults shrink with the planned ones."""
    planned = faults or lane.faults
    return dataclasses.replace(
        lane,
        applications=applications,
        enough=min(lane.enough, applications // 2),
        seconds=lane.seconds * applications / lane.applications,
        faults=planned,
        required=min(lane.required, planned * 3 // 4),
    )


def _written(options: argparse.Namespace, result: Result) -> Path:
    name = f"dayaq-faults-{options.lane}-{options.seed}-{os.getpid()}.json"
    path: Path = options.report or Path(tempfile.gettempdir()) / name
    whole = {"figures": result.figures, "wrong": result.wrong, **result.details}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False))
    return path


def lines(figures: dict[str, Any]) -> list[str]:
    """For people."""
    return [f"{name:24} {value}" for name, value in figures.items()]


if __name__ == "__main__":
    sys.exit(main())
