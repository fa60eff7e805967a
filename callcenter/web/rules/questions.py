"""What is asked in the call, conditions with a name, and how many rules may hold for one subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from access.policy import Action
from callcenter import rulewords, words
from callcenter.web.doors import actor_of, page
from events.errors import NotVisible
from people.text import sort_key
from routing import documents, editing, selectors
from routing.models import RuleSet
from routing.rules.book import Hit
from routing.rules.check import Problem, unusable

from .changes import WORDS
from .choosing import Choices
from .common import Sight, done, sight_of
from .editing import Editing, changed, said_by
from .looking import Lookers, lookers
from .question_forms import QuestionForm, TermForm, shown_question, shown_term
from .rule import edits_of
from .speech import HITS, KINDS, Speech, names
from .speech import SECTIONS as SECTION_WORDS

Row = Mapping[str, Any]
Context = dict[str, Any]
SUBJECT = "subject"  # the only section in which it is a choice how many rules may hold
HISTORY = 20  # edits that a page tells


@dataclass(frozen=True)
class Entry:
    """A question or a term in words, who looks at it, and what an open rule set changes in it."""

    code: str
    words: str
    lookers: Lookers
    mark: str
    kind: str = ""
    answers: tuple[str, ...] = ()
    topics: str = ""
    condition: str = ""

    @property
    def look(self) -> str:
        return WORDS[self.mark][0] if self.mark else ""

    @property
    def mark_word(self) -> str | Promise:
        return WORDS[self.mark][1] if self.mark else ""


@page(Action.RULES_VIEW)
def show(request: HttpRequest, number: int) -> HttpResponse:
    """All questions in the order in which they are asked, all terms, and the hit policy, in words."""
    sight = sight_of(request, number)
    looking = lookers(sight.ruleset.document)
    context = {
        "sight": sight,
        "ruleset": sight.ruleset,
        "questions": list(_questions(sight, looking)),
        "terms": sorted(_terms(sight, looking), key=lambda entry: sort_key(entry.words)),
        "section_word": SECTION_WORDS[SUBJECT],
        "hit": _hit(sight.ruleset),
        "hits": [(hit.value, HITS[hit]) for hit in (Hit.UNIQUE, Hit.FIRST)],
    }
    return render(request, "rules/questions.html", context)


def _questions(sight: Sight, looking: Mapping[str, Lookers]) -> Iterator[Entry]:
    for row in sight.ruleset.document.get("questions", ()):
        name = f"?{row['code']}"
        yield Entry(
            code=row["code"],
            words=rulewords.in_language(row),
            lookers=looking.get(name, Lookers()),
            mark=sight.changes.of(name),
            kind=words.of(KINDS, row["kind"]),
            answers=tuple(rulewords.in_language(option) for option in row.get("options", ())),
            topics=names("topics", row.get("topics", ())),
        )


def _terms(sight: Sight, looking: Mapping[str, Lookers]) -> Iterator[Entry]:
    speech = Speech(sight.ruleset.document)
    for code, term in sight.ruleset.document.get("terms", {}).items():
        name = f"={code}"
        yield Entry(
            code=code,
            words=rulewords.in_language(term),
            lookers=looking.get(name, Lookers()),
            mark=sight.changes.of(name),
            condition=speech.condition(term["when"]),
        )


def _hit(ruleset: RuleSet) -> str:
    return next(str(it["hit"]) for it in ruleset.document["sections"] if it["code"] == SUBJECT)


@page(Action.RULES_EDIT, methods=("POST",))
def set_hit(request: HttpRequest, number: int) -> HttpResponse:
    """Say whether one rule at most may hold for a subject, or the first of several decides."""
    sight_of(request, number)

    def command() -> None:
        hit = request.POST.get("hit", "")
        editing.set_hit(section=SUBJECT, hit=hit, **said_by(request, number))

    return done(request, "rule-questions", _("Saved."), command, number=number)


# A question -------------------------------------------------------------------------------------------------


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def edit(request: HttpRequest, number: int, question: str) -> HttpResponse:
    """The words, the groups of subjects and the answers of a question of a draft."""
    return _question(request, number, question)


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def add(request: HttpRequest, number: int) -> HttpResponse:
    """A new question behind the others."""
    return _question(request, number)


def _question(request: HttpRequest, number: int, code: str = "") -> HttpResponse:
    sight = sight_of(request, number)
    before = _asked(sight.ruleset, code) if code else {}
    choices = Choices(sight.ruleset.document)

    def make(data: QueryDict | None = None, **options: Any) -> QuestionForm:
        return QuestionForm(data, choices=choices, before=before, **options)

    def save(form: QuestionForm, version: int | None) -> RuleSet:
        return editing.put_question(
            **_by(request, sight),
            question=form.question(),
            replaces=code,
            version=version if code else None,
        )

    def wrong(form: QuestionForm) -> list[Problem]:
        document = documents.with_question(sight.ruleset.document, form.question(), code)
        return unusable(document, selectors.vocabulary())

    how = Editing(
        sight=sight,
        row=f"?{code}",
        template="rules/question.html",
        now=shown_question(before) if code else None,
        form=make,
        save=save,
        wrong=wrong,
        back=reverse("rule-questions", args=[number]),
        context={"code": code, "kind": words.of(KINDS, before.get("kind", "")), **_told(sight, f"?{code}")},
    )
    return changed(request, how)


def _asked(ruleset: RuleSet, code: str) -> Row:
    row = next((it for it in ruleset.document.get("questions", ()) if it["code"] == code), None)
    if row is None:
        raise NotVisible
    return dict(row)


@page(Action.RULES_EDIT, methods=("POST",))
def remove(request: HttpRequest, number: int, question: str) -> HttpResponse:
    """Take a question out of a draft; nothing may look at it any more."""
    _asked(sight_of(request, number).ruleset, question)

    def command() -> None:
        editing.remove_question(question=question, **said_by(request, number))

    said = _("The question is taken out of the draft.")
    return done(request, "rule-questions", said, command, number=number)


# A term -----------------------------------------------------------------------------------------------------


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def edit_term(request: HttpRequest, number: int, term: str) -> HttpResponse:
    """The words and the condition of a term of a draft."""
    return _term(request, number, term)


@page(Action.RULES_EDIT, methods=("GET", "POST"))
def add_term(request: HttpRequest, number: int) -> HttpResponse:
    """A new term."""
    return _term(request, number)


def _term(request: HttpRequest, number: int, code: str = "") -> HttpResponse:
    sight = sight_of(request, number)
    before = _defined(sight.ruleset, code) if code else {}
    choices = Choices(sight.ruleset.document)

    def make(data: QueryDict | None = None, **options: Any) -> TermForm:
        return TermForm(data, choices=choices, before=code, **options)

    def save(form: TermForm, version: int | None) -> RuleSet:
        return editing.put_term(
            **_by(request, sight),
            name=form.code,
            term=form.term(before),
            replaces=code,
            version=version if code else None,
        )

    def wrong(form: TermForm) -> list[Problem]:
        document = documents.with_term(sight.ruleset.document, form.code, form.term(before), code)
        return unusable(document, selectors.vocabulary())

    how = Editing(
        sight=sight,
        row=f"={code}",
        template="rules/term.html",
        now=shown_term(before) if code else None,
        form=make,
        save=save,
        wrong=wrong,
        back=reverse("rule-questions", args=[number]),
        context={"code": code, "facts": choices.facts, **_told(sight, f"={code}")},
    )
    return changed(request, how)


def _defined(ruleset: RuleSet, code: str) -> Row:
    terms: Mapping[str, Row] = ruleset.document.get("terms", {})
    if code not in terms:
        raise NotVisible
    return terms[code]


@page(Action.RULES_EDIT, methods=("POST",))
def remove_term(request: HttpRequest, number: int, term: str) -> HttpResponse:
    """Take a term out of a draft; nothing may use it any more."""
    _defined(sight_of(request, number).ruleset, term)

    def command() -> None:
        editing.remove_term(name=term, **said_by(request, number))

    return done(request, "rule-questions", _("The term is taken out of the draft."), command, number=number)


# Both -------------------------------------------------------------------------------------------------------


def _by(request: HttpRequest, sight: Sight) -> dict[str, Any]:
    """Who changes which draft and why, as the form says it."""
    return {
        "actor_id": actor_of(request).pk,
        "number": sight.ruleset.pk,
        "why": request.POST.get("why", ""),
    }


def _told(sight: Sight, name: str) -> Context:
    """Who looks at a question or a term, and who changed it and why, the newest first."""
    return {
        "lookers": lookers(sight.ruleset.document).get(name, Lookers()),
        "edits": edits_of(sight.ruleset).filter(row=name)[:HISTORY],
    }
