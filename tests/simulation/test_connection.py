"""SQLite on the simulated disk: the standard library's calls and errors, and durability as SQLite has it."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator

import pytest

from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import Disk, Loss, SimFile
from simulation.opening import File, fresh_image, old_image
from simulation.snapshot import Snapshot
from storage.schema import migrations

Open = Callable[..., tuple[Disk, SimConnection]]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Return what opens a fresh file on a disk of a seed; closed in the end, while its VFS is still there."""
    kept: list[tuple[File, SimConnection]] = []

    def open_file(seed: int = 0, image: bytes = b"", pages: int = 1000) -> tuple[Disk, SimConnection]:
        disk = Disk(random.Random(seed))
        disk.files[PATH] = SimFile(image or fresh_image(), was_synced=True)
        file = File(disk, pages)
        connection = file.open()
        kept.append((file, connection))
        return disk, connection

    yield open_file
    for _, connection in kept:
        connection.close()


PROBE = "INSERT INTO probe (id, at_ms) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms"


def test_rows_answer_by_place_and_by_name(opened: Open) -> None:
    _, connection = opened()
    row = connection.execute("SELECT 1 AS one, 'x' AS letter").fetchone()
    assert (row[0], row["letter"], row.keys()) == (1, "x", ["one", "letter"])
    assert tuple(row) == (1, "x")


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        (
            "INSERT INTO plan (plan_id, sum) VALUES (NULL, 1)",
            sqlite3.IntegrityError,
            sqlite3.SQLITE_CONSTRAINT,
        ),
        ("SELECT nonsense", sqlite3.OperationalError, sqlite3.SQLITE_ERROR),
        ("SELECT ?", sqlite3.ProgrammingError, None),
    ],
)
def test_errors_are_those_of_the_standard_library(
    opened: Open, sql: str, kind: type[sqlite3.Error], code: int | None
) -> None:
    _, connection = opened()
    with pytest.raises(kind) as raised:
        connection.execute(sql).fetchall()
    if code is not None:
        assert raised.value.sqlite_errorcode & 0xFF == code


def count_up(connection: SimConnection, numbers: range) -> int:
    """Commit one number after the other; return the last that was acknowledged."""
    last = 0
    for number in numbers:
        try:
            connection.execute(PROBE, (number,)).fetchall()
        except sqlite3.OperationalError:
            return last
        last = number
    return last


@pytest.mark.parametrize("loss", ["all", "tail", "some", "torn", "none"])
def test_what_was_committed_survives_any_power_cut(opened: Open, loss: Loss) -> None:
    for seed in range(15):
        disk, connection = opened(seed)
        disk.ops_left = 30
        acknowledged = count_up(connection, range(1, 100))
        connection.close()
        disk.cut(loss)
        disk.restart()
        file = File(disk)
        again = file.open()
        found = again.execute("SELECT at_ms FROM probe").fetchone()[0]
        again.close()
        assert acknowledged <= found <= acknowledged + 1
        assert acknowledged > 3


def test_a_full_disk_says_so_and_takes_writes_again_later(opened: Open) -> None:
    disk, connection = opened()
    disk.is_full = True
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute(PROBE, (1,)).fetchall()
    assert raised.value.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
    disk.is_full = False
    connection.execute(PROBE, (2,)).fetchall()
    assert connection.execute("SELECT at_ms FROM probe").fetchone()[0] == 2


def test_a_checkpoint_that_fails_is_not_the_commits_failure(opened: Open) -> None:
    disk, connection = opened(pages=10_000)
    for number in range(50):
        connection.execute(
            "INSERT INTO plan (plan_id, sum, body) VALUES (?, 1, ?)", (str(number), "x" * 3000)
        )
    connection.checkpoint_from(1)
    disk.files[PATH + "-wal"].content.extend(bytes(100 * 4096))  # room in the log, none in the file
    disk.is_full = True
    connection.execute(PROBE, (1,)).fetchall()
    assert connection.execute("SELECT at_ms FROM probe").fetchone()[0] == 1


def test_an_old_file_is_brought_up_and_keeps_its_rows(opened: Open) -> None:
    _, connection = opened(image=old_image())
    look = Snapshot.take(connection, life=0, number=1)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(migrations())
    states = {run: row["state"] for run, row in look.runs().items()}
    assert states == {"old-done": "succeeded", "old-open": "failed"}
