"""A backup is whole, checked, and of one moment; restoring one loses nothing of what was there."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import Conflict, Damaged, InvalidInput, NotFound, Unavailable
from storage.backup import back_up
from storage.check import check
from storage.database import Database
from storage.reader import Reader
from storage.restore import restore
from storage.rows import insert_trace
from storage.shape import newest_version
from tests.storage.filled import add_blob, fill, trace

NOW = datetime(2026, 5, 8, 20, 0, tzinfo=UTC)
TABLES = (
    "run",
    "plan",
    "trace",
    "value",
    "event",
    "intent",
    "wait",
    "signal",
    "request_key",
    "wake",
    "blob",
    "guest_kv",
)

HOLDER = """
import sys
from pathlib import Path
from storage.database import Database
database = Database.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
"""


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def break_a_row(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE trace SET preview = 'never' WHERE trace_id = 'r1-t3'")


def test_a_backup_holds_every_row_and_says_what_it_is(path: Path, tmp_path: Path) -> None:
    fill(path)
    add_blob(path, "r1", 8)
    target = tmp_path / "kept" / "sheet.backup"
    target.parent.mkdir()

    made = back_up(path, target)

    raw = target.read_bytes()
    assert (made.path, made.size, made.version) == (target, len(raw), newest_version())
    assert made.sha256 == hashlib.sha256(raw).hexdigest()
    assert made.rows == check(path).rows
    assert dump(target) == dump(path)
    assert names(target.parent) == {"sheet.backup"}
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_backup_opens_like_the_database_it_is_of(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")

    with Database.open(tmp_path / "copy.db") as database:
        database.commit([insert_trace(trace("r1", 8))]).result(10)
    assert check(tmp_path / "copy.db").is_clean


def test_a_backup_taken_while_another_thread_writes_is_of_one_moment(path: Path, tmp_path: Path) -> None:
    fill(path, runs=50, traces=100)
    stop, began = threading.Event(), threading.Barrier(2)

    def write(database: Database) -> None:
        began.wait()
        number = 103
        while not stop.is_set():
            database.commit([insert_trace(trace("r1", number))]).result(10)
            number += 1

    with Database.open(path) as database:
        writing = threading.Thread(target=write, args=(database,))
        writing.start()
        began.wait()
        made = [back_up(path, tmp_path / f"{n}.db") for n in range(3)]
        stop.set()
        writing.join()

    assert [check(m.path).findings for m in made] == [()] * 3
    assert made[0].rows < made[-1].rows


def test_what_stands_in_the_log_alone_is_in_the_backup(path: Path, tmp_path: Path) -> None:
    with Database.open(path) as database:
        fill(tmp_path / "other.db")
        database.commit([insert_trace(trace("r1", 2))]).result(10)
        assert (tmp_path / "sheet.db-wal").stat().st_size
        with pytest.raises(Damaged):  # a trace of no run; but it was seen
            back_up(path, tmp_path / "copy.db")


def test_progress_is_told_of_pages_and_rows(path: Path, tmp_path: Path) -> None:
    fill(path, runs=20, traces=60)
    told: list[tuple[str, int, int]] = []

    back_up(path, tmp_path / "copy.db", progress=lambda *step: told.append(step))

    assert {what for what, _, _ in told} == {"pages", "rows of trace"}
    assert all(0 <= done <= total for _, done, total in told)


def test_a_file_that_is_there_is_replaced_only_when_told_to(path: Path, tmp_path: Path) -> None:
    fill(path)
    target = tmp_path / "copy.db"
    target.write_text("theirs")

    with pytest.raises(Conflict) as refused:
        back_up(path, target)
    assert (refused.value.code, target.read_text()) == ("storage.file_exists", "theirs")

    back_up(path, target, force=True)
    assert dump(target) == dump(path)


def test_a_database_in_use_is_never_replaced(path: Path, tmp_path: Path) -> None:
    fill(path)
    other = tmp_path / "other.db"
    with Database.open(other) as database:
        database.commit([]).result(10)
        for target, code in ((other, "storage.file_exists"), (path, "storage.same_file")):
            with pytest.raises(Conflict) as refused:
                back_up(path, target, force=True)
            assert refused.value.code == code


def test_another_name_of_the_database_is_the_database(path: Path, tmp_path: Path) -> None:
    fill(path)
    (tmp_path / "link.db").symlink_to(path)
    os.link(path, tmp_path / "second.db")

    for target in ("link.db", "second.db"):
        with pytest.raises(Conflict) as refused:
            back_up(path, tmp_path / target, force=True)
        assert refused.value.code == "storage.same_file"


def test_no_backup_is_kept_of_a_damaged_file(path: Path, tmp_path: Path) -> None:
    fill(path)
    break_a_row(path)

    with pytest.raises(Damaged) as refused:
        back_up(path, tmp_path / "copy.db")

    assert refused.value.code == "storage.damaged"
    assert "r1-t3" in refused.value.message
    assert str(path) in refused.value.message
    assert not {n for n in names(tmp_path) if "copy" in n}


@pytest.mark.parametrize("raw", [b"words" * 1000, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_file_in_ruins_gives_no_backup(path: Path, tmp_path: Path, raw: bytes) -> None:
    path.write_bytes(raw)

    with pytest.raises((Damaged, InvalidInput)):
        back_up(path, tmp_path / "copy.db")
    assert names(tmp_path) == {"sheet.db"}


@pytest.mark.parametrize(("target", "error"), [("no/such/folder/x.db", Unavailable), ("", InvalidInput)])
def test_a_place_no_file_can_lie_is_said(
    path: Path, tmp_path: Path, target: str, error: type[Exception]
) -> None:
    fill(path)

    with pytest.raises(error):
        back_up(path, tmp_path / target)


def test_restoring_puts_the_backup_in_place_and_keeps_what_was_there(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    before = dump(path)
    break_a_row(path)
    broken = path.read_bytes()

    made = restore(tmp_path / "copy.db", path, now=NOW)

    assert dump(path) == before
    assert check(path).is_clean
    assert made.aside == tmp_path / "sheet.db.replaced-20260508T200000Z"
    assert made.aside.read_bytes() == broken
    assert path.stat().st_mode & 0o777 == 0o600
    with Database.open(path) as database:
        database.commit([insert_trace(trace("r1", 8))]).result(10)


def test_the_log_of_the_one_before_goes_with_it(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER + "import os; os.kill(os.getpid(), 9)", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    child.communicate(b"go\n", timeout=60)
    log = tmp_path / "sheet.db-wal"
    log.write_bytes(b"left by a process that died")

    made = restore(tmp_path / "copy.db", path, now=NOW)

    assert made.aside is not None
    assert made.aside.with_name(made.aside.name + "-wal").read_bytes() == b"left by a process that died"
    assert not log.exists()
    assert check(path).is_clean


def test_restoring_twice_in_a_second_keeps_both(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")

    made = [restore(tmp_path / "copy.db", path, now=NOW).aside for _ in range(2)]

    assert [a and a.name for a in made] == [
        "sheet.db.replaced-20260508T200000Z",
        "sheet.db.replaced-20260508T200000Z_2",
    ]


def test_where_there_was_no_database_there_is_one_now(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")

    made = restore(tmp_path / "copy.db", tmp_path / "new" / "sheet.db", now=NOW)

    assert made.aside is None
    assert dump(made.path) == dump(path)
    assert names(made.path.parent) == {"sheet.db", "sheet.db.lock"}


def test_a_database_that_is_held_is_not_replaced(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        with pytest.raises(Conflict) as refused:
            restore(tmp_path / "copy.db", path, now=NOW)
        assert (refused.value.code, refused.value.data["pid"]) == ("storage.locked", child.pid)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    restore(tmp_path / "copy.db", path, now=NOW)


def test_a_damaged_backup_changes_nothing(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    break_a_row(tmp_path / "copy.db")
    before = path.read_bytes()

    with pytest.raises(Damaged) as refused:
        restore(tmp_path / "copy.db", path, now=NOW)

    assert "r1-t3" in refused.value.message
    assert path.read_bytes() == before
    assert names(tmp_path) - {"sheet.db-wal", "sheet.db-shm"} == {"sheet.db", "sheet.db.lock", "copy.db"}


def test_a_backup_with_a_trigger_in_it_is_not_taken(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM trace; END")

    with pytest.raises(Damaged, match="none of ours"):
        restore(tmp_path / "copy.db", path, now=NOW)


def test_a_backup_that_is_not_there_or_is_the_database_is_said(path: Path, tmp_path: Path) -> None:
    fill(path)

    with pytest.raises(NotFound) as missing:
        restore(tmp_path / "none.db", path, now=NOW)
    with pytest.raises(Conflict) as same:
        restore(path, path, now=NOW)
    assert (missing.value.code, same.value.code) == ("storage.no_backup", "storage.same_file")


def test_a_reader_of_the_one_before_reads_on(path: Path, tmp_path: Path) -> None:
    fill(path, runs=2)
    back_up(path, tmp_path / "copy.db")
    with Reader.open(path) as reader:
        assert reader.query("SELECT count(*) AS n FROM run")[0]["n"] == 2
        restore(tmp_path / "copy.db", path, now=NOW)
        assert reader.query("SELECT count(*) AS n FROM run")[0]["n"] == 2


def test_a_restore_cut_short_leaves_a_database_and_can_be_done_again(path: Path, tmp_path: Path) -> None:
    fill(path)
    back_up(path, tmp_path / "copy.db")
    (tmp_path / "sheet.db.restoring").write_bytes(b"half of one")
    (tmp_path / "sheet.db.restoring-journal").write_bytes(b"and its log")

    restore(tmp_path / "copy.db", path, now=NOW)

    assert not {n for n in names(tmp_path) if "restoring" in n}
    assert check(path).is_clean
