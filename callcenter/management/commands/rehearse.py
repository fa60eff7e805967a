"""Trying a rule set on the decisions of the past, without writing or telling anybody."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing import past
from routing.models import RuleSet
from routing.rules.book import compile_book

LONGEST = 3660  # days, as at the interface
SHOWN = 12  # ways that change, for people; --json has all


class Command(BaseCommand):
    help = (
        "Decides the applications of the last days again by rule set N and reports what would have gone "
        "elsewhere and how that ended. PostgreSQL itself keeps it from writing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ruleset", type=int, metavar="N", help="default: the one in force")
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, ruleset: int | None, days: int, json: bool, **options: Any) -> None:
        wanted = {"status": "published"} if ruleset is None else {"number": ruleset}
        row = RuleSet.objects.filter(**wanted).first()
        if row is None:
            raise CommandError("There is no such rule set.")
        if not 1 <= days <= LONGEST:
            raise CommandError(f"Say how many days: 1 to {LONGEST}.")
        begin = perf_counter()
        report = {"ruleset": row.number, **past.rehearse(compile_book(row.document), days=days)}
        report["seconds"] = round(perf_counter() - begin, 2)
        self.stdout.write(as_json(report) if json else "\n".join(lines(report)))


def as_json(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=False)


def lines(report: dict[str, Any]) -> list[str]:
    """For people."""
    failing = [case for case in report["cases"] if not case["passed"]]
    return [
        f"rule set {report['ruleset']}, {report['days']} days: {report['applications']} applications in "
        f"{report['seconds']} s, nothing written",
        f"  other agencies: {report['changed']}, to triage: {report['to_triage']}, "
        f"from triage: {report['from_triage']}, other priority: {report['changed_priority']}",
        *(
            f"  {way['from'] or 'triage'} -> {way['to'] or 'triage'}: {way['count']}"
            f" (returned as misrouted before: {way['returned']}, closed: {way['closed']})"
            for way in report["matrix"][:SHOWN]
        ),
        f"  golden cases: {len(report['cases'])}, failing: {len(failing)}",
        *(f"    {case['rule']} {case['case']}: taken by {case['by']}" for case in failing),
        f"  rules that never held: {len(report['dead'])}",
        f"  {report['us_per_decision']} us per decision, {report['ratio_to_dictionary']} times a dictionary",
    ]
