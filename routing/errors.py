"""What routing refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from events.errors import Conflict


class NoRules(Conflict):
    """No rule set is published; nothing can be routed."""

    code = "no_rules"
    message = _("No routing rules are published. An administrator has to load the reference data.")
