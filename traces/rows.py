"""Traces, runs and plans as rows; and a trace back from its body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import JsonValue, ValidationError

from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import join_pointer
from contracts.plan import Plan
from contracts.run import Run
from contracts.trace import ExecutionTrace, TraceStatus
from storage.blobs import Blob, blob_for
from storage.rows import PlanRow, RunRow, TraceRow
from traces.summary import preview_of

MAX_TRACE_CHARS: Final = 64 * 1024 * 1024
"""Of a trace's JSON text."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class KeptTrace(NamedTuple):
    """One trace's row, and the blobs to store before it."""

    row: TraceRow
    blobs: tuple[Blob, ...]


class KeptRun(NamedTuple):
    """One run's row, and the blobs to store before it."""

    row: RunRow
    blobs: tuple[Blob, ...]


class KeptPlan(NamedTuple):
    """One plan's row, and the blobs to store before it."""

    row: PlanRow
    blobs: tuple[Blob, ...]


def trace_row(
    trace: ExecutionTrace, *, event_id: int, next_ms: int | None = None, ended: TraceStatus | None = None
) -> KeptTrace:
    """Return what keeps a trace.

    Args:
        trace: Clean of secrets.
        event_id: Its number among the events of its run.
        next_ms: When the next attempt is due.
        ended: How the subtask ended, where this attempt ended it.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    metadata, texts = trace.metadata, _field_texts(trace)
    preview = preview_of(trace, texts["output"])
    _bounded(trace, sum(map(len, texts.values())))
    names: dict[str, str | None] = {}
    blobs = []
    for field in ("input", "output"):
        blob = blob_for(texts[field])
        names[field] = blob.sha256 if blob else None
        if blob is not None:
            blobs.append(blob)
            texts[field] = "null"
    row = TraceRow(
        trace_id=trace.trace_id,
        run_id=trace.task_id,
        event_id=event_id,
        subtask_id=metadata.subtask_id,
        attempt=metadata.attempt,
        item_index=metadata.item_index,
        agent_type=trace.agent_type,
        status=trace.status.value,
        started_ms=metadata.started_ms or trace.timestamp * 1000,
        duration_ms=float(metadata.duration_ms),
        preview=preview,
        error_code=metadata.error.code if metadata.error else None,
        next_ms=next_ms,
        ended=ended and ended.value,
        usage=json_text(metadata.usage),
        input_blob=names["input"],
        output_blob=names["output"],
        body=_body(texts),
    )
    return KeptTrace(row, tuple(blobs))


def trace_text(trace: ExecutionTrace) -> str:
    """Return a trace's JSON, on one line.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    texts = _field_texts(trace)
    _bounded(trace, sum(map(len, texts.values())))
    return _body(texts)


def trace_of(body: str, *, long: Mapping[str, str] | None = None) -> ExecutionTrace:
    """Return the trace a row's body spells.

    Args:
        body: JSON.
        long: The JSON of `input` or `output`, where null stands for it in the body.

    Raises:
        InvalidInput: `trace.malformed`, the file was changed by somebody else.
    """
    try:
        trace = ExecutionTrace.model_validate_json(body)
        return trace.model_copy(update={k: json.loads(text) for k, text in long.items()}) if long else trace
    except ValidationError as exc:
        raise malformed(exc, "the database") from exc


def plan_row(plan: Plan, *, text: str | None = None) -> KeptPlan:
    """Return what keeps a plan; `text` is its JSON where that is at hand."""
    text = json_text(plan.as_json()) if text is None else text
    blob = blob_for(text)
    if blob is None:
        return KeptPlan(PlanRow(plan.plan_id, text, None), ())
    return KeptPlan(PlanRow(plan.plan_id, None, blob.sha256), (blob,))


def run_row(run: Run, *, epoch: int = 1) -> KeptRun:
    """Return what keeps a run; its plan has a row of its own.

    Args:
        run: Clean of secrets.
        epoch: The writer's.
    """
    result, result_blob = _long(None if run.result is None else json_text(run.result))
    inputs, inputs_blob = _long(json_text(run.inputs))
    row = RunRow(
        run_id=run.run_id,
        objective=run.objective,
        state=run.state.value,
        now=run.now.isoformat() if run.now else None,
        home_zone=run.home_zone,
        created_ms=run.created_ms,
        started_ms=run.started_ms,
        ended_ms=run.ended_ms,
        deadline_ms=run.deadline_ms,
        epoch=epoch,
        priority=run.priority,
        approval=run.approval,
        parent_id=run.parent_id,
        plan_id=run.plan.plan_id if run.plan else None,
        cancel_reason=run.cancel_reason,
        error=json_text(run.error.model_dump(mode="json")) if run.error else None,
        subtasks=json_text({name: status.value for name, status in run.subtasks.items()}),
        policy=json_text(run.policy.model_dump(mode="json")),
        result=result,
        result_blob=result_blob.sha256 if result_blob else None,
        inputs=inputs,
        is_redacted=run.is_redacted,
        inputs_blob=inputs_blob.sha256 if inputs_blob else None,
        root_id=run.root_id,
        left_ms=run.left_ms,
    )
    return KeptRun(row, tuple(b for b in (result_blob, inputs_blob) if b is not None))


def malformed(exc: ValidationError, source: str) -> CallsheetError:
    """Return which field of a trace is wrong, and where the trace came from."""
    first: Any = exc.errors(include_url=False, include_input=False)[0]
    at = join_pointer(*first["loc"])
    return InvalidInput(
        "trace.malformed",
        f"{source}: no trace at {at[:200] or 'its top'}: {str(first['msg'])[:200]}",
        where=f"{source}#{at[:200]}",
    )


def json_text(value: JsonValue) -> str:
    """Return a value's JSON, on one line.

    Raises:
        ValueError: It is no JSON.
        TypeError: Likewise.
    """
    text = _ENCODER.encode(value)
    if not text.isascii():
        text.encode("utf-8")  # a lone surrogate is refused here, where the trace is still known
    return text


def _field_texts(trace: ExecutionTrace) -> dict[str, str]:
    try:
        return {name: json_text(value) for name, value in trace.as_json().items()}
    except (ValueError, TypeError) as exc:
        raise InvalidInput(
            "trace.not_json", f"trace {trace.trace_id!r} holds what is no JSON: {str(exc)[:200]}"
        ) from exc


def _bounded(trace: ExecutionTrace, chars: int) -> None:
    if chars > MAX_TRACE_CHARS:
        raise InvalidInput(
            "trace.too_large",
            f"trace {trace.trace_id!r} has {chars} characters, at most {MAX_TRACE_CHARS} are kept",
        )


def _body(texts: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"


def _long(text: str | None) -> tuple[str | None, Blob | None]:
    blob = None if text is None else blob_for(text)
    return (text, None) if blob is None else (None, blob)
