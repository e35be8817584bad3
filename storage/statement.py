"""SQL with its parameters: what rooms above hand to the writer, and ask a reader."""

from __future__ import annotations

from typing import Any, NamedTuple


class Statement(NamedTuple):
    """SQL with `?` marks that writes, and a value for each."""

    sql: str
    parameters: tuple[Any, ...] = ()
    rows: str = ""
    """`INSERT INTO t (a, b) VALUES `, where the rows of several statements may be written as one, before all else.

    Only for rows that nobody changes or removes in the same breath: several
    that are written together lose their place among other statements.
    """
    after: str = ""
    """What follows the rows; of several for one key the last then counts."""


class Query(NamedTuple):
    """A SELECT with `?` marks, and a value for each."""

    sql: str
    parameters: tuple[Any, ...] = ()
