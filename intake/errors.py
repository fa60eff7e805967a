"""What intake refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from events.errors import Conflict


class ContactFinalised(Conflict):
    """A finalised contact is a record; it is not edited any more."""

    code = "contact_finalised"
    message = _("This contact is finished and cannot be changed. Start a new one.")
