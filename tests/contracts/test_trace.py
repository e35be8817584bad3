from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from inline_snapshot import snapshot
from pydantic import ValidationError

from contracts.card import CARD_SCHEMA
from contracts.run import Run
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
PUBLISHED = {
    "execution-trace.schema.json": ExecutionTrace.model_json_schema(mode="serialization"),
    "run.schema.json": Run.model_json_schema(mode="serialization"),
    "agent-card.schema.json": CARD_SCHEMA,
}


def older(status: Any) -> Any:
    return {"trace_id": "t", "task_id": "r", "agent_type": "scrape", "status": status, "timestamp": 1}


def test_a_trace_has_exactly_nine_fields_at_its_top() -> None:
    trace = ExecutionTrace(
        trace_id="t", task_id="r", agent_type="data", status=TraceStatus.SUCCESS, timestamp=1
    )
    assert list(trace.as_json()) == snapshot(
        [
            "trace_id",
            "task_id",
            "agent_type",
            "input",
            "output",
            "expected_output",
            "status",
            "timestamp",
            "metadata",
        ]
    )


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("Success", (TraceStatus.SUCCESS, None, None)),
        ({"PartialSuccess": 0.5}, (TraceStatus.PARTIAL_SUCCESS, 0.5, None)),
        ({"Failure": "it broke"}, (TraceStatus.FAILURE, None, "it broke")),
    ],
)
def test_the_older_status_is_read(status: Any, read: Any) -> None:
    trace = ExecutionTrace.model_validate(older(status))
    error = trace.metadata.error
    assert (trace.status, trace.metadata.score, error.message if error else None) == read


@pytest.mark.parametrize("status", ["success!", {"Failure": 3}, {"Other": 1}, None, 7])
def test_any_other_status_is_refused(status: Any) -> None:
    with pytest.raises(ValidationError):
        ExecutionTrace.model_validate(older(status))


def test_a_failure_without_a_reason_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"carries metadata\.error"):
        ExecutionTrace.model_validate(older("failure"))


def test_a_tenth_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        ExecutionTrace.model_validate(older("success") | {"extra": 1})


def test_a_trace_printed_and_read_again_is_the_same() -> None:
    error = ErrorRecord(code="x.y", message="m", data={"n": [1]})
    metadata = TraceMetadata(subtask_id="s", item_index=0, error=error, usage={"fuel": 3})
    trace = ExecutionTrace(
        trace_id="t",
        task_id="r",
        agent_type="data",
        status=TraceStatus.FAILURE,
        timestamp=1,
        metadata=metadata,
    )
    assert ExecutionTrace.model_validate(json.loads(json.dumps(trace.as_json()))) == trace


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_schema_is_current(name: Any) -> None:
    text = json.dumps(PUBLISHED[name], indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SCHEMAS"):
        (SCHEMAS / name).write_text(text)
    assert (SCHEMAS / name).read_text() == text, "run: make schemas"
    jsonschema.Draft202012Validator.check_schema(PUBLISHED[name])
