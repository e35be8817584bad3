"""An older file is brought up with a copy of it kept, or is left as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import Conflict, Damaged, InvalidInput, NotFound
from storage.check import check
from storage.database import Database
from storage.schema import MIGRATIONS, migrate, migrations
from storage.shape import newest_version
from storage.upgrade import upgrade
from tests.storage.filled import fill

NOW = datetime(2026, 5, 8, 20, 0, tzinfo=UTC)
SINCE = tuple(file.name for file in migrations()[1:])


@pytest.fixture
def older(path: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "0001_first.sql").write_text((MIGRATIONS / "0001_runs_traces_values.sql").read_text())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, folder)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "INSERT INTO run (run_id, objective, state, home_zone, created_ms, subtasks, policy, inputs)"
            " VALUES ('old', 'find trucks', 'succeeded', 'UTC', 1, '{}', '{}', '{}')"
        )
        connection.execute(
            "INSERT INTO trace (trace_id, run_id, subtask_id, attempt, agent_type, status, started_ms, duration_ms,"
            " preview, body) VALUES ('t', 'old', 'look', 1, 'scrape', 'success', 1, 2.5, 'é', '{}')"
        )
    return path


def backups(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if "version" in p.name)


def test_an_older_file_is_brought_up_and_kept_as_it_was(older: Path) -> None:
    made = upgrade(older, now=NOW)

    assert (made.found, made.newest, made.files) == (1, newest_version(), SINCE)
    assert made.backup == older.with_name("sheet.db.version-1-20260508T200000Z")
    assert check(older).is_clean
    assert check(older).version == newest_version()
    with closing(sqlite3.connect(made.backup)) as connection:
        assert connection.execute("SELECT trace_id, preview FROM trace").fetchall() == [("t", "é")]
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert backups(older.parent) == [made.backup.name]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(older: Path) -> None:
    before = older.read_bytes()

    made = upgrade(older, now=NOW, dry_run=True)

    assert (made.found, made.newest, made.files, made.backup) == (1, newest_version(), SINCE, None)
    assert (older.read_bytes(), backups(older.parent)) == (before, [])


def test_a_second_time_there_is_nothing_to_do(older: Path) -> None:
    upgrade(older, now=NOW)

    made = upgrade(older, now=NOW)

    assert (made.found, made.files, made.backup) == (newest_version(), (), None)
    assert len(backups(older.parent)) == 1


def test_a_file_somebody_holds_is_left_alone(path: Path) -> None:
    fill(path)
    with Database.open(path), pytest.raises(Conflict) as refused:
        upgrade(path, now=NOW)
    assert refused.value.code == "storage.locked"


def test_a_damaged_file_is_left_as_it_is(older: Path) -> None:
    raw = bytearray(older.read_bytes())
    raw[4096:4196] = b"\xff" * 100
    older.write_bytes(raw)

    with pytest.raises(Damaged):
        upgrade(older, now=NOW)

    assert older.read_bytes() == raw
    assert backups(older.parent) == []


def test_a_copy_of_that_name_stops_it_before_anything_is_changed(older: Path) -> None:
    older.with_name("sheet.db.version-1-20260508T200000Z").write_text("another")
    before = older.read_bytes()

    with pytest.raises(Conflict) as refused:
        upgrade(older, now=NOW)
    assert refused.value.code == "storage.file_exists"
    assert older.read_bytes() == before


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_is_not_there_or_not_ours_is_said(path: Path, tmp_path: Path, *, dry_run: bool) -> None:
    with pytest.raises(NotFound):
        upgrade(path, now=NOW, dry_run=dry_run)
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(InvalidInput) as refused:
        upgrade(tmp_path / "theirs.db", now=NOW, dry_run=dry_run)
    assert refused.value.code == "storage.not_a_database"
