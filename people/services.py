"""Adding and changing people. Every text passes the rules of ``people.text`` here, whatever the door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from events import clock
from events.errors import Invalid, Sentence, StaleVersion

from . import text
from .errors import FinTaken
from .models import Category, District, Person, Phone, Sex
from .reference import find

SENTENCES: dict[str, Sentence] = {
    "control_character": _("The text holds a character that cannot be stored. Type it again without it."),
    "fin_length": _("A FIN has 7 characters."),
    "fin_letters": _("A FIN has digits and English letters, never I or O."),
    "phone_length": _("A telephone number has 9 digits after the 0."),
    "phone_unknown": _("This is not a telephone number of Azerbaijan or a full international one."),
    "phone_short_code": _("This is a service number. Write the person's own number."),
    "required": _("This field is needed."),
    "too_long": _("This is too long."),
}


def checked(field: str, rule: Callable[[str], str], value: Any) -> str:
    """Apply a text rule to a field; raise ``Invalid`` with that field and the rule's code."""
    if not isinstance(value, str):
        raise Invalid.field(field, _("This has to be text."), code="not_text")
    try:
        return rule(value)
    except text.BadText as bad:
        sentence = SENTENCES.get(bad.code, SENTENCES["control_character"])
        raise Invalid.field(field, sentence, code=bad.code) from None


def line(field: str, value: Any, *, limit: int, required: bool = False) -> str:
    """A one-line text of at most ``limit`` code points."""
    cleaned = checked(field, text.clean_line, value or "")
    if required and not cleaned:
        raise Invalid.field(field, SENTENCES["required"], code="required")
    if len(cleaned) > limit:
        raise Invalid.field(field, SENTENCES["too_long"], code="too_long")
    return cleaned


def add(
    *,
    family_name: str,
    given_name: str,
    patronymic: str = "",
    fin: str | None = None,
    phones: Sequence[str] = (),
    district: str | None = None,
    categories: Sequence[str] = (),
    birth_date: date | None = None,
    sex: str = Sex.UNKNOWN,
    address: str = "",
    language: str = "az",
    safety_note: str = "",
    synthetic: bool = False,
) -> Person:
    """Register a person. Raises ``Invalid`` with a field map, or ``FinTaken``."""
    person = Person(synthetic=synthetic, created_at=clock.now())
    _fill(
        person,
        {
            "family_name": family_name,
            "given_name": given_name,
            "patronymic": patronymic,
            "fin": fin,
            "district": district,
            "categories": categories,
            "birth_date": birth_date,
            "sex": sex,
            "address": address,
            "language": language,
            "safety_note": safety_note,
        },
    )
    numbers = _numbers(phones)
    with transaction.atomic():
        _save(person)
        _set_phones(person, numbers)
    return person


@transaction.atomic
def change(*, person: UUID, version: int | None, changes: dict[str, Any]) -> Person:
    """Change a person's fields. Raises ``StaleVersion`` when somebody was faster."""
    row = Person.objects.select_for_update(no_key=True).get(pk=person)
    if version is not None and version != row.version:
        raise StaleVersion(yours=version, current=row.version)
    numbers = _numbers(changes.pop("phones")) if "phones" in changes else None
    _fill(row, changes)
    row.version += 1
    _save(row)
    if numbers is not None:
        _set_phones(row, numbers)
    return row


def _fill(person: Person, values: dict[str, Any]) -> None:
    names = {"family_name": True, "given_name": True, "patronymic": False}
    for field, required in names.items():
        if field in values:
            setattr(person, field, line(field, values[field], limit=80, required=required))
    if "fin" in values:
        person.fin = checked("fin", text.fin, values["fin"]) if values["fin"] else None
    if "district" in values:
        person.district = _district(values["district"])
    if "categories" in values:
        person.categories = _categories(values["categories"])
    for field, limit in {"address": 300, "safety_note": 300}.items():
        if field in values:
            setattr(person, field, line(field, values[field], limit=limit))
    for field in ("birth_date", "sex", "language"):
        if field in values:
            setattr(person, field, values[field])
    if person.birth_date and not date(1900, 1, 1) <= person.birth_date <= clock.now().date():
        raise Invalid.field("birth_date", _("This date cannot be a date of birth."), code="birth_date")
    person.index_name()


def _save(person: Person) -> None:
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        if "people_fin_once" in str(error):
            raise FinTaken from None
        raise


def _numbers(phones: Sequence[str]) -> list[str]:
    if len(phones) > 10:
        raise Invalid.field("phones", _("At most 10 numbers per person."), code="too_many")
    return list(dict.fromkeys(checked("phones", text.phone, number) for number in phones))


def _set_phones(person: Person, numbers: list[str]) -> None:
    if not person._state.adding:
        Phone.objects.filter(person=person).exclude(number__in=numbers).delete()
    Phone.objects.bulk_create(
        [Phone(person=person, number=number, position=place) for place, number in enumerate(numbers)],
        update_conflicts=True,
        unique_fields=["person", "number"],
        update_fields=["position"],
    )


def _district(code: str | None) -> District | None:
    if not code:
        return None
    found = find(District, code)
    if found is None:
        raise Invalid.field("district", _("There is no such district."), code="unknown_district")
    return found


def _categories(codes: Sequence[str]) -> list[str]:
    known = {row.pk: row.pk for row in Category.objects.filter(active=True)}
    by_alias = {"veteran": "VET", "martyr_family": "SHF", "disabled": "WDIS", "wounded": "WND"}
    chosen = [known.get(by_alias.get(code, code)) for code in dict.fromkeys(codes)]
    if None in chosen:
        raise Invalid.field("categories", _("There is no such category."), code="unknown_category")
    return list(dict.fromkeys(code for code in chosen if code))
