"""Editing the subjects' titles, documents and dispositions. Subtopics: ``callcenter.admin``."""

from __future__ import annotations

from people.admin import ReferenceAdmin

from .models import Disposition, Document, Topic


class DocumentAdmin(ReferenceAdmin):
    pass


class TopicAdmin(ReferenceAdmin):
    list_display = ("code", "az", "en", "ru", "health", "active")
    list_filter = ("active", "health")


class DispositionAdmin(ReferenceAdmin):
    list_display = ("code", "az", "en", "ru", "group", "next_action", "active")
    list_filter = ("active", "group")
    fixed = ("group",)


INTAKE = {Document: DocumentAdmin, Topic: TopicAdmin, Disposition: DispositionAdmin}
