"""Opening the simulated file as storage opens a real one, and what a file looks like before."""

from __future__ import annotations

import sqlite3
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Final, cast

from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import Disk
from simulation.vfs import SimVFS
from storage.database import prepare
from storage.schema import APPLICATION_ID, migrations

OLD_RUNS: Final = (("old-done", "succeeded"), ("old-open", "running"))

_names: Final = count()


class File:
    """The one file of a disk, under a name of its own for apsw.

    Args:
        disk: Where it lies.
        checkpoint_pages: How long its log grows before it is written back.
    """

    def __init__(self, disk: Disk, checkpoint_pages: int = 1000) -> None:
        self._name = f"simulated-{next(_names)}"
        self._vfs = SimVFS(self._name, disk)
        self._pages = checkpoint_pages

    def raw(self) -> SimConnection:
        """Return a connection to the file as it is."""
        connection = SimConnection(PATH, self._name)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        return connection

    def open(self) -> SimConnection:
        """Return a writing connection to the file, brought to the newest shape."""
        connection = self.raw()
        try:
            prepare(cast("sqlite3.Connection", connection), Path(PATH))
            connection.checkpoint_from(self._pages)
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def fresh_image() -> bytes:
    """Return a file of the newest shape with nothing in it."""
    disk = Disk(Random(0))
    File(disk).open().close()
    return bytes(disk.files[PATH].content)


@cache
def old_image() -> bytes:
    """Return a file of the first shape, with a run that ended and one that did not."""
    disk = Disk(Random(0))
    connection = File(disk).raw()
    for statement in migrations()[0].read_text(encoding="utf-8").split(";\n"):
        connection.execute(statement).fetchall()
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}").fetchall()
    connection.execute("PRAGMA user_version = 1").fetchall()
    for run_id, state in OLD_RUNS:
        connection.execute(
            "INSERT INTO run (run_id, objective, state, home_zone, created_ms, subtasks, policy, inputs)"
            " VALUES (?, 'of before', ?, 'UTC', 1000, '{}', '{}', '{}')",
            (run_id, state),
        ).fetchall()
        connection.execute(
            "INSERT INTO trace (trace_id, run_id, subtask_id, attempt, agent_type, status, started_ms, duration_ms,"
            " preview, body) VALUES (?, ?, 's0', 1, 'pure', 'success', 1000, 5.0, '', ?)",
            (f"trace-{run_id}", run_id, _OLD_BODY.replace("RUN", run_id)),
        ).fetchall()
        connection.execute("INSERT INTO value VALUES (?, 'k0', 's0', '1')", (run_id,)).fetchall()
    connection.close()
    return bytes(disk.files[PATH].content)


_OLD_BODY: Final = (
    '{"trace_id":"trace-RUN","task_id":"RUN","agent_type":"pure","input":{},"output":1,"expected_output":null,'
    '"status":"success","timestamp":1,"metadata":{"subtask_id":"s0","started_ms":1000,"duration_ms":5.0}}'
)
