"""What was acknowledged outlives the process that was told so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import Database, Reader

CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from storage.database import Database
from storage.rows import RunRow, TraceRow, ValueRow, insert_run, insert_trace, insert_value

run = RunRow(sys.argv[2], "o", "running", None, "UTC", 1, None, None, None, "{}", "{}", None, None)
trace = TraceRow("", run.run_id, "s", 1, None, "scrape", "success", 1, 1.0, "", None, "x" * 500)
with Database.open(Path(sys.argv[1])) as database:
    database.commit([insert_run(run)]).result()
    def write(i):
        name = f"{run.run_id}-{i}"
        unit = [insert_trace(replace(trace, trace_id=name)), insert_value(ValueRow(run.run_id, name, "s", "1"))]
        future = database.commit(unit)
        future.add_done_callback(lambda f: print(name, flush=True) if f.exception() is None else None)
    for i in range(10**6):
        write(i)
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 900])
def test_every_acknowledged_row_survives_a_kill(path: Path, acknowledged: int) -> None:
    printed: list[str] = []
    for round_number in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), f"r{round_number}"], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            printed += [child.stdout.readline() for _ in range(acknowledged)]
            child.kill()
            printed += child.stdout.readlines()
    whole = {line.strip() for line in printed if line.endswith("\n")}

    with Reader.open(path) as reader:
        traces = {row["trace_id"] for row in reader.query("SELECT trace_id FROM trace")}
        values = {row["key"] for row in reader.query("SELECT key FROM value")}
    assert len(whole) >= 3 * acknowledged
    assert whole <= traces
    assert traces == values  # a unit is there whole or not at all
    with Database.open(path) as database, database.reader() as reader:
        assert reader.query("PRAGMA integrity_check")[0][0] == "ok"
