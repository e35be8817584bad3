"""Traces and runs as rows, and back."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from pydantic import JsonValue, ValidationError

from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import join_pointer
from contracts.plan import Plan
from contracts.policy import Policy
from contracts.run import Run
from contracts.trace import ErrorRecord, ExecutionTrace
from storage.rows import RunRow, TraceRow
from traces.summary import preview_of

MAX_TRACE_CHARS: Final = 64 * 1024 * 1024
"""Of a trace's JSON text."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def trace_row(trace: ExecutionTrace) -> TraceRow:
    """Return the row that keeps a trace.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    metadata, texts = trace.metadata, _field_texts(trace)
    return TraceRow(
        trace_id=trace.trace_id,
        run_id=trace.task_id,
        subtask_id=metadata.subtask_id,
        attempt=metadata.attempt,
        item_index=metadata.item_index,
        agent_type=trace.agent_type,
        status=trace.status.value,
        started_ms=metadata.started_ms or trace.timestamp * 1000,
        duration_ms=float(metadata.duration_ms),
        preview=preview_of(trace, texts["output"]),
        error_code=metadata.error.code if metadata.error else None,
        body=_body(trace, texts),
    )


def trace_text(trace: ExecutionTrace) -> str:
    """Return a trace's JSON, on one line.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    return _body(trace, _field_texts(trace))


def trace_of(body: str) -> ExecutionTrace:
    """Return the trace a row's body spells.

    Raises:
        InvalidInput: `trace.malformed`, the file was changed by somebody else.
    """
    try:
        return ExecutionTrace.model_validate_json(body)
    except ValidationError as exc:
        raise malformed(exc, "the database") from exc


def run_row(run: Run) -> RunRow:
    """Return the row that keeps a run."""
    return RunRow(
        run_id=run.run_id,
        objective=run.objective,
        state=run.state.value,
        now=run.now.isoformat() if run.now else None,
        home_zone=run.home_zone,
        created_ms=run.created_ms,
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        error=_json(run.error.model_dump(mode="json")) if run.error else None,
        subtasks=_json({name: status.value for name, status in run.subtasks.items()}),
        policy=_json(run.policy.model_dump(mode="json")),
        plan=_json(run.plan.as_json()) if run.plan else None,
        result=None if run.result is None else _json(run.result),
        inputs=_json(run.inputs),
    )


def run_of(row: sqlite3.Row) -> Run:
    """Return the run a row keeps.

    Raises:
        InvalidInput: `run.malformed`, the file was changed by somebody else.
    """
    try:
        return Run.model_validate(
            {
                **{name: row[name] for name in ("run_id", "objective", "state", "now", "home_zone")},
                **{name: row[name] for name in ("created_ms", "started_ms", "ended_ms")},
                "plan": row["plan"] and Plan.model_validate_json(row["plan"]),
                "policy": Policy.model_validate_json(row["policy"]),
                "error": row["error"] and ErrorRecord.model_validate_json(row["error"]),
                "subtasks": json.loads(row["subtasks"]),
                "result": row["result"] and json.loads(row["result"]),
                "inputs": json.loads(row["inputs"]),
            }
        )
    except (ValidationError, ValueError) as exc:
        raise InvalidInput(
            "run.malformed", f"run {row['run_id']!r} cannot be read: {str(exc)[:300]}"
        ) from exc


def malformed(exc: ValidationError, source: str) -> CallsheetError:
    """Return which field of a trace is wrong, and where the trace came from."""
    first: Any = exc.errors(include_url=False, include_input=False)[0]
    at = join_pointer(*first["loc"])
    return InvalidInput(
        "trace.malformed",
        f"{source}: no trace at {at[:200] or 'its top'}: {str(first['msg'])[:200]}",
        where=f"{source}#{at[:200]}",
    )


def _field_texts(trace: ExecutionTrace) -> dict[str, str]:
    try:
        return {name: _json(value) for name, value in trace.as_json().items()}
    except (ValueError, TypeError) as exc:
        raise InvalidInput(
            "trace.not_json", f"trace {trace.trace_id!r} holds what is no JSON: {str(exc)[:200]}"
        ) from exc


def _body(trace: ExecutionTrace, texts: dict[str, str]) -> str:
    body = "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"
    if len(body) > MAX_TRACE_CHARS:
        raise InvalidInput(
            "trace.too_large",
            f"trace {trace.trace_id!r} has {len(body)} characters, at most {MAX_TRACE_CHARS} are kept",
        )
    return body


def _json(value: JsonValue) -> str:
    text = _ENCODER.encode(value)
    if not text.isascii():
        text.encode("utf-8")  # a lone surrogate is refused here, where the trace is still known
    return text
