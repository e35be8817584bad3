"""Bytes flipped at random in a database: nothing false is ever served, the check names it, a backup mends it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import CallsheetError, Damaged
from contracts.plan import load_plan
from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace
from storage.backup import back_up
from storage.blobs import blob_for
from storage.check import check
from storage.database import Database
from storage.journal_rows import EventRow, insert_event
from storage.reader import Reader
from storage.restore import restore
from storage.rows import ValueRow, insert_plan, insert_run, insert_trace, insert_value
from traces.events import EventStore
from traces.rows import plan_row, run_row, trace_row
from traces.runs_store import RunStore
from traces.store import TraceFilter, TraceStore

MakeTrace = Callable[..., ExecutionTrace]
NOW = datetime(2026, 5, 8, 20, 0, tzinfo=UTC)
FLIPS = 70
RUNS = ("r1", "r2", "r3")
LONG = ["a long value"] * 8_000
STEP: dict[str, Any] = {
    "id": "look",
    "objective": "look",
    "required_agent": "scrape",
    "dependencies": [],
    "input_keys": [],
    "output_key": "x",
}


@pytest.fixture
def whole(tmp_path: Path, make_trace: MakeTrace) -> Path:
    path = tmp_path / "sheet.db"
    with Database.open(path) as database:
        for run_id in RUNS:
            _keep_run(database, run_id, make_trace)
    return path


def _keep_run(database: Database, run_id: str, make_trace: MakeTrace) -> None:
    plan = load_plan({"objective": f"look around for {run_id}", "subtasks": [STEP]})
    run = Run(
        run_id=run_id, objective="o", state=RunState.SUCCEEDED, plan=plan, result=LONG, inputs={"at": 5}
    )
    kept_run, kept_plan = run_row(run), plan_row(plan)
    traces = [
        make_trace(
            f"{run_id}-{n}", task_id=run_id, output=LONG if n == 5 else [n, run_id], metadata={"attempt": n}
        )
        for n in range(1, 15)
    ]
    kept = [trace_row(trace, event_id=n) for n, trace in enumerate(traces, 2)]
    long = blob_for('["' + "a value of its own " * 5_000 + '"]')
    assert long is not None
    database.commit(
        [
            insert_plan(kept_plan.row),
            insert_run(kept_run.row),
            insert_event(EventRow(run_id, 1, "queued", 1, "{}")),
            *(insert_trace(k.row) for k in kept),
            insert_value(ValueRow(run_id, "short", "look", is_redacted=False, value='{"a": 1}')),
            insert_value(ValueRow(run_id, "long", "look", is_redacted=False, value=None, blob=long.sha256)),
            insert_event(EventRow(run_id, 16, "succeeded", 9, "{}")),
        ],
        blobs=[*kept_run.blobs, long, *(b for k in kept for b in k.blobs)],
    ).result(30)


def questions(reader: Reader) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield everything one can ask of a database, by name; lists first."""
    traces, runs, events = TraceStore(reader), RunStore(reader), EventStore(reader)
    yield "list of runs", lambda: runs.page().runs
    yield "list of runs that succeeded", lambda: runs.page(state="succeeded").runs
    yield "list of traces", lambda: traces.page().traces
    yield "list by filter", lambda: traces.page(TraceFilter(agent="scrape", status="success")).traces
    for run_id in RUNS:
        yield f"list of {run_id}", partial(traces.of_run, run_id)
        yield f"list of all of {run_id}", partial(_whole, traces, run_id)
        yield f"list of events of {run_id}", partial(events.of_run, run_id)
        yield f"run {run_id}", partial(runs.get, run_id)
        yield f"values {run_id}", partial(runs.values, run_id)
        yield f"writers {run_id}", partial(runs.writers, run_id)
        for n in range(1, 15):
            yield f"trace {run_id}-{n}", partial(traces.get, f"{run_id}-{n}")


def _whole(traces: TraceStore, run_id: str) -> list[ExecutionTrace]:
    return list(traces.whole_of_run(run_id))


def answers(path: Path) -> dict[str, Any]:
    """Return every answer, or the error in its place; any other error than ours ends the test."""
    try:
        reader = Reader.open(path)
    except CallsheetError as exc:
        return {"open": exc}
    found: dict[str, Any] = {}
    with reader:
        for name, ask in questions(reader):
            try:
                found[name] = ask()
            except CallsheetError as exc:
                found[name] = exc
    return found


