"""Adding and changing people: one record per person, found by every way his name is written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from events.errors import Invalid, StaleVersion
from people import services
from people.errors import FinTaken
from people.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("reference")]


def add(**fields: Any) -> Person:
    return services.add(**{"family_name": "Nümunəvi", "given_name": "Orxan", **fields})


def numbers(row: Person) -> list[str]:
    return list(row.phones.values_list("number", flat=True))


def test_a_second_record_with_the_same_fin_is_refused() -> None:
    first = add(fin="5abc12d")

    with pytest.raises(FinTaken):
        add(given_name="Başqa", fin=" 5ABC12D ")

    assert first.fin == "5ABC12D"
    assert Person.objects.count() == 1


def test_many_may_be_without_a_fin() -> None:
    assert [add(fin=fin).fin for fin in (None, "", None)] == [None, None, None]


def test_a_change_to_a_taken_fin_is_refused_and_changes_nothing() -> None:
    add(fin="5ABC12D")
    other = add(given_name="Elçin", fin="6ABC12D", phones=["0501234567"])

    with pytest.raises(FinTaken):
        services.change(
            person=other.pk, version=1, changes={"fin": "5ABC12D", "address": "Bakı", "phones": []}
        )

    other.refresh_from_db()
    assert (other.fin, other.address, other.version) == ("6ABC12D", "", 1)
    assert numbers(other) == ["+994501234567"]


def test_telephones_are_kept_once_in_the_order_they_were_told() -> None:
    row = add(phones=["055 111 22 33", "0501234567", "+994 50 123 45 67", "(055)1112233"])

    assert numbers(row) == ["+994551112233", "+994501234567"]


def test_changed_telephones_replace_the_old_ones_and_keep_what_stays() -> None:
    row = add(phones=["0501234567", "0551112233"])
    kept = row.phones.get(number="+994551112233").pk

    services.change(person=row.pk, version=None, changes={"phones": ["0709998877", "0551112233"]})

    assert numbers(row) == ["+994709998877", "+994551112233"]
    assert row.phones.get(number="+994551112233").pk == kept


def test_a_change_that_does_not_speak_of_telephones_leaves_them() -> None:
    row = add(phones=["0501234567"])

    services.change(person=row.pk, version=None, changes={"address": "Bakı"})

    assert numbers(row) == ["+994501234567"]


def test_one_wrong_telephone_refuses_the_whole_person() -> None:
    with pytest.raises(Invalid) as refusal:
        add(phones=["0501234567", "123"])

    assert (list(refusal.value.errors), refusal.value.code) == (["phones"], "phone_short_code")
    assert not Person.objects.exists()


def test_eleven_telephones_are_too_many() -> None:
    with pytest.raises(Invalid) as refusal:
        add(phones=[f"05012345{n}" for n in range(10, 21)])
    assert list(refusal.value.errors) == ["phones"]


@pytest.mark.parametrize(
    ("said", "code"),
    [("veteran", "VET"), ("martyr_family", "SHF"), ("disabled", "WDIS"), ("wounded", "WND"), ("VET", "VET")],
)
def test_a_category_has_a_word_and_a_code(said: str, code: str) -> None:
    assert add(categories=[said]).categories == [code]


def test_a_category_said_twice_counts_once() -> None:
    assert add(categories=["veteran", "VET", "veteran", "WDIS"]).categories == ["VET", "WDIS"]


def test_an_unknown_category_or_district_is_refused_at_its_field() -> None:
    for field, value in (("categories", ["hero"]), ("categories", ["VET", "x\0"]), ("district", "ATL")):
        with pytest.raises(Invalid) as refusal:
            add(**{field: value})
        assert list(refusal.value.errors) == [field]


def test_the_first_to_save_wins_and_the_second_is_told() -> None:
    row = add()
    services.change(person=row.pk, version=1, changes={"address": "Bakı"})

    with pytest.raises(StaleVersion) as refusal:
        services.change(person=row.pk, version=1, changes={"address": "Gəncə"})

    assert refusal.value.extra == {"yours": 1, "current": 2}
    row.refresh_from_db()
    assert (row.address, row.version) == ("Bakı", 2)


def test_names_are_cleaned_of_what_nobody_sees() -> None:
    row = add(family_name="  Əliyev \t ", given_name="Rəşad\r\nVaqif", patronymic="Vaqif")

    assert (row.family_name, row.given_name) == ("Əliyev", "Rəşad Vaqif")


@pytest.mark.parametrize("field", ["family_name", "given_name"])
@pytest.mark.parametrize("value", ["", "   ", "\u00a0", "\n"])
def test_a_person_has_a_name(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        add(**{field: value})
    assert (list(refusal.value.errors), refusal.value.code) == ([field], "required")


def test_the_whole_name_is_official() -> None:
    assert add(patronymic="Vaqif", sex="m").full_name == "Nümunəvi Orxan Vaqif oğlu"
    assert add(given_name="Aygün", patronymic="Vaqif", sex="f").full_name == "Nümunəvi Aygün Vaqif qızı"
    assert add(patronymic="Vaqif").full_name == "Nümunəvi Orxan Vaqif"


def test_a_changed_name_changes_its_search_keys() -> None:
    row = add(family_name="Əliyev")
    assert "eliyev" in row.search_fold

    services.change(person=row.pk, version=None, changes={"family_name": "Bağırov"})

    row.refresh_from_db()
    assert (row.search_fold, "bagirov" in row.search_fold) == ("bagirov orxan", True)


@pytest.mark.parametrize("born", [date(1899, 12, 31), date(2200, 1, 1)])
def test_a_date_of_birth_is_possible(born: date) -> None:
    with pytest.raises(Invalid) as refusal:
        add(birth_date=born)
    assert list(refusal.value.errors) == ["birth_date"]


def test_every_change_leaves_the_old_row_in_the_history() -> None:
    row = add(family_name="Əliyev")
    services.change(person=row.pk, version=None, changes={"family_name": "Bağırov"})

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT family_name, version FROM people_personevent WHERE pgh_obj_id = %s ORDER BY pgh_id",
            [row.pk],
        )
        assert cursor.fetchall() == [("Əliyev", 1), ("Bağırov", 2)]


def test_a_person_is_not_told_by_name_where_rows_are_printed() -> None:
    row = add(family_name="Gizli")

    assert "Gizli" not in f"{row} {row!r}"
