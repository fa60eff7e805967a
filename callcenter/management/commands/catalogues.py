"""``manage catalogues``: gather the words of pages and code, and build the catalogues from them.

Needs no gettext tools: words are found by the Python parser and in the template tags, catalogues
are written and compiled with polib (a development dependency).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "_noop", "pgettext", "ngettext", "ngettext_lazy"}
TRANS = re.compile(r"""\{%\s*trans(?:late)?\s+(?P<quote>["'])(?P<text>.*?)(?P=quote)""")
INLINE = re.compile(r"""\b_\((?P<quote>["'])(?P<text>.*?)(?P=quote)\)""")
BLOCK = re.compile(
    r"\{%\s*blocktrans(?:late)?(?P<options>[^%]*)%\}(?P<text>.*?)"
    r"(?:\{%\s*plural\s*%\}(?P<plural>.*?))?\{%\s*endblocktrans(?:late)?\s*%\}",
    re.DOTALL,
)
VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
PACKAGES = (
    *("access", "agencies", "callcenter", "delivery", "events", "feedback"),
    *("intake", "people", "routing", "sla", "workflows"),
)
LANGUAGES = ("az", "ru")


class Command(BaseCommand):
    help = "Gathers all words and compiles the az and ru catalogues; --check only says what is missing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        words = set(gather(settings.BASE_DIR))
        missing = {language: update(language, words, write=not check) for language in LANGUAGES}
        for language, gaps in missing.items():
            self.stdout.write(f"{language}: {len(words)} words, {len(gaps)} missing")
            for text in sorted(gaps):
                self.stdout.write(f"  {text!r}")
        if check and any(missing.values()):
            raise CommandError(
                "Some words have no translation. Add them to the .po file, then run this again."
            )


def gather(root: Path) -> Iterator[tuple[str, str | None]]:
    """(singular, plural or None) of every word in code and templates."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from in_python(path.read_text())
    for path in sorted((root / "templates").rglob("*.html")):
        yield from in_template(path.read_text())


def in_python(source: str) -> Iterator[tuple[str, str | None]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if name in CALLS and texts:
                yield texts[0], texts[1] if name.startswith("ngettext") and len(texts) > 1 else None


def in_template(source: str) -> Iterator[tuple[str, str | None]]:
    for match in (*TRANS.finditer(source), *INLINE.finditer(source)):
        yield match["text"].replace('\\"', '"'), None
    for match in BLOCK.finditer(source):
        trimmed = "trimmed" in match["options"]
        yield block(match["text"], trimmed), block(match["plural"], trimmed) if match["plural"] else None


def block(text: str, trimmed: bool) -> str:
    text = VARIABLE.sub(lambda found: f"%({found[1]})s", text.replace("%", "%%") if "%" in text else text)
    return " ".join(line.strip() for line in text.splitlines() if line.strip()) if trimmed else text


def update(language: str, words: set[tuple[str, str | None]], *, write: bool) -> list[str]:
    """Bring a catalogue to these words, keeping translations; return what is still missing."""
    import polib

    path = Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"
    known = polib.pofile(str(path)) if path.exists() else polib.POFile()
    entries = {entry.msgid: entry for entry in known}
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
        "Plural-Forms": PLURALS[language],
    }
    for text, plural in sorted(words, key=lambda pair: (pair[0], pair[1] or "")):
        entry = entries.get(text) or polib.POEntry(msgid=text)
        if plural and not entry.msgid_plural:
            entry.msgid_plural = plural
            entry.msgstr_plural = dict.fromkeys(range(FORMS[language]), "")
            entry.msgstr = ""
        if not any(text == done.msgid for done in catalogue[-1:]):
            catalogue.append(entry)
    if write:
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
    return [entry.msgid for entry in catalogue if not entry.translated()]


PLURALS = {
    "az": "nplurals=2; plural=(n != 1);",
    "ru": "nplurals=4; plural=(n%10==1 && n%100!=11 ? 0 : "
    "n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : "
    "n%10==0 || (n%10>=5 && n%10<=9) || (n%100>=11 && n%100<=14)? 2 : 3);",
}
FORMS = {"az": 2, "ru": 4}
