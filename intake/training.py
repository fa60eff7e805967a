"""Training the model that suggests subtopics, storing it, withdrawing it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from django.conf import settings

from . import selectors
from .models import SubjectModel
from .suggest import examples, model
from .suggest.words import Roots

SPOKEN = Path(settings.BASE_DIR) / "fixtures/training/russian.yaml"
"""What people say in Russian, by subtopic: the taxonomy's keywords are Azerbaijani."""


def train() -> tuple[SubjectModel, bool]:
    """Learn from what is closed today: the newest model, and whether it is a new one.

    The same examples make the same model, which is then not stored again. Raises ``examples.TooFew``.
    """
    known = selectors.taxonomy()
    topics = {it.code: it.topic for it in known}
    applications = examples.of_applications(selectors.closed_texts(), topics)
    examples.check(applications)
    from .suggest import learning  # scikit-learn takes two seconds to load: only who trains waits for it

    trained = learning.train(examples.of_taxonomy(known, _spoken()), applications, topics, Roots(known))
    weights = trained.model.to_bytes()
    newest = SubjectModel.objects.in_use().defer("weights").first()
    if newest is not None and newest.digest == model.digest(weights):
        return newest, False
    row = SubjectModel.objects.create(
        examples=len(applications),
        digest=model.digest(weights),
        figures=trained.figures,
        weights=weights,
    )
    selectors.forget()
    return row, True


def withdraw(number: int) -> bool:
    """Use a model no more: the newest one left serves, or the own words. False if it is not in use."""
    done = SubjectModel.objects.in_use().filter(number=number).update(active=False)
    selectors.forget()
    return bool(done)


def summary(row: SubjectModel) -> str:
    """One line about a trained model."""
    whole = row.figures["all"]
    return (
        f"Model {row.number} suggests from now on: learned from {row.examples} closed applications; in "
        f"cross-validation {whole['top1']:.0%} first, {whole['top3']:.0%} among those shown."
    )


def _spoken() -> Mapping[str, str]:
    spoken: dict[str, str] = yaml.safe_load(SPOKEN.read_text("utf-8"))
    return spoken
