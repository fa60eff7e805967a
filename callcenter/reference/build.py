"""From rows of the files to rows of the database, with every reference checked. Asks no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import translation

from agencies.models import Agency, Reason, Service, Unit
from intake.models import Disposition, Document, Subtopic, Topic
from people.models import Category, District, Region
from people.reference import ReferenceRow
from sla.arithmetic import TARGET

from .days import Documents, calendar
from .files import Files, Row
from .promises import promises
from .rules import RuleDocument, check_rules, rules
from .services import services

AGENCIES, TOPICS = "agencies.yaml", "topics.yaml"
REGIONS, BAKU = "regions.yaml", "baku_districts.yaml"
REASONS, DISPOSITIONS = "reasons.yaml", "dispositions.yaml"

# The product writes these reasons itself: workflows.steps and workflows.actions.
WRITTEN_BY_US = ("policy_met", "withdrawn", "entered_in_error")

# Tables whose codes rules may name.
NAMED_BY_RULES = ("subtopics", "topics", "districts", "regions", "categories", "units", "documents")

R = TypeVar("R", bound=ReferenceRow)


@dataclass
class Book:
    """All reference data of a folder: its tables in the order of their writing, and the calendar."""

    regions: list[Region] = field(default_factory=list)
    districts: list[District] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    agencies: list[Agency] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    topics: list[Topic] = field(default_factory=list)
    subtopics: list[Subtopic] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    dispositions: list[Disposition] = field(default_factory=list)
    calendar: Documents = field(default_factory=dict)
    promises: tuple[Row, ...] = ()
    rules: RuleDocument = field(default_factory=dict)

    def tables(self) -> list[list[Any]]:
        return [rows for rows in vars(self).values() if isinstance(rows, list)]


def build(files: Files) -> Book:
    """Read and check everything; what is wrong stands in ``files.problems`` afterwards."""
    book = Book()
    with translation.override("en"):
        places(files, book)
        book.categories = [
            made(files, "categories.yaml", row, Category) for row in files.table("categories.yaml")
        ]
        book.documents = [
            made(files, "documents.yaml", row, Document) for row in files.table("documents.yaml")
        ]
        directory(files, book)
        subjects(files, book)
        book.services = services(files, codes(book.units), codes(book.subtopics), codes(book.districts))
        reasons(files, book)
        dispositions(files, book)
        book.promises = promises(files, {reason.code for reason in book.reasons if reason.kind == "on_hold"})
        book.calendar = calendar(files, {unit.code for unit in book.units})
        book.rules = rules(files, book.topics, book.subtopics)
        if not files.problems:  # a code that is wrong in its own file would be told twice
            check_rules(files, book.rules, {name: getattr(book, name) for name in NAMED_BY_RULES})
    return book


def codes(rows: Iterable[ReferenceRow]) -> frozenset[str]:
    return frozenset(row.code for row in rows)


def made(files: Files, file: str, row: Row, model: type[R], **fields: Any) -> R:
    """One row of the database; its own rules (lengths, choices, blanks) are checked here."""
    names = {name: row.get(name, "") for name in ("az", "en", "ru", "mark")}
    made = model(code=row["id"], **names, **fields)
    keys = [each.name for each in model._meta.concrete_fields if isinstance(each, models.ForeignKey)]
    try:
        made.clean_fields(exclude=keys)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            files.problem(file, row["id"], f"{name}: {' '.join(messages)}")
    return made


def places(files: Files, book: Book) -> None:
    used: dict[str, str] = {}
    for row in files.table(REGIONS, "units"):
        book.regions.append(made(files, REGIONS, row, Region))
        for unit in files.rows(
            REGIONS, files.listed(REGIONS, row["id"], row.get("units")), ("kind", "since")
        ):
            if used.setdefault(unit["id"], row["id"]) != row["id"]:
                files.problem(REGIONS, unit["id"], f"This code is used in {used[unit['id']]} too.")
            district = made(files, REGIONS, unit, District, kind=unit.get("kind", ""), region_id=row["id"])
            book.districts.append(district)
    _check_catchment(files, {region.az for region in book.regions})


def _check_catchment(files: Files, regions: set[str]) -> None:
    """The psychological help centres' catchment has to name every region once and no other."""
    catchment = files.document(BAKU, dict).get("psych_catchment")
    named = set(catchment) if isinstance(catchment, dict) else set()
    for name in sorted(regions ^ named):
        files.problem(BAKU, name, "psych_catchment has to name exactly the regions of regions.yaml.")


