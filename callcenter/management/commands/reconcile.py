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


class Command(BaseCommand):
    help = (
        "Checks that applications, referrals, workflow tasks, clocks and events agree. "
        "The exit code is 1 when something does not."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="the findings as JSON on stdout")
        parser.add_argument("--repair", action="store_true", help="first put right what needs no decision")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["repair"]:
            for finding in reconcile.repair():
                self.stderr.write(f"repaired: {finding.check}: {finding.record}: {finding.detail}")
        findings, checked = reconcile.run(), reconcile.checked()
        if options["json"]:
            found = [asdict(finding) for finding in findings]
            self.stdout.write(json.dumps({"checked": checked, "findings": found}))
        else:
            self.stdout.write("\n".join(_lines(checked, findings)))
        if findings:
            sys.exit(1)


def _lines(checked: int, findings: Iterable[reconcile.Finding]) -> list[str]:
    """For people: every broken invariant with its sentence, below it the records."""
    lines, said = [], ""
    for finding in findings:
        if finding.check != said:
            said = finding.check
            sentence = (reconcile.INVARIANTS[said].__doc__ or "").strip()
            lines.append(f"{said}: not everywhere true: {sentence}")
        lines.append(f"  {finding.record}  {finding.detail}")
    count = sum(line.startswith("  ") for line in lines)
    invariants = len(reconcile.INVARIANTS)
    return [*lines, f"{checked} records, {invariants} invariants: {count or 'no'} findings."]
