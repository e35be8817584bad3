"""Trace files become a database again: the same traces, each once, in runs that say where they are from."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import NotFound
from contracts.run import RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus
from storage.check import check
from storage.database import Database
from storage.reader import Reader
from tests.traces.kept import contents, keep_traces, open_run
from traces.events import EventStore
from traces.export import export_traces
from traces.files import TraceFiles
from traces.redaction import Redactor
from traces.reindex import Reindexed, reindex
from traces.runs_store import RunStore
from traces.store import TraceStore

MakeTrace = Callable[..., ExecutionTrace]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.sampled_from([10**399, -(10**400), 10**4300 - 1, 1 - 10**4300])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
LONG = st.builds(lambda text, n: [text or "x"] * n, TEXT, st.integers(20_000, 30_000))
RUN_IDS = st.sampled_from(["r", "r_1", "r_1_2", "ü/ü", "a" * 128])


@st.composite
def some_traces(draw: st.DrawFn) -> list[ExecutionTrace]:
    return [draw(a_trace(f"t{n}")) for n in range(draw(st.integers(1, 8)))]


def a_trace(trace_id: str) -> st.SearchStrategy[ExecutionTrace]:
    metadata = st.builds(
        TraceMetadata,
        subtask_id=st.sampled_from(["a", "b"]),
        attempt=st.integers(0, 3),
        item_index=st.none() | st.integers(0, 3),
        started_ms=st.integers(0, 2**40),
        duration_ms=st.floats(0, 1e9) | st.integers(0, 2**53),
        score=st.none() | st.floats(0, 1),
        error=st.builds(ErrorRecord, code=TEXT, message=TEXT, data=st.dictionaries(TEXT, JSON, max_size=2)),
        warnings=st.lists(TEXT, max_size=2).map(tuple),
        log=TEXT,
        usage=st.dictionaries(TEXT, JSON, max_size=2),
        own=JSON,
    )
    return st.builds(
        ExecutionTrace,
        trace_id=st.just(trace_id),
        task_id=RUN_IDS,
        agent_type=TEXT,
        input=JSON,
        output=JSON | LONG,
        expected_output=JSON,
        status=st.sampled_from(TraceStatus),
        timestamp=st.integers(1, 3),
        metadata=metadata,
    )


def export(database: Path, folder: Path) -> dict[str, bytes]:
    with Reader.open(database) as reader:
        assert not export_traces(reader, folder).damaged
    return contents(folder)


def rebuild(folder: Path, path: Path, **given: Any) -> Reindexed:
    with Database.open(path) as database:
        return reindex(database, folder, **given)


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(some_traces())
def test_a_database_made_of_its_export_exports_the_very_same_files(traces: list[ExecutionTrace]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        files = TraceFiles(folder / "written")
        for trace in traces:
            files.write(trace)
        first = export(keep_traces(folder / "first.db", traces), folder / "first")
        made = rebuild(folder / "first", folder / "second.db")
        second = export(folder / "second.db", folder / "second")

        assert first == contents(folder / "written")
        assert second == first
        assert (made.added, made.left) == (len(traces), 0)
        assert check(folder / "second.db").findings == ()
    finally:
        shutil.rmtree(folder)


def test_suffixes_passed_over_for_names_of_other_runs_are_passed_over_again(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    stems = (("r_1", 2), ("r_1", 3), ("r", 1), ("r", 1))
    traces = [make_trace(f"t{n}", task_id=run, timestamp=at) for n, (run, at) in enumerate(stems)]
    first = export(keep_traces(tmp_path / "first.db", traces), tmp_path / "first")
    assert set(first) == {f"trace_{name}.json" for name in ("r_1_2", "r_1_3", "r_1", "r_1_4")}

    rebuild(tmp_path / "first", tmp_path / "second.db")

    assert export(tmp_path / "second.db", tmp_path / "second") == first


def test_a_trace_comes_back_as_it_was_with_its_long_texts(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [make_trace(f"t{n}", output=["é" * 1000] * 100, input={"n": n}) for n in range(3)]
    export(keep_traces(tmp_path / "first.db", traces), tmp_path / "files")

    rebuild(tmp_path / "files", tmp_path / "second.db")

    with Reader.open(tmp_path / "second.db") as reader:
        assert [TraceStore(reader).get(t.trace_id) for t in traces] == traces
        assert reader.query("SELECT count(*) AS n FROM blob")[0]["n"] == 1


def test_a_second_time_adds_nothing(tmp_path: Path, make_trace: MakeTrace) -> None:
    export(keep_traces(tmp_path / "first.db", [make_trace(f"t{n}") for n in range(3)]), tmp_path / "files")
    rebuild(tmp_path / "files", tmp_path / "second.db")
    before = check(tmp_path / "second.db").rows

    made = rebuild(tmp_path / "files", tmp_path / "second.db")

    assert (made.added, made.there, made.runs, made.left) == (0, 3, 0, 0)
    assert check(tmp_path / "second.db").rows == before


def test_a_run_made_of_its_traces_says_so_and_how_it_ended(tmp_path: Path, make_trace: MakeTrace) -> None:
    traces = [
        make_trace("a", status="failure", metadata={"subtask_id": "look", "attempt": 1, "started_ms": 5_000}),
        make_trace("b", metadata={"subtask_id": "look", "attempt": 2, "started_ms": 7_000}),
        make_trace(
            "c", status="failure", metadata={"subtask_id": "read", "item_index": 0, "started_ms": 8_000}
        ),
        make_trace("d", metadata={"subtask_id": "read", "item_index": 1, "started_ms": 8_000}),
        make_trace("e", task_id="r2", metadata={"subtask_id": "look"}),
        make_trace("f", task_id="r2", status="skipped", metadata={"subtask_id": "tell", "attempt": 0}),
        make_trace("g", task_id="r3", status="cancelled"),
    ]
    export(keep_traces(tmp_path / "first.db", traces), tmp_path / "files")

    made = rebuild(tmp_path / "files", tmp_path / "second.db")

    with Reader.open(tmp_path / "second.db") as reader:
        runs = {run_id: RunStore(reader).get(run_id) for run_id in ("r1", "r2", "r3")}
        events = EventStore(reader).of_run("r1")
    assert made.runs == 3
    assert {run_id: run.state.value for run_id, run in runs.items()} == {
        "r1": "failed",
        "r2": "succeeded",
        "r3": "cancelled",
    }
    assert runs["r1"].subtasks == {"look": TraceStatus.SUCCESS, "read": TraceStatus.FAILURE}
    assert (runs["r1"].started_ms, runs["r1"].ended_ms) == (5_000, 8_002)
    assert "trace files" in runs["r1"].objective
    assert [e.kind for e in events] == ["queued", *["attempt_ended"] * 4, "failed"]
    assert events[0].body == {"origin": "trace_files"}


def test_files_that_come_later_join_the_run_made_of_the_first(tmp_path: Path, make_trace: MakeTrace) -> None:
    files = TraceFiles(tmp_path / "files")
    files.write(make_trace("a", metadata={"subtask_id": "look"}))
    rebuild(tmp_path / "files", tmp_path / "second.db")
    files.write(make_trace("b", status="failure", metadata={"subtask_id": "read"}))

    made = rebuild(tmp_path / "files", tmp_path / "second.db")

    assert (made.added, made.there, made.runs) == (1, 1, 0)
    assert check(tmp_path / "second.db").is_clean
    with Reader.open(tmp_path / "second.db") as reader:
        assert RunStore(reader).get("r1").state is RunState.FAILED
        assert [e.kind for e in EventStore(reader).of_run("r1")][-1] == "failed"


def test_a_run_that_is_kept_gets_its_lost_traces_and_stays_as_it_is(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    traces = [make_trace(f"t{n}") for n in range(3)]
    export(keep_traces(tmp_path / "first.db", traces), tmp_path / "files")
    keep_traces(tmp_path / "second.db", traces[:1])

    made = rebuild(tmp_path / "files", tmp_path / "second.db")

    assert (made.added, made.there, made.runs) == (2, 1, 0)
    with Reader.open(tmp_path / "second.db") as reader:
        assert RunStore(reader).get("r1").objective == "o"
        assert len(TraceStore(reader).of_run("r1")) == 3
    assert check(tmp_path / "second.db").is_clean


def test_a_run_that_is_not_over_is_left_alone(tmp_path: Path, make_trace: MakeTrace) -> None:
    export(
        keep_traces(tmp_path / "first.db", [make_trace("a"), make_trace("b", task_id="r2")]),
        tmp_path / "files",
    )
    with Database.open(tmp_path / "second.db") as database:
        open_run(database, "r1", RunState.RUNNING)

    made = rebuild(tmp_path / "files", tmp_path / "second.db")

    assert (made.added, made.left) == (1, 1)
    assert (made.named[0].file, made.named[0].code) == ("trace_r1_1763700000.json", "run.unfinished")


def test_what_is_no_trace_or_one_for_the_second_time_is_left_out(
    tmp_path: Path, make_trace: MakeTrace
) -> None:
    files = TraceFiles(tmp_path)
    files.write(make_trace("a"))
    files.write(make_trace("a", output="another"))
    files.write(make_trace("b", metadata={"attempt": 2**70}))
    far = make_trace("far", timestamp=10**300, metadata={"started_ms": 1})
    (tmp_path / "far.json").write_text(json.dumps(far.as_json()))
    (tmp_path / "notes.json").write_text('{"no": "trace"}')
    (tmp_path / "folder.json").mkdir()
    (tmp_path / ".draft.json").write_text("{")
    (tmp_path / "readme.md").write_text("x")

    made = rebuild(tmp_path, tmp_path / "sheet.db")

    assert made.added == 1
    assert {left.file: left.code for left in made.named} == {
        "trace_r1_1763700000_2.json": "trace.twice",
        "trace_r1_1763700000_3.json": "storage.bad_unit",
        "notes.json": "trace.malformed",
        "far.json": "trace.malformed",
        "folder.json": "trace.malformed",
    }
    assert check(tmp_path / "sheet.db").is_clean


def test_the_older_form_is_taken_as_it_is_read(tmp_path: Path) -> None:
    older = {
        "trace_id": "x",
        "task_id": "old",
        "agent_type": "scrape",
        "status": {"Failure": "it said no"},
        "timestamp": 7,
    }
    (tmp_path / "trace_old_7.json").write_text(json.dumps(older))

    rebuild(tmp_path, tmp_path / "sheet.db")

    with Reader.open(tmp_path / "sheet.db") as reader:
        trace = TraceStore(reader).get("x")
    assert trace.metadata.error is not None
    assert (trace.status, trace.metadata.error.message) == (TraceStatus.FAILURE, "it said no")


def test_secrets_in_files_from_elsewhere_are_not_kept(tmp_path: Path, make_trace: MakeTrace) -> None:
    TraceFiles(tmp_path).write(make_trace("a", output="the key is s3cr3t-s3cr3t"))

    rebuild(tmp_path, tmp_path / "sheet.db", clean=Redactor(["s3cr3t-s3cr3t"]).trace)

    with Reader.open(tmp_path / "sheet.db") as reader:
        assert TraceStore(reader).get("a").output == "the key is [redacted]"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refused:
        rebuild(tmp_path / "none", tmp_path / "sheet.db")
    assert refused.value.code == "trace.no_folder"
