"""Training: a linear support vector classifier, its calibration and its thresholds, from examples.

Calibration and thresholds come from cross-validation over groups: every application is scored by a classifier
that saw neither it nor a near copy of it. The same examples always make the same model.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from . import judge
from .examples import Example
from .model import Model, ngrams, probabilities
from .words import LIMIT, Found, Roots

FOLDS = 5
REGULARISATION = 0.1  # C of the classifier: found by cross-validation on the demonstration's texts, ADR 14
SHARED_BY = 3  # applications that have an n-gram before it is learned: what fewer share may be a name
START = (-2.0, -1.5)  # logarithms of temperature and trust, near what is found
PRECISION = 1 / 5  # of what is shown at least one in five is right: a line to pass over costs a glance
DOUBT = 20  # outcomes that the confidence told is worth when a share is measured

Floats = NDArray[Any]


@dataclass(frozen=True)
class Trained:
    """A model with what cross-validation says of it."""

    model: Model
    figures: dict[str, Any]


def train(
    own: Sequence[Example], applications: Sequence[Example], topics: Mapping[str, str], roots: Roots
) -> Trained:
    """A model of the taxonomy's ``own`` words and of ``applications``; ``topics`` by code."""
    codes = sorted(topics)
    scores = _held_out(own, applications, codes)
    met = [roots.scores(example.text) for example in applications]
    named = numpy.array([[by_code[code] for code in codes] for by_code in met])
    temperature, trust = _calibrate(scores, named, [codes.index(example.code) for example in applications])
    sure = probabilities(scores + trust * named, temperature)
    judged = [
        judge.Judged(example.code, _likely(row, codes))
        for example, row in zip(applications, sure, strict=True)
    ]
    thresholds = _thresholds(judged, topics)
    model = replace(
        _fit(own, applications, codes),
        temperature=temperature,
        trust=trust,
        thresholds=numpy.array([thresholds[topics[code]] for code in codes]),
    )
    return Trained(model, _figures(_cut(judged, topics, thresholds), topics, thresholds))


def _fit(own: Sequence[Example], applications: Sequence[Example], codes: Sequence[str]) -> Model:
    """The classifier alone, uncalibrated."""
    both = [*own, *applications]
    vectorizer = TfidfVectorizer(
        analyzer=ngrams, vocabulary=_vocabulary(own, applications), sublinear_tf=True, dtype=numpy.float64
    )
    classifier = LinearSVC(C=REGULARISATION, random_state=0)
    classifier.fit(
        vectorizer.fit_transform([example.text for example in both]),
        [codes.index(example.code) for example in both],
        sample_weight=[example.weight for example in both],
    )
    return Model(
        codes=tuple(codes),
        grams=tuple(vectorizer.get_feature_names_out().tolist()),
        idf=vectorizer.idf_.astype("float32"),
        weights=classifier.coef_.T.astype("float16"),
        bias=classifier.intercept_.astype("float32"),
        temperature=1.0,
        trust=0.0,
        thresholds=numpy.zeros(len(codes)),
    )


def _vocabulary(own: Iterable[Example], applications: Iterable[Example]) -> list[str]:
    """N-grams of the taxonomy's own words, and those that several applications share."""
    shared = Counter(gram for example in applications for gram in set(ngrams(example.text)))
    known = {gram for example in own for gram in ngrams(example.text)}
    return sorted(known | {gram for gram, count in shared.items() if count >= SHARED_BY})


def _held_out(own: Sequence[Example], applications: Sequence[Example], codes: Sequence[str]) -> Floats:
    """Scores (applications, subtopics), each by a classifier that saw nothing of the application's group."""
    scores = numpy.zeros((len(applications), len(codes)))
    groups = [example.group for example in applications]
    for learned, tested in GroupKFold(FOLDS).split(scores, groups=groups):
        model = _fit(own, [applications[row] for row in learned], codes)
        for row in tested:
            found = model.scores(applications[row].text)
            scores[row] = model.bias if found is None else found
    return scores


def _calibrate(scores: Floats, named: Floats, truth: Sequence[int]) -> tuple[float, float]:
    """Temperature and trust at which the true subtopics are least surprising (mean negative log likelihood).

    ``scores`` of the classifier and what the own words say, ``named``: (applications, subtopics) both.
    """
    rows = numpy.arange(len(truth))

    def surprise(logarithms: Floats) -> float:
        temperature, trust = numpy.exp(logarithms)
        sure = probabilities(scores + trust * named, temperature)[rows, truth]
        return float(-numpy.log(numpy.maximum(sure, 1e-12)).mean())

    temperature, trust = numpy.exp(minimize(surprise, START, method="Nelder-Mead").x)
    return float(temperature), float(trust)


def _likely(sure: Floats, codes: Sequence[str]) -> Found:
    """The likeliest subtopics of one text, no threshold applied."""
    order = numpy.argsort(-sure, kind="stable")[:LIMIT]
    return [(codes[column], float(sure[column])) for column in order]


def _thresholds(judged: Iterable[judge.Judged], topics: Mapping[str, str]) -> dict[str, float]:
    """By topic, the confidence from which its suggestions are right often enough; never below mere chance.

    A topic that was never suggested has the threshold of all of them together.
    """
    outcomes: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for it in judged:
        for code, confidence in it.found:
            outcomes[topics[code]].append((confidence, code == it.code))
    together = [pair for pairs in outcomes.values() for pair in pairs]
    chance = 1 / len(topics)
    return {
        topic: max(chance, _threshold(outcomes.get(topic, together)))
        for topic in sorted(set(topics.values()))
    }


def _threshold(outcomes: Sequence[tuple[float, bool]]) -> float:
    """The lowest confidence from which on the share that was right is ``PRECISION``.

    Few outcomes prove little: the share is drawn towards the confidence told, by the weight of ``DOUBT``
    outcomes. If it is never reached, only what is surer than all that was measured is believed.
    """
    lowest = max([PRECISION, *(confidence for confidence, _hit in outcomes)])
    right, told = 0, 0.0
    for count, (confidence, hit) in enumerate(sorted(outcomes, reverse=True), start=1):
        right += hit
        told += confidence
        if right + DOUBT * told / count >= PRECISION * (count + DOUBT):
            lowest = confidence
    return lowest


def _cut(
    judged: Iterable[judge.Judged], topics: Mapping[str, str], thresholds: Mapping[str, float]
) -> list[judge.Judged]:
    """What of the suggestions would have been shown."""
    return [
        it._replace(found=[pair for pair in it.found if pair[1] >= thresholds[topics[pair[0]]]])
        for it in judged
    ]


def _figures(
    shown: Sequence[judge.Judged], topics: Mapping[str, str], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """What cross-validation says, as plain data."""
    by_topic = judge.parts((topics[it.code], it) for it in shown)
    return {
        "all": asdict(judge.accuracy(shown)),
        "calibration_error": judge.calibration_error(shown),
        "topics": {topic: asdict(part) for topic, part in by_topic.items()},
        "thresholds": {topic: round(value, 3) for topic, value in thresholds.items()},
    }
