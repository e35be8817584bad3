"""Lists: newest first, by filter, each trace once however many arrive meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput, NotFound
from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace, TraceStatus
from storage.database import Database
from storage.rows import insert_run
from traces.cursor import read_cursor, write_cursor
from traces.rows import run_row
from traces.runs_store import RunStore
from traces.store import TraceFilter, TraceStore

Keep = Callable[..., None]
MakeTrace = Callable[..., ExecutionTrace]


@pytest.fixture
def store(database: Database) -> Iterator[TraceStore]:
    with database.reader() as reader:
        yield TraceStore(reader)


def ids(store: TraceStore, wanted: TraceFilter | None = None, limit: int = 3) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = store.page(wanted, limit=limit, after=after)
        found += [t.trace_id for t in page.traces]
        if page.next is None:
            return found
        after = page.next


def test_a_trace_is_got_whole_by_its_id(store: TraceStore, keep: Keep, make_trace: MakeTrace) -> None:
    trace = make_trace(input={"url": "x"}, output=[1], expected_output=[2])
    keep(trace)

    assert store.get("t1") == trace


@pytest.mark.parametrize("name", ["t2", "", "x" * 10_000, "t1' OR 1=1 --"])
def test_an_unknown_trace_is_not_found(
    store: TraceStore, keep: Keep, make_trace: MakeTrace, name: str
) -> None:
    keep(make_trace())

    with pytest.raises(NotFound) as missing:
        store.get(name)
    assert missing.value.code == "trace.unknown"
    assert len(missing.value.message) < 200


def test_a_list_is_newest_first_with_what_a_line_needs(
    store: TraceStore, keep: Keep, make_trace: MakeTrace
) -> None:
    keep(make_trace("a"), make_trace("b", status="failure", metadata={"attempt": 2}))

    newest, oldest = store.page().traces
    assert (newest.trace_id, newest.status, newest.error_code) == (
        "b",
        TraceStatus.FAILURE,
        "scrape.http_status",
    )
    assert (newest.task_id, newest.subtask_id, newest.attempt) == ("r1", "look", 2)
    assert oldest.trace_id == "a"


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10, 11])
def test_pages_of_any_size_visit_each_trace_once(
    store: TraceStore, keep: Keep, make_trace: MakeTrace, limit: int
) -> None:
    keep(*(make_trace(f"t{i}") for i in range(10)))

    assert ids(store, limit=limit) == [f"t{i}" for i in reversed(range(10))]


def test_who_walks_on_meets_each_trace_once_while_new_ones_arrive(
    store: TraceStore, keep: Keep, make_trace: MakeTrace
) -> None:
    keep(*(make_trace(f"old{i}") for i in range(30)))
    seen: list[str] = []
    page = store.page(limit=4)
    while True:
        seen += [t.trace_id for t in page.traces]
        if page.next is None:
            break
        keep(*(make_trace(f"new{len(seen)}-{i}") for i in range(3)))
        page = store.page(limit=4, after=page.next)

    assert seen == [f"old{i}" for i in reversed(range(30))]


def test_filters_narrow_together(store: TraceStore, keep: Keep, make_trace: MakeTrace) -> None:
    keep(
        make_trace("a"),
        make_trace("b", agent_type="wasm:echo"),
        make_trace("c", status="failure"),
        make_trace("d", status="failure", agent_type="wasm:echo"),
        make_trace("e", status="failure", task_id="r2"),
    )

    assert ids(store, TraceFilter(agent="wasm:echo")) == ["d", "b"]
    assert ids(store, TraceFilter(status="failure")) == ["e", "d", "c"]
    assert ids(store, TraceFilter(status=TraceStatus.FAILURE, agent="scrape")) == ["e", "c"]
    assert ids(store, TraceFilter(run_id="r1", status="failure")) == ["d", "c"]
    assert ids(store, TraceFilter(run_id="r2"), limit=1) == ["e"]


@pytest.mark.parametrize(
    "wanted", [TraceFilter(agent="nobody"), TraceFilter(status="Success"), TraceFilter(run_id="' OR 1 --")]
)
def test_a_filter_nobody_fits_gives_an_empty_page(
    store: TraceStore, keep: Keep, make_trace: MakeTrace, wanted: TraceFilter
) -> None:
    keep(make_trace())

    assert store.page(wanted).traces == ()
    assert store.page(wanted).next is None


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "MQ", "dHJhY2U6MA", "trace:5", "é", "=" * 9, "A" * 10**6, "\x00", "' OR 1=1"]
    + [
        base64.urlsafe_b64encode(s).decode().rstrip("=")
        for s in (b"trace:-1", b"trace:05", b"trace:9" + b"9" * 30)
    ]
    + [write_cursor("run", 5), write_cursor("trace", 5) + "=", " " + write_cursor("trace", 5)],
)
def test_a_cursor_nobody_gave_is_refused(store: TraceStore, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        store.page(after=cursor)
    assert refused.value.code == "trace.bad_cursor"
    assert len(refused.value.message) < 600


@given(st.text())
def test_any_text_is_a_cursor_of_ours_or_refused(cursor: str) -> None:
    try:
        seq = read_cursor("trace", cursor)
    except InvalidInput:
        return
    assert seq is not None
    assert write_cursor("trace", seq) == cursor


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_every_cursor_is_read_back(seq: int) -> None:
    assert read_cursor("trace", write_cursor("trace", seq)) == seq


@pytest.mark.parametrize("limit", [0, -1, 1001, 10**30])
def test_a_page_without_bounds_is_refused(store: TraceStore, limit: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        store.page(limit=limit)
    assert refused.value.code == "trace.bad_limit"


def test_a_runs_traces_come_in_the_order_they_were_written(
    store: TraceStore, keep: Keep, make_trace: MakeTrace
) -> None:
    traces = [make_trace(f"t{i}", task_id=f"r{1 + i % 2}", output=i) for i in range(50)]
    keep(*traces)

    assert [t.trace_id for t in store.of_run("r1")] == [f"t{i}" for i in range(0, 50, 2)]
    assert list(store.whole_of_run("r2")) == traces[1::2]
    assert store.of_run("nobody") == ()
    assert list(store.whole_of_run("nobody")) == []


def test_runs_are_listed_newest_first_by_state(database: Database) -> None:
    for i in range(5):
        state = RunState.FAILED if i % 2 else RunState.SUCCEEDED
        run = Run(run_id=f"n{i}", objective="x" * 9000, state=state, created_ms=i)
        database.commit([insert_run(run_row(run).row)]).result(10)

    with database.reader() as reader:
        runs = RunStore(reader)
        first = runs.page(limit=3)
        second = runs.page(limit=4, after=first.next)
        failed = runs.page(state="failed")
        assert runs.page(state="dancing").runs == ()
        with pytest.raises(InvalidInput) as refused:
            runs.page(after=write_cursor("trace", 3))
    assert [r.run_id for r in first.runs + second.runs] == ["n4", "n3", "n2", "n1", "n0", "r2", "r1"]
    assert second.next is None
    assert [(r.run_id, r.state, len(r.objective)) for r in failed.runs] == [
        ("n3", RunState.FAILED, 500),
        ("n1", RunState.FAILED, 500),
    ]
    assert refused.value.code == "run.bad_cursor"
