"""Who may write to a run: one epoch's holder at a time, and nobody once it is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import CallsheetError, Damaged, Fenced
from storage.batch import write_batch
from storage.rows import RunRow, TraceRow, insert_run, insert_trace, update_run
from storage.schema import migrate
from storage.statement import Statement
from storage.unit import Fence, Unit


@pytest.fixture
def connection(path: Path, run_row: RunRow) -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(path, isolation_level=None)
    migrate(found, path)
    assert write_batch(found, [unit(insert_run(replace(run_row, epoch=4)))]) == [None]
    yield found
    found.close()


def unit(*statements: Statement, fence: Fence | None = None) -> Unit:
    return Unit(statements, lambda _: None, fence)


def codes(
    connection: sqlite3.Connection, *units: Unit, broken: dict[str, int] | None = None
) -> list[str | None]:
    return [outcome.code if outcome else None for outcome in write_batch(connection, units, broken)]


@pytest.mark.parametrize(
    ("fence", "code"),
    [
        (Fence("r1", 4), None),
        (Fence("r1", 3), "journal.fenced"),
        (Fence("r1", 5), "journal.fenced"),
        (Fence("r1", None), None),
        (Fence("r1", 5, opens=True), None),
        (Fence("r1", 4, opens=True), "journal.fenced"),
        (Fence("r1", 6, opens=True), "journal.fenced"),
        (Fence("r1", 4, closes=True), None),
        (Fence("nobody", 1), "journal.fenced"),
        (Fence("nobody", None), "journal.fenced"),
    ],
)
def test_only_the_holder_of_the_epoch_writes(
    connection: sqlite3.Connection, trace_row: TraceRow, fence: Fence, code: str | None
) -> None:
    assert codes(connection, unit(insert_trace(trace_row), fence=fence)) == [code]
    assert connection.execute("SELECT count(*) FROM trace").fetchone() == (code is None,)


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled", "rejected"])
@pytest.mark.parametrize("epoch", [4, None])
def test_nothing_is_added_to_a_run_that_is_over(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow, state: str, epoch: int | None
) -> None:
    write_batch(connection, [unit(update_run(replace(run_row, epoch=4, state=state)))])

    assert codes(connection, unit(insert_trace(trace_row), fence=Fence("r1", epoch))) == ["journal.closed"]


def test_whoever_opens_a_run_shuts_out_the_holder_before(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    late, timely = (replace(trace_row, trace_id=t, event_id=i) for i, t in enumerate(("late", "timely")))

    assert codes(
        connection,
        unit(update_run(replace(run_row, epoch=5)), fence=Fence("r1", 5, opens=True)),
        unit(insert_trace(late), fence=Fence("r1", 4)),
        unit(insert_trace(timely), fence=Fence("r1", 5)),
        unit(update_run(replace(run_row, epoch=5)), fence=Fence("r1", 5, opens=True)),
    ) == [None, "journal.fenced", None, "journal.fenced"]


def test_the_end_of_a_run_is_kept_once(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    ended = [replace(run_row, epoch=4, state=state) for state in ("cancelled", "succeeded")]

    assert codes(
        connection,
        *(unit(update_run(row), fence=Fence("r1", 4, closes=True)) for row in ended),
        unit(insert_trace(trace_row), fence=Fence("r1", None)),
    ) == [None, "journal.closed", "journal.closed"]
    assert connection.execute("SELECT state FROM run").fetchone() == ("cancelled",)


def test_an_opening_that_fails_opens_nothing(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    write_batch(connection, [unit(insert_trace(trace_row))])

    assert codes(
        connection,
        unit(insert_trace(trace_row), fence=Fence("r1", 5, opens=True)),
        unit(insert_trace(replace(trace_row, trace_id="t2", event_id=3)), fence=Fence("r1", 4)),
    ) == ["storage.constraint", None]


def test_nothing_follows_what_was_not_kept_until_the_run_is_opened_anew(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    def added(event_id: int, epoch: int | None) -> Unit:
        row = replace(trace_row, trace_id=f"t{event_id}", event_id=event_id)
        return unit(insert_trace(row), fence=Fence("r1", epoch))

    broken: dict[str, int] = {}
    assert codes(connection, added(2, 4), added(2, 4), added(3, 4), broken=broken) == [
        None,
        "storage.constraint",
        "journal.broken",
    ]
    assert codes(connection, added(4, 4), added(5, None), broken=broken) == ["journal.broken", None]
    opening = unit(update_run(replace(run_row, epoch=5)), fence=Fence("r1", 5, opens=True))
    assert codes(connection, opening, added(6, 4), added(7, 5), broken=broken) == [
        None,
        "journal.fenced",
        None,
    ]
    assert codes(connection, added(8, 4), added(9, 5), broken=broken) == ["journal.fenced", None]
    assert broken == {}


def test_a_run_opened_anew_under_the_same_epoch_goes_on_in_the_same_batch(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    def added(event_id: int) -> Unit:
        row = replace(trace_row, trace_id=f"t{event_id}", event_id=event_id)
        return unit(insert_trace(row), fence=Fence("r1", 5))

    broken = {"r1": 5}
    opening = unit(update_run(replace(run_row, epoch=5)), fence=Fence("r1", 5, opens=True))
    assert codes(connection, opening, added(2), added(2), broken=broken) == [None, None, "storage.constraint"]
    assert codes(connection, added(3), broken=broken) == ["journal.broken"]


def test_an_opening_that_is_taken_back_mends_nothing(
    connection: sqlite3.Connection, run_row: RunRow, trace_row: TraceRow
) -> None:
    broken = {"r1": 4}
    connection.execute("CREATE TABLE child (x REFERENCES run (run_id) DEFERRABLE INITIALLY DEFERRED)")
    connection.execute("PRAGMA foreign_keys = ON")
    opening = unit(update_run(replace(run_row, epoch=5)), fence=Fence("r1", 5, opens=True))
    poison = unit(Statement("INSERT INTO child VALUES ('?')"))

    assert codes(connection, opening, poison, broken=broken) == ["storage.write_failed"] * 2
    assert codes(connection, unit(insert_trace(trace_row), fence=Fence("r1", 4)), broken=broken) == [
        "journal.broken"
    ]


def test_a_refused_unit_says_which_epoch_holds(connection: sqlite3.Connection) -> None:
    (outcome,) = write_batch(connection, [unit(fence=Fence("r1", 3))])

    assert isinstance(outcome, Fenced)
    assert outcome.data == {"epoch": 4}
    assert outcome.hint


def test_a_damaged_run_is_not_written_to(connection: sqlite3.Connection, trace_row: TraceRow) -> None:
    connection.execute("UPDATE run SET epoch = 3")

    bad, good = write_batch(
        connection,
        [
            unit(insert_trace(trace_row), fence=Fence("r1", 3)),
            unit(insert_trace(replace(trace_row, run_id="other"))),
        ],
    )

    assert isinstance(bad, Damaged)
    assert good is None


class Model:
    """A run's epoch and end, as the fences should see them."""

    def __init__(self) -> None:
        self.epoch, self.is_over = 4, False

    def verdict(self, fence: Fence) -> str | None:
        if self.is_over:
            return "journal.closed"
        if fence.epoch is not None and self.epoch != fence.epoch - fence.opens:
            return "journal.fenced"
        if fence.opens and fence.epoch is not None:
            self.epoch = fence.epoch
        self.is_over = fence.closes
        return None


