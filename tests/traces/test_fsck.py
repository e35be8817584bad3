"""Folder and database are held against each other: what differs is named, what agrees is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contracts.errors import NotFound
from contracts.trace import ExecutionTrace
from storage.reader import Reader
from tests.traces.kept import keep_traces
from traces.export import export_traces
from traces.files import TraceFiles
from traces.fsck import Comparison, compare_files

MakeTrace = Callable[..., ExecutionTrace]
STEM = "trace_r1_1763700000"


@pytest.fixture
def database(tmp_path: Path, make_trace: MakeTrace) -> Path:
    path = keep_traces(tmp_path / "sheet.db", [make_trace(f"t{n}", output=n) for n in range(4)])
    with Reader.open(path) as reader:
        export_traces(reader, tmp_path / "files")
    return path


def compare(database: Path, *, limit: int = 100) -> Comparison:
    with Reader.open(database) as reader:
        return compare_files(reader, database.parent / "files", limit=limit)


def differences(database: Path) -> list[tuple[str, str, str]]:
    return [(d.kind, d.file, d.trace_id) for d in compare(database).differences]


def test_a_folder_that_agrees_is_clean(database: Path) -> None:
    found = compare(database)

    assert found.is_clean
    assert (found.files, found.traces) == (4, 4)


def test_a_missing_file_is_named_by_its_trace(database: Path, tmp_path: Path) -> None:
    (tmp_path / "files" / f"{STEM}_2.json").unlink()

    assert differences(database) == [("missing", "", "t1")]


def test_files_that_moved_up_after_a_lost_one_are_no_difference(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / f"{STEM}_2.json").unlink()
    (folder / f"{STEM}_3.json").rename(folder / f"{STEM}_2.json")

    assert differences(database) == [("missing", "", "t1")]


def test_a_file_the_database_knows_nothing_of_is_extra(
    database: Path, tmp_path: Path, make_trace: MakeTrace
) -> None:
    TraceFiles(tmp_path / "files").write(make_trace("t9"))

    assert differences(database) == [("extra", f"{STEM}_5.json", "t9")]


@pytest.mark.parametrize("old_new", [(b'"output": 1', b'"output": 2'), (b"{\n", b"{\n ")])
def test_a_file_with_other_bytes_differs(
    database: Path, tmp_path: Path, old_new: tuple[bytes, bytes]
) -> None:
    path = tmp_path / "files" / f"{STEM}_2.json"
    path.write_bytes(path.read_bytes().replace(*old_new, 1))

    assert differences(database) == [("differs", path.name, "t1")]


def test_a_second_copy_and_a_wrong_name_are_named(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / "zz.json").write_bytes((folder / f"{STEM}.json").read_bytes())

    assert differences(database) == [("twice", "zz.json", "t0"), ("misnamed", "zz.json", "t0")]


@pytest.mark.parametrize("text", ["", "{", '{"no": "trace"}', "[" * 1000, "\x00"])
def test_a_file_that_is_no_trace_is_unreadable(database: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "files" / f"{STEM}_2.json").write_text(text)

    assert differences(database) == [("unreadable", f"{STEM}_2.json", ""), ("missing", "", "t1")]


def test_a_damaged_row_is_not_blamed_on_its_file(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE trace SET preview = '' WHERE trace_id = 't1'")

    assert differences(database) == [("damaged", f"{STEM}_2.json", "t1")]


def test_what_is_no_json_file_is_nobodys_business(database: Path, tmp_path: Path) -> None:
    (tmp_path / "files" / "readme.md").write_text("x")
    (tmp_path / "files" / ".1-ab-0").write_text("a draft")

    assert compare(database).is_clean


def test_all_is_counted_and_the_first_are_named(database: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "files").iterdir():
        path.unlink()

    found = compare(database, limit=2)

    assert (found.counts, len(found.differences)) == ({"missing": 4}, 2)


def test_a_folder_that_is_not_there_is_said(database: Path, tmp_path: Path) -> None:
    with Reader.open(database) as reader, pytest.raises(NotFound) as refused:
        compare_files(reader, tmp_path / "none")
    assert refused.value.code == "trace.no_folder"
