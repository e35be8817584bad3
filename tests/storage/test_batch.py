"""A batch without a thread: few large statements, and what a bad unit among many costs the others."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import CallsheetError, OutOfSpace, Unavailable
from storage.batch import write_batch
from storage.blobs import Blob
from storage.rows import RunRow, TraceRow, ValueRow, insert_run, insert_trace, insert_value, update_run
from storage.schema import migrate
from storage.statement import Statement
from storage.unit import Fence, Unit


class Recording:
    """A connection that remembers what it was told, and fails where it is asked to."""

    def __init__(self, path: Path) -> None:
        self.real = sqlite3.connect(path, isolation_level=None)
        self.told: list[str] = []
        self.failing: dict[str, Exception] = {}

    @property
    def in_transaction(self) -> bool:
        return self.real.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> sqlite3.Cursor:
        self.told.append(sql)
        for start, failure in self.failing.items():
            if sql.startswith(start):
                raise failure
        return self.real.execute(sql, parameters)

    def close(self) -> None:
        self.real.close()


@pytest.fixture
def connection(path: Path, run_row: RunRow) -> Iterator[Recording]:
    found = Recording(path)
    migrate(found.real, path)
    assert write_batch(found, [unit(insert_run(run_row))]) == [None]
    found.told.clear()
    yield found
    found.close()


def unit(*statements: Statement, fence: Fence | None = None, blobs: Sequence[Blob] = ()) -> Unit:
    return Unit(statements, lambda _: None, fence, blobs)


def codes(outcomes: list[CallsheetError | None]) -> list[str | None]:
    return [outcome.code if outcome else None for outcome in outcomes]


def failure(kind: type[sqlite3.Error], code: int) -> sqlite3.Error:
    found = kind("as told")
    found.sqlite_errorcode = code
    return found


def ids(connection: Recording) -> list[str]:
    return [i for (i,) in connection.real.execute("SELECT trace_id FROM trace ORDER BY seq")]


def numbered(trace_row: TraceRow, i: int) -> Statement:
    return insert_trace(replace(trace_row, trace_id=f"t{i}", event_id=i))


def test_many_units_take_few_statements(connection: Recording, trace_row: TraceRow) -> None:
    units = [
        unit(
            numbered(trace_row, i),
            insert_value(ValueRow("r1", f"k{i}", "s", False, "1")),
            fence=Fence("r1", 1),
        )
        for i in range(200)
    ]

    assert write_batch(connection, units) == [None] * 200
    assert ids(connection) == [f"t{i}" for i in range(200)]
    assert len(connection.told) <= 10
    assert [connection.told[0], connection.told[-1]] == ["BEGIN IMMEDIATE", "COMMIT"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 700), start=st.integers(0, 10**9))
def test_any_number_of_rows_is_kept_in_its_order(
    connection: Recording, trace_row: TraceRow, count: int, start: int
) -> None:
    connection.execute("DELETE FROM trace")
    write_batch(connection, [unit(*(numbered(trace_row, start + i) for i in range(count)))])

    assert ids(connection) == [f"t{start + i}" for i in range(count)]


def test_a_bad_unit_costs_the_others_nothing(connection: Recording, trace_row: TraceRow) -> None:
    units = [unit(numbered(trace_row, i % 7)) for i in range(10)]

    outcomes = write_batch(connection, units)

    assert codes(outcomes) == [None] * 7 + ["storage.constraint"] * 3
    assert ids(connection) == [f"t{i}" for i in range(7)]


def test_a_bad_unit_leaves_nothing_of_itself(connection: Recording, trace_row: TraceRow) -> None:
    value = insert_value(ValueRow("r1", "k", "s", False, None, "ab"))
    blob = Blob("x" * 100_000)
    outcomes = write_batch(
        connection,
        [unit(numbered(trace_row, 1)), unit(value, numbered(trace_row, 1), blobs=[blob]), unit(value)],
    )

    assert codes(outcomes) == [None, "storage.constraint", None]
    assert connection.execute("SELECT count(*) FROM blob").fetchone() == (0,)


def test_one_runs_event_number_is_used_once(connection: Recording, trace_row: TraceRow) -> None:
    again = insert_trace(replace(trace_row, trace_id="other"))

    (outcome,) = write_batch(connection, [unit(insert_trace(trace_row), again)])

    assert outcome is not None
    assert outcome.data == {"columns": "trace.run_id, trace.event_id"}


@pytest.mark.parametrize("moment", ["BEGIN", "INSERT", "COMMIT"])
def test_a_full_disk_fails_the_batch_and_the_next_goes_through(
    connection: Recording, trace_row: TraceRow, moment: str
) -> None:
    connection.failing[moment] = failure(sqlite3.OperationalError, sqlite3.SQLITE_FULL)
    units = [unit(numbered(trace_row, i)) for i in range(3)]

    outcomes = write_batch(connection, units)

    assert codes(outcomes) == ["storage.full"] * 3
    assert all(isinstance(o, OutOfSpace) for o in outcomes)
    assert not connection.in_transaction
    connection.failing.clear()
    assert write_batch(connection, units) == [None] * 3


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_IOERR_SHMSIZE, "storage.full"),
        (sqlite3.SQLITE_IOERR_FSYNC, "storage.write_failed"),
        (sqlite3.SQLITE_BUSY, "storage.write_failed"),
        (sqlite3.SQLITE_READONLY, "storage.write_failed"),
        (sqlite3.SQLITE_CORRUPT, "storage.write_failed"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_to_everybody(
    connection: Recording, trace_row: TraceRow, code: int, expected: str
) -> None:
    connection.failing["COMMIT"] = failure(sqlite3.OperationalError, code)

    (outcome,) = write_batch(connection, [unit(numbered(trace_row, 1))])

    assert isinstance(outcome, Unavailable)
    assert (outcome.code, outcome.retryable) == (expected, True)
    assert connection.told.count("COMMIT") == 1


def test_a_batch_is_not_acknowledged_before_its_commit(connection: Recording, trace_row: TraceRow) -> None:
    connection.failing["COMMIT"] = RuntimeError("the process is gone")

    with pytest.raises(RuntimeError):
        write_batch(connection, [unit(numbered(trace_row, 1))])
    assert ids(connection) == []


def test_statements_that_change_rows_come_after_those_that_add(
    connection: Recording, run_row: RunRow
) -> None:
    new = replace(run_row, run_id="new")

    assert write_batch(
        connection, [unit(insert_run(new)), unit(update_run(replace(new, state="failed")))]
    ) == [None, None]
    assert connection.execute("SELECT state FROM run WHERE run_id = 'new'").fetchone() == ("failed",)


def test_a_run_that_is_made_in_the_same_batch_may_be_written_to(
    connection: Recording, run_row: RunRow, trace_row: TraceRow
) -> None:
    added = insert_trace(replace(trace_row, run_id="new"))
    outcomes = write_batch(
        connection, [unit(insert_run(replace(run_row, run_id="new"))), unit(added, fence=Fence("new", 1))]
    )

    assert outcomes == [None, None]


def test_rows_of_an_odd_width_fail_alone(connection: Recording, trace_row: TraceRow) -> None:
    good = numbered(trace_row, 1)
    odd = Statement(good.sql, good.parameters[:-1], good.rows)

    assert codes(write_batch(connection, [unit(good), unit(odd)])) == [None, "storage.bad_unit"]


def test_an_empty_batch_is_an_empty_answer(connection: Recording) -> None:
    assert write_batch(connection, []) == []
