from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.database import Database
from storage.rows import RunRow, TraceRow, insert_run


@pytest.fixture
def run_row() -> RunRow:
    return RunRow("r1", "find trucks", "running", None, "UTC", 1, None, None, None, "{}", "{}", None, None)


@pytest.fixture
def trace_row() -> TraceRow:
    return TraceRow("t1", "r1", "look", 1, None, "scrape", "success", 10, 2.5, "[1]", None, "{}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sheet.db"


@pytest.fixture
def database(path: Path, run_row: RunRow) -> Iterator[Database]:
    with Database.open(path) as found:
        found.commit([insert_run(run_row), insert_run(replace(run_row, run_id="r2"))]).result(10)
        yield found
