"""Suggestions from the taxonomy's own words, which serve until a model is trained."""

from __future__ import annotations

import pytest

from intake.suggest.words import Known, Roots
from people.text import fold

from . import material

SUBJECTS = Roots(material.known())


def codes(text: str) -> list[str]:
    return [code for code, _confidence in SUBJECTS.suggest(text)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Gecələr kabus görürəm, yuxusuzluqdan əziyyət çəkirəm", "PSY-PTSD"),
        ("Fizioterapiya və bərpa kursu almaq istəyirəm", "REH-COURSE"),
        ("Protezim sınıb, gilz sıxır, təmir etdirmək lazımdır", "PRO-REPAIR"),
        ("Qəlpənin çıxarılması üçün əməliyyat təyin edilib", "MED-SURG"),
        ("Aptekdə elektron reseptlə dərman vermədilər", "RX-ERX"),
        ("Poliklinika göndərişi gecikdirir", "INS-REFR"),
        ("Əlilliyimin müddəti bitir, təkrar qiymətləndirmə lazımdır", "DIS-REEX"),
        ("Bankdan kredit götürmüşəm, borcu ödəyə bilmirəm", "SOC-DEBT"),
        ("Evin damı uçur, təmir və pandus lazımdır", "HOU-REPAIR"),
        ("İşsizəm, peşə kursuna yazılmaq istəyirəm", "EMP-JOB"),
        ("İtkin düşmüş oğlum üçün DNT nümunəsi vermişik", "STA-MISS"),
        ("Həkim kobud davranıb, şikayət etmək istəyirəm", "CMP-STAFF"),
    ],
)
def test_each_of_the_twelve_fields_is_recognised(text: str, code: str) -> None:
    assert code in codes(text)
    assert code in codes(fold(text)), "typed without Azerbaijani letters"


def test_endings_do_not_hide_a_word() -> None:
    for word in ("protez", "protezim", "protezlərin", "PROTEZİMDƏN"):
        assert {"PRO-NEW", "PRO-REPAIR"} <= set(codes(word))
    assert "PRO-WHEEL" in codes("arabamın təkəri sınıb")
    assert "DIS-FIRST" in codes("əlilliyim var"), "k becomes y before a vowel"


def test_confidence_grows_with_what_is_met() -> None:
    (one,) = (found for found in SUBJECTS.suggest("protez") if found[0] == "PRO-REPAIR")
    (many,) = (found for found in SUBJECTS.suggest("protez sınıb, gilz sıxır") if found[0] == "PRO-REPAIR")
    assert 0 < one[1] < many[1] < 1


@pytest.mark.parametrize("text", ["", " ", "\x00", "123", "salam", "x" * 20000, "‮", "👍"])
def test_a_text_without_roots_suggests_nothing(text: str) -> None:
    assert SUBJECTS.suggest(text) == []


def test_no_more_than_asked_for() -> None:
    assert len(SUBJECTS.suggest("protez dərman həkim əməliyyat sığorta")) == 3
    assert Roots([]).suggest("protez") == []


def test_a_root_may_have_two_words_and_two_roots_may_sound_alike() -> None:
    roots = Roots(
        [Known("A", "T", ["evdə baxım"], []), Known("B", "T", ["uşaq"], []), Known("C", "T", ["uşağ"], [])]
    )
    assert [code for code, _ in roots.suggest("Anama evdə baxımlı adam lazımdır")] == ["A"]
    assert sorted(code for code, _ in roots.suggest("uşağım")) == ["B", "C"]


def test_the_demonstration_texts_are_mostly_recognised() -> None:
    """Everyday texts written for another purpose: a floor, so that a change of the data is seen."""
    asked = [(code, text) for text, code in material.demonstration()]
    hits = sum(code in codes(text) for code, text in asked)
    assert hits / len(asked) > 0.6
