"""A recording comes back byte for byte from a trace, and tells when it is not what was written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.agent import AgentCall
from contracts.errors import InvalidInput
from contracts.trace import ExecutionTrace, TraceMetadata, TraceStatus
from traces.redaction import Redactor
from wasm_agents.limits import GuestLimits
from wasm_agents.recorder import HostCall, Recorder
from wasm_agents.recording import Recording, guest_input, seed_of

CALL = AgentCall({}, "x", datetime(2026, 1, 1, tzinfo=UTC), 1.0, run_id="r", subtask_id="s")


def recording(*calls: HostCall, output: bytes | None = b"1", **more: Any) -> Recording:
    recorder = Recorder()
    for call in calls:
        recorder.add(*call)
    told = {
        "digest": "ab" * 32, "abi": "agent/1", "limits": GuestLimits(fuel=9), "seed": "s", "clock_us": 5,
        "code": "", "fuel": 7,
    } | more  # fmt: skip
    return Recording.of(b"{}", output, recorder=recorder, **told)


def code_of(found: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        Recording.read(found)
    return caught.value.code


@given(
    calls=st.lists(
        st.builds(HostCall, st.text(max_size=9), st.binary(max_size=40), st.binary(max_size=40)), max_size=4
    )
)
def test_a_recording_comes_back_as_it_was_from_json(calls: list[HostCall]) -> None:
    made = recording(*calls, without=("a",), clock="real", instance="pooled")
    assert Recording.read(json.loads(json.dumps(made.as_json()))) == made


def test_bytes_that_are_text_are_kept_as_text() -> None:
    found = recording(HostCall("time.now", b'{"\xc3\xa9":1}', b"\xff")).as_json()
    assert found["calls"] == [{"op": "time.now", "given": '{"é":1}', "gave_base64": "/w=="}]


def test_what_was_granted_cannot_be_changed_afterwards() -> None:
    made = recording(granted={"clock": "virtual"})
    found = made.as_json()
    assert Recording.read(found) == made
    with pytest.raises(InvalidInput) as raised:
        Recording.read(found | {"granted": {"clock": "real"}})
    assert raised.value.code == "replay.bad_recording"


def test_no_recording_is_told_apart_from_a_bad_one() -> None:
    assert code_of({}) == "replay.no_recording"
    assert code_of({"format": "recording/2"}) == "replay.bad_recording"


@pytest.mark.parametrize(
    "field", [name for name in recording(HostCall("a", b"", b"")).as_json() if name != "sum"]
)
def test_a_recording_that_was_changed_is_refused(field: str) -> None:
    found = recording(HostCall("a", b"", b"")).as_json()
    assert code_of(found | {field: "changed"}) == "replay.bad_recording"
    assert code_of({k: v for k, v in found.items() if k != field}) == "replay.bad_recording"


def test_a_field_of_the_wrong_kind_is_refused_even_with_a_good_sum() -> None:
    made = recording()
    odd = Recording.read(made.as_json())
    object.__setattr__(odd, "limits", GuestLimits())
    found = odd.as_json() | {"limits": {"fuel": -1}}
    assert code_of(found) == "replay.bad_recording"


def test_the_host_calls_end_where_they_do_not_fit_any_more() -> None:
    recorder = Recorder(most_bytes=10)
    for _ in range(3):
        recorder.add("ab", b"cd", b"ef")
    assert (len(recorder.calls), recorder.is_complete) == (1, False)


def trace(**more: Any) -> ExecutionTrace:
    guest = recording(
        HostCall("http.request", b'{"url":"https://a.example/?k=my-secret-value"}', b"{}")
    ).as_json()
    return ExecutionTrace(
        trace_id="t", task_id="r", agent_type="wasm:x", status=TraceStatus.SUCCESS, timestamp=1,
        metadata=TraceMetadata(subtask_id="s", guest=guest), **more,
    )  # fmt: skip


def test_a_recording_a_secret_was_taken_out_of_says_so() -> None:
    clean = Redactor(["my-secret-value"]).trace(trace())
    assert clean.metadata.guest["is_redacted"] is True
    assert "my-secret-value" not in json.dumps(clean.as_json())
    assert code_of(clean.metadata.guest) == "replay.redacted"


def test_a_recording_without_secrets_is_kept_as_it_is() -> None:
    kept = trace()
    assert Redactor(["another-secret"]).trace(kept) == kept


def test_a_guests_input_is_canonical_and_leaves_out_absent_parameters() -> None:
    found = guest_input({"b": 1, "a": {"z": 1, "y": None}, "c": None, "own": None}, {"c", "b"})
    assert (found.data, found.without) == (b'{"a":{"y":null,"z":1},"b":1,"own":null}', ("c",))
    assert (
        guest_input({"a": {"z": 1, "y": None}, "own": None, "c": None, "b": 1}, found.without).data
        == found.data
    )


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1: 2, "a": 3}, object()])
def test_an_input_that_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        guest_input({"a": value}, ())


def test_each_attempt_has_a_chance_of_its_own_that_stays_the_same() -> None:
    others = [
        replace(CALL, attempt=2), replace(CALL, subtask_id="t"), replace(CALL, run_id="q"), replace(CALL, item_index=0),
        replace(CALL, idempotency_key="k"),
    ]  # fmt: skip
    assert seed_of(CALL) == seed_of(replace(CALL, objective="y", timeout_s=9))
    assert len({seed_of(call) for call in (CALL, *others)}) == 6
