"""How good the suggestions in use are, on the labelled texts and by what operators chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from . import selectors
from .models import SubjectModel
from .suggest import judge, labelled
from .suggest.labelled import Labelled
from .suggest.words import Found, Roots

LABELLED = Path(settings.BASE_DIR) / "fixtures/labelled"


def evaluate() -> dict[str, Any]:
    """All figures as plain data; ``manage evaluate_subjects`` explains them."""
    known = selectors.taxonomy()
    topics = {it.code: it.topic for it in known}
    texts = [it for it in labelled.texts(LABELLED / "subjects.yaml") if it.label in topics]
    number, _found = selectors.suggested("")
    trained = SubjectModel.objects.filter(number=number or 0).values_list("figures", flat=True).first()
    return {
        "model": number,
        "in_use": _accuracies(texts, topics, lambda text: selectors.suggested(text)[1]),
        "own_words": _accuracies(texts, topics, Roots(known).suggest),
        "cross_validation": trained,
        "chosen": _chosen(),
        "distress": asdict(judge.signs(labelled.texts(LABELLED / "distress.yaml"))),
    }


def _accuracies(
    texts: Sequence[Labelled], topics: dict[str, str], suggest: Callable[[str], Found]
) -> dict[str, Any]:
    """Accuracy over all texts, by how they are written and by topic; and the calibration error."""
    judged = [(it.kind, judge.Judged(it.label, suggest(it.text))) for it in texts]
    return {
        "all": asdict(judge.accuracy([it for _kind, it in judged])),
        "calibration_error": judge.calibration_error(it for _kind, it in judged),
        "kinds": _plain(judge.parts(judged)),
        "topics": _plain(judge.parts((topics[it.code], it) for _kind, it in judged)),
    }


def _plain(parts: dict[str, judge.Accuracy]) -> dict[str, Any]:
    return {name: asdict(part) for name, part in parts.items()}


def _chosen() -> list[dict[str, Any]]:
    """By model, what operators chose: how often the first that was suggested, and any that was shown."""
    rows = []
    for number, ranks in selectors.outcomes().items():
        total = sum(ranks.values())
        shown = total - ranks.get(None, 0)
        rows.append(
            {
                "model": number,
                "applications": total,
                "top1": round(ranks.get(1, 0) / total, 3),
                "top3": round(shown / total, 3),
            }
        )
    return rows
