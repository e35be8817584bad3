from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Conflict, NotFound
from contracts.journal import Signal
from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import TraceStatus
from service.compose import open_desk
from service.desk import LocalDesk
from service.orders import Terms
from service.settings import Settings, load_settings
from tests.service.commands_at_hand import ECHO
from tests.service.desk_at_hand import NOON


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings(
        {"storage": {"path": tmp_path / "callsheet.db"}, "traces": {"folder": tmp_path / "runs"}}
    )


async def started(desk: LocalDesk, **terms: str) -> str:
    plan = load_plan(ECHO)
    run = await desk.start("echo", inputs={}, plan=plan, terms=Terms(approval="plan") if terms else None)
    return run.run_id


def told(run_id: str, name: str = "paid") -> Signal:
    return Signal(run_id, "s1", name, None, NOON)


async def test_a_run_that_is_kept_is_begun_by_the_next_worker_and_not_before(here: Settings) -> None:
    async with open_desk(here, runs="later") as desk:
        run_id = await started(desk)
        assert await desk.engine.wait(run_id, 0.05) is False
        assert desk.runs.get(run_id).state is RunState.QUEUED
    async with open_desk(here) as desk:
        await desk.engine.wake(run_id)
        assert await desk.engine.wait(run_id, 30)
        assert desk.runs.get(run_id).state is RunState.SUCCEEDED


async def test_a_signal_wakes_nobody_and_is_there_for_the_next_worker(here: Settings) -> None:
    async with open_desk(here) as desk:
        run_id = await started(desk, approval="plan")
        while not desk.waits(run_id):
            await desk.engine.wait(run_id, 0.02)
        (wait,) = desk.waits(run_id)
    async with open_desk(here, runs="later") as desk:
        approval = Signal(run_id, "s1", "approve", {"plan_id": wait.name, "subtask": None}, NOON)
        await desk.engine.signal(approval)
        await desk.engine.wake(run_id)
        assert desk.runs.get(run_id).state is RunState.AWAITING_APPROVAL
        assert desk.traces.of_run(run_id) == ()
    async with open_desk(here) as desk:
        await desk.engine.wake(run_id)
        assert await desk.engine.wait(run_id, 30)
        assert desk.runs.get(run_id).state is RunState.SUCCEEDED


async def test_a_cancelled_run_has_ended_with_a_receipt_for_what_never_started(here: Settings) -> None:
    async with open_desk(here, runs="later") as desk:
        run_id = await started(desk)
        assert await desk.engine.cancel(run_id, "not wanted")
        run = desk.runs.get(run_id)
        assert (run.state, run.cancel_reason) == (RunState.CANCELLED, "not wanted")
        assert [(t.attempt, t.status) for t in desk.traces.of_run(run_id)] == [(0, TraceStatus.CANCELLED)]
        assert await desk.engine.cancel(run_id, "again") is False


async def test_nothing_can_be_told_to_a_run_that_is_over_or_was_never_there(here: Settings) -> None:
    async with open_desk(here, runs="later") as desk:
        run_id = await started(desk)
        await desk.engine.cancel(run_id, "not wanted")
        with pytest.raises(Conflict) as ended:
            await desk.engine.signal(told(run_id))
        with pytest.raises(NotFound) as unknown:
            await desk.engine.signal(told("nobody"))
    assert (ended.value.code, unknown.value.code) == ("run.ended", "run.unknown")
