"""The one search box: whoever is meant is found, however it is written, and no table is read to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from access.models import User
from access.roles import Role
from people import selectors, services
from people.models import Person, Phone
from tests import bulk

pytestmark = pytest.mark.django_db


def found(query: str) -> list[str]:
    rows = selectors.search(Person.objects.all(), query)[:20]
    return [f"{row.family_name} {row.given_name}" for row in rows]


@pytest.fixture
def known(person: Callable[..., Person]) -> dict[str, Person]:
    """A few people whose names are easily mistaken."""
    rows = {
        "Rəşad": {"family_name": "Əliyev", "given_name": "Rəşad", "patronymic": "Vaqif", "fin": "5ABC12D"},
        "Şükürə": {"family_name": "Çıraqova", "given_name": "Şükürə", "patronymic": "İsmayıl", "sex": "f"},
        "Cavid": {"family_name": "Hüseynov", "given_name": "Cavid", "patronymic": "Oqtay"},
        "Xəyal": {"family_name": "Qurbanov", "given_name": "Xəyal", "patronymic": "Yaşar"},
    }
    numbers = ["050 123 45 67", "012 598 09 45", "+90 312 555 66 77", "070 987 65 43"]
    return {
        name: person(**fields, phones=[number])
        for (name, fields), number in zip(rows.items(), numbers, strict=True)
    }


@pytest.mark.parametrize("query", ["5ABC12D", "5abc12d", " 5abc12d ", "5АВС12D", "5abc12d\n"])
def test_rəşad_by_his_fin(known: Any, query: str) -> None:
    assert found(query) == ["Əliyev Rəşad"]


@pytest.mark.parametrize(
    "query",
    [
        "0501234567",
        "050 123 45 67",
        "(050) 123-45-67",
        "+994 50 123 45 67",
        "+994 (0)50 123 45 67",
        "00994501234567",
        "994501234567",
        "501234567",
        "80501234567",
        "٠٥٠١٢٣٤٥٦٧",
        "tel:+994501234567",
        "050.123.45.67",
    ],
)
def test_rəşad_by_his_telephone_however_it_is_written(known: Any, query: str) -> None:
    assert found(query) == ["Əliyev Rəşad"]


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("4567", "Əliyev Rəşad"),
        ("123 45", "Əliyev Rəşad"),
        ("598-09", "Çıraqova Şükürə"),
        ("5556677", "Hüseynov Cavid"),
        ("+90 312 555 66 77", "Hüseynov Cavid"),
    ],
)
def test_who_remembers_a_part_of_the_number_finds_its_owner(known: Any, query: str, who: str) -> None:
    assert found(query) == [who]


def test_a_number_of_the_household_finds_all_of_it(known: Any, person: Any) -> None:
    person(family_name="Əliyeva", given_name="Günay", phones=["0501234567"])

    assert sorted(found("050 123 45 67")) == ["Əliyev Rəşad", "Əliyeva Günay"]


def test_seven_digits_may_also_be_a_fin(known: Any, person: Any) -> None:
    person(family_name="Rəqəmli", given_name="Fərid", fin="1234567", phones=["0551112233"])

    assert sorted(found("1234567")) == ["Rəqəmli Fərid", "Əliyev Rəşad"]


def test_rəşad_by_the_number_of_his_application(known: Any, register: Any) -> None:
    application = register(person=known["Rəşad"])
    _vet, year, serial = application.number.split("-")

    for query in (
        application.number,
        application.number.lower(),
        f"{year}-{int(serial)}",
        f"№{year}/{serial}",
    ):
        assert found(query) == ["Əliyev Rəşad"], query


@pytest.mark.parametrize(
    ("query", "who"),
    [
        ("Əliyev Rəşad", "Əliyev Rəşad"),
        ("eliyev resad", "Əliyev Rəşad"),
        ("RƏŞAD ƏLİYEV", "Əliyev Rəşad"),
        ("rəşad vaqif", "Əliyev Rəşad"),
        ("vaqif əliyev", "Əliyev Rəşad"),
        ("Алиев Рашад", "Əliyev Rəşad"),
        ("Əlijev Rəşad", "Əliyev Rəşad"),
        ("Aliyev Rashad", "Əliyev Rəşad"),
        ("aliev", "Əliyev Rəşad"),
        ("ciraqova sukure", "Çıraqova Şükürə"),
        ("Чырагова", "Çıraqova Şükürə"),
        ("şükürə ismayıl", "Çıraqova Şükürə"),
        ("SUKURE ISMAYIL", "Çıraqova Şükürə"),
        ("Huseynov", "Hüseynov Cavid"),
        ("Guseynov Javid", "Hüseynov Cavid"),
        ("Гусейнов Джавид", "Hüseynov Cavid"),
        ("Kurbanov Khayal", "Qurbanov Xəyal"),
        ("xeyal", "Qurbanov Xəyal"),
        ("Əliyevv Rəşşad", "Əliyev Rəşad"),
        ("  əliyev   rəşad  ", "Əliyev Rəşad"),
        ("əliyev, rəşad", "Əliyev Rəşad"),
    ],
)
def test_a_name_is_found_as_people_type_it(known: Any, query: str, who: str) -> None:
    assert found(query)[:1] == [who]


@pytest.mark.parametrize("query", ["", "   ", "!!!", "\u200b", "VET-2026-999999", "9ZZZ99Z", "+994501112299"])
def test_what_means_nobody_finds_nobody(known: Any, query: str) -> None:
    assert found(query) == []


@pytest.mark.parametrize("query", ["%", "_", "100%", "\\", "'", "a%b", "əli_ev", "(", "*", "[a-z]"])
def test_signs_of_patterns_are_no_patterns(known: Any, query: str) -> None:
    assert len(found(query)) <= 1


def test_the_likeliest_comes_first(known: Any, person: Any) -> None:
    person(family_name="Əliyeva", given_name="Rəşidə", patronymic="Vaqif")
    person(family_name="Əlizadə", given_name="Rəşad", patronymic="Kərim")

    assert found("əliyev rəşad")[0] == "Əliyev Rəşad"


def test_a_changed_name_is_found_and_the_old_one_is_not(known: Any) -> None:
    services.change(
        person=known["Cavid"].pk, version=None, changes={"family_name": "Bağırov", "given_name": "Orxan"}
    )

    assert found("bagirov") == ["Bağırov Orxan"]
    assert "Bağırov Orxan" not in found("huseynov")


# Among many ------------------------------------------------------------------------------------------------

QUERIES = {
    "a FIN": "0A00000",
    "a telephone": "+994501000007",
    "a part of a telephone": "10000",
    "seven digits": "1000007",
    "a registration number": "VET-2025-000007",
    "a name": "eliyev rəşad",
    "a name by its sound": "Алиев Рашад",
    "a surname": "quliyeva",
    "a misspelt name": "Mamedovv Elchin",
}


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Twenty-five thousand invented people, and as many applications."""
    with django_db_blocker.unblock(), transaction.atomic():
        keys = bulk.many_people(25_000)
        bulk.many_referrals(25_000, keys, User.objects.create(username="bulk", role=Role.OPERATOR))
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_no_search_reads_the_whole_register(crowd: None, query: str) -> None:
    with bulk.captured() as statements:
        rows = list(selectors.search(Person.objects.all(), query)[:20])

    assert rows
    assert bulk.scanned(statements, Person, Phone) == []


def test_the_indexes_of_the_search_are_used(crowd: None) -> None:
    with bulk.captured() as statements:
        for query in QUERIES.values():
            list(selectors.search(Person.objects.all(), query)[:20])

    used = bulk.indexes(statements)
    assert {"people_fold_trgm", "people_phon_trgm", "people_phone_part", "people_fin_once"} <= used


def test_the_desk_pays_the_same_for_one_and_for_twenty(crowd: None, api: Any) -> None:
    client = api(User.objects.create(username="desk", role=Role.OPERATOR))

    def cost(query: str) -> tuple[int, int]:
        rows = client.get(f"people/?q={query}").json()["results"]
        return len(rows), bulk.statements(lambda: client.get(f"people/?q={query}"))

    (few, one), (many, twenty) = cost("%2B994501000007"), cost("quliyeva")

    assert (few, many) == (1, 20)
    assert one == twenty <= 6
