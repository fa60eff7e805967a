"""Subtopics that a text may be about. Plain Python and numbers: no Django, no database.

``words`` weighs the taxonomy's own words and serves until there is a trained model; ``examples`` prepares
what is learned from, ``learning`` trains and calibrates, ``model`` is what was learned, ``judge`` measures,
``labelled`` reads the texts to measure on. All of it proposes, a person decides; nothing is sent anywhere.
"""
