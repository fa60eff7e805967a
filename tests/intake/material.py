"""What suggestions are tested with: the files of the repository, without a database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from intake.suggest import examples, learning
from intake.suggest.words import Known, Roots

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"


@cache
def known() -> list[Known]:
    """The taxonomy as the files have it."""
    topics = yaml.safe_load((FIXTURES / "reference/topics.yaml").read_text("utf-8"))
    return [
        Known(sub["id"], topic["id"], sub["keywords"], (sub["az"], sub["ru"]))
        for topic in topics
        for sub in topic["sub"]
    ]


@cache
def topics() -> dict[str, str]:
    return {it.code: it.topic for it in known()}


@cache
def demonstration() -> list[tuple[str, str]]:
    """Texts of the demonstration with their subtopic: stand-ins for closed applications."""
    texts = yaml.safe_load((FIXTURES / "demo/texts.yaml").read_text("utf-8"))
    return [
        (text.format(rel="oğlum", district="Tərtər"), code)
        for code, entry in texts.items()
        if code != "generic"
        for text in entry["texts"]
    ]


def own() -> list[examples.Example]:
    spoken = yaml.safe_load((FIXTURES / "training/russian.yaml").read_text("utf-8"))
    return examples.of_taxonomy(known(), spoken)


def train() -> learning.Trained:
    """A model of the demonstration's texts."""
    applications = examples.of_applications(demonstration(), topics())
    return learning.train(own(), applications, topics(), Roots(known()))


@cache
def trained() -> learning.Trained:
    """The same one for all tests: training takes seconds."""
    return train()