def claim(epoch: int | None, *, opens: bool, dice: int) -> Fence:
    return Fence("r1", epoch, opens=opens and epoch is not None, closes=dice == 0)


FENCES = st.builds(claim, st.none() | st.integers(3, 7), opens=st.booleans(), dice=st.integers(0, 9))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(FENCES, max_size=6), max_size=4))
def test_any_order_of_claims_in_any_batches_is_judged_alike(
    connection: sqlite3.Connection, run_row: RunRow, batches: list[list[Fence]]
) -> None:
    write_batch(connection, [unit(update_run(replace(run_row, epoch=4)))])
    model, epoch = Model(), 4
    for batch in batches:
        units, expected = [], []
        for fence in batch:
            expected.append(model.verdict(fence))
            epoch = model.epoch if expected[-1] is None else (fence.epoch or epoch)
            state = "failed" if fence.closes else "running"
            units.append(unit(update_run(replace(run_row, epoch=epoch, state=state)), fence=fence))
        assert codes(connection, *units) == expected


def test_a_fence_of_an_unknown_run_is_a_typed_refusal(connection: sqlite3.Connection) -> None:
    (outcome,) = write_batch(connection, [unit(fence=Fence("x" * 10_000, 1))])

    assert isinstance(outcome, CallsheetError)
    assert len(outcome.message) < 200
