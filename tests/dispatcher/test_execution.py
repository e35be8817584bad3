from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed
from contracts.run import RunState
from contracts.trace import TraceStatus


async def fail(call: AgentCall) -> None:
    raise AttemptFailed("test.broken", f"no {call.subtask_id}")


async def test_a_value_flows_from_producer_to_consumer(rig: Any, make_step: Any) -> None:
    b = make_step("b", "a", bind={"x": {"key": "k_a", "pointer": "/n"}, "y": {"literal": [1]}})
    run = await rig.run(make_step("a", bind={"n": {"literal": 7}}), b, result_key="k_b")
    assert run.state is RunState.SUCCEEDED
    assert run.result == snapshot({"x": 7, "y": [1]})


async def test_a_dotted_parameter_fills_a_nested_object(rig: Any, make_step: Any) -> None:
    bind = {"tables.a": {"literal": [1]}, "tables.b": {"literal": [2]}, "steps": {"literal": []}}
    run = await rig.run(make_step("a", bind=bind))
    assert run.result == snapshot({"tables": {"a": [1], "b": [2]}, "steps": []})


async def test_a_failed_subtask_skips_what_depends_on_it_and_the_rest_goes_on(
    rig: Any, make_step: Any
) -> None:
    rig.agents.add("broken", fail)
    run = await rig.run(
        make_step("a", agent="broken"),
        make_step("b", "a"),
        make_step("c", "b"),
        make_step("d"),
        make_step("e", "d"),
    )
    assert run.state is RunState.FAILED
    assert rig.statuses() == snapshot(
        {"a": "failure", "b": "skipped", "c": "skipped", "d": "success", "e": "success"}
    )
    skipped = [t for t in rig.journal.traces if t.status is TraceStatus.SKIPPED]
    assert [(t.metadata.subtask_id, t.metadata.attempt) for t in skipped] == [("b", 0), ("c", 0)]


async def test_a_run_whose_result_was_produced_succeeds_despite_a_failed_branch(
    rig: Any, make_step: Any
) -> None:
    rig.agents.add("broken", fail)
    run = await rig.run(make_step("a"), make_step("b", agent="broken"), result_key="k_a")
    assert run.state is RunState.SUCCEEDED
    assert run.subtasks["b"] is TraceStatus.FAILURE


async def test_every_trace_shares_its_transaction_with_the_value_it_made(rig: Any, make_step: Any) -> None:
    await rig.run(make_step("a"), make_step("b", "a"))
    assert [(traces, list(values)) for traces, values in rig.journal.units] == [
        (["a"], ["k_a"]),
        (["b"], ["k_b"]),
    ]


async def test_a_foreach_runs_each_element_and_keeps_their_order(rig: Any, make_step: Any) -> None:
    order = []

    async def slow_first(call: AgentCall) -> Any:
        order.append(call.item_index)
        if call.item_index == 0:
            await rig.clock.sleep(1)
        return call.inputs["k_a"]

    rig.agents.add("slow", slow_first)
    a = make_step("a", bind={"rows": {"literal": ["x", "y", "z"]}})
    b = make_step("b", "a", agent="slow", foreach={"key": "k_a", "pointer": "/rows"})
    run = await rig.run(a, b)
    assert run.result == ["x", "y", "z"]
    traces = [t for t in rig.journal.traces if t.metadata.subtask_id == "b"]
    assert sorted(t.metadata.item_index for t in traces) == [0, 1, 2]
    writes = [values for traces, values in rig.journal.units if "k_b" in values]
    assert writes == [{"k_b": ["x", "y", "z"]}]


async def test_inside_a_foreach_the_key_names_the_element(rig: Any, make_step: Any) -> None:
    a = make_step("a", bind={"rows": {"literal": [{"u": 1}, {"u": 2}]}})
    b = make_step(
        "b", "a", foreach={"key": "k_a", "pointer": "/rows"}, bind={"v": {"key": "k_a", "pointer": "/u"}}
    )
    run = await rig.run(a, b)
    assert run.result == [{"v": 1}, {"v": 2}]


async def test_a_failed_element_leaves_a_null_and_partial_success(rig: Any, make_step: Any) -> None:
    async def odd(call: AgentCall) -> Any:
        if call.item_index == 1:
            raise AttemptFailed("test.odd", "no")
        return call.item_index

    rig.agents.add("odd", odd)
    a = make_step("a", bind={"rows": {"literal": [0, 1, 2]}})
    b = make_step("b", "a", agent="odd", foreach={"key": "k_a", "pointer": "/rows"})
    run = await rig.run(a, b, make_step("c", "b"))
    assert run.subtasks["b"] is TraceStatus.PARTIAL_SUCCESS
    assert run.result == {"k_b": [0, None, 2]}


async def test_a_foreach_over_nothing_succeeds_with_an_empty_list_and_one_trace(
    rig: Any, make_step: Any
) -> None:
    a = make_step("a", bind={"rows": {"literal": []}})
    run = await rig.run(a, make_step("b", "a", foreach={"key": "k_a", "pointer": "/rows"}))
    assert run.result == []
    assert [t.metadata.attempt for t in rig.journal.traces if t.metadata.subtask_id == "b"] == [0]


