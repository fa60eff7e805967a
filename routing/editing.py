"""The life of a draft: begun, changed row by row with reasons, reviewed, published by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from events import clock
from events.errors import Invalid, StaleVersion

from . import documents, golden, misroutes, past, selectors
from .directory import at_rest
from .errors import NotADraft, NotReady, Overtaken, SecondPerson, refuse
from .lifecycle import RULESET, RuleSetStatus
from .models import RuleEdit, RuleSet
from .rules import caution
from .rules.book import RuleBook, compile_book, digest
from .rules.check import Problem, problems, unusable

NUMBERING = 0x52554C  # "RUL": one new number at a time
WHY = 300


@transaction.atomic
def start_draft(*, actor_id: int, source: int, note: str) -> RuleSet:
    """Begin a draft with the rules of ``source``: those in force, or earlier ones to go back to them."""
    origin = RuleSet.objects.get(pk=source)
    in_force = RuleSet.objects.get(status=RuleSetStatus.PUBLISHED)
    note = _reason("note", note)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
    newest = RuleSet.objects.values_list("number", flat=True).first() or 0
    return RuleSet.objects.create(
        number=newest + 1,
        document=origin.document,
        digest=origin.digest,
        base=in_force,
        source=origin,
        note=note,
        author_id=actor_id,
        created_at=clock.now(),
        changed_at=clock.now(),
    )


@transaction.atomic
def put_rule(
    *,
    actor_id: int,
    number: int,
    section: str,
    rule: Mapping[str, Any],
    why: str,
    replaces: str = "",
    version: int | None = None,
) -> RuleSet:
    """Add a rule at the end of a section, or put it in the place of ``replaces``."""
    row = _lock(number, version)
    return _write(row, documents.with_rule(row.document, section, rule, replaces), actor_id, why)


@transaction.atomic
def remove_rule(*, actor_id: int, number: int, rule: str, why: str, version: int | None = None) -> RuleSet:
    """Take a rule out of a draft."""
    row = _lock(number, version)
    return _write(row, documents.without_rule(row.document, rule), actor_id, why)


@transaction.atomic
def move_rule(
    *, actor_id: int, number: int, rule: str, by: int, why: str, version: int | None = None
) -> RuleSet:
    """Move a rule within its section by so many places, as far as the section goes."""
    row = _lock(number, version)
    return _write(row, documents.with_moved_rule(row.document, rule, by), actor_id, why, moved=rule)


@transaction.atomic
def put_question(
    *,
    actor_id: int,
    number: int,
    question: Mapping[str, Any],
    why: str,
    replaces: str = "",
    version: int | None = None,
) -> RuleSet:
    """Add a question behind the others, or put it in the place of ``replaces``."""
    row = _lock(number, version)
    return _write(row, documents.with_question(row.document, question, replaces), actor_id, why)


@transaction.atomic
def remove_question(
    *, actor_id: int, number: int, question: str, why: str, version: int | None = None
) -> RuleSet:
    """Take a question out of a draft. Raises ``Invalid`` by row while rules or terms look at it."""
    row = _lock(number, version)
    return _write(row, documents.without_question(row.document, question), actor_id, why)


@transaction.atomic
def put_term(
    *,
    actor_id: int,
    number: int,
    name: str,
    term: Mapping[str, Any],
    why: str,
    replaces: str = "",
    version: int | None = None,
) -> RuleSet:
    """Add a term, or put it in the place of ``replaces``."""
    row = _lock(number, version)
    return _write(row, documents.with_term(row.document, name, term, replaces), actor_id, why)


@transaction.atomic
def remove_term(*, actor_id: int, number: int, name: str, why: str, version: int | None = None) -> RuleSet:
    """Take a term out of a draft. Raises ``Invalid`` by row while rules or other terms use it."""
    row = _lock(number, version)
    return _write(row, documents.without_term(row.document, name), actor_id, why)


@transaction.atomic
def set_hit(
    *, actor_id: int, number: int, section: str, hit: str, why: str, version: int | None = None
) -> RuleSet:
    """Say how many rules of a section may hold. Raises ``Invalid`` for what the section cannot have."""
    row = _lock(number, version)
    return _write(row, documents.with_hit(row.document, section, hit), actor_id, why)


@transaction.atomic
def rewrite(*, actor_id: int, number: int, document: Any, why: str, version: int | None = None) -> RuleSet:
    """Put a whole document in place of a draft's, such as one from a spreadsheet."""
    return _write(_lock(number, version), document, actor_id, why)


def _write(row: RuleSet, document: Any, actor_id: int, why: str, *, moved: str = "") -> RuleSet:
    """Keep a changed document with who changed which rows and why.

    What cannot be read or names unknown codes is refused by row (``Invalid``); what is only not right
    yet, such as an overlap, is kept: a draft may pass through it.
    """
    why = _reason("why", why)
    refuse(unusable(document, selectors.vocabulary()))
    if document == row.document:
        return row
    changes = documents.changed_rows(row.document, document)
    if moved and not changes:
        rule = documents.by_name(document)[moved]
        changes = {moved: (rule, rule)}
    changes = changes or {"": (None, None)}  # the order alone: who changed it may not publish either
    RuleEdit.objects.bulk_create(
        RuleEdit(ruleset=row, row=code, before=before, after=after, why=why, by_id=actor_id, at=clock.now())
        for code, (before, after) in changes.items()
    )
    row.document, row.digest = document, digest(document)
    row.changed_at = clock.now()
    row.version += 1
    row.save(update_fields=["document", "digest", "changed_at", "version"])
    return row


