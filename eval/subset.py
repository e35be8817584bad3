"""Is what was expected in what was given? More may be given; nothing expected may be missing."""

from __future__ import annotations

from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import InvalidInput
from eval.compare import Path, Tally, brief, leaves, same_leaf

MAX_PAIRS: Final = 20_000_000
"""Leaves given times leaves expected, at most: each may be compared with each."""


def tally_subset(output: JsonValue, expected: JsonValue) -> Tally:
    """Count which leaves of `expected` are in `output`.

    A list's expected elements are looked for in order, others may stand
    between them; an element counts whole or not at all.

    Raises:
        InvalidInput: `eval.too_large`.
    """
    pairs = sum(1 for _ in leaves(output)) * sum(1 for _ in leaves(expected))
    if pairs > MAX_PAIRS:
        raise InvalidInput("eval.too_large", f"{pairs} pairs of values to compare, at most {MAX_PAIRS}")
    found = Tally()
    _find(output, expected, (), found)
    return found


def holds(output: Any, expected: Any) -> bool:
    """Say whether all of `expected` is in `output`."""
    if isinstance(expected, dict) and isinstance(output, dict):
        return all(k in output and holds(output[k], wanted) for k, wanted in expected.items())
    if isinstance(expected, list) and isinstance(output, list):
        # Taking the first that fits leaves the most for those after it.
        left = iter(output)
        return all(any(holds(given, wanted) for given in left) for wanted in expected)
    return same_leaf(output, expected)


def _find(output: Any, expected: Any, path: Path, found: Tally) -> None:
    if isinstance(expected, dict) and isinstance(output, dict) and expected:
        for key, wanted in expected.items():
            if key in output:
                _find(output[key], wanted, (*path, key), found)
            else:
                _miss(wanted, (*path, key), found)
    elif isinstance(expected, list) and isinstance(output, list) and expected:
        _find_elements(output, expected, path, found)
    else:
        agrees = holds(output, expected)
        said = "" if agrees else f"{brief(output)}, expected {brief(expected)}"
        found.note(path, said, agrees=agrees)


def _find_elements(output: list[Any], expected: list[Any], path: Path, found: Tally) -> None:
    start = 0
    for index, wanted in enumerate(expected):
        places = (i for i in range(start, len(output)) if holds(output[i], wanted))
        at = next(places, None)
        if at is None:
            _miss(wanted, (*path, index), found)
        else:
            start = at + 1
            for inner, _leaf in leaves(wanted, (*path, index)):
                found.note(inner, "", agrees=True)


def _miss(wanted: JsonValue, path: Path, found: Tally) -> None:
    for at, leaf in leaves(wanted, path):
        found.note(at, f"missing, expected {brief(leaf)}", agrees=False)
