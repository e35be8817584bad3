"""Arguments for an agent that takes any object: what comes before it, else whatever material the objective has."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from planner.chaining.outputs import Output
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.text import QUOTE_MARK, Text

_NOUN_BEFORE: Final = frozenset(["the", "a", "of", "back", "on", "with", "to", "string", "for", "in", "echo"])


def open_bind(draft: Draft, text: Text, outputs: Sequence[Output], own: Collection[int]) -> dict[str, Bind]:
    """Return what is given to an agent that names no parameters.

    Args:
        draft: Holds the caller's inputs.
        text: What asks for it.
        outputs: What comes before it.
        own: Which literals of the text are handed to it.
    """
    given: dict[str, Bind] = {}
    for value in (text.literals[number].value for number in sorted(own)):
        if isinstance(value, dict):
            return {name: literal(v) for name, v in value.items()}
    if outputs:
        return {"result": key(outputs[-1].key)}
    quotes = iter(text.quotes)
    for i, word in enumerate(text.words):
        if word.text == QUOTE_MARK:
            noun = text.before(i)
            is_name = re.fullmatch(r"[a-z][a-z0-9_]{0,40}", noun) and noun not in _NOUN_BEFORE
            given.setdefault(noun if is_name else "text", literal(next(quotes, "")))
    for value in (*text.values, *text.csvs):
        given.setdefault("value", literal(value))
    return given or {name: key(name) for name in draft.inputs} or {"text": literal(text.plain.strip()[:1000])}
