"""Reading the rule sets. Nobody edits them here: a published one never changes."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from people.admin import KeptAdmin

from .models import RuleSet
from .rules.book import rows_of


class RuleSetAdmin(KeptAdmin):
    list_display = ("number", "status", "published_at", "digest")
    fields = readonly_fields = ("number", "status", "published_at", "digest", "as_text")

    @admin.display(description="rules")
    def as_text(self, ruleset: RuleSet) -> str:
        """One rule a line, in the order in which they are asked."""
        return format_html(
            "<pre>{}</pre>",
            "\n".join(json.dumps(rule, ensure_ascii=False) for _section, rule in rows_of(ruleset.document)),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


ROUTING = {RuleSet: RuleSetAdmin}
