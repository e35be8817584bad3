"""A disk that is really full: told as such, read all the while, written again as soon as there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import OutOfSpace, Unavailable
from storage.database import Database
from storage.rows import RunRow, TraceRow, insert_run, insert_trace, update_run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root mounts a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(os.urandom(4096))
        except OSError:
            return ballast


def test_a_full_disk_is_told_read_from_and_written_again(
    small_disk: Path, run_row: RunRow, trace_row: TraceRow
) -> None:
    def unit(i: int) -> TraceRow:
        return replace(trace_row, trace_id=f"t{i}", event_id=i, body="x" * 20_000)

    with Database.open(small_disk / "sheet.db") as database, database.reader() as reader:
        database.commit([insert_run(run_row)]).result(10)
        ballast = fill(small_disk)
        acknowledged, refused = set(), []
        for i in range(200):
            failure = database.commit([insert_trace(unit(i))]).exception(10)
            refused.append(failure) if failure else acknowledged.add(f"t{i}")
        assert refused
        assert all(isinstance(f, OutOfSpace) and f.code == "storage.full" for f in refused)
        assert {r["trace_id"] for r in reader.query("SELECT trace_id FROM trace")} == acknowledged

        ballast.unlink()
        database.commit([insert_trace(unit(1000))]).result(10)
        kept = {r["trace_id"] for r in reader.query("SELECT trace_id FROM trace")}
        assert kept == acknowledged | {"t1000"}
        assert reader.query("PRAGMA integrity_check")[0][0] == "ok"


def test_a_log_that_filled_the_disk_makes_room_for_itself(small_disk: Path, run_row: RunRow) -> None:
    with Database.open(small_disk / "sheet.db") as database:
        database.commit([insert_run(run_row)]).result(10)
        outcomes = []
        for i in range(2000):
            new = replace(run_row, state="running", inputs="x" * 20_000, created_ms=i)
            outcomes.append(database.commit([update_run(new)]).exception(10))

    assert outcomes.count(None) > 1000


def test_a_disk_without_room_for_a_file_is_full_or_unwritable(small_disk: Path) -> None:
    fill(small_disk)

    with pytest.raises(Unavailable) as refused:
        Database.open(small_disk / "sheet.db")
    assert refused.value.code in {"storage.full", "storage.unwritable"}
