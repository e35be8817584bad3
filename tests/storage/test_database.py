"""Opening: what is made, what is refused, and what a refusal leaves behind."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import CallsheetError, InvalidInput, Unavailable
from storage.database import Database
from storage.lock import read_holder
from storage.rows import RunRow, TraceRow, insert_run, insert_trace
from storage.schema import APPLICATION_ID, migrations


def refusal(path: Path) -> CallsheetError:
    with pytest.raises(CallsheetError) as refused:
        Database.open(path)
    return refused.value


def test_the_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "sheet.db"

    with Database.open(path) as database:
        assert database.path == path

    assert path.read_bytes().startswith(b"SQLite format 3")


def test_the_writer_keeps_what_the_house_promises(database: Database) -> None:
    connection = database._writer._connection

    def pragma(name: str) -> object:
        return next(iter(connection.execute(f"PRAGMA {name}")))[0]

    assert [pragma(p) for p in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    assert pragma("busy_timeout") == 5000


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be read", b"\x7fELF" * 2000])
def test_another_kind_of_file_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    refused = refusal(path)

    assert refused.code == "storage.not_a_database"
    assert isinstance(refused, InvalidInput)
    assert path.read_bytes() == content
    assert read_holder(path) is None


def test_another_programs_database_is_left_as_it_was(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()

    assert refusal(path).code == "storage.not_a_database"
    assert path.read_bytes() == before


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "storage.not_a_database"


def test_a_folder_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    refused = refusal(tmp_path / "file" / "sheet.db")

    assert refused.code == "storage.unwritable"
    assert isinstance(refused, Unavailable)
    assert refused.hint


def test_a_folder_of_the_kernels_is_unwritable() -> None:
    assert refusal(Path("/proc/sheet.db")).code == "storage.unwritable"


def test_a_file_newer_than_the_program_is_refused(path: Path) -> None:
    Database.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    connection.close()

    refused = refusal(path)

    assert refused.code == "storage.newer"
    assert refused.exit_code == 5
    assert read_holder(path) is None


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()

    with Database.open(path) as database, database.reader() as reader:
        assert reader.query("PRAGMA application_id")[0][0] == APPLICATION_ID


def test_a_name_with_odd_characters_is_opened(tmp_path: Path, run_row: RunRow) -> None:
    path = tmp_path / "a ? b # c % d é 'q'.db"

    with Database.open(path) as database:
        database.commit([insert_run(run_row)]).result(10)
        with database.reader() as reader:
            assert [r["run_id"] for r in reader.query("SELECT run_id FROM run")] == ["r1"]


def test_what_was_written_is_there_after_opening_again(
    path: Path, run_row: RunRow, trace_row: TraceRow
) -> None:
    with Database.open(path) as database:
        database.commit([insert_run(run_row), insert_trace(trace_row)]).result(10)

    with Database.open(path) as again, again.reader() as reader:
        (row,) = reader.query("SELECT * FROM trace")
    assert (row["trace_id"], row["duration_ms"], row["item_index"]) == ("t1", 2.5, None)


def test_a_closed_database_gives_no_reader(path: Path) -> None:
    database = Database.open(path)
    database.close()

    with pytest.raises(Unavailable) as refused:
        database.reader()
    assert refused.value.code == "storage.closed"


def test_readers_close_with_the_database(path: Path) -> None:
    with Database.open(path) as database:
        reader = database.reader()

    with pytest.raises(Unavailable) as refused:
        reader.query("SELECT 1")
    assert refused.value.code == "storage.closed"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_what_is_made_is_its_owners_alone(tmp_path: Path, run_row: RunRow) -> None:
    path = tmp_path / ".callsheet" / "sheet.db"
    with Database.open(path) as database:
        database.commit([insert_run(run_row)]).result(10)
        found = {p.name: mode(p) for p in path.parent.iterdir()}

    assert mode(path.parent) == 0o700
    assert found == dict.fromkeys(["sheet.db", "sheet.db-wal", "sheet.db-shm", "sheet.db.lock"], 0o600)


@pytest.mark.usefixtures("open_umask")
def test_what_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "own" / "sheet.db"
    path.parent.mkdir(mode=0o755)
    path.touch(0o640)
    with Database.open(path):
        pass

    assert (mode(path.parent), mode(path)) == (0o755, 0o640)
