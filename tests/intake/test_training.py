"""Training, storing, using and withdrawing models; what is written down when an application is registered."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from intake import evaluation, selectors, training
from intake.models import Application, SubjectModel, Subtopic, SuggestionOutcome
from intake.suggest import model
from intake.suggest.examples import TooFew

from . import material

pytestmark = pytest.mark.django_db

BROKEN_PROSTHESIS = "Protezim sınıb, gilz sıxır, təmir etdirmək lazımdır"


@pytest.fixture(autouse=True)
def _nothing_remembered(reference: None) -> Iterator[None]:
    selectors.forget()
    yield
    selectors.forget()


def store(weights: bytes | None = None, **changed: Any) -> SubjectModel:
    """A stored model, trained without the database."""
    trained = material.trained()
    bytes_ = trained.model.to_bytes() if weights is None else weights
    row = SubjectModel.objects.create(
        **{"examples": 403, "digest": model.digest(bytes_), "figures": trained.figures, "weights": bytes_}
        | changed
    )
    selectors.forget()
    return row


@pytest.fixture
def closed(register: Any) -> None:
    """The demonstration's texts as closed applications."""
    pattern = register()
    Application.objects.bulk_create(
        Application(
            number=f"VET-2020-{place:06}",
            tracking_code=f"T-{place}",
            state="closed",
            person=pattern.person,
            subtopic_id=code,
            text=text,
            registered_by=pattern.registered_by,
            registered_at=pattern.registered_at,
            closed_at=timezone.now(),
        )
        for place, (text, code) in enumerate(material.demonstration())
    )


# --- training -------------------------------------------------------------------------------------------


def test_training_learns_from_what_is_closed_and_is_used_at_once(closed: None) -> None:
    out = io.StringIO()
    call_command("train_subjects", stdout=out)

    row = SubjectModel.objects.get()
    assert row.examples == 403
    assert bytes(row.weights) == material.trained().model.to_bytes(), "the same examples, the same bytes"
    assert row.figures == material.trained().figures
    assert f"Model {row.number} suggests from now on: learned from 403" in out.getvalue()
    assert selectors.suggestions(BROKEN_PROSTHESIS).model == row.number
    assert selectors.suggestions(BROKEN_PROSTHESIS).suggestions[0][0] == "PRO-REPAIR"


def test_training_twice_stores_one_model(closed: None) -> None:
    training.train()
    out = io.StringIO()
    call_command("train_subjects", stdout=out)
    assert SubjectModel.objects.count() == 1
    assert "Nothing has changed" in out.getvalue()


def test_the_final_subtopic_is_learned_and_open_or_withdrawn_texts_are_not(closed: None) -> None:
    Application.objects.filter(subtopic="PSY-GRIEF").update(state="withdrawn")
    Application.objects.filter(subtopic="PSY-CHILD").update(subtopic="PSY-COUNS")
    texts = list(selectors.closed_texts())
    assert not [text for text, code in texts if code in ("PSY-GRIEF", "PSY-CHILD")]
    assert Application.objects.filter(state="closed").count() == len(texts)


def test_texts_of_a_retired_subtopic_are_not_learned(closed: None) -> None:
    Subtopic.objects.filter(pk="PRO-REPAIR").update(active=False)
    row, _new = training.train()
    assert "PRO-REPAIR" not in model.from_bytes(bytes(row.weights)).codes


def test_without_closed_applications_the_own_words_go_on(register: Any) -> None:
    register()
    with pytest.raises(TooFew):
        training.train()
    with pytest.raises(CommandError, match="too few or too much alike"):
        call_command("train_subjects")
    assert selectors.suggestions("protezim sınıb").model is None
    assert selectors.suggestions("protezim sınıb").suggestions


# --- use ------------------------------------------------------------------------------------------------


def test_the_newest_active_model_is_used_and_a_withdrawn_one_gives_way() -> None:
    first, second = store(), store()
    assert selectors.suggestions(BROKEN_PROSTHESIS).model == second.number

    out = io.StringIO()
    call_command("train_subjects", withdraw=second.number, stdout=out)
    assert f"Model {second.number} is not used any more" in out.getvalue()
    assert selectors.suggestions(BROKEN_PROSTHESIS).model == first.number

    training.withdraw(first.number)
    assert selectors.suggestions(BROKEN_PROSTHESIS).model is None
    with pytest.raises(CommandError, match="no model"):
        call_command("train_subjects", withdraw=first.number)


def test_a_model_of_another_host_is_seen_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("intake.lately.time.monotonic", lambda: now)
    assert selectors.suggestions(BROKEN_PROSTHESIS).model is None
    SubjectModel.objects.bulk_create([_row()])
    assert selectors.suggestions(BROKEN_PROSTHESIS).model is None
    now += 6
    assert selectors.suggestions(BROKEN_PROSTHESIS).model is not None


def _row() -> SubjectModel:
    weights = material.trained().model.to_bytes()
    return SubjectModel(examples=1, digest=model.digest(weights), figures={}, weights=weights)