@transaction.atomic
def take_up(*, actor_id: int, proposal: misroutes.Proposal, why: str) -> RuleSet:
    """Begin a draft in which a rule is changed as returns speak for. Raises ``Invalid`` when none fits."""
    in_force = RuleSet.objects.get(status=RuleSetStatus.PUBLISHED)
    try:
        document = misroutes.applied(in_force.document, proposal)
    except LookupError:
        sentence = _("No rule sends this subject there on its own. Change the rules by hand.")
        raise Invalid.field("proposal", sentence, code="no_rule") from None
    draft = start_draft(actor_id=actor_id, source=in_force.pk, note=why)
    return rewrite(actor_id=actor_id, number=draft.pk, document=document, why=why)


@transaction.atomic
def rehearse(*, number: int, days: int) -> RuleSet:
    """Try a draft on the last ``days`` days and keep the report with it."""
    row = RuleSet.objects.get(pk=number)
    report = past.rehearse(compile_book(row.document), days=days)
    RuleSet.objects.filter(pk=number).update(rehearsal=report, rehearsed=row.digest)
    row.rehearsal, row.rehearsed = report, row.digest
    return row


@transaction.atomic
def submit(*, actor_id: int, number: int, version: int | None = None) -> RuleSet:
    """Hand a draft to a second person. Raises ``NotReady`` while something stands in its way."""
    row = _lock(number, version)
    _check_ready(row)
    return _move(row, RuleSetStatus.REVIEW, submitted_by_id=actor_id, submitted_at=clock.now())


@transaction.atomic
def send_back(*, actor_id: int, number: int, why: str, version: int | None = None) -> RuleSet:
    """Make a reviewed rule set a draft again, with a reason that its edits keep."""
    row = _lock(number, version, status=RuleSetStatus.REVIEW)
    why = _reason("why", why)
    RuleEdit.objects.create(ruleset=row, row="", why=why, by_id=actor_id, at=clock.now())
    return _move(row, RuleSetStatus.DRAFT, submitted_by=None, submitted_at=None)


@transaction.atomic
def discard(*, number: int, version: int | None = None) -> RuleSet:
    """Give a draft up. It is kept, and can be begun from again."""
    row = RuleSet.objects.select_for_update().get(pk=number)
    _check_version(row, version)
    return _move(row, RuleSetStatus.DISCARDED)


@transaction.atomic
def publish(*, actor_id: int, number: int, version: int | None = None) -> RuleSet:
    """Put a reviewed rule set in force. Open applications keep the way they went.

    Raises ``SecondPerson``, ``NotReady`` (the reference data may have changed since the review) or
    ``Overtaken``.
    """
    row = _lock(number, version, status=RuleSetStatus.REVIEW)
    before = RuleSet.objects.select_for_update().filter(status=RuleSetStatus.PUBLISHED).first()
    if before is None:  # somebody published another one while we waited
        raise Overtaken
    if actor_id in {row.author_id, row.submitted_by_id, *row.edits.values_list("by_id", flat=True)}:
        raise SecondPerson
    if row.base_id != before.pk:
        raise Overtaken
    _check_ready(row)
    _move(before, RuleSetStatus.RETIRED, retired_at=clock.now())
    _move(row, RuleSetStatus.PUBLISHED, published_by_id=actor_id, published_at=clock.now())
    transaction.on_commit(selectors.forget)
    return row


# What stands in the way -------------------------------------------------------------------------------------


def standing(row: RuleSet) -> tuple[list[Problem], list[golden.Outcome]]:
    """What is wrong with a rule set, and its golden cases that fail (none are tried while it is wrong)."""
    found = problems(row.document, selectors.vocabulary())
    if found:
        return found, []
    failing = golden.run(book_of(row), at_rest(selectors.directory().directory))
    return [], [outcome for outcome in failing if not outcome.passed]


def cautions(row: RuleSet) -> list[Problem]:
    """What is allowed and seldom meant in a rule set without problems."""
    base = row.base.document if row.base else row.document
    return caution.cautions(row.document, book_of(row), selectors.vocabulary().codes["subtopics"], base)


def book_of(row: RuleSet) -> RuleBook:
    return compile_book(row.document)


def _check_ready(row: RuleSet) -> None:
    found, failing = standing(row)
    rehearsed = row.rehearsed == row.digest
    if found or failing or not rehearsed:
        raise NotReady(
            problems=[problem.row for problem in found],
            cases=[f"{outcome.rule}/{outcome.case.code}" for outcome in failing],
            rehearsed=rehearsed,
        )


# Small things -----------------------------------------------------------------------------------------------


def _lock(number: int, version: int | None, *, status: str = RuleSetStatus.DRAFT) -> RuleSet:
    row = RuleSet.objects.select_for_update().get(pk=number)
    if row.status != status:
        raise NotADraft if status == RuleSetStatus.DRAFT else NotReady
    _check_version(row, version)
    return row


def _check_version(row: RuleSet, version: int | None) -> None:
    if version is not None and version != row.version:
        raise StaleVersion(yours=version, current=row.version)


def _move(row: RuleSet, status: RuleSetStatus, **changes: Any) -> RuleSet:
    RULESET.check(RuleSetStatus(row.status), status)
    row.status = status
    row.version += 1
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=["status", "version", *(name.removesuffix("_id") for name in changes)])
    return row


def _reason(field: str, why: str) -> str:
    why = " ".join(why.split())
    if not why:
        raise Invalid.field(field, _("Say why: whoever reads the rules later has to understand it."))
    if len(why) > WHY:
        raise Invalid.field(field, _("This is longer than 300 characters."), code="too_long")
    return why
