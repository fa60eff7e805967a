"""``manage evaluate_subjects``: how good suggestions and signs of distress are, on the labelled texts."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from intake import evaluation


class Command(BaseCommand):
    help = (
        "Measures the subtopics suggested for fixtures/labelled/subjects.yaml, by topic and by script, "
        "beside the taxonomy's own words, and the signs of distress on fixtures/labelled/distress.yaml. "
        "Told too: what cross-validation said when the model was trained, and what operators chose since."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the figures as JSON on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        figures = evaluation.evaluate()
        self.stdout.write(json.dumps(figures) if options["json"] else "\n".join(_lines(figures)))


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    """For people: one table, then the rest in sentences."""
    number = figures["model"]
    yield f"model {number}" if number else "no trained model: the taxonomy's own words suggest"
    yield from _table(figures["in_use"], figures["own_words"])
    for name, part in (("in use", figures["in_use"]), ("own words", figures["own_words"])):
        yield f"calibration error, {name}: {part['calibration_error']:.3f}"
    if trained := figures["cross_validation"]:
        yield (
            f"cross-validation of training: first {trained['all']['top1']:.0%}, shown "
            f"{trained['all']['top3']:.0%} of {trained['all']['texts']} texts, "
            f"calibration error {trained['calibration_error']:.3f}"
        )
    yield from _chosen(figures["chosen"])
    signs = figures["distress"]
    yield f"distress: {len(signs['misses'])} of {signs['danger']} missed: {', '.join(signs['misses']) or '-'}"
    alarms = signs["false_alarms"]
    yield f"distress: {len(alarms)} of {signs['calm']} false alarms: {', '.join(alarms) or '-'}"


def _table(used: dict[str, Any], own: dict[str, Any]) -> Iterator[str]:
    yield f"{'':14}{'texts':>6}{'first':>8}{'shown':>8}{'silent':>8}   own words: first, shown"
    rows = {"all": (used["all"], own["all"])}
    for group in ("kinds", "topics"):
        rows |= {name: (part, own[group][name]) for name, part in used[group].items()}
    for name, (part, other) in rows.items():
        yield (
            f"{name:14}{part['texts']:6}{part['top1']:8.0%}{part['top3']:8.0%}{part['silent']:8.0%}"
            f"{other['top1']:14.0%}{other['top3']:8.0%}"
        )


def _chosen(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        name = f"model {row['model']}" if row["model"] else "own words"
        shares = f"first chosen {row['top1']:.0%}, one of those shown {row['top3']:.0%}"
        yield f"registered with {name}: {row['applications']}, {shares}"
