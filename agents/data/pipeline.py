"""Run steps in order, each on the rows of the one before."""

from __future__ import annotations

from collections.abc import Sequence

from agents.data.bounds import Budget, check_output, check_rows, spec_nodes
from agents.data.groups import aggregate, group, group_stat
from agents.data.joins import join
from agents.data.shaping import derive, distinct, keep, limit, select, sort
from agents.data.sources import Tables, concat, flatten, from_table, zipped
from agents.data.spec import (
    AggregateAll,
    Concat,
    Derive,
    Distinct,
    Filter,
    Flatten,
    From,
    Group,
    GroupStat,
    Join,
    Limit,
    Select,
    Sort,
    Step,
    Zip,
)
from agents.data.values import Row
from contracts.errors import InvalidInput


def run_steps(steps: Sequence[Step], tables: Tables, budget: Budget) -> list[Row]:
    """Return the rows that the steps make of the tables; no table is changed.

    Raises:
        InvalidInput: `data.unknown_table`, `data.type`, `data.too_large`, `data.bad_input`, with the step.
        AttemptFailed: `data.stopped`.
    """
    rows: list[Row] = []
    for i, step in enumerate(steps):
        try:
            budget.spend(len(rows), spec_nodes(step.model_dump(mode="python")))
            rows = _applied(step, rows, tables)
            check_rows(len(rows))
        except InvalidInput as exc:
            exc.where = exc.where or f"/steps/{i}"
            exc.data = {"step": i, **exc.data}
            raise
    check_output(rows)
    return rows


def _applied(step: Step, rows: list[Row], tables: Tables) -> list[Row]:
    match step:
        case From():
            return from_table(step, tables)
        case Concat():
            return concat(step, tables)
        case Zip():
            return zipped(step, tables)
        case Join():
            return join(step, rows, tables)
        case _:
            return _reshaped(step, rows)


def _reshaped(step: Step, rows: list[Row]) -> list[Row]:
    match step:
        case Flatten():
            return flatten(step, rows)
        case Select():
            return select(step, rows)
        case Filter():
            return keep(step, rows)
        case Derive():
            return derive(step, rows)
        case Sort():
            return sort(step, rows)
        case Limit():
            return limit(step, rows)
        case Distinct():
            return distinct(step, rows)
        case _:
            return _summed(step, rows)


def _summed(step: Step, rows: list[Row]) -> list[Row]:
    match step:
        case Group():
            return group(step, rows)
        case AggregateAll():
            return aggregate(step, rows)
        case GroupStat():
            return group_stat(step, rows)
        case _:
            raise AssertionError(step.op)
