"""What stands beside traces and values, and the questions a run's next holder asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.errors import Conflict
from storage import queries
from storage.database import Database
from storage.journal_rows import (
    EventRow,
    IntentRow,
    KeyRow,
    SignalRow,
    WaitRow,
    WakeRow,
    clear_wake,
    delete_wait,
    forget_keys,
    insert_event,
    insert_intent,
    insert_key,
    insert_signal,
    insert_wait,
    read_event,
    read_intent,
    read_key,
    read_signal,
    read_wait,
    read_wake,
    set_wake,
    take_signal,
)
from storage.reader import Reader
from storage.rows import RunRow, TraceRow, insert_run, insert_trace, read_line, read_trace_head
from storage.statement import Query, Statement

WAIT = WaitRow("r1", "ask", None, "approval", "p1", None, 5)
SIGNAL = SignalRow("r1", "s1", "go", '{"a":1}', 5, 0)
INTENT = IntentRow("r1", "pay", None, 1, "key", 5)


@pytest.fixture
def reader(database: Database) -> Reader:
    return database.reader()


def keep(database: Database, *statements: Statement) -> None:
    database.commit(statements).result(10)


def run_ids(reader: Reader, query: Query) -> list[str]:
    return [read_line(row).run_id for row in reader.query(*query)]


@pytest.mark.parametrize(
    "statement",
    [
        insert_event(EventRow("r1", 1, "queued", 5, "{}")),
        insert_intent(INTENT),
        insert_intent(replace(INTENT, item_index=0)),
        insert_wait(WAIT),
        insert_key(KeyRow("k", "f", "r1", 5)),
    ],
)
def test_what_may_be_there_once_is_refused_the_second_time(database: Database, statement: Statement) -> None:
    keep(database, statement)

    assert isinstance(database.commit([statement]).exception(10), Conflict)


def test_an_element_and_its_subtask_do_not_meet(database: Database, reader: Reader) -> None:
    keep(database, *(insert_intent(replace(INTENT, item_index=i)) for i in (None, 0, 1)))
    keep(database, *(insert_wait(replace(WAIT, item_index=i)) for i in (None, 0, 1)))

    assert {read_intent(row).item_index for row in reader.query(*queries.intents_of_run("r1"))} == {
        None,
        0,
        1,
    }
    keep(database, delete_wait(WAIT))
    assert {read_wait(row).item_index for row in reader.query(*queries.waits_of_run("r1"))} == {0, 1}


def test_a_wait_may_begin_again_in_the_unit_that_ends_it(database: Database, reader: Reader) -> None:
    keep(database, insert_wait(WAIT))
    keep(database, delete_wait(WAIT), insert_wait(replace(WAIT, name="p2")))

    assert [read_wait(row).name for row in reader.query(*queries.waits_of_run("r1"))] == ["p2"]


def test_a_signal_sent_twice_is_one_signal(database: Database, reader: Reader) -> None:
    second = replace(SIGNAL, payload="[]")
    keep(database, insert_signal(SIGNAL), insert_signal(replace(SIGNAL, run_id="r2")))
    keep(database, insert_signal(second), insert_signal(replace(second, signal_id="s2")))

    found = [read_signal(row) for row in reader.query(*queries.signals_of_run("r1"))]
    assert found == [SIGNAL, replace(second, signal_id="s2")]


def test_a_signal_that_was_used_up_never_comes_back(database: Database, reader: Reader) -> None:
    keep(database, insert_signal(SIGNAL))
    keep(database, take_signal(SIGNAL))
    keep(database, insert_signal(SIGNAL))

    assert reader.query(*queries.signals_of_run("r1")) == []
    (row,) = reader.query("SELECT * FROM signal")
    assert read_signal(row) == replace(SIGNAL, taken=1)


def test_a_callers_key_is_forgotten_after_its_time(database: Database, reader: Reader) -> None:
    keep(database, insert_key(KeyRow("old", "f", "r1", 5)), insert_key(KeyRow("new", "f", "r1", 9)))
    keep(database, forget_keys(9))

    assert reader.query(*queries.key_by_name("old")) == []
    assert read_key(reader.query(*queries.key_by_name("new"))[0]) == KeyRow("new", "f", "r1", 9)


def test_a_parked_run_is_due_at_the_time_said_last(database: Database, reader: Reader) -> None:
    keep(database, set_wake(WakeRow("r1", 50)), set_wake(WakeRow("r2", 30)))
    keep(database, set_wake(WakeRow("r1", 20)))

    assert run_ids(reader, queries.due_runs(before_ms=19, limit=9)) == []
    assert run_ids(reader, queries.due_runs(before_ms=30, limit=9)) == ["r1", "r2"]
    assert run_ids(reader, queries.due_runs(before_ms=30, limit=1)) == ["r1"]
    assert read_wake(reader.query(*queries.next_wake(after_ms=20))[0]) == WakeRow("r2", 30)
    keep(database, clear_wake("r1"))
    assert reader.query(*queries.wake_of_run("r1")) == []


def test_unfinished_runs_are_those_nobody_parked_or_ended(
    database: Database, reader: Reader, run_row: RunRow
) -> None:
    states = [
        "queued",
        "planning",
        "running",
        "awaiting_approval",
        "succeeded",
        "failed",
        "cancelled",
        "rejected",
    ]
    keep(database, *(insert_run(replace(run_row, run_id=s, state=s)) for s in states))
    keep(database, insert_run(replace(run_row, run_id="parked")), set_wake(WakeRow("parked", 9)))

    assert run_ids(reader, queries.unfinished_runs(limit=9)) == ["r1", "r2", "queued", "planning", "running"]
    second = read_line(reader.query(*queries.run_line("r2"))[0]).seq
    assert run_ids(reader, queries.unfinished_runs(after=second, limit=2)) == ["queued", "planning"]


def test_events_and_attempts_share_their_numbers(
    database: Database, reader: Reader, trace_row: TraceRow
) -> None:
    assert reader.query(*queries.last_event("r1"))[0]["event_id"] == 0
    keep(database, insert_event(EventRow("r1", 1, "queued", 5, "{}")), insert_trace(trace_row))
    assert reader.query(*queries.last_event("r1"))[0]["event_id"] == 2
    keep(database, insert_event(EventRow("r1", 3, "approved", 5, '{"subtask_id":"a"}')))
    assert reader.query(*queries.last_event("r1"))[0]["event_id"] == 3

    assert [read_event(r).event_id for r in reader.query(*queries.events_of_run("r1", after=1, limit=9))] == [
        3
    ]
    (approved,) = reader.query(*queries.events_of_run("r1", after=2, limit=9))
    assert read_event(approved).data == '{"subtask_id":"a"}'
    assert [read_trace_head(r).trace_id for r in reader.query(*queries.past_of_run("r1"))] == ["t1"]
