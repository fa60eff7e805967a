"""A rule set as a workbook (XLSX) that people edit in a spreadsheet, and back.

One line a rule. A cell that is empty says nothing; where an empty member and a missing one mean the same, a
member that was there stays and is empty. Nothing is guessed: what cannot be read is told by sheet, row and
column, and then nothing is read at all.
"""

from .errors import RowError, TooLong, refuse, sentence
from .reading import read
from .writing import write

__all__ = ["RowError", "TooLong", "read", "refuse", "sentence", "write"]
