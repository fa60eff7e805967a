"""What a log line may hold: never the words of an exception, which may be a citizen's."""

from __future__ import annotations

import logging
import traceback
from typing import Any

# Messages that speak of the code alone.
SAFE = (TypeError, AttributeError, NameError, ImportError)


class Line(logging.Formatter):
    """An exception is told by its kind and its way through the code.

    Its message is left out: PostgreSQL's "Failing row contains (...)" is a whole record of a person.
    """

    def formatException(self, ei: Any) -> str:
        error: BaseException | None = ei[1]
        told: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            way = "".join(traceback.format_tb(error.__traceback__))
            words = f": {error}" if type(error) in SAFE else ""
            told.append(f"{way}{type(error).__module__}.{type(error).__qualname__}{words}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nbecause of\n".join(told)
