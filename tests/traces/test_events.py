"""A run's events: attempts and changes of state in one order, each number once, none missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Damaged
from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace, TraceStatus
from storage.database import Database
from storage.journal_rows import EventRow, insert_event
from storage.rows import insert_trace, update_run
from storage.statement import Statement
from traces.events import EventLine, EventStore
from traces.rows import run_row, trace_row

MakeTrace = Callable[..., ExecutionTrace]


@pytest.fixture
def store(database: Database) -> EventStore:
    return EventStore(database.reader())


def event(event_id: int, kind: str = "running", data: str = "{}") -> Statement:
    return insert_event(EventRow("r1", event_id, kind, 10 * event_id, data))


def attempt(make_trace: MakeTrace, event_id: int) -> Statement:
    trace = make_trace(f"t{event_id}", output=[event_id], metadata={"started_ms": 10 * event_id})
    return insert_trace(trace_row(trace, event_id=event_id, ended=TraceStatus.SUCCESS).row)


def test_an_attempt_is_an_event_with_what_a_watcher_needs(
    database: Database, store: EventStore, make_trace: MakeTrace
) -> None:
    database.commit([event(1, "queued", '{"by":"é"}'), attempt(make_trace, 2)]).result(10)

    queued, ended = store.of_run("r1")
    assert queued == EventLine(1, "queued", 10, {"by": "é"})
    assert (ended.event_id, ended.kind, ended.at_ms) == (2, "attempt_ended", 22)
    assert ended.body == {
        "trace_id": "t2",
        "subtask_id": "look",
        "agent_type": "scrape",
        "attempt": 1,
        "item_index": None,
        "status": "success",
        "started_ms": 20,
        "duration_ms": 2.5,
        "preview": "[2]",
        "error_code": None,
        "next_ms": None,
        "ended": "success",
    }


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(st.booleans(), max_size=40), limit=st.integers(1, 9))
def test_whoever_walks_on_meets_each_event_once(
    database: Database, store: EventStore, make_trace: MakeTrace, kinds: list[bool], limit: int
) -> None:
    database.commit([Statement("DELETE FROM event"), Statement("DELETE FROM trace")]).result(10)
    unit = [attempt(make_trace, i) if is_attempt else event(i) for i, is_attempt in enumerate(kinds, 1)]
    database.commit(unit).result(10)

    seen: list[EventLine] = []
    while page := store.of_run("r1", after=len(seen), limit=limit):
        assert len(page) <= limit
        seen += page
    assert [line.event_id for line in seen] == list(range(1, len(kinds) + 1))
    assert [line.kind == "attempt_ended" for line in seen] == kinds


def test_events_that_arrive_while_one_reads_leave_no_gap(
    database: Database, store: EventStore, make_trace: MakeTrace
) -> None:
    futures = [database.commit([attempt(make_trace, i) if i % 2 else event(i)]) for i in range(1, 401)]
    seen = 0
    while not futures[-1].done() or seen < 400:
        seen += len(store.of_run("r1", after=seen, limit=50))

    assert seen == 400


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_an_event_that_is_gone_is_damage(
    database: Database, store: EventStore, make_trace: MakeTrace, missing: int
) -> None:
    unit = [event(1), attempt(make_trace, 2), event(3), event(4)]
    database.commit([s for i, s in enumerate(unit, 1) if i != missing]).result(10)

    with pytest.raises(Damaged) as refused:
        store.of_run("r1")
    assert f"event {missing} " in refused.value.message


def test_the_end_of_a_run_that_is_over_is_missed_when_it_is_hidden(
    database: Database, store: EventStore
) -> None:
    over = run_row(Run(run_id="r1", objective="o", state=RunState.SUCCEEDED, created_ms=1), epoch=1).row
    database.commit(
        [update_run(over), event(1, "queued"), event(2, "running"), event(3, "succeeded")]
    ).result(10)
    assert [line.kind for line in store.of_run("r1", limit=2)] == ["queued", "running"]
    assert [line.kind for line in store.of_run("r1", after=3)] == []

    database.commit([Statement("DELETE FROM event WHERE event_id = 3")]).result(10)
    assert [line.kind for line in store.of_run("r1", limit=2)] == ["queued", "running"]
    with pytest.raises(Damaged):
        store.of_run("r1")


def test_a_changed_event_is_damage(database: Database, store: EventStore) -> None:
    database.commit([event(1)]).result(10)
    database.commit([Statement("UPDATE event SET kind = 'succeeded'")]).result(10)

    with pytest.raises(Damaged):
        store.of_run("r1")


def test_an_unknown_run_has_no_events(store: EventStore) -> None:
    assert store.of_run("nobody") == ()
    assert store.of_run("r1", after=10**9) == ()
