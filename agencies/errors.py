"""What agencies refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from events.errors import Conflict, Invalid


class Taken(Conflict):
    """Somebody else has it; says who, so that the two can talk."""

    code = "taken"

    def __init__(self, who: str) -> None:
        super().__init__(
            _("%(who)s has already taken this. Take the next one, or ask them to release it.") % {"who": who},
            assignee=who,
        )


class TakenByYou(Taken):
    """The caller has it himself."""

    def __init__(self, who: str) -> None:
        super().__init__(who)
        self.message = _("You have taken this already. Go on with it, or release it.")


class NotTaken(Conflict):
    """Nobody holds it, so there is nothing to release."""

    code = "not_taken"
    message = _("Nobody has taken this referral yet. Take it first.")


class AlreadyAsked(Conflict):
    """A unit works on one open referral per application, not two."""

    code = "already_asked"

    def __init__(self, unit: str) -> None:
        super().__init__(
            _("%(unit)s is already working on this application. Choose another unit.") % {"unit": unit},
            unit=unit,
        )


class ReasonRequired(Invalid):
    """A coded reason of the right kind is required."""

    code = "reason_required"
