"""A number that stands beside what a parameter counts: "next 5 days" for `days`, "in two sentences" for `sentences`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from planner.chaining.concepts import concept, concepts, foreign
from planner.chaining.schemas import fits, types_of
from planner.rules.lexicon import NUMBERS
from planner.rules.text import Text

NEAR: Final = 3
"""Words after a number among which its noun may stand: "5 most important keywords"."""
_SAYS_LITTLE: Final = frozenset(
    map(
        concept,
        [
            "number",
            "limit",
            "max",
            "min",
            "maximum",
            "minimum",
            "count",
            "size",
            "the",
            "how",
            "many",
            "much",
            "to",
            "of",
        ],
    )
)

MAX_NUMBERS: Final = 200
_NUMBER: Final = re.compile(r"(?<![\w.,])(?:\d{1,12}(?:\.\d{1,6})?(?![\w]|[.,]\d)|[a-z]{2,12}\b)")
_BREAK: Final = re.compile(r"[.;:!?](?=\s|$)|\b(?:and|und|y|et)\b")


class Count(NamedTuple):
    """A number, and where it and its noun stand."""

    value: int | float
    start: int
    end: int


def counted_in(name: str, schema: Any, text: Text) -> Count | None:
    """Return the number a text gives beside the noun that a parameter is called by, or that its description counts."""
    if not types_of(schema) <= {"integer", "number"}:
        return None
    described = str(schema.get("description", ""))[:200] if isinstance(schema, Mapping) else ""
    nouns = {*concepts(name), *concepts(described)} - _SAYS_LITTLE
    if not nouns:
        return None
    for start, end, value in _numbers(text):
        near = [w for w in text.words if w.start >= end][:NEAR]
        if "percent" in nouns and text.folded[end:].lstrip().startswith("%") and fits(schema, value):
            return Count(value, start, end)
        for after in near:
            if after.text[0].isdigit() or _BREAK.search(text.folded, end, after.start):
                break
            if nouns & {concept(after.text), *foreign(after.text)} and fits(schema, value):
                return Count(value, start, after.end)
    return None


def _numbers(text: Text) -> Iterator[tuple[int, int, int | float]]:
    """Yield where each number stands, and its value; an article is none."""
    for match in islice(_NUMBER.finditer(text.folded), MAX_NUMBERS):
        said = match.group()
        if said[0].isdigit():
            yield *match.span(), float(said) if "." in said else int(said)
        elif said in NUMBERS and said not in {"a", "an", "un", "una", "une", "half", "media", "demi"}:
            yield *match.span(), NUMBERS[said]
