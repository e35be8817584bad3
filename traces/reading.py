"""Rows back into runs and traces: checked, with the long texts that stand in blobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from contracts.errors import InvalidInput
from contracts.plan import Plan
from contracts.policy import Policy
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace
from storage.blobs import Source, read_blob, text_of
from storage.failure import damaged
from storage.rows import read_plan, read_run, read_trace, read_value
from storage.table import Row
from traces.rows import trace_of

_SAME: Final = (
    "run_id", "objective", "state", "now", "home_zone", "created_ms", "started_ms", "ended_ms", "deadline_ms", "left_ms",
    "priority", "approval", "parent_id", "root_id", "cancel_reason", "is_redacted",
)  # fmt: skip
"""What a run and its row name alike."""

_FINAL: Final = frozenset(state.value for state in RunState if state.is_final)


def own_rows(rows: Sequence[Row], name: str, *, column: str = "run_id") -> Sequence[Row]:
    """Return rows that bear the name they were asked for by.

    A damaged index may lead to others, each of them whole in itself.

    Args:
        rows: That a query gave.
        name: What stands in the column of each.
        column: Names a run, or another thing.

    Raises:
        Damaged: `storage.damaged`.
    """
    if any(row[column] != name for row in rows):
        raise damaged(column.removesuffix("_id"), name)
    return rows


def check_end(run_id: str, state: str, last_kind: str) -> None:
    """Pass a run that is not over, or whose last event says how it ended.

    Nothing but the end's absence tells that a damaged index hides the last of a run's events.

    Args:
        run_id: Of the run.
        state: As its row has it.
        last_kind: Of its last event.

    Raises:
        Damaged: `storage.damaged`.
    """
    if state in _FINAL and last_kind != state:
        raise damaged("run", run_id)


def run_from(row: Row, source: Source) -> Run:
    """Return the run a row of `run_by_id` keeps.

    Raises:
        Damaged: `storage.damaged`.
        InvalidInput: `run.malformed`, what is kept is no run of this version.
    """
    kept = read_run(row)
    plan = _plan_text(row, source) if kept.plan_id is not None else None
    result = text_of(source, kept.result, kept.result_blob)
    inputs = text_of(source, kept.inputs, kept.inputs_blob)
    same: dict[str, Any] = {name: getattr(kept, name) for name in _SAME}
    try:
        return Run.model_validate(
            {
                **same,
                "plan": plan and Plan.model_validate_json(plan),
                "policy": Policy.model_validate_json(kept.policy),
                "error": kept.error and ErrorRecord.model_validate_json(kept.error),
                "subtasks": json.loads(kept.subtasks),
                "result": result and json.loads(result),
                "inputs": json.loads(inputs or "{}"),
            }
        )
    except (ValidationError, ValueError) as exc:
        raise InvalidInput(
            "run.malformed", f"run {kept.run_id[:80]!r} cannot be read: {str(exc)[:300]}"
        ) from exc


def trace_from(row: Row, source: Source) -> ExecutionTrace:
    """Return the trace a row with its body keeps.

    Raises:
        Damaged: `storage.damaged`.
        InvalidInput: `trace.malformed`, what is kept is no trace of this version.
    """
    kept = read_trace(row)
    blobs = {"input": kept.input_blob, "output": kept.output_blob}
    return trace_of(kept.body, long={k: read_blob(source, name) for k, name in blobs.items() if name})


def value_text(row: Row, source: Source) -> str:
    """Return the JSON of the value a row keeps.

    Raises:
        Damaged: `storage.damaged`.
    """
    kept = read_value(row)
    text = text_of(source, kept.value, kept.blob)
    if text is None:
        raise damaged("value", kept.run_id, kept.key)
    return text


def plan_from(row: Row, source: Source) -> Plan:
    """Return the plan a row of `plan_by_id` keeps.

    Raises:
        Damaged: `storage.damaged`, also where it is no plan of this version.
    """
    kept = read_plan(row)
    text = text_of(source, kept.body, kept.blob)
    if text is None:
        raise damaged("plan", kept.plan_id)
    try:
        return Plan.model_validate_json(text)
    except ValidationError as exc:
        raise damaged("plan", kept.plan_id) from exc


def _plan_text(row: Row, source: Source) -> str:
    if row["plan_sum"] is None:
        raise damaged("plan", row["plan_id"])
    kept = read_plan({"plan_id": row["plan_id"], **{c: row[f"plan_{c}"] for c in ("body", "blob", "sum")}})
    text = text_of(source, kept.body, kept.blob)
    if text is None:
        raise damaged("plan", row["plan_id"])
    return text
