"""A JSON number, as strictly as JSON has it: no sign in front of it but minus, no NaN, nothing no float holds."""

from __future__ import annotations

import re
from math import isinf
from typing import Final

from contracts.jsonvalue import MAX_DIGITS

_RUN: Final = re.compile(r"[-+.0-9A-Za-z_]*+")
"""Whatever a reader might take for a number, so that `1_000` is refused as a whole."""
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(?P<more>(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)")


def read_number(text: str, at: int) -> tuple[int | float | None, int]:
    """Return the number at `at`, or None where there is none, and where it ends."""
    run = _RUN.match(text, at)
    assert run is not None  # it matches nothing, too
    found = _NUMBER.fullmatch(run[0])
    if found is None or len(run[0]) > MAX_DIGITS:
        return None, run.end()
    if not found["more"]:
        return int(run[0]), run.end()
    value = float(run[0])
    return (None if isinf(value) else value), run.end()
