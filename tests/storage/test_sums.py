"""Checksums: every column counts, and reading finds what was changed behind the program's back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Damaged
from storage import journal_rows as journal
from storage import rows
from storage.batch import write_batch
from storage.rows import RunRow, TraceRow
from storage.schema import migrate
from storage.statement import Statement
from storage.sums import row_sum, text_sum
from storage.unit import Unit

READERS: dict[str, Callable[[Any], Any]] = {
    "run": rows.read_run,
    "plan": rows.read_plan,
    "trace": rows.read_trace,
    "value": rows.read_value,
    "event": journal.read_event,
    "intent": journal.read_intent,
    "wait": journal.read_wait,
    "signal": journal.read_signal,
    "request_key": journal.read_key,
    "wake": journal.read_wake,
}
CHANGED = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()


def written(run_row: RunRow, trace_row: TraceRow) -> dict[str, tuple[object, Statement]]:
    """Return a row of every kind with the statement that keeps it."""
    plan, value = rows.PlanRow("p", '{"a":1}', None), rows.ValueRow("r1", "k", "s", True, "[é]")
    event, intent = (
        journal.EventRow("r1", 1, "queued", 5, "{}"),
        journal.IntentRow("r1", "s", None, 1, "k", 5),
    )
    wait = journal.WaitRow("r1", "s", 3, "signal", "go", None, 5)
    signal, key = journal.SignalRow("r1", "a", "go", "{}", 5, 0), journal.KeyRow("k", "f", "r1", 5)
    wake = journal.WakeRow("r1", 5)
    return {
        "run": (run_row, rows.insert_run(run_row)),
        "plan": (plan, rows.insert_plan(plan)),
        "trace": (trace_row, rows.insert_trace(trace_row)),
        "value": (value, rows.insert_value(value)),
        "event": (event, journal.insert_event(event)),
        "intent": (intent, journal.insert_intent(intent)),
        "wait": (wait, journal.insert_wait(wait)),
        "signal": (signal, journal.insert_signal(signal)),
        "request_key": (key, journal.insert_key(key)),
        "wake": (wake, journal.set_wake(wake)),
    }


@pytest.fixture
def kept(path: Path, run_row: RunRow, trace_row: TraceRow) -> Iterator[dict[str, dict[str, Any]]]:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection, path)
    statements = [statement for _, statement in written(run_row, trace_row).values()]
    assert write_batch(connection, [Unit(statements, lambda _: None)]) == [None]
    yield {table: dict(connection.execute(f"SELECT * FROM {table}").fetchone()) for table in READERS}
    connection.close()


@pytest.mark.parametrize("table", READERS)
def test_a_row_of_every_kind_comes_back_as_it_was_given(
    kept: dict[str, dict[str, Any]], run_row: RunRow, trace_row: TraceRow, table: str
) -> None:
    assert READERS[table](kept[table]) == written(run_row, trace_row)[table][0]


def test_a_whole_number_of_milliseconds_is_read_back_as_a_fraction(trace_row: TraceRow) -> None:
    # A REAL column gives floats back, and the sum is made of what comes back.
    assert rows.insert_trace(replace(trace_row, duration_ms=2)) == rows.insert_trace(
        replace(trace_row, duration_ms=2.0)
    )


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_a_column_changed_by_anything_is_damage(kept: dict[str, dict[str, Any]], draw: st.DataObject) -> None:
    table = draw.draw(st.sampled_from(sorted(READERS)))
    before = kept[table]
    column = draw.draw(st.sampled_from(sorted(set(before) - {"seq"})))
    after = before | {column: draw.draw(CHANGED)}
    is_same = type(after[column]) is type(before[column]) and after[column] == before[column]

    if is_same:
        READERS[table](after)
        return
    with pytest.raises(Damaged) as refused:
        READERS[table](after)
    assert refused.value.code == "storage.damaged"
    assert refused.value.hint == "callsheet db check"


@pytest.mark.parametrize(
    "column",
    ["run_id", "objective", "state", "created_ms", "started_ms", "ended_ms", "epoch", "priority", "line_sum"],
)
def test_a_list_finds_a_changed_line(kept: dict[str, dict[str, Any]], column: str) -> None:
    assert rows.read_line(kept["run"]).run_id == "r1"

    with pytest.raises(Damaged):
        rows.read_line(kept["run"] | {column: "other"})


def test_a_changed_body_does_not_spoil_the_list_it_stands_in(kept: dict[str, dict[str, Any]]) -> None:
    changed = kept["trace"] | {"body": '{"output":[2]}'}

    assert rows.read_trace_head(changed).body == ""
    with pytest.raises(Damaged) as refused:
        rows.read_trace(changed)
    assert refused.value.where == "trace t1"


@given(st.lists(st.none() | st.integers() | st.text() | st.floats(allow_nan=False), max_size=6))
def test_a_sum_fits_a_column_of_sqlite_and_is_always_the_same(columns: list[Any]) -> None:
    assert 0 <= row_sum(*columns) == row_sum(*columns) < 2**32


def test_columns_do_not_run_into_each_other() -> None:
    likely = [
        ("ab", "c"),
        ("a", "bc"),
        ("ab,'c", ""),
        (None, "c"),
        ("None", "c"),
        (1, "c"),
        ("1", "c"),
        (1.0, "c"),
    ]

    assert len({row_sum(*columns) for columns in likely}) == len(likely)


def test_the_sums_in_old_files_stay_true() -> None:
    # What was written is checked by every later version: these numbers never change.
    assert row_sum("r1", 1, None, 2.5, "é\U0001f600\x7f\u0378", b"\0") == 1310004433
    assert text_sum("é\U0001f600") == 2139118086
    assert text_sum(None) is None
