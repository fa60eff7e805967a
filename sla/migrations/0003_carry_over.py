"""Clocks from before there were versions run on under the first of them, with their instants as promised.

A home with data has no published calendar or policy yet. Version 1 is made of the files, as the next
``load_reference`` would; it then publishes what the files say as version 2 where that differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db import migrations
from django.utils import timezone

FILES = Path(settings.BASE_DIR) / "fixtures" / "reference"
YIELDED = ("moved_off", "shortened", "working_days")  # the rule gives them; a version does not store them

CARRY_OVER = """
UPDATE sla_clock SET
       measure = CASE WHEN referral_id IS NULL THEN 'resolution' ELSE 'resolve' END,
       calendar_version_id = 1, policy_version_id = 1, policy = 'ORDINARY',
       levels = '{75,100}', instants = ARRAY[warn_at, due_at],
       next_at = CASE WHEN stopped_at IS NULL THEN warn_at END;
UPDATE intake_application a SET warn_at = c.warn_at
  FROM sla_clock c WHERE c.application_id = a.id AND c.referral_id IS NULL AND c.due_at = a.due_at;
UPDATE agencies_referral r SET warn_at = c.warn_at FROM sla_clock c WHERE c.referral_id = r.id;
"""


def carry_over(apps: Any, schema_editor: Any) -> None:
    if not apps.get_model("sla", "Clock").objects.exists():
        return
    present, note = timezone.now(), "fixtures"
    calendar = yaml.safe_load((FILES / "calendar.yaml").read_text("utf-8"))
    apps.get_model("sla", "CalendarVersion").objects.create(
        number=1, published_at=present, note=note, **_documents(calendar)
    )
    policies = yaml.safe_load((FILES / "sla.yaml").read_text("utf-8"))["policies"]
    apps.get_model("sla", "PolicyVersion").objects.create(
        number=1, published_at=present, note=note, policies=policies
    )
    schema_editor.execute(CARRY_OVER)


def _documents(calendar: dict[Any, Any]) -> dict[str, Any]:
    years = {
        str(year): {key: value for key, value in lists.items() if key not in YIELDED}
        for year, lists in calendar.items()
        if isinstance(year, int)
    }
    hours = {row["id"]: {key: row[key] for key in ("az", "en", "ru", "week")} for row in calendar["hours"]}
    return {
        "years": years,
        "hours": hours,
        "units": {row["id"]: row["hours"] for row in calendar["units"]},
    }


class Migration(migrations.Migration):
    dependencies = [("sla", "0002_versions_and_levels")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
