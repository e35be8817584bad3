"""An export gives the very files that runs write, and writes over nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contracts.errors import NotFound, Unavailable
from contracts.trace import ExecutionTrace
from storage.reader import Reader
from tests.traces.kept import contents, keep_traces
from traces.export import Exported, export_traces
from traces.files import TraceFiles
from traces.loading import load_trace

MakeTrace = Callable[..., ExecutionTrace]


def export(database: Path, folder: Path, *, run_id: str | None = None) -> Exported:
    with Reader.open(database) as reader:
        return export_traces(reader, folder, run_id=run_id)


def test_an_export_gives_the_files_that_runs_write(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [
        make_trace("a", output={"é": [1.5, None, 2**70]}, metadata={"usage": {"bytes": 3}, "own": [1]}),
        make_trace("b", task_id="r2", status="failure"),
        make_trace("c", output="x" * 70_000),
        make_trace("d", output="NaN"),
        make_trace("e", task_id="r2", timestamp=5, input={"big": list(range(20_000))}),
        make_trace("f", output=None, metadata={"attempt": 0, "score": 0.5}),
    ]
    files = TraceFiles(tmp_path / "written")
    for trace in traces:
        files.write(trace)
    database = keep_traces(tmp_path / "sheet.db", traces)

    made = export(database, tmp_path / "exported")

    assert (made.written, made.there, made.damaged) == (6, 0, 0)
    assert contents(tmp_path / "exported") == contents(tmp_path / "written")
    assert "trace_r1_1763700000_3.json" in contents(tmp_path / "exported")


def test_names_that_meet_across_runs_fall_as_they_fell(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [
        make_trace("c", task_id="r_1", timestamp=2),
        make_trace("a", task_id="r", timestamp=1),
        make_trace("b", task_id="r", timestamp=1),
    ]
    files = TraceFiles(tmp_path / "written")
    for trace in traces:
        files.write(trace)

    export(keep_traces(tmp_path / "sheet.db", traces), tmp_path / "exported")

    assert contents(tmp_path / "exported") == contents(tmp_path / "written")
    assert sorted(contents(tmp_path / "exported")) == [
        "trace_r_1.json",
        "trace_r_1_2.json",
        "trace_r_1_3.json",
    ]


def test_a_second_export_writes_nothing(tmp_path: Path, make_trace: MakeTrace) -> None:
    database = keep_traces(tmp_path / "sheet.db", [make_trace(f"t{n}") for n in range(5)])
    export(database, tmp_path / "out")
    before = contents(tmp_path / "out")

    made = export(database, tmp_path / "out")

    assert (made.written, made.there) == (0, 5)
    assert contents(tmp_path / "out") == before


def test_only_what_is_missing_is_written_beside_what_is_there(tmp_path: Path, make_trace: MakeTrace) -> None:
    database = keep_traces(tmp_path / "sheet.db", [make_trace(f"t{n}") for n in range(4)])
    export(database, tmp_path / "out")
    (tmp_path / "out" / "trace_r1_1763700000.json").unlink()
    (tmp_path / "out" / "trace_r1_1763700000_3.json").write_text("theirs")

    made = export(database, tmp_path / "out")

    assert (made.written, made.there) == (2, 2)
    assert (tmp_path / "out" / "trace_r1_1763700000_3.json").read_text() == "theirs"
    ids = {
        load_trace(tmp_path / "out" / name).trace_id
        for name, text in contents(tmp_path / "out").items()
        if text != b"theirs"
    }
    assert ids == {"t0", "t1", "t2", "t3"}


def test_one_runs_traces_are_exported_alone(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [make_trace(f"t{n}", task_id=f"r{n % 2}") for n in range(6)]
    database = keep_traces(tmp_path / "sheet.db", traces)

    assert export(database, tmp_path / "out", run_id="r1").written == 3
    assert {json.loads(text)["task_id"] for text in contents(tmp_path / "out").values()} == {"r1"}
    with pytest.raises(NotFound) as refused:
        export(database, tmp_path / "out", run_id="r9")
    assert refused.value.code == "run.unknown"


def test_a_damaged_trace_is_named_and_the_others_are_exported(tmp_path: Path, make_trace: MakeTrace) -> None:
    database = keep_traces(tmp_path / "sheet.db", [make_trace(f"t{n}") for n in range(3)])
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE trace SET body = replace(body, 'scrape', 'scrapE') WHERE trace_id = 't1'")

    made = export(database, tmp_path / "out")

    assert (made.written, made.damaged, made.named) == (2, 1, ("t1",))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, make_trace: MakeTrace) -> None:
    database = keep_traces(tmp_path / "sheet.db", [make_trace()])
    (tmp_path / "file").write_text("x")

    with pytest.raises(Unavailable) as refused:
        export(database, tmp_path / "file")
    assert refused.value.code == "trace.folder_unwritable"


def test_more_traces_than_one_page_are_all_exported(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.walks.AT_ONCE", 2)
    database = keep_traces(tmp_path / "sheet.db", [make_trace(f"t{n}") for n in range(5)])

    assert export(database, tmp_path / "all").written == 5
    assert export(database, tmp_path / "one", run_id="r1").written == 5
