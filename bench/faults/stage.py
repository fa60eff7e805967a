"""Makes what a run needs in the rig's own database, and prints it: ``python -m bench.faults.stage RECEIVER``.

A process of its own, because it needs Django and the driver does not.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

CROWD = 50  # workers of one unit who reach for the same referral
CROWD_UNIT = "SAMHI"
TOLD = ("TABIB", "YASHAT")  # agencies whose systems are told by webhook


def main() -> None:
    django.setup()
    from django.core.management import call_command

    from access.models import Token, User
    from callcenter.accounts import ACCOUNTS, ensure_demo_accounts

    call_command("migrate", interactive=False, verbosity=0)
    call_command("load_reference", stdout=sys.stderr)
    ensure_demo_accounts()
    names = [account.username for account in ACCOUNTS] + _crowd()
    users = User.objects.in_bulk(names, field_name="username")
    _hasten(users["admin"])
    tokens = {name: Token.issue(user) for name, user in users.items()}
    display = {name: user.display for name, user in users.items()}
    secrets = _endpoints(sys.argv[1], users)
    print(json.dumps({"tokens": tokens, "display": display, "endpoints": secrets}))


def _crowd() -> list[str]:
    from access.models import User
    from access.roles import Role
    from agencies.models import Membership

    names = [f"crowd{number}" for number in range(CROWD)]
    for name in names:
        user = User.objects.create(username=name, first_name=f"Worker {name}", role=Role.AGENCY_WORKER)
        Membership.objects.create(user=user, unit_id=CROWD_UNIT)
    return names


def _hasten(actor: Any) -> None:
    """Let the clocks of the most urgent run out within a run: published as any new promise is."""
    from sla import policies
    from sla.models import PolicyVersion

    rows = [dict(row) for row in PolicyVersion.objects.latest("number").policies]
    for row in rows:
        if row["id"] == "P0":
            row["targets"] = {**row["targets"], "first_answer": "1 min", "accept": "1 min"}
    policies.publish(rows=rows, actor=actor, note="fault rig")


def _endpoints(receiver: str, users: dict[str, Any]) -> dict[str, str]:
    """The secret of each agency's endpoint."""
    from delivery.services import add_endpoint

    return {
        agency: add_endpoint(
            actor=users[f"{agency.lower()}-admin"], agency=agency, url=f"{receiver}/hook/{agency}"
        )[1]
        for agency in TOLD
    }


if __name__ == "__main__":
    main()
