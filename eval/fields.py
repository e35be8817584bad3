"""Score fields found against fields expected: the F1 of information extraction.

A field is a leaf with its path; list places are left out of the path, so the
order of rows is free and a repeated field counts as often as it stands.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

from pydantic import JsonValue

from contracts.jsonvalue import canonical_json, join_pointer
from eval.compare import MAX_NAMED, brief, leaves

Field = tuple[str, str]
"""A path, `*` for any place in a list, and the leaf's JSON."""


def field_f1(output: JsonValue, expected: JsonValue) -> tuple[float, list[str]]:
    """Return the harmonic mean of precision and recall over fields, and the first differences."""
    given, wanted = fields_of(output), fields_of(expected)
    value = 2 * (given & wanted).total() / (given.total() + wanted.total())
    missing = [f"missing {_spell(f)}" for f in islice((wanted - given).elements(), MAX_NAMED)]
    extra = [f"not expected {_spell(f)}" for f in islice((given - wanted).elements(), MAX_NAMED)]
    return value, [*missing, *extra]


def fields_of(value: JsonValue) -> Counter[Field]:
    """Return every field, with how often it stands."""
    found = (
        (join_pointer(*("*" if isinstance(k, int) else k for k in path)), leaf)
        for path, leaf in leaves(value)
    )
    return Counter((path, _leaf_key(leaf)) for path, leaf in found)


def _leaf_key(leaf: JsonValue) -> str:
    whole = isinstance(leaf, float) and leaf.is_integer()
    return canonical_json(int(leaf) if whole and isinstance(leaf, float) else leaf)


def _spell(field: Field) -> str:
    return f"{field[0] or 'the value'} = {brief(field[1])}"
