"""Reading: with a writer, without one, from many threads, and never writing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import CallsheetError, Damaged, NotFound, Unavailable
from storage.database import Database, Reader
from storage.reader import MAX_IDLE
from storage.rows import TraceRow, insert_trace
from storage.statement import Query


@pytest.fixture
def reader(database: Database) -> Iterator[Reader]:
    with Reader.open(database.path) as found:
        yield found


def refusal(path: Path) -> CallsheetError:
    with pytest.raises(CallsheetError) as refused:
        Reader.open(path)
    return refused.value


def test_a_missing_file_is_not_found_nor_made(path: Path) -> None:
    refused = refusal(path)

    assert isinstance(refused, NotFound)
    assert (refused.code, path.exists()) == ("storage.missing", False)
    assert "callsheet run" in refused.hint


def test_an_empty_file_holds_nothing_yet(path: Path) -> None:
    path.touch()

    assert refusal(path).code == "storage.missing"


def test_another_kind_of_file_is_named_as_such(path: Path) -> None:
    path.write_bytes(b"<html>" * 500)

    assert refusal(path).code == "storage.not_a_database"


def test_a_folder_is_named_as_such(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "storage.not_a_database"


def test_a_file_without_a_writer_is_read(path: Path, database: Database) -> None:
    database.close()

    with Reader.open(path) as reader:
        assert len(reader.query("SELECT * FROM run")) == 2


def test_a_file_copied_alone_is_read(path: Path, database: Database, tmp_path: Path) -> None:
    database.close()
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())

    with Reader.open(copy) as reader:
        assert len(reader.query("SELECT * FROM run")) == 2


READ_AS_NOBODY = """
import os, sys
from pathlib import Path
from storage.reader import Reader
if os.getuid() == 0:  # for whom no folder is unwritable
    os.setuid(65534)
with Reader.open(Path(sys.argv[1])) as reader:
    print(len(reader.query("SELECT * FROM run")))
"""


def test_a_file_in_a_folder_one_may_not_write_is_read(path: Path, database: Database) -> None:
    database.close()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "sheet.db")
        copy.write_bytes(path.read_bytes())
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_AS_NOBODY, str(copy)], capture_output=True, text=True, check=False
        )
        Path(folder).chmod(0o755)

    assert (done.stdout, done.stderr) == ("2\n", "")


def test_a_reader_cannot_write(reader: Reader) -> None:
    with pytest.raises(Unavailable) as refused:
        reader.query("DELETE FROM run")

    assert refused.value.code == "storage.read_failed"
    assert len(reader.query("SELECT * FROM run")) == 2


def test_a_reader_sees_each_unit_whole_while_it_is_written(
    database: Database, reader: Reader, trace_row: TraceRow
) -> None:
    def pair(i: int) -> list[TraceRow]:
        return [replace(trace_row, trace_id=f"{i}-{n}", event_id=2 * i + n) for n in (0, 1)]

    def count() -> int:
        return int(reader.query("SELECT count(*) FROM trace")[0][0])

    futures = [database.commit([insert_trace(row) for row in pair(i)]) for i in range(300)]
    seen = [count()]
    while not futures[-1].done():
        seen.append(count())
    seen.append(count())

    assert all(n % 2 == 0 for n in seen)
    assert seen == sorted(seen)
    assert seen[-1] == 600


def test_many_threads_read_at_once_and_few_connections_stay(reader: Reader) -> None:
    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(lambda _: len(reader.query("SELECT * FROM run")), range(500)))

    assert found == [2] * 500
    assert len(reader._idle) <= MAX_IDLE


@pytest.mark.parametrize("value", ["\ud800", 2**70, object()])
def test_a_parameter_no_row_can_hold_is_the_askers_to_mend(reader: Reader, value: object) -> None:
    with pytest.raises(CallsheetError) as refused:
        reader.query("SELECT ?", (value,))

    assert refused.value.code == "storage.bad_parameter"


def test_a_closed_reader_says_so(database: Database) -> None:
    reader = database.reader()
    reader.close()
    reader.close()

    with pytest.raises(Unavailable) as refused:
        reader.query("SELECT 1")
    assert refused.value.code == "storage.closed"


def test_a_torn_file_is_reported_without_a_traceback_of_sqlites(path: Path, database: Database) -> None:
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(CallsheetError) as refused, Reader.open(path) as reader:
        reader.query("SELECT * FROM run")
    assert refused.value.code in {"storage.damaged", "storage.read_failed"}


def test_a_text_that_is_no_text_is_damage(reader: Reader) -> None:
    with pytest.raises(Damaged) as refused:
        reader.query("SELECT CAST(x'ff41' AS TEXT) AS x")
    assert refused.value.code == "storage.damaged"


def test_several_queries_tell_of_one_moment(database: Database, reader: Reader, trace_row: TraceRow) -> None:
    count = Query("SELECT count(*) FROM trace")
    futures = [
        database.commit([insert_trace(replace(trace_row, trace_id=str(i), event_id=i))]) for i in range(300)
    ]
    while not futures[-1].done():
        first, *others = [rows[0][0] for rows in reader.query_all([count] * 5)]
        assert others == [first] * 4

    assert reader.query_all([count])[0][0][0] == 300
    assert reader.query_all([]) == []


def test_a_query_that_fails_among_several_leaves_a_reader_that_reads(reader: Reader) -> None:
    with pytest.raises(Unavailable):
        reader.query_all([Query("SELECT 1"), Query("SELECT * FROM nowhere")])

    assert reader.query_all([Query("SELECT 1")])[0][0][0] == 1
