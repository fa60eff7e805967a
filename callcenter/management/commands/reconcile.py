"""``manage reconcile``: does everything agree?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from workflows import reconcile
from workflows.reconcile import Finding


class Command(BaseCommand):
    help = (
        "Checks that applications, referrals, workflow tasks, clocks and events agree. "
        "The exit code is 1 when something does not. docs/runbook.md explains each finding."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the findings as JSON on stdout")
        parser.add_argument("--repair", action="store_true", help="first put right what can be decided")

    def handle(self, *args: Any, **options: Any) -> None:
        tried = list(reconcile.repair()) if options["repair"] else []
        repaired = [it for it in tried if it.check != reconcile.FAILED]
        findings = [*reconcile.run(), *(it for it in tried if it.check == reconcile.FAILED)]
        checked = reconcile.checked()
        if options["json"]:
            told: dict[str, Any] = {"checked": checked, "findings": [asdict(it) for it in findings]}
            if options["repair"]:
                told["repaired"] = [asdict(it) for it in repaired]
            self.stdout.write(json.dumps(told))
        else:
            for it in repaired:
                self.stderr.write(f"repaired: {it.check}: {it.record}: {it.detail}")
            self.stdout.write("\n".join(_lines(checked, findings)))
        if findings:
            sys.exit(1)


def _lines(checked: int, findings: Iterable[Finding]) -> list[str]:
    """For people: every broken invariant with its sentence, below it the records."""
    lines, said = [], ""
    for finding in findings:
        if finding.check != said:
            said = finding.check
            lines.append(f"{said}: {_sentence(said)}")
        lines.append(f"  {finding.record}  {finding.detail}")
    count = sum(line.startswith("  ") for line in lines)
    invariants = len(reconcile.INVARIANTS)
    return [*lines, f"{checked} records, {invariants} invariants: {count or 'no'} findings."]


def _sentence(check: str) -> str:
    if check == reconcile.FAILED:
        return "could not be put right: the log says why, docs/runbook.md what to do."
    return f"not everywhere true: {(reconcile.INVARIANTS[check].__doc__ or '').strip()}"
