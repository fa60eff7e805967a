"""Suggestions from the citizen's own words, and signs of distress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from intake.suggest import Known, suggest
from people.text import fold

ROOT = Path(__file__).resolve().parent.parent.parent


def _subjects() -> list[Known]:
    topics = yaml.safe_load((ROOT / "fixtures/reference/topics.yaml").read_text(encoding="utf-8"))
    return [(sub["id"], sub["keywords"], (sub["az"], sub["ru"])) for topic in topics for sub in topic["sub"]]


SUBJECTS = _subjects()


def codes(text: str) -> list[str]:
    return [code for code, _confidence in suggest(text, SUBJECTS).suggestions]


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
    (one,) = (found for found in suggest("protez", SUBJECTS).suggestions if found[0] == "PRO-REPAIR")
    (many,) = (
        found
        for found in suggest("protez sınıb, gilz sıxır", SUBJECTS).suggestions
        if found[0] == "PRO-REPAIR"
    )
    assert 0 < one[1] < many[1] < 1


@pytest.mark.parametrize("text", ["", " ", "\x00", "123", "salam", "x" * 20000, "‮", "👍"])
def test_a_text_without_roots_suggests_nothing(text: str) -> None:
    assert suggest(text, SUBJECTS).suggestions == []
    assert suggest(text, SUBJECTS).distress is None


def test_no_more_than_asked_for() -> None:
    assert len(suggest("protez dərman həkim əməliyyat sığorta", SUBJECTS).suggestions) == 3
    assert suggest("protez", []).suggestions == []


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
    assert suggest(text, SUBJECTS).distress == "crisis"


@pytest.mark.parametrize(
    "text", ["Huşunu itirib, yerdədir", "Nəfəs ala bilmir", "qan axması dayanmır", "infarkt keçirir"]
)
def test_a_sign_of_an_emergency_is_noticed(text: str) -> None:
    assert suggest(text, SUBJECTS).distress == "emergency"


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
    assert suggest(text, SUBJECTS).distress is None


def test_the_demonstration_texts_are_mostly_recognised() -> None:
    """Everyday texts written for another purpose: a floor, so that a change of the data is seen."""
    texts: dict[str, Any] = yaml.safe_load((ROOT / "fixtures/demo/texts.yaml").read_text(encoding="utf-8"))
    asked = [
        (code, text.format(rel="oğlum", district="Tərtər"))
        for code, entry in texts.items()
        if code != "generic"
        for text in entry["texts"]
    ]
    hits = sum(code in codes(text) for code, text in asked)
    assert hits / len(asked) > 0.6


@pytest.mark.django_db
def test_the_selector_reads_the_subjects_in_use(reference: None) -> None:
    from intake import selectors
    from intake.models import Subtopic

    selectors.forget()
    assert selectors.suggestions("protezim sınıb").suggestions[0][0] in ("PRO-NEW", "PRO-REPAIR")
    Subtopic.objects.filter(topic="PRO").update(active=False)
    selectors.forget()
    assert not any(code.startswith("PRO") for code, _ in selectors.suggestions("protezim").suggestions)
    selectors.forget()