def directory(files: Files, book: Book) -> None:
    """Agencies and units: a row without a parent is both, a row with one is a unit of its root's agency."""
    rows = {
        row["id"]: row for row in files.table(AGENCIES, "scope", "parent", "abbr", "health", "hotline", "web")
    }
    for row in rows.values():
        path = _path(files, rows, row)
        if not _check_scope(files, row):
            continue
        if "parent" not in row:
            book.agencies.append(
                made(
                    files, AGENCIES, row, Agency,
                    scope=row["scope"],
                    abbr=row.get("abbr", ""),
                    hotline=files.texts(AGENCIES, row, "hotline"),
                    web=row.get("web", ""),
                )
            )  # fmt: skip
        book.units.append(
            made(
                files, AGENCIES, row, Unit,
                agency_id=path[0],
                parent_id=row.get("parent"),
                path=path,
                abbr=row.get("abbr", ""),
                health=row.get("health"),
            )
        )  # fmt: skip


def _path(files: Files, rows: dict[str, Row], row: Row) -> list[str]:
    """The codes from the front desk down to this row."""
    path = [row["id"]]
    while (parent := rows[path[0]].get("parent")) is not None:
        if not files.code(AGENCIES, row["id"], "parent", parent, rows, "agency or unit"):
            break
        if parent in path:
            files.problem(AGENCIES, row["id"], "The row is its own parent, over other rows.")
            break
        path.insert(0, parent)
    return path


def _check_scope(files: Files, row: Row) -> bool:
    scope = str(row.get("scope"))
    wrong = {"in_system": "parent" in row, "sub": "parent" not in row, "external": False}.get(scope, True)
    if wrong:
        files.problem(
            AGENCIES,
            row["id"],
            f"scope: {scope!r} does not fit: in_system has no parent, sub has one, or external.",
        )
    return not wrong


def subjects(files: Files, book: Book) -> None:
    units = {unit.code for unit in book.units}
    documents = {document.code for document in book.documents}
    used: dict[str, str] = {}
    for row in files.table(TOPICS, "health", "sub"):
        book.topics.append(made(files, TOPICS, row, Topic, health=row.get("health")))
        fields = ("lead", "with", "urg", "first", "res", "need", "keywords")
        for sub in files.rows(TOPICS, files.listed(TOPICS, row["id"], row.get("sub")), fields):
            if used.setdefault(sub["id"], row["id"]) != row["id"]:
                files.problem(TOPICS, sub["id"], f"This code is used in {used[sub['id']]} too.")
            book.subtopics.append(_subtopic(files, sub, row["id"], units, documents))


def _subtopic(files: Files, row: Row, topic: str, units: set[str], documents: set[str]) -> Subtopic:
    files.code(TOPICS, row["id"], "lead", row.get("lead"), units, "agency or unit")
    joint = files.codes(TOPICS, row, "with", units, "agency or unit")
    if row.get("lead") in joint:
        files.problem(TOPICS, row["id"], "The lead cannot stand among those it works with.")
    for name in ("first", "res"):
        if not TARGET.fullmatch(str(row.get(name))):
            files.problem(
                TOPICS, row["id"], f"{name}: {row.get(name)!r} is no target such as '8 wh' or '7 wd'."
            )
    return made(
        files, TOPICS, row, Subtopic,
        topic_id=topic,
        lead=row.get("lead", ""),
        joint=joint,
        urgency=row.get("urg", ""),
        first=row.get("first", ""),
        resolve=row.get("res", ""),
        documents=files.codes(TOPICS, row, "need", documents, "document"),
        keywords=files.texts(TOPICS, row, "keywords"),
    )  # fmt: skip


def reasons(files: Files, book: Book) -> None:
    kinds = [kind for kind, _ in Reason.KINDS]
    for kind, row in files.groups(REASONS, kinds, "effect", "note"):
        book.reasons.append(
            made(
                files, REASONS, row, Reason,
                kind=kind,
                effect=row.get("effect", "none"),
                needs_note=row.get("note", False),
            )
        )  # fmt: skip
    cancelled = {reason.code for reason in book.reasons if reason.kind == "cancelled"}
    for code in WRITTEN_BY_US:
        if code not in cancelled:
            files.problem(
                REASONS, code, "The product writes this reason itself; it has to stand under cancelled."
            )


def dispositions(files: Files, book: Book) -> None:
    groups = [group for group, _ in Disposition.GROUPS]
    for group, row in files.groups(DISPOSITIONS, groups, "next"):
        disposition = made(
            files, DISPOSITIONS, row, Disposition, group=group, next_action=row.get("next", "")
        )
        book.dispositions.append(disposition)
