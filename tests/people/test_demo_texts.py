"""The demonstration's invented texts, names and volumes keep the wording rules and fit the reference data."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from people import text

ROOT = Path(__file__).parents[2]
OUTCOMES = {"provided", "partly", "scheduled", "explained", "refused_with_reason"}
PLACEHOLDERS = {"{district}", "{rel}"}

# What the screens' wording rules forbid ("Words in Azerbaijani"), and words that hurt in any text of ours.
FORBIDDEN = {
    "a word about the fallen": r"\bmərhum|\brəhmətlik|\böl(?:ən|müş|dü|üb)\b|\bvəfat|\bitki(?!n)",
    "grief to the citizen": r"\byas(?:\b|ım|ın|da|dan)",
    "disability as a noun": r"\bəlil(?!li)|\bşikəst|\bsakat|\bdəli\b",
    "a graphic word of crisis": r"\bintihar|\bsuisid|\bqəsd\b|\basıl",
    "a promise beyond our power": r"\bhəll olunacaq|\bmütləq veriləcək|\bzəmanət veririk",
    "blame": r"\bsiz səhv|\bgecikdirdi",
    "an amount or a dose": r"\bmanat|\bazn\b|₼|\d\s*(?:mq|ml|qr)\b",
    "a law that may not exist": r"\bmaddə(?:si|sinə)|\bsaylı (?:qanun|qərar|fərman)",
}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / "fixtures" / "demo" / name).read_text(encoding="utf-8"))


TEXTS: dict[str, Any] = load("texts.yaml")
NAMES: dict[str, Any] = load("names.yaml")
VOLUMES: dict[str, Any] = load("volumes.yaml")
GENERIC = TEXTS["generic"]
SUBTOPICS = {code: entry for code, entry in TEXTS.items() if code != "generic"}

# The 60 codes, so that this test needs no other file; the reference data is compared below if it is there.
CODES = [
    "PSY-CRISIS", "PSY-PTSD", "PSY-COUNS", "PSY-GRIEF", "PSY-CHILD", "PSY-INPAT", "PSY-ADDICT",
    "PSY-FAMILY", "REH-COURSE", "REH-NEURO", "REH-PAIN", "REH-SANAT", "REH-HOME", "PRO-NEW", "PRO-REPAIR",
    "PRO-WHEEL", "PRO-SENSE", "MED-EMERG", "MED-EXAM", "MED-SURG", "MED-INST", "MED-ABROAD", "MED-TELE",
    "MED-DOC", "RX-ERX", "RX-FREE", "RX-STOCK", "RX-ADR", "RX-QUAL", "INS-STATUS", "INS-REFR", "INS-COVER",
    "INS-CHARGE", "DIS-FIRST", "DIS-REEX", "DIS-APPEAL", "DIS-CAUSE", "SOC-STIP", "SOC-PENS", "SOC-ALLOW",
    "SOC-INSPAY", "SOC-CARE", "SOC-DEBT", "HOU-FLAT", "HOU-REPAIR", "HOU-CAR", "HOU-TRIP", "EMP-JOB",
    "EMP-SELF", "EMP-RIGHT", "EMP-TUIT", "STA-VET", "STA-SHEHID", "STA-MISS", "STA-BURIAL", "STA-LEGAL",
    "CMP-STAFF", "CMP-BRIBE", "CMP-ANSWER", "CMP-IDEA",
]  # fmt: skip


def applications() -> list[tuple[str, str]]:
    return [(code, words) for code, entry in SUBTOPICS.items() for words in entry["texts"]]


def answers() -> list[tuple[str, str]]:
    return [(code, answer["text"]) for code, entry in SUBTOPICS.items() for answer in entry["answers"]]


def notes() -> list[tuple[str, str]]:
    returns = chain.from_iterable(GENERIC["returns"].values())
    return [("generic", words) for words in chain(returns, GENERIC["disputes"], GENERIC["confirmations"])]


def every() -> list[tuple[str, str]]:
    return applications() + answers() + notes()


def test_every_subtopic_has_its_texts_and_answers() -> None:
    assert len(CODES) == 60
    assert set(SUBTOPICS) == set(CODES)
    for code, entry in SUBTOPICS.items():
        assert set(entry) == {"texts", "answers"}, code
        assert 6 <= len(entry["texts"]) <= 8, code
        assert len(entry["answers"]) == 3, code
        assert {answer["outcome"] for answer in entry["answers"]} <= OUTCOMES, code
        assert len({answer["outcome"] for answer in entry["answers"]}) >= 2, code


def test_the_generic_notes_are_enough() -> None:
    assert set(GENERIC["returns"]) == {"not_ours", "need_info", "duplicate", "needs_consent"}
    assert all(len(texts) >= 2 for texts in GENERIC["returns"].values())
    assert len(GENERIC["disputes"]) >= 2
    assert len(GENERIC["confirmations"]) >= 3
    assert len(GENERIC["rel"]) >= 4


def test_every_text_is_clean_and_short_enough() -> None:
    for code, words in every():
        assert text.clean_line(words) == words, code
        assert text.fits(words), code
        assert not re.search(r"[\u0400-\u04ff]", words), f"{code}: a Cyrillic letter in {words!r}"
        assert words[-1] in ".?!", f"{code}: no end in {words!r}"
        assert words[0] == text.upper(words[0]) or words.startswith("{district}"), (code, words)


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_every_text_keeps_the_wording_rules(rule: str) -> None:
    broken = [
        (code, found[0], words)
        for code, words in every()
        if (found := re.search(FORBIDDEN[rule], text.lower(words)))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("a word about the fallen", "Onun itkisi ağırdır."),
        ("disability as a noun", "O, əlildir."),
        ("a promise beyond our power", "Məsələniz həll olunacaq."),
        ("an amount or a dose", "Ona 20 manat verilib."),
    ],
)
def test_the_wording_rules_catch_what_they_name(rule: str, words: str) -> None:
    assert re.search(FORBIDDEN[rule], text.lower(words))
    assert not re.search(FORBIDDEN[rule], "itkin düşmüş şəxsin əlilliyi, əlillik qərarı")


def test_an_application_is_as_long_as_an_operator_writes() -> None:
    odd = [(code, len(words)) for code, words in applications() if not 80 <= text.graphemes(words) <= 400]
    assert odd == []


def test_no_text_comes_twice() -> None:
    folded = [text.fold(words) for _, words in every()]
    assert len(set(folded)) == len(folded)


def test_placeholders_are_known_and_stand_where_they_read_well() -> None:
    for code, words in every():
        found = set(re.findall(r"\{[^}]*\}", words))
        assert found <= PLACEHOLDERS, (code, found)
        assert words.count("{") == words.count("}") == len(re.findall(r"\{[^}]*\}", words)), code
        assert not re.search(r"(?:^|[.?!] )\{rel\}", words), (
            f"{code}: a sentence would begin with a small letter"
        )
        assert not re.search(r"\}\w", words), f"{code}: an ending after a placeholder breaks vowel harmony"
        assert "{district}, " not in words, f"{code}: the district stands before a word that takes its ending"
    assert not any("{" in words for _, words in answers() + notes())


def test_a_refusal_tells_the_reason_and_the_way_on() -> None:
    for code, entry in SUBTOPICS.items():
        for answer in entry["answers"]:
            if answer["outcome"] == "refused_with_reason":
                words = text.lower(answer["text"])
                assert re.search(r"şikayət|etiraz|yenidən|təkrar|ikinci rəy", words), code


def test_names_make_more_people_than_the_demonstration_needs() -> None:
    families = len(NAMES["family"])
    assert families * len(NAMES["male"]) * len(NAMES["fathers"]) > 50_000
    assert families * len(NAMES["female"]) * len(NAMES["fathers"]) > 50_000


@pytest.mark.parametrize("part", ["male", "female", "fathers"])
def test_a_name_is_written_once_and_in_the_alphabet(part: str) -> None:
    names = NAMES[part]
    assert len(set(names)) == len(names)
    for name in names:
        assert text.title(text.clean_line(name)) == name
        assert re.fullmatch(r"[A-Za-zÇçƏəĞğİıÖöŞşÜü]+", name), name


def test_both_forms_of_a_family_name_are_one_name() -> None:
    males = [male for male, _ in NAMES["family"]]
    assert len(set(males)) == len(males)
    for male, female in NAMES["family"]:
        assert text.phon(male) == text.phon(female)
        assert female == male or female == male + "a", (male, female)
        assert male.endswith(("ov", "ev")) is (female != male)


def test_the_pairs_to_avoid_can_be_made() -> None:
    family = {name for pair in NAMES["family"] for name in pair}
    given = {*NAMES["male"], *NAMES["female"]}
    for surname, name in NAMES["avoid"]:
        assert surname in family
        assert name in given


def test_the_volumes_cover_every_subtopic_and_add_up() -> None:
    assert set(VOLUMES["subtopics"]) == set(CODES)
    assert sum(VOLUMES["subtopics"].values()) == 10_000
    assert all(weight > 0 for weight in VOLUMES["subtopics"].values())
    assert sum(VOLUMES["categories"].values()) == 1000
    assert sum(way["weight"] for way in VOLUMES["channels"]) == 100
    assert sum(VOLUMES["languages"].values()) == 125_768
    assert VOLUMES["languages"]["ru"] == 2269


def test_the_volumes_cover_every_district() -> None:
    assert len(VOLUMES["districts"]) == 75
    assert len(VOLUMES["baku"]) == 12


def test_the_reference_data_agree() -> None:
    topics, regions = (ROOT / "fixtures/reference" / name for name in ("topics.yaml", "regions.yaml"))
    subtopics = {sub["id"] for topic in yaml.safe_load(topics.read_text("utf-8")) for sub in topic["sub"]}
    units = {unit["az"] for region in yaml.safe_load(regions.read_text("utf-8")) for unit in region["units"]}
    assert subtopics == set(CODES)
    assert units == set(VOLUMES["districts"])