def test_looking_again_does_not_read_the_weights_again(
    django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store()
    now = 1000.0
    monkeypatch.setattr("intake.lately.time.monotonic", lambda: now)
    with django_assert_num_queries(3):
        selectors.suggested(BROKEN_PROSTHESIS)
    with django_assert_num_queries(0):
        selectors.suggested(BROKEN_PROSTHESIS)
    now += 6
    with django_assert_num_queries(2):
        selectors.suggested(BROKEN_PROSTHESIS)


@pytest.mark.parametrize("weights", [b"", b"no archive", b"PK\x03\x04 broken"])
def test_a_broken_model_is_passed_over_and_the_log_says_which(
    weights: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    good, broken = store(), store(weights)
    with caplog.at_level(logging.ERROR):
        found = selectors.suggestions(BROKEN_PROSTHESIS)
    assert found.model == good.number
    assert f"Subject model {broken.number} cannot be read" in caplog.text
    assert "Protez" not in caplog.text

    training.withdraw(good.number)
    assert selectors.suggestions(BROKEN_PROSTHESIS).model is None
    assert selectors.suggestions(BROKEN_PROSTHESIS).suggestions


def test_a_retired_subtopic_is_not_suggested_by_an_older_model() -> None:
    store()
    Subtopic.objects.filter(topic="PRO").update(active=False)
    selectors.forget()
    found = selectors.suggestions(BROKEN_PROSTHESIS)
    assert found.model is not None
    assert not [code for code, _ in found.suggestions if code.startswith("PRO")]


def test_distress_is_seen_with_and_without_a_model() -> None:
    assert selectors.suggestions("Ölmək istəyirəm").distress == "crisis"
    store()
    assert selectors.suggestions("Ölmək istəyirəm").distress == "crisis"


@pytest.mark.parametrize("text", ["", "\x00", "👍" * 50, "ə" * 100_000])
def test_hostile_texts_are_answered(text: str) -> None:
    store()
    assert len(selectors.suggestions(text).suggestions) <= 3


# --- what came of it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subtopic", "accepted"), [("PRO-REPAIR", True), ("CMP-IDEA", False)])
def test_accepting_and_overriding_are_written_down_with_the_model(
    register: Any, subtopic: str, accepted: bool
) -> None:
    row = store()
    application = register(subtopic=subtopic, text=BROKEN_PROSTHESIS)

    outcome = application.suggestion
    assert outcome.model_id == row.number
    assert outcome.chosen_id == subtopic
    assert outcome.suggested[0][0] == "PRO-REPAIR"
    assert outcome.rank == (1 if accepted else None)
    assert all(0 < confidence <= 1 for _code, confidence in outcome.suggested)


def test_the_place_of_the_chosen_one_is_kept(register: Any) -> None:
    second = selectors.suggestions(BROKEN_PROSTHESIS).suggestions[1][0]
    assert register(subtopic=second, text=BROKEN_PROSTHESIS).suggestion.rank == 2


def test_own_words_are_no_model_and_no_suggestion_is_an_outcome_too(register: Any) -> None:
    outcome = register(text="Salam").suggestion
    assert (outcome.model, outcome.suggested, outcome.rank) == (None, [], None)


def test_the_outcome_holds_codes_and_numbers_alone(register: Any) -> None:
    store()
    said = f"{BROKEN_PROSTHESIS}. Mən Zülfüqar Tağıyevəm, 050 123 45 67."
    application = register(text=said)
    kept = SuggestionOutcome.objects.filter(pk=application.pk).values().get()
    assert set(kept) == {"application_id", "model_id", "suggested", "chosen_id", "rank"}
    known = set(Subtopic.objects.values_list("pk", flat=True))
    assert all(code in known and isinstance(confidence, float) for code, confidence in kept["suggested"])


def test_a_later_triage_leaves_the_outcome_alone(register: Any) -> None:
    application = register(subtopic="PRO-REPAIR", text=BROKEN_PROSTHESIS)
    Application.objects.filter(pk=application.pk).update(subtopic="PRO-NEW", version=F("version") + 1)
    assert SuggestionOutcome.objects.get(pk=application.pk).chosen_id == "PRO-REPAIR"


# --- the figures ----------------------------------------------------------------------------------------


def test_the_evaluation_tells_model_own_words_choices_and_distress(register: Any) -> None:
    row = store()
    register(subtopic="PRO-REPAIR", text=BROKEN_PROSTHESIS)
    register(subtopic="CMP-IDEA", text=BROKEN_PROSTHESIS)
    out = io.StringIO()
    call_command("evaluate_subjects", json=True, stdout=out)

    told = json.loads(out.getvalue())
    assert told["model"] == row.number
    assert told["in_use"]["all"]["texts"] == told["own_words"]["all"]["texts"] == 240
    assert set(told["in_use"]["kinds"]) == {"az", "bare", "ru", "indirect"}
    assert len(told["in_use"]["topics"]) == 12
    assert told["chosen"] == [{"model": row.number, "applications": 2, "top1": 0.5, "top3": 0.5}]
    assert told["distress"]["danger"] == 140
    assert told["cross_validation"] == row.figures


def test_people_get_a_table_and_the_ids_of_what_went_wrong(register: Any) -> None:
    register(subtopic="PRO-REPAIR", text=BROKEN_PROSTHESIS)

    def told() -> str:
        out = io.StringIO()
        call_command("evaluate_subjects", stdout=out)
        return out.getvalue()

    assert told().startswith("no trained model")
    row = store()
    assert told().startswith(f"model {row.number}\n")
    assert "registered with own words: 1, first chosen 100%" in told()
    assert "calm-everyday/az/42" in told()


def test_retired_subtopics_are_not_measured() -> None:
    Subtopic.objects.filter(topic="PRO").update(active=False)
    selectors.forget()
    assert evaluation.evaluate()["in_use"]["all"]["texts"] == 240 - 4 * 4
