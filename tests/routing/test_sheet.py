"""A rule set as a workbook: it comes back as it was, and what cannot be read is told by its place."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from events.errors import Invalid
from routing import sheet
from routing.models import RuleSet
from routing.sheet import cells, errors, reading
from routing.sheet.layout import SHEETS, condition, condition_as_cells
from tests.routing import drawn
from tests.routing.rulesets import FLAGS, document, lead, plain

NAMES = {"subtopics": {"PRO-NEW": "Yeni protez"}, "facts": {"subtopic": "Mövzu"}}
Change = Callable[[Workbook], Any]

SMALL = document(
    hit="unique",
    questions=FLAGS,
    subject=[
        lead(
            "R.1", "MOH", "TABIB", when={"and": [plain("subtopic", "PRO-NEW"), plain("district", "BA", "NV")]}
        ),
        lead("R.2", "MOH", when=plain("subtopic", "PRO-REPAIR")),
    ],
)


def changed(change: Change, base: Any = SMALL) -> bytes:
    """The workbook of a document after somebody worked on it and saved it."""
    book = load_workbook(BytesIO(sheet.write(base, NAMES)))
    change(book)
    return saved(book)


def saved(book: Workbook) -> bytes:
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def place(title: str, row: int, column: str) -> tuple[int, int]:
    return row, [*SHEETS[title]].index(column) + 1


def put(title: str, row: int, column: str, value: Any) -> Change:
    return lambda book: setattr(book[title].cell(*place(title, row, column)), "value", value)


def wrongs(data: bytes, base: Any = SMALL) -> list[tuple[str, int, str, str]]:
    found, told = sheet.read(data, base)
    assert (found is None) == bool(told)
    assert all(str(sheet.sentence(error)) for error in told)
    return [(error.sheet, error.row, error.column, error.code) for error in told]


# There and back ---------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn.documents())
def test_a_document_comes_back_as_it_was(whole: Any) -> None:
    assert sheet.read(sheet.write(whole, NAMES), whole) == (whole, [])


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn.documents())
def test_a_document_comes_back_after_another_program_saved_it(whole: Any) -> None:
    assert sheet.read(changed(lambda book: None, whole), whole) == (whole, [])


@pytest.mark.django_db
def test_the_published_rules_come_back_as_they_were(reference: None) -> None:
    whole = RuleSet.objects.get(status="published").document

    assert sheet.read(sheet.write(whole, NAMES), whole) == (whole, [])


@settings(max_examples=300, deadline=None)
@given(drawn.CONDITIONS)
def test_a_condition_comes_back_from_its_columns(when: Any) -> None:
    assert condition(condition_as_cells(when)) == when


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["_x0041_", "__x005F_x_", "\r\n_x000D_"])
)
def test_every_text_comes_back_from_its_cell(said: str) -> None:
    assert cells.unescaped(cells.escaped(said)) == said
    assert not any(ord(letter) < 32 and letter not in "\t\n" for letter in cells.escaped(said))


def test_half_of_a_surrogate_pair_is_not_made_out_of_an_escape() -> None:
    assert cells.unescaped("_xD83D_ _x0041_") == "_xD83D_ A"


def test_plain_conditions_stand_in_their_columns_and_the_rest_beside_them() -> None:
    young = {"fact": "age", "between": [None, 17]}
    parts = [plain("subtopic", "PRO-NEW", "PRO-REPAIR"), plain("urgency", "P1"), young]

    assert condition_as_cells({"and": parts}) == {
        "subtopic": ["PRO-NEW", "PRO-REPAIR"],
        "urgency": ["P1"],
        "other condition": young,
    }
    assert condition_as_cells({"and": [*parts, young]})["other condition"] == [young, young]
    assert condition_as_cells({"and": parts[::-1]}) == {"other condition": {"and": parts[::-1]}}
    assert condition_as_cells(None) == {}


def test_people_see_codes_with_commas_and_their_names_beside() -> None:
    book = load_workbook(BytesIO(sheet.write(SMALL, NAMES)))
    rules = book["Rules"]

    assert book.sheetnames == ["Rules", "Questions", "Cases", "Terms", "Codes"]
    assert rules.cell(*place("Rules", 2, "district")).value == "BA, NV"
    assert rules.cell(*place("Rules", 2, "health")).value == "yes"
    assert [cell.value for cell in book["Codes"][2]] == ["subtopics", "PRO-NEW", "Yeni protez"]


def test_what_somebody_changes_is_what_comes_back() -> None:
    def work(book: Workbook) -> None:
        put("Rules", 2, "lead", "YASHAT")(book)
        put("Rules", 2, "joint", " TABIB ,MOH.PHC ")(book)
        put("Rules", 2, "health", False)(book)
        put("Rules", 2, "raise", 1.0)(book)
        put("Rules", 2, "mark", 7)(book)
        book["Rules"].delete_rows(3)

    found, told = sheet.read(changed(work), SMALL)

    assert told == []
    assert found is not None
    (rule,) = found["sections"][2]["rules"]
    wanted = deepcopy(SMALL["sections"][2]["rules"][0])
    wanted["then"] |= {"lead": "YASHAT", "joint": ["TABIB", "MOH.PHC"], "health": False, "raise": 1}
    assert rule == {**wanted, "mark": "7"}
    assert found["sections"][2]["hit"] == "unique"


def test_an_empty_cell_takes_away_what_stood_there() -> None:
    found, told = sheet.read(changed(put("Rules", 2, "joint", None)), SMALL)

    assert told == []
    assert found is not None
    assert found["sections"][2]["rules"][0]["then"]["joint"] == []


def test_a_case_that_expects_nobody_to_join_is_another_than_one_that_does_not_look() -> None:
    expected: list[dict[str, Any]] = [{"lead": "MOH"}, {"lead": "MOH", "joint": []}]
    cases = [{"id": f"C{n}", "az": "Nümunə", "facts": {}, "expect": it} for n, it in enumerate(expected)]
    whole = document(subject=[{**lead("R", "MOH"), "cases": cases}])

    assert sheet.read(sheet.write(whole, NAMES), whole) == (whole, [])


@pytest.mark.parametrize(
    "said", ["=1+1", "=HYPERLINK(0)", "+1", "-1", "@x", "\t=1", "\r=1", "#N/A", "1e5", "TRUE"]
)
def test_no_text_is_run_by_a_spreadsheet(said: str) -> None:
    whole = document(subject=[{**lead("R", "MOH"), "reason": {"az": said}}])
    data = sheet.write(whole, {"units": {said: said}})

    book = load_workbook(BytesIO(data))
    cell = book["Rules"].cell(*place("Rules", 2, "reason az"))
    assert (cell.data_type, cell.number_format) == ("s", "@")
    assert cell.quotePrefix == (said[0] in "=+-@\t\r")
    assert b"<f>" not in b"".join(zipfile.ZipFile(BytesIO(data)).read(name) for name in names_in(data))
    assert sheet.read(data, whole) == (whole, [])


def names_in(data: bytes) -> list[str]:
    return zipfile.ZipFile(BytesIO(data)).namelist()


def test_what_no_cell_can_hold_is_not_cut_off() -> None:
    many = {"or": [plain("age", *range(200))] * 40}

    with pytest.raises(sheet.TooLong, match=r"R\.9"):
        sheet.write(document(subject=[lead("R.9", "MOH", when=many)]), NAMES)


# What cannot be read ----------------------------------------------------------------------------------------


def without(title: str) -> Change:
    return lambda book: book.remove(book[title])


def insert(title: str, row: int) -> Change:
    return lambda book: book[title].insert_rows(row)


def every(*changes: Change) -> Change:
    return lambda book: [change(book) for change in changes]


OTHER = ("Rules", 2, "other condition", "bad_json")
AGAIN = [put("Terms", row, name, said) for row in (2, 3) for name, said in (("name", "a"), ("when", "1"))]
WRONG: dict[str, tuple[Change, list[tuple[str, int, str, str]]]] = {
    "a formula": (put("Rules", 2, "lead", "=A1"), [("Rules", 2, "lead", "formula")]),
    "an error": (put("Rules", 2, "lead", "#N/A"), [("Rules", 2, "lead", "not_text")]),
    "a fraction for a text": (put("Rules", 2, "lead", 1.5), [("Rules", 2, "lead", "not_text")]),
    "yes for a text": (put("Rules", 2, "lead", True), [("Rules", 2, "lead", "not_text")]),
    "neither yes nor no": (put("Rules", 2, "health", "bəli"), [("Rules", 2, "health", "not_yes_or_no")]),
    "a text for a number": (put("Rules", 2, "raise", "one"), [("Rules", 2, "raise", "not_a_number")]),
    "no JSON": (put("Rules", 2, "other condition", "{'a': 1}"), [OTHER]),
    "NaN": (put("Cases", 2, "facts", '{"age": NaN}'), [("Cases", 2, "facts", "bad_json")]),
    "a member twice": (put("Terms", 2, "when", '{"a": 1, "a": 2}'), [("Terms", 2, "when", "bad_json")]),
    "depth": (put("Rules", 2, "other condition", "[" * 20_000), [OTHER]),
    "a code that is none": (put("Rules", 2, "joint", "TABIB,,MOH"), [("Rules", 2, "joint", "not_codes")]),
    "a list of others": (put("Rules", 2, "joint", "[1]"), [("Rules", 2, "joint", "not_codes")]),
    "no id": (put("Rules", 2, "id", None), [("Rules", 2, "id", "missing")]),
    "the same id": (put("Rules", 3, "id", "R.1"), [("Rules", 3, "id", "twice")]),
    "no such section": (put("Rules", 3, "section", "subjects"), [("Rules", 3, "section", "unknown_section")]),
    "an unknown column": (
        lambda book: setattr(book["Rules"].cell(1, 40), "value", "notes"),
        [("Rules", 1, "notes", "unknown_column")],
    ),
    "a renamed column": (
        put("Rules", 1, "lead", "Lead"),
        [("Rules", 1, "lead", "no_column"), ("Rules", 1, "Lead", "unknown_column")],
    ),
    "a column twice": (
        lambda book: setattr(book["Rules"].cell(1, 40), "value", "lead"),
        [("Rules", 1, "lead", "column_twice")],
    ),
    "something beside": (
        lambda book: setattr(book["Rules"].cell(3, 40), "value", "?"),
        [("Rules", 3, "AN", "outside")],
    ),
    "merged cells": (lambda book: book["Rules"].merge_cells("B2:B3"), [("Rules", 2, "B", "merged")]),
    "no sheet": (without("Cases"), [("Cases", 0, "", "no_sheet")]),
    "a strange sheet": (lambda book: book.create_sheet("Notes"), [("Notes", 0, "", "unknown_sheet")]),
    "an answer to nothing": (
        every(put("Questions", 5, "code", "x"), put("Questions", 5, "value", "1")),
        [("Questions", 5, "code", "unknown_question")],
    ),
    "a question twice": (
        every(put("Questions", 5, "code", "amputee"), put("Questions", 5, "kind", "flag")),
        [("Questions", 5, "code", "twice")],
    ),
    "an answer without a value": (
        put("Questions", 5, "code", "amputee"),
        [("Questions", 5, "value", "missing")],
    ),
    "a question with a value": (put("Questions", 2, "value", "1"), [("Questions", 2, "value", "outside")]),
    "a case of no rule": (
        every(put("Cases", 2, "rule", "R.9"), put("Cases", 2, "id", "C")),
        [("Cases", 2, "rule", "unknown_rule")],
    ),
    "a term twice": (
        every(*AGAIN),
        [("Terms", 3, "name", "twice")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_read_is_told_by_sheet_row_and_column(change: Change, told: Any) -> None:
    assert wrongs(changed(change)) == told


def test_a_number_is_no_answer_of_a_question_about_codes() -> None:
    whole = document(questions=drawn.QUESTIONS)

    assert wrongs(changed(put("Questions", 3, "value", 1), whole), whole) == [
        ("Questions", 3, "value", "not_text")
    ]
    assert wrongs(changed(put("Questions", 7, "value", "0"), whole), whole) == [
        ("Questions", 7, "value", "not_a_number")
    ]


def test_everything_wrong_is_told_at_once_but_not_without_end() -> None:
    def work(book: Workbook) -> None:
        for row in range(2, 300):
            put("Rules", row, "health", "?")(book)

    assert len(wrongs(changed(work))) == reading.MOST_ERRORS


def test_a_sheet_without_end_is_not_read_to_its_end(monkeypatch: Any) -> None:
    assert wrongs(changed(put("Rules", 1_048_576, "id", "R"))) == [
        ("Rules", reading.MOST_ROWS + 1, "", "too_many_rows")
    ]
    far = changed(lambda book: setattr(book["Rules"]["XFD2"], "value", "R"))
    assert wrongs(far) == [("Rules", 2, "", "too_many_columns")]


def test_a_merge_over_the_whole_sheet_is_only_told() -> None:
    data = rewritten(
        changed(lambda book: book["Rules"].merge_cells("B2:B3")),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b"B2:B3", b"A1:XFD1048576"),
    )

    assert wrongs(data) == [("Rules", 1, "A", "merged")]


def rewritten(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same archive with one part changed."""
    packed, before = BytesIO(), zipfile.ZipFile(BytesIO(data))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            after.writestr(part, change(before.read(part)) if part == name else before.read(part))
    return packed.getvalue()


