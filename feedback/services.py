"""Recording what the citizen said."""

from __future__ import annotations

from typing import Any

from agencies.models import Referral
from events import clock
from intake.models import Application
from intake.services import body

from .models import Confirmation, Verdict


def record(
    *, application: Application, actor: Any, verdict: Verdict, text: str, referral: Referral | None = None
) -> Confirmation:
    """Record one confirmation call; a dispute needs the citizen's words."""
    return Confirmation.objects.create(
        application=application,
        verdict=verdict,
        referral=referral,
        text=body("text", text, required=verdict == Verdict.DISPUTED),
        by=actor,
        at=clock.now(),
    )
