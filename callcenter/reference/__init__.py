"""The reference data: read from ``fixtures/reference``, checked as a whole, written in one transaction.

``files`` reads and collects what is wrong, ``build`` makes rows of it, ``rules`` derives the first
rule set, ``write`` puts it into the database.
"""

from __future__ import annotations

from .load import FOLDER, Report, load

__all__ = ["FOLDER", "Report", "load"]
