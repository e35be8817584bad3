"""Reach a column of a row, by name or by JSON pointer; what is not there is null."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from pydantic import JsonValue

from agents.data.values import CellProblem, Row

T = TypeVar("T")


@lru_cache(maxsize=1024)
def tokens_of(column: str) -> tuple[str, ...]:
    """Return the steps a column takes into a row."""
    if not column.startswith("/"):
        return (column,)
    return tuple(t.replace("~1", "/").replace("~0", "~") for t in column[1:].split("/"))


def cell(row: JsonValue, column: str) -> JsonValue:
    """Return the value of a column; null where there is none."""
    here = row
    for token in tokens_of(column):
        if isinstance(here, dict):
            here = here.get(token)
        elif isinstance(here, list) and token.isascii() and token.isdigit() and len(token) < 10:
            here = here[int(token)] if int(token) < len(here) else None
        else:
            return None
    return here


def short_name(column: str) -> str:
    """Return the name a column has in a row made from it: a pointer's last step."""
    return tokens_of(column)[-1]


def each(rows: Iterable[Row], reckon: Callable[[Row], T]) -> Iterator[T]:
    """Reckon something of each row; what is wrong with a cell is raised with its row's number.

    Raises:
        InvalidInput: `data.type`.
    """
    for i, row in enumerate(rows):
        try:
            yield reckon(row)
        except CellProblem as exc:
            raise exc.at(i) from exc
