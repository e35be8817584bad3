"""One SQL statement with its parameters: what rooms above hand to the writer."""

from __future__ import annotations

from typing import Any, NamedTuple


class Statement(NamedTuple):
    """SQL with `?` marks, and a value for each."""

    sql: str
    parameters: tuple[Any, ...] = ()
