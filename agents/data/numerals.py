"""The number that a text holds, where a page gives a measure in words: "128,000 km", "2,5 t", "-4 °C"."""

from __future__ import annotations

import re
from typing import Final

from pydantic import JsonValue

from agents.data.values import CellProblem, kind_of, shown
from agents.scrape.prices import NUMBER, amount_of

MAX_TEXT: Final = 500
_NUMERAL: Final = re.compile(
    rf"(?<![0-9A-Za-z.,])(?P<sign>[-\u2212])?(?P<digits>{NUMBER})(?P<thousand>k(?![A-Za-z]))?"
)


def number_in(value: JsonValue, column: str) -> int | float | None:
    """Return the first number of a text, a number as it is, and None for a text that holds none.

    A mark before exactly three digits is read as parting thousands, any other
    one as the decimal mark; "128k" is 128000. No more than `MAX_TEXT`
    characters are read.

    Raises:
        CellProblem: It is neither a text nor a number.
    """
    kind = kind_of(value, column)
    if not isinstance(value, str):
        if kind not in {"number", "null"}:
            raise CellProblem(column, f"{shown(value)} is neither a text nor a number")
        return value  # type: ignore[return-value]  # its kind was just looked up
    match = _NUMERAL.search(value[:MAX_TEXT])
    amount = amount_of(match["digits"]) if match else None
    if match is None or amount is None:
        return None
    found = amount * 1000 if match["thousand"] else amount
    return -found if match["sign"] else found
