"""What people refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from events.errors import Conflict


class FinTaken(Conflict):
    """Another person already has this FIN; two records of one person are worse than none."""

    code = "fin_taken"
    message = _("A person with this FIN is already registered. Search for the FIN and use that record.")

    def __init__(self) -> None:
        super().__init__(errors={"fin": [self.message]})
