"""The policies of the files: what citizens are promised and agencies are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sla import policies
from sla.models import PolicyVersion
from sla.policy import PolicyError, read

from .files import Files

FILE = "sla.yaml"


def promises(files: Files, reasons: set[str]) -> tuple[dict[str, Any], ...]:
    """The policies, checked; ``reasons`` are the codes of reasons to put a referral on hold."""
    rows: list[dict[str, Any]] = files.listed(FILE, "policies", files.document(FILE, dict).get("policies"))
    try:
        found = read(1, rows)
    except PolicyError as error:
        files.problem(FILE, error.policy, f"{error.code} {error.what}".strip())
        return ()
    for policy in found.policies:
        for reason in sorted(set(policy.waits) - reasons):
            files.problem(FILE, policy.id, f"waits: there is no reason {reason!r} to hold.")
    return tuple(rows)


def write_promises(rows: Sequence[dict[str, Any]]) -> str:
    """Publish what the files say where nothing else was published since, and say what was done."""
    newest = PolicyVersion.objects.first()
    if newest is not None and newest.digest == policies.digest(rows):
        return ""
    if newest is not None and newest.by_id is not None:
        return f"The promises differ from version {newest.number}, which stays in force."
    made = policies.publish(rows=rows, note="fixtures")
    return f"Version {made.number} of the promises is published."
