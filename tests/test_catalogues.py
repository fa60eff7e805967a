"""Every word of pages and refusals is there in Azerbaijani and Russian, and compiled as committed."""

from __future__ import annotations

import re
import subprocess

import polib
import pytest
from django.conf import settings

from callcenter.management.commands.catalogues import LANGUAGES, gather

CATALOGUES = settings.LOCALE_PATHS[0]
PLACES = re.compile(r"%\((\w+)\)[sd]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_missing(language: str) -> None:
    known = {entry.msgid for entry in polib.pofile(path(language, "po")) if entry.translated()}

    assert sorted({text for text, _plural in gather(settings.BASE_DIR)} - known) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_survive_translation(language: str) -> None:
    wrong = [
        entry.msgid
        for entry in polib.pofile(path(language, "po"))
        if entry.msgstr and set(PLACES.findall(entry.msgid)) != set(PLACES.findall(entry.msgstr))
    ]

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_committed_one(language: str) -> None:
    """A newcomer has no gettext: the compiled file comes with the clone."""
    words = {e.msgid: e.msgstr for e in polib.pofile(path(language, "po")) if e.msgstr}
    compiled = {e.msgid: e.msgstr for e in polib.mofile(path(language, "mo")) if e.msgstr}

    assert compiled == words
    ignored = subprocess.run(
        ["git", "check-ignore", path(language, "mo")], cwd=settings.BASE_DIR, capture_output=True
    )
    assert ignored.returncode != 0, "git ignores the compiled catalogue"


def path(language: str, kind: str) -> str:
    return str(CATALOGUES / language / "LC_MESSAGES" / f"django.{kind}")