def false_answers(true: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Return what was answered and is not so; lines or keys may be missing, for an index tells which there are."""
    return [
        name
        for name, answer in given.items()
        if not isinstance(answer, CallsheetError)
        and any(part not in _parts(true[name]) for part in _parts(answer))
    ]


def _parts(answer: Any) -> list[Any]:
    if isinstance(answer, dict):
        return list(answer.items())
    return list(answer) if isinstance(answer, list | tuple) else [answer]


def test_no_flipped_byte_is_served_and_each_that_matters_is_named(whole: Path, tmp_path: Path) -> None:
    back_up(whole, tmp_path / "backup.db")
    true, raw = answers(whole), whole.read_bytes()
    assert not any(isinstance(a, CallsheetError) for a in true.values())
    rng = random.Random(7)
    used = [place for place, byte in enumerate(raw) if byte]  # the rest of a page is zeros
    hit, copy = 0, tmp_path / "flipped.db"
    for _ in range(FLIPS):
        place, bits = rng.choice(used), rng.randrange(1, 256)
        copy.write_bytes(raw[:place] + bytes([raw[place] ^ bits]) + raw[place + 1 :])
        given, report = answers(copy), check(copy)
        assert false_answers(true, given) == [], (place, bits)
        assert given == true or not report.is_clean, (place, bits)
        if not report.is_clean:
            hit += 1
            restore(tmp_path / "backup.db", copy, now=NOW)
            assert answers(copy) == true
        for left in tmp_path.glob("flipped.db*"):
            left.unlink()
    assert hit > FLIPS / 2


def page_of(path: Path, index: str) -> int:
    """Return where in the file the one page of an index begins."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute("SELECT pageno FROM dbstat WHERE name = ?", (index,)).fetchall()
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell which page is whose")
    assert len(rows) == 1
    return int((rows[0][0] - 1) * 4096)


def test_an_index_that_leads_to_anothers_row_serves_nobodys(whole: Path) -> None:
    starts = {i: page_of(whole, f"sqlite_autoindex_{i}_1") for i in ("trace", "run")}
    raw = bytearray(whole.read_bytes())
    for index, (one, other) in {"trace": (b"r1-3", b"r2-3"), "run": (b"r2", b"r3")}.items():
        start = starts[index]
        page = raw[start : start + 4096]
        first, second = page.index(one) + len(one), page.index(other) + len(other)
        raw[start + first], raw[start + second] = page[second], page[first]
    whole.write_bytes(raw)

    with Reader.open(whole) as reader:
        for ask in (lambda: TraceStore(reader).get("r1-3"), lambda: RunStore(reader).get("r2")):
            with pytest.raises(Damaged):
                ask()
    assert not check(whole).is_clean


def test_an_index_out_of_order_puts_no_trace_into_anothers_run(whole: Path) -> None:
    start = (
        page_of(whole, "sqlite_autoindex_trace_2") + 8
    )  # of run and number: after its header, 2 bytes a cell
    raw = bytearray(whole.read_bytes())
    one, other = slice(start + 2 * 7, start + 2 * 8), slice(start + 2 * 21, start + 2 * 22)
    raw[one], raw[other] = raw[other], raw[one]
    whole.write_bytes(raw)

    with Reader.open(whole) as reader:
        for ask in (
            lambda: TraceStore(reader).of_run("r2"),
            lambda: list(TraceStore(reader).whole_of_run("r2")),
            lambda: EventStore(reader).of_run("r2"),
        ):
            with pytest.raises(Damaged):
                ask()
    assert not check(whole).is_clean


def test_a_log_with_a_flipped_byte_serves_nothing_false(tmp_path: Path, make_trace: MakeTrace) -> None:
    path = tmp_path / "sheet.db"
    with Database.open(path) as database:
        for run_id in RUNS:
            _keep_run(database, run_id, make_trace)
        true = answers(path)
        left = {end: path.with_name(path.name + end).read_bytes() for end in ("", "-wal")}
    rng = random.Random(11)
    for _ in range(20):
        folder = tmp_path / "died"
        folder.mkdir()
        log = bytearray(left["-wal"])
        log[rng.randrange(len(log))] ^= rng.randrange(1, 256)
        (folder / "sheet.db").write_bytes(left[""])
        (folder / "sheet.db-wal").write_bytes(log)
        # SQLite drops the log from the damage on, so an answer may be of a moment before
        assert false_answers(true, answers(folder / "sheet.db")) == []
        shutil.rmtree(folder)
