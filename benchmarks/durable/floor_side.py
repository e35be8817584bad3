"""The floor: the rows that a run of ours left, written again by bare SQLite (WAL, synchronous=FULL).

Flags: `like=PATH`, the database whose rows are written; `indexed` keeps its
tables' keys and indexes (else its tables are bare columns); `singly` makes one
commit a subtask (else up to `GROUP` subtasks share one, as in one batch of our
writer's).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.durable.contender import Asked, answer, asked, syncs

GROUP: Final = 512

Rows = Mapping[str, Sequence[tuple[Any, ...]]]


def rows_of(path: Path) -> tuple[list[str], Rows]:
    """Return the SQL that makes a database's tables and indexes, and every row by table."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    made = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    ).fetchall()
    tables = [name for kind, name, _ in made if kind == "table"]
    rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    connection.close()
    return [sql for _, _, sql in made], {table: found for table, found in rows.items() if found}


def bare(rows: Rows) -> list[str]:
    """Return one table of plain columns for each that has rows."""
    return [f"CREATE TABLE {t} ({', '.join(f'c{i}' for i in range(len(r[0])))})" for t, r in rows.items()]


def write(connection: sqlite3.Connection, rows: Rows, commits: int) -> None:
    """Write every row, each table's spread evenly over the commits."""
    inserts = {
        table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(found[0]))})"
        for table, found in rows.items()
    }
    for number in range(commits):
        connection.execute("BEGIN IMMEDIATE")
        for table, found in rows.items():
            first, last = len(found) * number // commits, len(found) * (number + 1) // commits
            if first < last:
                connection.executemany(inserts[table], found[first:last])
        connection.execute("COMMIT")


def measure(what: Asked) -> None:
    """Write the rows, answer."""
    given = next(flag.removeprefix("like=") for flag in what.flags if flag.startswith("like="))
    made, rows = rows_of(Path(given))
    connection = sqlite3.connect(what.folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = OFF")
    for sql in made if "indexed" in what.flags else bare(rows):
        connection.execute(sql)
    subtasks = what.subtasks + what.warming
    commits = subtasks if "singly" in what.flags else -(-subtasks // GROUP)
    before, cpu = syncs(), time.process_time()
    began = time.perf_counter()
    write(connection, rows, commits)
    took = time.perf_counter() - began
    # The rows of the warming run are among them: they are not what is asked for.
    share = what.subtasks / subtasks
    cpu = (time.process_time() - cpu) * share
    answer(took * share, cpu_s=cpu, commits=commits, **syncs().since(before))
    connection.close()


if __name__ == "__main__":
    measure(asked())
