"""Reading the reference files and saying what is wrong with them, row by row. No database."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from people.reference import CODE

Row = dict[str, Any]

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is ten times as fast, not everywhere

MARK = re.compile(r"(S:|G\b|D\b)")
EVERY_ROW = frozenset({"id", "az", "en", "ru", "mark"})


@dataclass(frozen=True)
class Problem:
    """One thing wrong: the file, the code of the row (empty for the file itself) and a sentence."""

    file: str
    row: str
    sentence: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.row, self.sentence) if part)


class Files:
    """The files of one folder. Whatever is wrong is collected, so that one run reports everything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []

    def problem(self, file: str, row: str, sentence: str) -> None:
        self.problems.append(Problem(file, row, sentence))

    def document(self, file: str, kind: type[Any]) -> Any:
        """The parsed file, or an empty ``kind`` (list or dict) when it cannot be used."""
        try:
            content = yaml.load((self.folder / file).read_text("utf-8"), LOADER)  # noqa: S506  # a safe one
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.problem(file, "", f"The file cannot be read: {reason}.")
        except yaml.YAMLError as error:
            self.problem(file, "", f"This is not YAML: {' '.join(str(error).split())}")
        else:
            if content and isinstance(content, kind):
                return content
            self.problem(
                file, "", f"The file has to hold a {'list' if kind is list else 'map'}, not an empty one."
            )
        return kind()

    def table(self, file: str, *fields: str) -> list[Row]:
        """The rows of a file that is a list."""
        return self.rows(file, self.document(file, list), fields)

    def groups(self, file: str, names: Iterable[str], *fields: str) -> list[tuple[str, Row]]:
        """(group, row) of a file that is a map of lists; a code is used once in the whole file."""
        content: dict[Any, Any] = self.document(file, dict)
        known = list(names)
        for unknown in [key for key in content if key not in known]:
            self.problem(file, str(unknown), f"There is no such group; there are {', '.join(known)}.")
        grouped = [(name, row) for name in known for row in self.listed(file, name, content.get(name))]
        sound = self.rows(file, [row for _, row in grouped], fields)
        return [(name, row) for name, row in grouped if any(row is each for each in sound)]

    def rows(self, file: str, items: Iterable[Any], fields: Iterable[str]) -> list[Row]:
        """The usable rows among ``items``: with a code of their own, a mark, and no unknown field."""
        sound: dict[str, Row] = {}
        for item in items:
            code = item.get("id") if isinstance(item, dict) else None
            if not isinstance(code, str) or not CODE.fullmatch(code):
                self.problem(
                    file, str(code or item)[:40], "A row needs an id: 1 to 32 letters, digits, . _ -"
                )
            elif code in sound:
                self.problem(file, code, "This code is used twice.")
            else:
                sound[code] = item
                self._check_fields(file, item, EVERY_ROW.union(fields))
        return list(sound.values())

    def _check_fields(self, file: str, row: Row, known: frozenset[str]) -> None:
        for unknown in [key for key in row if key not in known]:
            self.problem(file, row["id"], f"There is no field {unknown!r} here.")
        for name in EVERY_ROW.intersection(row):
            if not isinstance(row[name], str):
                self.problem(file, row["id"], f"{name}: {row[name]!r} is no text; put it in quotes.")
        if not MARK.match(str(row.get("mark", ""))):
            self.problem(file, row["id"], "The mark has to begin with S:key, G or D.")

    def listed(self, file: str, row: str, value: Any) -> list[Any]:
        """``value`` when it is a list; an absent one is empty."""
        if value is None or isinstance(value, list):
            return value or []
        self.problem(file, row, f"{value!r} has to be a list.")
        return []

    def texts(self, file: str, row: Row, field: str) -> list[str]:
        """The list of texts in ``field``, each standing there once."""
        found = self.listed(file, row["id"], row.get(field))
        texts = [text for text in found if isinstance(text, str)]
        for other in [each for each in found if not isinstance(each, str)]:
            self.problem(file, row["id"], f"{field}: {other!r} is no text; put it in quotes.")
        for twice in sorted({text for text in texts if texts.count(text) > 1}):
            self.problem(file, row["id"], f"{field}: {twice!r} stands there twice.")
        return texts

    def codes(self, file: str, row: Row, field: str, known: Container[str], what: str) -> list[str]:
        """The list of codes in ``field``, each of them known."""
        found = self.texts(file, row, field)
        for code in found:
            self.code(file, row["id"], field, code, known, what)
        return found

    def code(self, file: str, row: str, field: str, code: Any, known: Container[str], what: str) -> bool:
        if isinstance(code, str) and code in known:
            return True
        self.problem(file, row, f"{field}: {code!r} is no {what}.")
        return False
