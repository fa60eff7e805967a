"""What was learned: a linear classifier over character n-grams, as plain arrays.

A text is folded (``people.text.fold``: Azerbaijani with and without its letters and Russian become one Latin
alphabet), cut into n-grams inside words, weighed by tf-idf with sublinear counts and unit length, and
multiplied with one column of weights per subtopic. To these scores comes what the taxonomy's own words say,
by a factor that training measured; softmax with a temperature makes probabilities of the sum (Guo et al.
2017, "On Calibration of Modern Neural Networks"). Serving needs numpy only; scikit-learn is for ``learning``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

from people.text import CODE_POINTS, fold

from .words import LIMIT, Found, Roots

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[Any]

SIZES = (3, 4, 5)  # of n-grams, in characters, the space at either end of a word included
SHORTEST = 8  # a shorter text, in folded characters, says too little


class Unreadable(ValueError):
    """Stored bytes are no model."""


@dataclass(frozen=True)
class Model:
    """One trained model. F n-grams, C subtopics.

    ``idf`` (F,) are inverse document frequencies, ``weights`` (F, C) and ``bias`` (C,) the classifier,
    ``trust`` is the factor of the taxonomy's own words. A subtopic is proposed from its confidence in
    ``thresholds`` (C,) on.
    """

    codes: tuple[str, ...]
    grams: tuple[str, ...]
    idf: Floats
    weights: Floats
    bias: Floats
    temperature: float
    trust: float
    thresholds: Floats

    @cached_property
    def _places(self) -> dict[str, int]:
        return {gram: place for place, gram in enumerate(self.grams)}

    def suggest(self, text: str, roots: Roots) -> Found:
        """Likely ones of the taxonomy's subtopics, each with the probability that it is the right one."""
        folded = fold(text[:CODE_POINTS])
        scores = self.scores(folded) if len(folded) >= SHORTEST else None
        if scores is None:
            return []
        named = roots.scores(folded)
        columns = [column for column, code in enumerate(self.codes) if code in named]
        sums = [float(scores[column]) + self.trust * named[self.codes[column]] for column in columns]
        found = zip(probabilities(sums, self.temperature), columns, strict=True)
        likely = sorted(found, key=lambda it: (-it[0], it[1]))[:LIMIT]
        return [(self.codes[column], float(p)) for p, column in likely if p >= self.thresholds[column]]

    def scores(self, folded: str) -> Floats | None:
        """The classifier's scores (C,) of a folded text; None when it has no n-gram that was learned."""
        import numpy

        counts = Counter(ngrams(folded))
        met = sorted((self._places[gram], count) for gram, count in counts.items() if gram in self._places)
        if not met:
            return None
        places, times = (numpy.array(column) for column in zip(*met, strict=True))
        values = (1 + numpy.log(times)) * self.idf[places]
        scores: Floats = (values / numpy.linalg.norm(values)) @ self.weights[places] + self.bias
        return scores

    def to_bytes(self) -> bytes:
        """The arrays as npz; the same model is always the same bytes."""
        import numpy

        stored = BytesIO()
        numpy.savez_compressed(
            stored,
            codes=numpy.array(self.codes),
            grams=numpy.array(self.grams),
            idf=self.idf,
            weights=self.weights,
            bias=self.bias,
            temperature=numpy.array(self.temperature),
            trust=numpy.array(self.trust),
            thresholds=self.thresholds,
        )
        return stored.getvalue()


def from_bytes(stored: bytes) -> Model:
    """The model in ``stored``, which is data and never code. Raises ``Unreadable``."""
    import numpy

    try:
        with numpy.load(BytesIO(stored), allow_pickle=False) as arrays:
            model = Model(
                codes=tuple(arrays["codes"].tolist()),
                grams=tuple(arrays["grams"].tolist()),
                idf=arrays["idf"].astype("float32"),
                weights=arrays["weights"].astype("float32"),
                bias=arrays["bias"].astype("float32"),
                temperature=float(arrays["temperature"]),
                trust=float(arrays["trust"]),
                thresholds=arrays["thresholds"].astype("float32"),
            )
    except Exception as error:  # zipfile, zlib and numpy each have their own for bytes that are no archive
        raise Unreadable(type(error).__name__) from None
    if not _fits(model):
        raise Unreadable("the arrays do not fit each other")
    return model


def _fits(model: Model) -> bool:
    import numpy

    rows, columns = len(model.grams), len(model.codes)
    shapes = (model.idf.shape, model.weights.shape, model.bias.shape, model.thresholds.shape)
    numbers = (
        model.idf,
        model.weights,
        model.bias,
        model.thresholds,
        numpy.array([model.temperature, model.trust]),
    )
    return (
        shapes == ((rows,), (rows, columns), (columns,), (columns,))
        and all(bool(numpy.isfinite(each).all()) for each in numbers)
        and model.temperature > 0
    )


def digest(stored: bytes) -> str:
    """What tells one stored model from another."""
    return hashlib.sha256(stored).hexdigest()


def probabilities(scores: ArrayLike, temperature: float) -> Floats:
    """Softmax over the last axis, flattened or sharpened by the temperature."""
    import numpy

    values = numpy.asarray(scores) / temperature
    if not values.size:
        return values
    powers = numpy.exp(values - values.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def ngrams(folded: str) -> list[str]:
    """Character n-grams of a folded text's words. A word with a digit is a number or a code: left out."""
    return [
        padded[place : place + size]
        for word in folded.split()
        if not any(sign.isdigit() for sign in word)
        for padded in (f" {word} ",)
        for size in SIZES
        for place in range(len(padded) - size + 1)
    ]
