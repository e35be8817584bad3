"""Group commit: what one future promises, and what a bad unit or a full disk does to its neighbours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import CallsheetError, Conflict, InvalidInput, OutOfSpace
from storage import writer as writer_module
from storage.database import Database, Statement
from storage.rows import TraceRow, ValueRow, insert_trace, insert_value
from storage.unit import Fence, Unit


@contextmanager
def one_batch(database: Database) -> Iterator[None]:
    """Hold the writer in a callback, so that all that is handed over meanwhile is one batch."""
    busy, go = threading.Event(), threading.Event()

    def hold(_: Future[None]) -> None:
        busy.set()
        go.wait(10)

    # A future that is done already runs its callback here, in our own thread.
    while not busy.is_set():
        hostage = database.commit([])
        if not hostage.done():
            hostage.add_done_callback(hold)
            busy.wait(10)
    try:
        yield
    finally:
        go.set()


def ids(database: Database) -> list[str]:
    with database.reader() as reader:
        return [row["trace_id"] for row in reader.query("SELECT trace_id FROM trace ORDER BY seq")]


def failure(future: Future[None]) -> CallsheetError:
    found = future.exception(10)
    assert isinstance(found, CallsheetError)
    return found


def test_an_acknowledged_unit_is_there_for_a_reader(database: Database, trace_row: TraceRow) -> None:
    database.commit([insert_trace(trace_row)]).result(10)

    assert ids(database) == ["t1"]


def test_a_bad_unit_among_good_ones_fails_alone(database: Database, trace_row: TraceRow) -> None:
    with one_batch(database):
        before = database.commit([insert_trace(replace(trace_row, trace_id="a"))])
        half = [
            insert_trace(replace(trace_row, trace_id="b", event_id=3)),
            insert_trace(replace(trace_row, trace_id="a", event_id=4)),
        ]
        bad = database.commit(half)
        after = database.commit([insert_trace(replace(trace_row, trace_id="c", event_id=5))])

    assert (failure(bad).code, failure(bad).data) == ("storage.constraint", {"columns": "trace.trace_id"})
    assert isinstance(failure(bad), Conflict)
    before.result(10)
    after.result(10)
    assert ids(database) == ["a", "c"]


@pytest.mark.parametrize(
    "statement",
    [
        Statement("INSERT INTO nowhere VALUES (1)"),
        Statement("SELECT ?", ()),
        Statement("SELECT ?", (object(),)),
        Statement("SELECT ?", (2**70,)),
        Statement("SELECT ?", ("\ud800",)),
        Statement("SELECT 1; SELECT 2"),
        Statement("SELECT '\0'"),
        Statement("UPDATE run SET created_ms = 'soon'"),
    ],
)
def test_a_unit_that_sqlite_cannot_hold_is_the_senders_to_mend(
    database: Database, statement: Statement
) -> None:
    good = insert_value(ValueRow("r1", "k", "s", False, "1"))

    assert failure(database.commit([good, statement])).code in {"storage.bad_unit", "storage.constraint"}
    database.commit([good]).result(10)  # its first half was taken back


def test_a_commit_that_fails_fails_its_whole_batch_and_the_writer_lives(
    database: Database, trace_row: TraceRow
) -> None:
    # A deferred foreign key is the one error SQLite reports at COMMIT alone.
    child = "CREATE TABLE child (run_id REFERENCES run (run_id) DEFERRABLE INITIALLY DEFERRED)"
    database.commit([Statement(child)]).result(10)
    poison = [Statement("INSERT INTO child VALUES ('?')")]
    with one_batch(database):
        innocent = database.commit([insert_trace(replace(trace_row, trace_id="a"))])
        guilty = database.commit(poison)

    assert [failure(f).code for f in (innocent, guilty)] == ["storage.write_failed"] * 2
    assert failure(innocent).retryable
    database.commit([insert_trace(trace_row)]).result(10)
    assert ids(database) == ["t1"]


def test_a_full_disk_fails_the_batch_and_writing_goes_on_once_there_is_room(
    database: Database, trace_row: TraceRow
) -> None:
    database.commit([Statement("PRAGMA max_page_count = 40")]).result(10)
    large = insert_trace(replace(trace_row, trace_id="large", body="x" * 1_000_000))

    assert isinstance(failure(database.commit([large])), OutOfSpace)
    assert failure(database.commit([large])).code == "storage.full"
    database.commit([Statement("PRAGMA max_page_count = 100000")]).result(10)
    database.commit([large]).result(10)
    assert ids(database) == ["large"]


def test_a_write_after_close_fails_at_once(path: Path) -> None:
    database = Database.open(path)
    database.close()

    refused = database.commit([Statement("SELECT 1")])

    assert refused.done()
    assert failure(refused).code == "storage.closed"


def test_closing_writes_what_waits(path: Path, database: Database, trace_row: TraceRow) -> None:
    waiting = [
        database.commit([insert_trace(replace(trace_row, trace_id=f"t{i}", event_id=i))]) for i in range(2000)
    ]
    database.close()

    assert all(f.done() and f.exception() is None for f in waiting)
    with Database.open(path) as again:
        assert len(ids(again)) == 2000


def test_closing_twice_does_nothing_more(path: Path) -> None:
    database = Database.open(path)
    database.close()
    database.close()

    with Database.open(path):
        assert True


def test_a_caller_that_gives_up_does_not_take_its_unit_back(database: Database, trace_row: TraceRow) -> None:
    with one_batch(database):
        future = database.commit([insert_trace(trace_row)])
        assert not future.cancel()

    future.result(10)
    assert ids(database) == ["t1"]


def test_a_caller_past_the_backlog_is_told_to_come_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 3)
    with one_batch(database):
        futures = [database.commit([Statement("SELECT 1")]) for _ in range(5)]

    assert [failure(f).code for f in futures[3:]] == ["storage.backlog"] * 2
    assert [f.exception(10) for f in futures[:3]] == [None] * 3


def test_changing_a_unit_after_handing_it_over_changes_nothing(
    database: Database, trace_row: TraceRow
) -> None:
    unit = [insert_trace(trace_row)]
    with one_batch(database):
        future = database.commit(unit)
        unit.clear()

    future.result(10)
    assert ids(database) == ["t1"]


def test_an_empty_unit_tells_that_writing_works(database: Database) -> None:
    assert database.commit([]).result(10) is None


def test_units_of_one_thread_are_kept_in_their_order(database: Database, trace_row: TraceRow) -> None:
    def unit(i: int) -> list[Statement]:
        return [insert_trace(replace(trace_row, trace_id=f"{i:04}", event_id=i))]

    futures = [database.commit(unit(i)) for i in range(1500)]
    for future in futures:
        future.result(10)

    assert ids(database) == [f"{i:04}" for i in range(1500)]


def test_many_threads_commit_at_once_and_nothing_is_lost(database: Database, trace_row: TraceRow) -> None:
    def write(worker: int) -> None:
        for i in range(50):
            row = replace(trace_row, trace_id=f"{worker}-{i}", event_id=50 * worker + i)
            database.commit([insert_trace(row)]).result(10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert len(ids(database)) == 400


def test_a_callback_that_raises_does_not_end_the_writer(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: CallsheetError | None) -> None:
        raise RuntimeError("a caller's own defect")

    told: Future[None] = Future()
    database.submit([Unit([], fail), Unit([], lambda _: told.set_result(None))])

    told.result(10)
    assert database.commit([]).result(10) is None
    assert "a caller's own defect" in caplog.text


def test_units_handed_over_together_are_written_next_to_each_other(
    database: Database, trace_row: TraceRow
) -> None:
    def write(worker: int) -> None:
        told: Future[None] = Future()
        rows = [replace(trace_row, trace_id=f"{worker}-{i}", event_id=10 * worker + i) for i in range(1, 11)]
        units = [Unit([insert_trace(row)], lambda _: None) for row in rows]
        database.submit([*units, Unit([], lambda _: told.set_result(None))])
        told.result(10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))

    workers = [name.split("-")[0] for name in ids(database)]
    assert len(workers) == 400
    assert len([w for w, before in zip(workers[1:], workers, strict=False) if w != before]) == 39


def test_a_unit_is_told_only_once_it_is_on_the_disk(database: Database, trace_row: TraceRow) -> None:
    told: Future[list[str]] = Future()

    def look(failure: CallsheetError | None) -> None:
        assert failure is None
        told.set_result(ids(database))

    database.submit([Unit([insert_trace(trace_row)], look)])

    assert told.result(10) == ["t1"]


def test_all_units_of_one_call_are_refused_where_one_is_too_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 3)
    told: list[CallsheetError | None] = []

    database.submit([Unit([Statement("SELECT 1")], told.append) for _ in range(4)])

    assert [f.code for f in told if f is not None] == ["storage.backlog"] * 4


def test_the_writer_remembers_what_it_could_not_keep(database: Database, trace_row: TraceRow) -> None:
    bad = database.commit([Statement("SELECT * FROM nowhere")], fence=Fence("r1", 1))
    assert failure(bad).code == "storage.bad_unit"

    next_one = database.commit([insert_trace(trace_row)], fence=Fence("r1", 1))

    assert failure(next_one).code == "journal.broken"
    database.commit([insert_trace(replace(trace_row, run_id="r2"))], fence=Fence("r2", 1)).result(10)


def test_a_unit_refused_by_the_backlog_is_not_followed_either(
    database: Database, trace_row: TraceRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 0)
    assert failure(database.commit([], fence=Fence("r1", 1))).code == "storage.backlog"
    monkeypatch.undo()

    assert failure(database.commit([insert_trace(trace_row)], fence=Fence("r1", 1))).code == "journal.broken"


def test_invalid_input_names_itself_as_such(database: Database) -> None:
    assert isinstance(failure(database.commit([Statement("SELECT ?", ("\ud800",))])), InvalidInput)
