"""Finding people: one box for FIN, telephone, registration number and name."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest

from . import text
from .models import Person, Phone


def search(visible: QuerySet[Person], query: str, *, sounds: bool = True) -> QuerySet[Person]:
    """People who match ``query``, the likeliest first; nothing for an empty query.

    Without ``sounds`` a name has to contain the words as written: for a query that is itself a guess.

    A FIN or a telephone number matches exactly; a registration number is resolved through the
    person's applications; a name by trigrams over its folded and its phonetic key. Index scans.
    """
    kind, value = text.kind_of_query(query)
    match kind:
        case "fin":
            return visible.filter(fin=value)
        case "phone":
            return visible.filter(pk__in=_by_phone(value)).order_by("pk")
        case "number":
            return visible.filter(applications__number=value)
    return _by_name(visible, value, sounds=sounds)


def _by_phone(value: str) -> QuerySet[Any, Any]:
    """Keys of those with this number, whole or in part; seven bare digits may be a FIN as well.

    A union: with an OR over two tables both would be read from end to end.
    """
    if value.startswith("+"):
        return Phone.objects.filter(number=value).values("person")
    part = Phone.objects.filter(number__contains=value).values("person")
    return part.union(Person.objects.filter(fin=value).values("pk")) if len(value) == 7 else part


def _by_name(visible: QuerySet[Person], value: str, *, sounds: bool) -> QuerySet[Person]:
    fold, phon = text.fold(value), text.phon(value)
    if not fold:
        return visible.none()
    every_word = Q()
    for word in fold.split():
        every_word &= Q(search_fold__contains=word)
    alike = every_word | Q(search_phon__trigram_word_similar=phon) if sounds else every_word
    return (
        visible.filter(alike)
        .annotate(
            likeness=Greatest(TrigramSimilarity("search_fold", fold), TrigramSimilarity("search_phon", phon))
        )
        .order_by("-likeness", "pk")
    )