def test_dimensions_that_lie_hide_no_row() -> None:
    data = rewritten(
        sheet.write(SMALL, NAMES),
        "xl/worksheets/sheet1.xml",
        lambda part: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', part),
    )

    assert sheet.read(data, SMALL) == (SMALL, [])


ENTITIES = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%b]>""" % b"".join(
    b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not_xlsx"),
    "a text": (b"section,id\n", "not_xlsx"),
    "half a file": (sheet.write(SMALL, NAMES)[:3000], "not_xlsx"),
    "an archive of something": (
        rewritten(sheet.write(SMALL, NAMES), "[Content_Types].xml", lambda part: b"<a/>"),
        "not_xlsx",
    ),
    "broken XML": (
        rewritten(sheet.write(SMALL, NAMES), "xl/worksheets/sheet1.xml", lambda part: part[:-40]),
        "not_xlsx",
    ),
    "entities of entities": (
        rewritten(
            sheet.write(SMALL, NAMES),
            "xl/worksheets/sheet1.xml",
            lambda part: ENTITIES + part.replace(b"R.1", b"&j;", 1),
        ),
        "not_xlsx",
    ),
    "a large file": (b"PK" + b"x" * reading.MOST_BYTES, "too_large"),
    "a zip bomb": (
        rewritten(
            sheet.write(SMALL, NAMES),
            "xl/worksheets/sheet1.xml",
            lambda part: part + b" " * reading.MOST_UNPACKED,
        ),
        "too_large",
    ),
}


@pytest.mark.parametrize(("data", "code"), FILES.values(), ids=FILES)
def test_a_file_that_is_none_is_refused_as_a_whole(data: bytes, code: str) -> None:
    assert wrongs(data) == [("", 0, "", code)]


def test_an_archive_of_very_many_parts_is_not_opened() -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n in range(reading.MOST_PARTS + 1):
            archive.writestr(f"{n}.xml", b"")

    assert wrongs(packed.getvalue()) == [("", 0, "", "too_large")]


def test_a_cell_that_repeats_a_huge_text_is_refused_by_its_length() -> None:
    def long(part: bytes) -> bytes:
        return part.replace(b">MOH<", b">" + b"M" * (cells.LONGEST + 1) + b"<")

    data = rewritten(sheet.write(SMALL, NAMES), "xl/worksheets/sheet1.xml", long)

    assert wrongs(data) == [("Rules", row, "lead", "cell_too_long") for row in (2, 3)]


def test_refusals_are_grouped_by_sheet_and_row() -> None:
    told = [
        errors.RowError("Rules", 2, "lead", "formula"),
        errors.RowError("Rules", 2, "id", "twice", {"value": "R.1"}),
        errors.RowError("Terms", 0, "", "no_sheet"),
        errors.RowError("", 0, "", "too_large"),
    ]
    with pytest.raises(Invalid) as refused:
        sheet.refuse(told)

    assert refused.value.code == "invalid_sheet"
    assert {place: len(said) for place, said in refused.value.errors.items()} == {
        "rows.Rules.2": 2,
        "rows.Terms": 1,
        "file": 1,
    }
    assert str(refused.value.errors["rows.Rules.2"][1]).startswith("id: R.1 ")
    sheet.refuse([])
