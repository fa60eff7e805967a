"""The text rules, by the shared corpus and by properties that hold for any text whatever."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from people import text
from people.text import BadText

CORPUS: dict[str, list[Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "corpus" / "text.yaml").read_text(encoding="utf-8")
)

# Any code points, lone surrogates included: hypothesis leaves those out of st.text() by default.
ANY = st.text(alphabet=st.characters(), max_size=60) | st.text(
    alphabet=st.sampled_from(
        "iIıİəƏдДжЖйИёхһ\u0307\u0308\u0306\u0323\u0301\u200b'’-+ 0589\0\r\n\t\ud83d\u202e"
    ),
    max_size=20,
)


def given_text(case: dict[str, Any]) -> str:
    if "parts" in case:
        return "".join(part * times for part, times in case["parts"])
    if "codes" in case:
        return "".join(map(chr, case["codes"]))
    return str(case["in"])


def cases(*sections: str) -> pytest.MarkDecorator:
    params = [
        pytest.param(section, case, id=f"{section}-{n}-{case.get('why', given_text(case)[:20]).strip()}")
        for section in sections
        for n, case in enumerate(CORPUS[section])
    ]
    return pytest.mark.parametrize(("section", "case"), params)


@cases("clean", "clean_line", "lower", "upper", "title", "fold", "fin", "phone", "registration_number")
def test_the_corpus(section: str, case: dict[str, Any]) -> None:
    rule: Callable[[str], str | None] = getattr(text, section)
    value = given_text(case)
    if "error" not in case:
        assert rule(value) == case["out"]
        return
    with pytest.raises(BadText) as refused:
        rule(value)
    assert refused.value.code == case["error"]
    assert refused.value.message
    if "at" in case:
        assert refused.value.position == case["at"]


@cases("graphemes")
def test_characters_are_counted_as_people_count_them(section: str, case: dict[str, Any]) -> None:
    value = given_text(case)
    assert text.graphemes(value) == case["out"]
    assert text.fits(value) is case["fits"]


def test_a_suggested_fin_is_what_the_corpus_says() -> None:
    for case in CORPUS["fin"]:
        if "suggest" in case:
            assert text.fin_suggestion(case["in"]) == case["suggest"], case
    for case in CORPUS["fin_suggestion"]:
        assert text.fin_suggestion(case["in"]) == case["out"], case


def test_a_phone_is_shown_as_people_write_it() -> None:
    for case in CORPUS["phone"]:
        if "shown" in case:
            assert text.phone_display(case["out"]) == case["shown"]


@cases("from_wrong_layout")
def test_a_wrong_keyboard_layout_is_undone(section: str, case: dict[str, Any]) -> None:
    candidates = text.from_wrong_layout(case["in"])
    if case.get("none"):
        assert candidates == []
    else:
        assert case["out"] in candidates
    assert case["in"] not in candidates


@cases("kind_of_query")
def test_the_search_box_knows_what_was_typed(section: str, case: dict[str, Any]) -> None:
    assert text.kind_of_query(case["in"]) == (case["kind"], case["out"])


@pytest.mark.parametrize("family", CORPUS["phon"], ids=lambda family: family[0])
def test_spellings_of_one_name_share_a_key(family: list[str]) -> None:
    keys = {spelling: text.phon(spelling) for spelling in family}
    assert len(set(keys.values())) == 1, keys
    assert all(keys.values())


def test_different_names_keep_different_keys() -> None:
    keys = {family[0]: text.phon(family[0]) for family in CORPUS["phon"]}
    same = [pair for pair in combinations(keys, 2) if keys[pair[0]] == keys[pair[1]]]
    assert same == []


def test_the_key_of_a_full_name_is_made_word_by_word() -> None:
    assert text.phon("Əliyeva Aygün") == f"{text.phon('Алиев')} {text.phon('Aigun')}"


@given(ANY)
def test_cleaning_twice_changes_nothing(value: str) -> None:
    for rule in (text.clean, text.clean_line):
        try:
            once = rule(value)
        except BadText:
            continue
        assert rule(once) == once
        assert "\r" not in once
        once.encode()  # no lone surrogate is left


@given(ANY)
@example("д\u0301ж")
@example("\u04d1 \u04f9")
@example("I\u0307\u0307")
@example("'a'b'")
def test_folding_twice_changes_nothing(value: str) -> None:
    once = text.fold(value)
    assert text.fold(once) == once
    assert once == once.strip()
    assert "  " not in once


@given(ANY)
def test_case_does_not_matter_to_the_search_keys_of_azerbaijani(value: str) -> None:
    letters = "".join(sign for sign in value if sign in "iIıİəƏdDşŞ ")
    assert text.fold(text.upper(letters)) == text.fold(text.lower(letters))
    assert text.lower(text.upper(letters)) == text.lower(letters)


@given(ANY)
def test_the_count_ignores_how_letters_and_line_ends_are_encoded(value: str) -> None:
    try:
        cleaned = text.clean(value)
    except BadText:
        return
    assert text.graphemes(cleaned) <= text.graphemes(value)
    assert text.graphemes(cleaned.replace("\n", "\r\n")) == text.graphemes(cleaned)


def refusal(rule: Callable[[str], str], value: str) -> int | None:
    """Where the rule found fault, if it did and named a place."""
    try:
        rule(value)
    except BadText as refused:
        return refused.position
    return None


@given(ANY)
def test_nothing_but_bad_text_is_raised(value: str) -> None:
    for refusing in (text.clean, text.clean_line, text.fin, text.phone):
        place = refusal(refusing, value)
        assert place is None or 0 <= place < len(value)
    text.graphemes(value)
    text.lower(value), text.upper(value), text.title(value)
    text.fold(value), text.phon(value), text.from_wrong_layout(value)
    text.fin_suggestion(value), text.phone_display(value), text.registration_number(value)
    text.kind_of_query(value)


@given(st.text(alphabet="+0123456789 -()", max_size=20))
def test_a_phone_that_is_shown_reads_back_as_itself(value: str) -> None:
    try:
        number = text.phone(value)
    except BadText:
        return
    assert text.phone(text.phone_display(number)) == number
    assert text.phone(number) == number
    assert number.startswith("+")


@given(
    st.sampled_from(["10", "50", "51", "55", "60", "70", "77", "99"]),
    st.from_regex(r"[2-9][0-9]{6}", fullmatch=True),
)
def test_every_mobile_number_survives_every_writing(prefix: str, rest: str) -> None:
    national = prefix + rest
    number = f"+994{national}"
    for written in (
        national,
        f"0{national}",
        f"994{national}",
        f"00994{national}",
        text.phone_display(number),
    ):
        assert text.phone(written) == number


@given(st.from_regex(r"[0-9A-HJ-NP-Z]{7}", fullmatch=True))
def test_a_fin_is_itself_in_any_case(code: str) -> None:
    assert text.fin(code) == code
    assert text.fin(code.lower()) == code
    assert text.fin_suggestion(code) is None


@given(ANY)
def test_a_suggested_fin_is_a_fin(value: str) -> None:
    suggested = text.fin_suggestion(value)
    assert suggested is None or text.fin(suggested) == suggested


@given(st.integers(2000, 2099), st.integers(1, 99_999_999))
def test_a_registration_number_reads_back_as_itself(year: int, serial: int) -> None:
    number = f"VET-{year}-{serial:06}"
    assert text.registration_number(number) == number
    assert text.registration_number(f"vet {year} {serial}") == number
    assert text.kind_of_query(number.lower()) == ("number", number)
