"""What was acknowledged outlives the process that was told so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.blobs import read_blob
from storage.database import Database, Reader

CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from storage.database import Database
from storage.blobs import Blob
from storage.rows import RunRow, TraceRow, ValueRow, insert_run, insert_trace, insert_value
from storage.unit import Fence

run = RunRow(
    sys.argv[2], "o", "running", None, "UTC", 1, None, None, None, 1, 0, "auto", None, None, None, None,
    "{}", "{}", None, None, "{}", False,
)
trace = TraceRow(
    "", run.run_id, 0, "s", 1, None, "scrape", "success", 1, 1.0, "", None, None, None, "{}", None, None, "x" * 500
)
with Database.open(Path(sys.argv[1])) as database:
    database.commit([insert_run(run)]).result()
    def write(i):
        name = f"{run.run_id}-{i}"
        blobs = [Blob(name + "x" * 70_000)] if i % 10 == 0 else []
        value = ValueRow(run.run_id, name, "s", False, None, blobs[0].sha256) if blobs else ValueRow(run.run_id, name, "s", False, "1")
        unit = [insert_trace(replace(trace, trace_id=name, event_id=i + 2)), insert_value(value)]
        future = database.commit(unit, fence=Fence(run.run_id, 1), blobs=blobs)
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
        long = [row["blob"] for row in reader.query("SELECT blob FROM value WHERE blob IS NOT NULL")]
        assert all(read_blob(reader, name).endswith("x") for name in long)
    assert len(whole) >= 3 * acknowledged
    assert whole <= traces
    assert traces == values  # a unit is there whole or not at all
    with Database.open(path) as database, database.reader() as reader:
        assert reader.query("PRAGMA integrity_check")[0][0] == "ok"