async def test_an_input_that_cannot_be_resolved_is_a_traced_failure(rig: Any, make_step: Any) -> None:
    b = make_step("b", "a", bind={"x": {"key": "k_a", "pointer": "/missing"}})
    c = make_step("c", "a", foreach={"key": "k_a"})
    d = make_step("d", "a", agent="nobody")
    run = await rig.run(make_step("a"), b, c, d)
    codes = {t.metadata.subtask_id: t.metadata.error.code for t in rig.journal.traces if t.metadata.error}
    assert codes == snapshot({"b": "dispatch.bad_pointer", "c": "dispatch.not_a_list", "d": "agent.unknown"})
    assert run.state is RunState.FAILED


async def test_more_elements_than_allowed_are_refused_not_cut(rig: Any, make_step: Any) -> None:
    a = make_step("a", bind={"rows": {"literal": [1, 2, 3]}})
    await rig.run(a, make_step("b", "a", foreach={"key": "k_a", "pointer": "/rows", "max_items": 2}))
    assert rig.journal.traces[-1].metadata.error.code == "dispatch.too_many_items"


async def test_a_subtask_starts_as_soon_as_its_own_dependencies_end(rig: Any, make_step: Any) -> None:
    gate = asyncio.Event()
    began = []

    async def body(call: AgentCall) -> Any:
        began.append(call.subtask_id)
        if call.subtask_id == "slow":
            await gate.wait()
        if call.subtask_id == "late":
            gate.set()
        return 1

    rig.agents.add("body", body)
    plan = [make_step("slow"), make_step("fast"), make_step("late", "fast")]
    run = await rig.run(*[{**s, "required_agent": "body", "input_keys": []} for s in plan])
    assert run.state is RunState.SUCCEEDED, "a barrier between levels would wait for ever"


async def test_no_more_attempts_run_at_once_than_the_limit(make_rig: Any, make_step: Any) -> None:
    rig = make_rig(concurrency=3)
    running = most = 0

    async def body(call: AgentCall) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await rig.clock.sleep(0)
        running -= 1
        return 1

    rig.agents.add("echo", body)
    await rig.run(*[make_step(f"s{i}") for i in range(20)])
    assert most == 3


async def test_an_output_that_breaks_its_schema_is_a_failure(rig: Any, make_step: Any) -> None:
    schema = {"type": "object", "required": ["z"]}
    await rig.run(make_step("a", output_schema=schema))
    assert rig.journal.traces[0].metadata.error.code == "output.schema"


async def test_a_partial_reply_goes_on_with_its_score(rig: Any, make_step: Any) -> None:
    async def partly(call: AgentCall) -> Any:
        return AgentReply({"n": 1}, status=TraceStatus.PARTIAL_SUCCESS, score=0.5, warnings=("half",))

    rig.agents.add("partly", partly)
    run = await rig.run(make_step("a", agent="partly"), make_step("b", "a"))
    assert run.subtasks == {"a": TraceStatus.PARTIAL_SUCCESS, "b": TraceStatus.SUCCESS}
    assert rig.journal.traces[0].metadata.score == 0.5


async def test_a_crashing_agent_is_a_traced_failure_without_its_traceback(rig: Any, make_step: Any) -> None:
    async def crash(call: AgentCall) -> Any:
        return 1 // 0

    rig.agents.add("crash", crash)
    await rig.run(make_step("a", agent="crash"))
    error = rig.journal.traces[0].metadata.error
    assert (error.code, error.message) == (
        "agent.crashed",
        "ZeroDivisionError: integer division or modulo by zero",
    )


async def test_the_wall_time_of_the_plan_ends_the_run(rig: Any, make_step: Any) -> None:
    async def hang(call: AgentCall) -> None:
        await asyncio.Event().wait()

    rig.agents.add("hang", hang)
    run = await rig.run(make_step("a", agent="hang"), make_step("b", "a"), budget={"wall_s": 0.05})
    assert (run.state, run.error.code) == (RunState.FAILED, "run.deadline")
    assert rig.statuses() == {"a": "cancelled", "b": "cancelled"}


ODD: list[Any] = [
    None,
    AgentReply({cast("Any", 1): "a key that is no string"}),
    AgentReply({"x": cast("Any", object())}),
    AgentReply(1, score=cast("Any", "high")),
    AgentReply(1, usage={"x": cast("Any", object())}),
    AgentReply(1, usage={"x": float("nan")}),
    AgentReply(1, warnings=("half a pair: \ud800",)),
    AgentReply(1, log=cast("Any", 7)),
    AgentReply(1, log="x" * 1_000_001),
    AgentReply(1, score=float("inf")),
    AgentReply(1, status=cast("Any", TraceStatus.FAILURE)),
]


@pytest.mark.parametrize("reply", ODD)
async def test_a_reply_no_trace_can_hold_is_a_traced_failure(rig: Any, make_step: Any, reply: Any) -> None:
    class Odd:
        card = rig.agents.known["echo"].card

        async def run(self, call: AgentCall) -> Any:
            return reply

    rig.agents.known["odd"] = Odd()
    run = await rig.run(make_step("a", agent="odd"), make_step("b"))
    assert run.subtasks == {"a": TraceStatus.FAILURE, "b": TraceStatus.SUCCESS}
    assert next(t for t in rig.journal.traces if t.metadata.error).metadata.error.code == "agent.bad_reply"
