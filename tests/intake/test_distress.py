"""Signs of distress: what they notice, what they leave alone, and how often they are wrong."""

from __future__ import annotations

import pytest

from intake.distress import sign
from intake.suggest import judge, labelled

from . import material

TEXTS = labelled.texts(material.FIXTURES / "labelled/distress.yaml")
UNSEEN = [it for it in TEXTS if it.label.endswith("-unseen")]
SEEN = [it for it in TEXTS if it not in UNSEEN]


@pytest.mark.parametrize(
    "text",
    [
        "Ölmək istəyirəm",
        "olmek isteyirem",
        "Daha yaşamaq istəmirəm",
        "Özümə qəsd edəcəyəm",
        "Canıma qıyacağam",
        "Heç kimə lazım deyiləm",
        "intihar haqqında düşünürəm",
        "не хочу жить",
        "Хочу покончить с собой",
    ],
)
def test_a_sign_of_crisis_is_noticed(text: str) -> None:
    assert sign(text) == "crisis"


@pytest.mark.parametrize(
    "text", ["Huşunu itirib, yerdədir", "Nəfəs ala bilmir", "qan axması dayanmır", "infarkt keçirir"]
)
def test_a_sign_of_an_emergency_is_noticed(text: str) -> None:
    assert sign(text) == "emergency"


@pytest.mark.parametrize(
    "text",
    [
        "Veteran olmaq üçün sənəd lazımdır",
        "Ölüm haqqında şəhadətnamə itib",
        "Ölkədən kənarda müalicə olunmaq istəyirəm",
        "Protezin ölçüsü düz gəlmir",
        "Sağ olun, kömək oldunuz",
        "Dərmanı səhər içirəm",
        "Partlayışdan sonra qulağım zəif eşidir",
    ],
)
def test_everyday_words_are_no_sign(text: str) -> None:
    assert sign(text) is None


@pytest.mark.parametrize("text", ["", " ", "\x00", "123", "👍👍", "‮", "x" * 100_000, "ölmək " * 20_000])
def test_hostile_texts_are_no_sign(text: str) -> None:
    assert sign(text) is None


def test_a_sign_is_found_at_the_end_of_a_very_long_text() -> None:
    assert sign("salam " * 15_000 + "ölmək istəyirəm") == "crisis"


def test_mixed_alphabets_hide_nothing() -> None:
    assert sign("ОLMEK isteyirem") == "crisis", "the first letter is Cyrillic"
    assert sign("Özümü\u200b öldürəcəyəm") == "crisis"


def test_the_labelled_set_is_large_and_nothing_stands_in_it_twice() -> None:
    counted = judge.signs(TEXTS)
    assert counted.danger >= 80
    assert counted.calm >= 160
    assert len({it.text for it in TEXTS}) == len(TEXTS)
    assert {it.kind for it in TEXTS} == {"az", "bare", "ru"}


def test_no_explicit_text_is_missed_that_the_signs_were_made_with() -> None:
    assert judge.signs([it for it in SEEN if it.label in ("explicit", "emergency")]).misses == []


def test_misses_and_false_alarms_stay_at_what_was_measured() -> None:
    """The figures of ADR 14. Whoever lowers one lowers it here too."""
    seen, unseen = judge.signs(SEEN), judge.signs(UNSEEN)
    assert (seen.danger, seen.calm, unseen.danger, unseen.calm) == (118, 180, 22, 16)
    assert len(seen.misses) <= 5, seen.misses
    assert len(seen.false_alarms) <= 4, seen.false_alarms
    assert len(unseen.misses) <= 10, unseen.misses
    assert len(unseen.false_alarms) <= 1, unseen.false_alarms
