"""The language of routing rules: facts, conditions, rule sets. Plain Python, no database.

A rule set is a JSON document (``ruleset.schema.json``); ``book.compile_book`` makes it executable,
``check.problems`` says what is wrong with it, ``forms`` brings conditions into the normal form from which
overlaps, shadows and decision tables follow.
"""
