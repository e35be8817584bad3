"""Agents are code: whatever they raise ends their attempt, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from contracts.agent import AgentCall, Parked
from contracts.errors import AttemptFailed
from contracts.run import RunState

ODD_DATA: Final[list[dict[str, Any]]] = [
    {"fuel": float("inf")},
    {"fuel": float("nan"), "requests": 10**5000},
    {"usage": [1]},
    {"usage": {"fuel": float("inf")}},
    {"usage": {"\ud800": 1, "fuel": 3}},
    {"usage": {"fuel": object()}},
    {"odd": object()},
    {"guest": [1]},
    {"guest": {"calls": object()}},
]
NO_WAITS: Final[list[dict[str, Any]]] = [
    {"signal": "\ud800"},
    {"signal": "two words"},
    {"signal": "x" * 201},
    {"signal": ""},
    {"signal": "approve"},
    {"signal": 5},
    {"until": 5},
    {"until": datetime(2026, 3, 4)},  # noqa: DTZ001  # that is what is refused
]


@pytest.mark.parametrize("data", ODD_DATA)
@pytest.mark.parametrize("is_bounded", [True, False])
async def test_an_error_with_odd_particulars_fails_its_attempt_alone(
    rig: Any, make_step: Any, *, data: dict[str, Any], is_bounded: bool
) -> None:
    async def fails(call: AgentCall) -> None:
        raise AttemptFailed("test.odd", "no", data=data)

    rig.agents.add("odd", fails, uses=("fuel", "requests"))
    bound = {"budget": {"fuel": 100, "requests": 5}} if is_bounded else {}
    run = await rig.run(make_step("a", agent="odd"), make_step("b"), **bound)
    assert (run.error.code, rig.codes()) == ("run.failed", {"a": "test.odd"})
    assert sorted(rig.attempts(run.run_id)) == [("a", None, 1, "failure"), ("b", None, 1, "success")]


async def test_what_can_be_told_of_odd_usage_is_kept(rig: Any, make_step: Any) -> None:
    async def fails(call: AgentCall) -> None:
        raise AttemptFailed("test.odd", "no", data={"usage": {"\ud800": 1, "fuel": 3}})

    rig.agents.add("odd", fails)
    run = await rig.run(make_step("a", agent="odd"))
    assert [dict(t.metadata.usage) for t in rig.kept(run.run_id)] == [{"fuel": 3}]


async def test_what_a_failed_guest_tells_for_running_it_again_is_kept(rig: Any, make_step: Any) -> None:
    async def fails(call: AgentCall) -> None:
        raise AttemptFailed("guest.trap", "no", data={"guest": {"fuel": 7}, "trap": "unreachable"})

    rig.agents.add("wasm:odd", fails)
    run = await rig.run(make_step("a", agent="wasm:odd"))
    (kept,) = rig.kept(run.run_id)
    assert (kept.metadata.guest, kept.metadata.error.data) == ({"fuel": 7}, {"trap": "unreachable"})


async def test_an_error_whose_code_is_no_text_is_kept_readable(rig: Any, make_step: Any) -> None:
    async def fails(call: AgentCall) -> None:
        raise AttemptFailed("\ud800" * 300, "no")

    rig.agents.add("odd", fails)
    await rig.run(make_step("a", agent="odd"))
    assert rig.codes() == {"a": "?" * 100}


@pytest.mark.parametrize("wait", NO_WAITS)
async def test_a_wait_that_cannot_end_is_a_bad_reply(rig: Any, make_step: Any, wait: dict[str, Any]) -> None:
    async def waits(call: AgentCall) -> None:
        raise Parked(**wait)

    rig.agents.add("odd", waits)
    run = await rig.run(make_step("a", agent="odd"))
    assert (run.state, rig.codes()) == (RunState.FAILED, {"a": "agent.bad_reply"})


async def test_a_wait_for_a_time_far_off_is_one(rig: Any, make_step: Any) -> None:
    async def waits(call: AgentCall) -> None:
        raise Parked(until=datetime.max.replace(tzinfo=UTC))

    rig.agents.add("odd", waits)
    run_id = await rig.start(make_step("a", agent="odd"))
    await rig.parked(run_id)
