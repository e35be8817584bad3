"""A run that a defect ends: what it did is told of, and no effect of it happens again."""

from __future__ import annotations

import random
from typing import Any

import pytest

from contracts.agent import AgentCall
from contracts.clock import SystemClock
from contracts.errors import Conflict
from contracts.run import Run, RunState
from dispatcher.child import child_of
from dispatcher.ids import Ids
from service.trying_again import finished_elements, unknown_effects
from tests.dispatcher.acting import echo, hang
from traces.store import TraceStore


class NoAgent:
    """What a registry should never give."""


async def broken_off(rig: Any, make_step: Any) -> Run:
    """Return a run that a defect ended when one effect had happened and another was under way."""

    async def waits(call: AgentCall) -> None:
        await rig.until(lambda: rig.agents.known["hangs"].calls and rig.statuses_kept("sent"))

    rig.statuses_kept = lambda sid: sid in [a[0] for a in rig.attempts(rig.last)]
    rig.agents.known["bomb"] = NoAgent()
    rig.agents.add("sends", echo, effect="effectful")
    rig.agents.add("hangs", hang, effect="effectful")
    rig.agents.add("waits", waits)
    steps = [make_step("sent", agent="sends"), make_step("open", agent="hangs")]
    return await rig.run(*steps, make_step("c", agent="waits"), make_step("d", "c", agent="bomb"))  # type: ignore[no-any-return]


def child(rig: Any, parent: Run, **settled: Any) -> Any:
    traces = TraceStore(rig.journal._kept._reader)
    return child_of(
        parent,
        rig.runs.values(parent.run_id),
        ids=Ids(SystemClock(), random.Random()),
        now_ms=1,
        elements=finished_elements(traces, parent),
        unknown=unknown_effects(traces, parent.run_id),
        settled=settled,
    )


async def test_everything_of_a_run_that_a_defect_ended_is_traced(rig: Any, make_step: Any) -> None:
    run = await broken_off(rig, make_step)
    assert (run.state, run.error and run.error.code) == (RunState.FAILED, "internal.error")
    assert rig.statuses() == {"sent": "success", "open": "cancelled", "c": "success", "d": "cancelled"}
    assert rig.codes() == {"open": "internal.error", "d": "internal.error"}
    assert ("open", None, 1, "failure") in rig.attempts(run.run_id)
    assert [line.event_id for line in rig.lines(run.run_id)] == list(range(1, len(rig.lines(run.run_id)) + 1))


async def test_no_effect_of_a_run_that_a_defect_ended_happens_again(rig: Any, make_step: Any) -> None:
    run = await broken_off(rig, make_step)
    with pytest.raises(Conflict, match="open") as unsettled:
        child(rig, run)
    assert unsettled.value.code == "effect.unsettled"
    rig.agents.add("bomb", echo)
    again, kept = child(rig, run, open={"outcome": "done", "output": 1})
    assert sorted(receipt.subtask_id for receipt, _ in kept) == ["c", "open", "sent"]
    await rig.engine.submit(again, kept=kept)
    assert (await rig.end_of(again.run_id)).state is RunState.SUCCEEDED
    assert [len(rig.agents.known[name].calls) for name in ("sends", "hangs")] == [1, 1]
