"""Invented people. No row is a real person; the numbers begin with 000, which no operator hands out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from .material import Material, pick, share_out, shuffled

FIN_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
PREFIXES = ("050", "051", "055", "070", "077", "099")
STREETS = ("Nizami", "Azadlıq", "Xətai", "Füzuli", "Nəsimi", "Cavid", "Vahid", "Sabir")
SAFETY = (
    "Yalnız özü ilə danışmaq, ailəyə məlumat verməmək.",
    "Ünvanı heç kimə deməmək.",
    "Axşam saat 18:00-dan sonra zəng etməmək.",
)
# Years of birth by category: fallen men's parents and widows are older, participants were of serving age.
BORN = {"SHF": (1948, 1998), "MISS": (1945, 1985), "REL": (1950, 2004), "CIVM": (1950, 2004)}
SERVED = (1972, 2001)
HOUSEHOLD = 0.15  # share of people who belong to the household of somebody before them
KIN = {"spouse": "spouse", "parent": "child", "child": "parent", "sibling": "sibling"}


@dataclass(frozen=True)
class Invented:
    """A person not yet written. ``relation`` is (place of the relative in the cast, what we are to him)."""

    family_name: str
    given_name: str
    patronymic: str
    sex: str
    birth_date: date
    fin: str | None
    phones: tuple[str, ...]
    district: str
    district_name: str
    address: str
    categories: tuple[str, ...]
    language: str
    safety_note: str
    relation: tuple[int, str] | None = None


def invent(
    count: int, material: Material, wanted: Collection[tuple[int, str]], rng: Random
) -> list[Invented]:
    """``count`` people; ``wanted`` are (place, category) of those whose story needs a category.

    With 75 people or more every district has somebody.
    """
    needs = dict(wanted)
    districts = shuffled(share_out(material.volumes["districts"], count, each=True), rng)
    people: list[Invented] = []
    taken: set[str] = set()
    for place, district in enumerate(districts):
        one = _one(district, material, needs.get(place), rng)
        if people and rng.random() < HOUSEHOLD:
            one = _join_household(one, people, rng)
        fin = _fin(taken, rng) if rng.random() < 0.6 else None
        people.append(Invented(**{**one.__dict__, "fin": fin}))
    return people


def _one(district: str, material: Material, category: str | None, rng: Random) -> Invented:
    categories = _categories(material, category, rng)
    first, last = BORN.get(categories[0], SERVED)
    serves = categories[0] not in BORN
    sex = "f" if rng.random() < (0.04 if serves else 0.6) else "m"
    family, given = _name(material, sex, rng)
    return Invented(
        family_name=family,
        given_name=given,
        patronymic=rng.choice(material.names["fathers"]),
        sex=sex,
        birth_date=date(first, 1, 1) + timedelta(days=rng.randrange((last - first + 1) * 365)),
        fin=None,
        phones=_phones(rng),
        district=material.districts[district],
        district_name=district,
        address=_address(district, material, rng) if rng.random() < 0.7 else "",
        categories=categories,
        language=pick(material.volumes["languages"], rng),
        safety_note=rng.choice(SAFETY) if rng.random() < 0.02 else "",
    )


def _name(material: Material, sex: str, rng: Random) -> tuple[str, str]:
    names = material.names
    avoid = {tuple(pair) for pair in names["avoid"]}
    while True:
        forms = rng.choice(names["family"])
        given = rng.choice(names["female" if sex == "f" else "male"])
        if not any((form, given) in avoid for form in forms):
            return forms[1 if sex == "f" else 0], given


def _categories(material: Material, wanted: str | None, rng: Random) -> tuple[str, ...]:
    first = wanted or pick(material.volumes["categories"], rng)
    second = material.volumes["second_category"]
    if first in second["pairs"] and rng.random() < second["share"]:
        return first, rng.choice(second["pairs"][first])
    return (first,)


def _phones(rng: Random) -> tuple[str, ...]:
    return tuple(
        f"{rng.choice(PREFIXES)}000{rng.randrange(10_000):04d}" for _ in range(1 + (rng.random() < 0.25))
    )


def _address(district: str, material: Material, rng: Random) -> str:
    street = f"{rng.choice(STREETS)} küçəsi, ev {rng.randrange(1, 90)}"
    if district != "Bakı":
        return street
    return f"{pick(material.volumes['baku'], rng)} rayonu, {street}, mənzil {rng.randrange(1, 120)}"


def _fin(taken: set[str], rng: Random) -> str:
    while True:
        fin = "".join(rng.choice(FIN_LETTERS) for _ in range(7))
        if fin not in taken:
            taken.add(fin)
            return fin


def _join_household(one: Invented, people: list[Invented], rng: Random) -> Invented:
    """Give ``one`` the telephone, the place and mostly the family name of somebody already there."""
    place = rng.randrange(len(people))
    relative = people[place]
    kind = rng.choice(list(KIN))
    shared = {
        "phones": relative.phones[:1] + one.phones[1:],
        "district": one.district,
        "relation": (place, kind),
    }
    if relative.district == one.district:
        shared["address"] = relative.address
    return Invented(**{**one.__dict__, **shared})
