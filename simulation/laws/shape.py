"""A file is of the newest shape or of the one before, never of half of each; what was in it before is in it still."""

from __future__ import annotations

from functools import cache
from random import Random

from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import Disk, SimFile
from simulation.history import History
from simulation.opening import OLD_RUNS, File, fresh_image

SHAPE = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


def the_shape_is_whole(connection: SimConnection, history: History) -> None:
    """Hold a file's tables and indexes against those of a new one."""
    here = [tuple(row) for row in connection.execute(SHAPE).fetchall()]
    wanted = _newest()
    for thing in wanted:
        if thing not in here:
            history.violate(
                "a migration is whole", f"{thing[0]} {thing[1]} is missing, or not as it was made"
            )
    for thing in here:
        if thing not in wanted:
            history.violate("a migration is whole", f"{thing[0]} {thing[1]} is left over")


def what_was_there_is_there(connection: SimConnection, history: History) -> None:
    """Look for the rows an earlier version left."""
    for run_id, state in OLD_RUNS:
        rows = connection.execute("SELECT state FROM run WHERE run_id = ?", (run_id,)).fetchall()
        expected = "failed" if state == "running" else state
        if [row[0] for row in rows] != [expected]:
            history.violate("a migration keeps what was there", f"{run_id}: {rows}, not {expected}")
        for table, n in (("trace", 1), ("value", 1), ("event", 2)):
            found = connection.execute(
                f"SELECT count(*) FROM {table} WHERE run_id = ?", (run_id,)
            ).fetchone()[0]
            if found != n:
                history.violate("a migration keeps what was there", f"{run_id}: {found} of {table}, not {n}")


@cache
def _newest() -> tuple[tuple[object, ...], ...]:
    disk = Disk(Random(0))
    disk.files[PATH] = SimFile(fresh_image(), was_synced=True)
    connection = File(disk).raw()
    try:
        return tuple(tuple(row) for row in connection.execute(SHAPE).fetchall())
    finally:
        connection.close()
