"""The tables and indexes a file has, against those its version should have."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import Final

from storage.findings import UNREADABLE, Findings
from storage.schema import migrations
from storage.sums import row_sum, text_sum

_OURS: Final = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_stat%' ESCAPE '!'"
)

Thing = tuple[str, str, str, str | None]


def newest_version() -> int:
    """Return the version this program writes."""
    return len(migrations())


def compare_shape(connection: sqlite3.Connection, version: int, found: Findings) -> None:
    """Note every table, index, view or trigger that is missing, foreign or changed in a file of a version."""
    try:
        here = {_named(thing) for thing in connection.execute(_OURS)}
    except UNREADABLE as exc:
        found.add("file", "sqlite_master", exc)
        return
    wanted = _shape_of(version)
    names = {thing[:2] for thing in wanted}
    for kind, name in sorted({thing[:2] for thing in wanted - here}):
        found.add("file", name, f"the {kind} {name!r} is missing, or not as it was made")
    for kind, name in sorted({thing[:2] for thing in here - wanted} - names):
        found.add("file", name, f"the {kind} {name!r} is none of ours")


@cache
def _shape_of(version: int) -> frozenset[Thing]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.create_function("row_sum", -1, row_sum)
        connection.create_function("text_sum", 1, text_sum)
        for file in migrations()[:version]:
            connection.executescript(file.read_text(encoding="utf-8"))
        return frozenset(_named(thing) for thing in connection.execute(_OURS))


def _named(thing: tuple[object, ...]) -> Thing:
    kind, name, table, sql = thing
    return str(kind), str(name), str(table), None if sql is None else str(sql)
