"""The words the scripts say."""

from __future__ import annotations

from django.utils.translation import gettext as _


def js_word_table() -> dict[str, str]:
    return {
        "live": _("Live"),
        "catching": _("Catching up"),
        "stale": _("Stale since %(since)s"),
        "held_new": _("%(n)s new"),
        "held_changed": _("%(n)s changed"),
        "held": _("%(what)s: refresh the list"),
        "gone": _("No longer in this list"),
        "behind": _(
            "Something has changed here meanwhile. You see it when you have sent or cleared your text."
        ),
        "said_late": _("%(n)s late"),
        "said_escalation": _("Time is up: a supervisor has to step in"),
        "said_crisis": _("A crisis has been opened"),
        "day": _("%(n)s working day"),
        "days": _("%(n)s working days"),
        "hours": _("%(n)s h"),
        "minutes": _("%(n)s min"),
        "left": _("%(span)s left"),
        "over": _("%(span)s over"),
        "draft_saving": _("Saving"),
        "draft_saved": _("Saved %(time)s"),
        "draft_local": _("Only on this computer"),
        "draft_found": _("There is unfinished text from %(time)s."),
        "count": _("%(n)s / %(limit)s, %(left)s left"),
        "count_over": _("%(n)s / %(limit)s, %(over)s too many"),
        "keys_none": _("This page has no keys of its own."),
        "not_sent": _("Not sent"),
        "not_sent_more": _("The server does not answer. What you wrote is still here; send it again."),
        "not_done_more": _("The server could not do this. Nothing was lost; try again."),
        "support_code": _("Tell support: %(code)s"),
        "close": _("Close"),
    }
