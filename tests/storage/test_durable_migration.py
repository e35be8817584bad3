"""A file of before: its runs, traces and values are there, with sums, numbers and an end."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from storage import queries, rows
from storage.database import Database
from storage.journal_rows import read_event
from storage.reader import Reader
from storage.schema import APPLICATION_ID, MIGRATIONS, migrate

FIRST = MIGRATIONS / "0001_runs_traces_values.sql"
PLAN = '{"plan_id":"p1","objective":"é"}'
RUNS = [
    ("done", "find é trucks", "succeeded", "2026-01-01T00:00:00+00:00", "UTC", 10, 20, 30, None, '{"a":"success"}', "{}", PLAN, "[1]", '{"k":1}'),
    ("again", "find é trucks", "failed", None, "UTC", 11, 21, 31, '{"code":"x","message":"m"}', "{}", "{}", PLAN, None, "{}"),
    ("cut", "o", "running", None, "UTC", 12, 22, None, None, "{}", "{}", None, None, "{}"),
    ("waiting", "o", "queued", None, "UTC", 13, None, None, None, "{}", "{}", None, None, "{}"),
]  # fmt: skip


@pytest.fixture
def old(path: Path) -> Path:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(FIRST.read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    for run in RUNS:
        connection.execute(f"INSERT INTO run VALUES (NULL, {', '.join('?' * len(run))})", run)
    for i in range(6):
        trace = (f"t{i}", RUNS[i % 3][0], "s", 1, i, "data", "success", 100 + i, 2.0, "é", None, '{"a":"é"}')
        connection.execute(f"INSERT INTO trace VALUES (NULL, {', '.join('?' * 12)})", trace)
    connection.execute("INSERT INTO value VALUES ('done', 'k', 's', '[1,\"é\"]')")
    connection.close()
    return path


def run(reader: Reader, run_id: str) -> rows.RunRow:
    return rows.read_run(reader.query(*queries.run_by_id(run_id))[0])


def test_what_was_kept_is_read_with_a_sum_that_fits(old: Path) -> None:
    with Database.open(old) as database, database.reader() as reader:
        done = run(reader, "done")
        traces = [rows.read_trace(r) for r in reader.query(*queries.bodies_of_run("done", limit=9))]
        (value,) = [rows.read_value(r) for r in reader.query(*queries.values_of_run("done"))]
        lines = [rows.read_line(r) for r in reader.query(*queries.run_page(limit=9))]

    assert (done.objective, done.state, done.result, done.inputs) == (
        "find é trucks",
        "succeeded",
        "[1]",
        '{"k":1}',
    )
    assert (done.epoch, done.approval, done.priority, done.is_redacted) == (1, "auto", 0, False)
    assert [(t.trace_id, t.item_index, t.duration_ms, t.body) for t in traces] == [
        ("t0", 0, 2.0, '{"a":"é"}'),
        ("t3", 3, 2.0, '{"a":"é"}'),
    ]
    assert value == rows.ValueRow("done", "k", "s", False, '[1,"é"]')
    assert [line.run_id for line in lines] == ["waiting", "cut", "again", "done"]


def test_a_plan_is_kept_once_for_all_its_runs(old: Path) -> None:
    with Database.open(old) as database, database.reader() as reader:
        plans = [rows.read_plan(r) for r in reader.query("SELECT * FROM plan")]
        names = [run(reader, r[0]).plan_id for r in RUNS]

    assert plans == [rows.PlanRow("p1", PLAN, None)]
    assert names == ["p1", "p1", None, None]


def test_a_run_that_was_cut_off_has_failed(old: Path) -> None:
    with Database.open(old) as database, database.reader() as reader:
        cut, waiting = run(reader, "cut"), run(reader, "waiting")
        unfinished = reader.query(*queries.unfinished_runs(limit=9))

    assert (cut.state, cut.ended_ms) == ("failed", 107)
    assert (waiting.state, waiting.ended_ms) == ("failed", 13)
    assert json.loads(cut.error or "")["code"] == "run.interrupted"
    assert unfinished == []


def test_events_are_numbered_from_one_without_gaps(old: Path) -> None:
    with Database.open(old) as database, database.reader() as reader:
        for run_id, _, state, *_ in RUNS:
            events = [read_event(r) for r in reader.query(*queries.events_of_run(run_id, limit=9))]
            traces = [rows.read_trace_head(r) for r in reader.query(*queries.past_of_run(run_id))]
            numbers = sorted([e.event_id for e in events] + [t.event_id for t in traces])
            assert numbers == list(range(1, len(numbers) + 1))
            expected = state if state in {"succeeded", "failed"} else "failed"
            assert [e.kind for e in events] == ["queued", expected]
            assert events[-1].event_id == numbers[-1]


def test_a_migration_that_is_cut_off_is_done_again_whole(old: Path, tmp_path: Path) -> None:
    script = (MIGRATIONS / "0002_durable.sql").read_text(encoding="utf-8")
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / FIRST.name).write_text(FIRST.read_text(encoding="utf-8"))
    (folder / "0002_durable.sql").write_text(script.replace("DROP TABLE run;", "DROP TABLE nowhere;"))
    before = _dump(old)

    with pytest.raises(sqlite3.OperationalError):
        _migrate(old, folder)

    assert _dump(old) == before
    with Database.open(old) as database, database.reader() as reader:
        assert run(reader, "done").state == "succeeded"


def _migrate(path: Path, folder: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        migrate(connection, path, folder)
    finally:
        connection.close()


def _dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = list(connection.iterdump())
    connection.close()
    return found
