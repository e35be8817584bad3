"""Reading trace files, ours, older ones and whatever else lies there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import traces
from contracts.errors import InvalidInput, NotFound
from contracts.trace import ExecutionTrace, TraceStatus
from traces.loading import load_trace

MakeTrace = Callable[..., ExecutionTrace]
SAMPLES = sorted((Path(traces.__file__).parent / "samples").glob("trace_*.json"))


def refusal(path: Path) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        load_trace(path)
    return refused.value


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_an_older_file_is_read(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    trace = load_trace(path)

    assert path.name == f"trace_{trace.task_id}_{trace.timestamp}.json"
    assert len(document) == 9
    assert (trace.input, trace.output) == (document["input"], document["output"])
    kept = trace.metadata.model_dump(mode="json", exclude_unset=True)
    assert {name: kept[name] for name in document["metadata"]} == document["metadata"]


def test_the_samples_show_every_older_status() -> None:
    found = {t.status: t for t in map(load_trace, SAMPLES)}

    assert set(found) == {TraceStatus.SUCCESS, TraceStatus.PARTIAL_SUCCESS, TraceStatus.FAILURE}
    assert found[TraceStatus.PARTIAL_SUCCESS].metadata.score == 0.5
    error = found[TraceStatus.FAILURE].metadata.error
    assert error is not None
    assert (error.code, error.message) == ("legacy.failure", "lot 4130 names no zone and the page gives none")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_an_older_file_is_written_again_in_the_present_form(path: Path) -> None:
    trace = load_trace(path)

    assert ExecutionTrace.model_validate(trace.as_json()) == trace
    assert isinstance(trace.as_json()["status"], str)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "Great"}, "#/status"),
        ({"timestamp": "noon"}, "#/timestamp"),
        ({"extra": 1}, "#/extra"),
        ({"metadata": {"attempt": -1}}, "#/metadata/attempt"),
        ({"trace_id": ""}, "#/trace_id"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(
    tmp_path: Path, make_trace: MakeTrace, change: dict[str, Any], field: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(make_trace().as_json() | change))

    refused = refusal(path)

    assert refused.code == "trace.malformed"
    assert refused.where == f"{path}{field}"
    assert str(path) in refused.message
    assert field[1:] in refused.message


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"7", b"\xff\xfe{}", b'{"trace_id": NaN}', b'{"a": 1, "a": 2}'),
        *(b"[" * 100_000, b'{"metadata": []}', b'{"metadata": 3, "status": {"Failure": "x"}}'),
        *(b'{"metadata": [["a", 1]], "status": {"Failure": "x"}}', b'{"status": {"PartialSuccess": true}}'),
    ],
)
def test_what_is_no_trace_is_malformed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)

    refused = refusal(path)

    assert refused.code == "trace.malformed"
    assert str(path) in refused.message
    assert len(refused.message) < 800 + len(str(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_trace_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)

    assert refusal(path).code == "trace.malformed"


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        load_trace(tmp_path / "none.json")
    assert missing.value.code == "trace.no_file"


def test_a_pipe_or_a_folder_holds_nobody_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)

    assert [refusal(p).code for p in (pipe, tmp_path, Path("/dev/zero"))] == ["trace.malformed"] * 3


def test_a_file_past_the_bound_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(5 * 1024**3)

    assert refusal(path).code == "trace.too_large"
