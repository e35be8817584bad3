"""Which literals of a text are handed to which call, where several steps are asked for: those that stand with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from planner.chaining.call import Call
from planner.chaining.feeding import needed, preset_literals
from planner.chaining.found import LEAST
from planner.chaining.literals import literal_for
from planner.chaining.schemas import properties_of
from planner.rules.draft import Draft
from planner.rules.guest_names import CONVERT, ECHO, SCHEMA_CHECK, TABLE, TEMPLATE, WORDING
from planner.rules.text import FILE_MARK, JSON_MARK, MARKS, QUOTE_MARK, Text

LENT: Final[dict[str, frozenset[str]]] = {
    SCHEMA_CHECK: frozenset({"value"}),
    TEMPLATE: frozenset({"values"}),
    WORDING: frozenset({"text"}),
}
"""Guest -> the parameters that take what the step before gives, unless a literal stands with the call."""
_DONE: Final = re.compile(
    r"\b(?:once|after|when|nachdem|sobald|wenn|una vez|despues de|tras|cuando|apres|une fois|quand|lorsqu\w*"
    r"|converted|umgerechnet\w*|convertid\w*|convertie?s?)\b"
)
"""That something is to be done before, though it is said after."""


def with_stretches(calls: Sequence[Call], text: Text) -> list[Call]:
    """Return the calls, each with the part of the text that is its own: from its clause up to the next call's.

    Args:
        calls: In the text's order.
        text: What makes them.
    """
    firsts: dict[int, int] = {}
    for word in text.words:
        firsts.setdefault(word.clause, word.start)
    clauses = [*firsts.values()]
    starts = sorted({call.start for call in calls})
    return [replace(call, stretch=_stretch(call.start, starts, clauses, len(text.plain))) for call in calls]


def _stretch(start: int, starts: Sequence[int], clauses: Sequence[int], size: int) -> tuple[int, int]:
    begin = max((c for c in clauses if c <= start), default=0)
    other = next((s for s in starts if s > start), size)
    end = max((c for c in clauses if start < c <= other), default=other) if other < size else size
    return begin, end


def literals_in(text: Text, stretch: tuple[int, int]) -> set[int]:
    """Return which literals of a text stand in a part of it."""
    places = [at for at, char in enumerate(text.plain) if char in MARKS]
    return {number for number, at in enumerate(places) if stretch[0] <= at < stretch[1]}


def without_borrowed(call: Call, text: Text) -> Call:
    """Return a call without the literals that stand elsewhere in the text, where it may take a result instead."""
    lent = LENT.get(call.card.name, frozenset()) & call.presets.keys()
    if not lent:
        return call
    own = [text.literals[n].value for n in literals_in(text, call.stretch)]
    others = [piece.value for piece in text.literals]
    gone = {n for n in lent if _is_among(call.presets[n], others) and not _is_among(call.presets[n], own)}
    return replace(call, presets={n: v for n, v in call.presets.items() if n not in gone})


def without_converted(calls: Sequence[Call], text: Text) -> list[Call]:
    """Return the calls, those that come after a conversion without the list that is converted: they take the result."""
    turned = next((c for c in calls if c.card.name == CONVERT and "values" in c.presets), None)
    if turned is None:
        return [*calls]
    values = [turned.presets["values"]]
    return [
        replace(c, presets={n: v for n, v in c.presets.items() if not (n in lent and _is_among(v, values))})
        if (lent := LENT.get(c.card.name)) and (turned.start < c.start or _DONE.search(text.folded, c.start))
        else c
        for c in calls
    ]


def _is_among(value: Any, values: Sequence[Any]) -> bool:
    return any(value is other for other in values)


def is_ready(call: Call, text: Text, draft: Draft) -> bool:
    """Say whether a call waits for no other step: all that it must have is in the text or among the inputs."""
    if call.card.name == ECHO:
        own = literals_in(text, call.stretch)
        return any(text.literals[n].mark in {JSON_MARK, QUOTE_MARK} for n in own)
    if call.card.name in {TEMPLATE, SCHEMA_CHECK}:
        must = dict.fromkeys((*needed(call), *call.must))
        return all(n in call.presets or n in draft.inputs for n in must)
    return can_start(call, text, draft)


def can_start(call: Call, text: Text, draft: Draft) -> bool:
    """Say whether all that a call must have is in the text or among the inputs: it waits for nobody."""
    properties = properties_of(call.card.takes)
    taken = preset_literals(call, text)
    for name in dict.fromkeys((*needed(call), *call.must)):
        if name in call.presets or name in draft.inputs:
            continue
        if name in call.never_said:
            return False
        found = literal_for(name, properties.get(name, {}), text, taken=taken)
        is_file = (
            found is not None and found.literal is not None and text.literals[found.literal].mark == FILE_MARK
        )
        if found is None or (found.strength < LEAST and not is_file):
            return False
        if found.literal is not None:
            taken.add(found.literal)
    return True


def in_feeding_order(calls: Sequence[Call], text: Text, draft: Draft) -> list[Call]:
    """Return the calls in the text's order, but one that waits for another never before all that wait for none."""
    first = next((at for at, call in enumerate(calls) if not _waits(call, text, draft)), len(calls))
    return [*calls[first : first + 1], *calls[:first], *calls[first + 1 :]]


def _waits(call: Call, text: Text, draft: Draft) -> bool:
    is_writer = call.card.name == TABLE and call.role == "writes"
    return (is_writer or call.card.name in {ECHO, *LENT}) and not is_ready(call, text, draft)
