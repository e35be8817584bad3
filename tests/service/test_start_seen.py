from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Conflict
from contracts.run import RunState
from service import actions
from service.compose import open_desk
from service.desk import LocalDesk
from service.orders import Terms
from service.settings import Settings, load_settings
from tests.service.commands_at_hand import ECHO, STEP

ASKS: dict[str, Any] = {"objective": "echo", "subtasks": [{**STEP, "approval": "always"}]}


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return load_settings(
        {"storage": {"path": tmp_path / "callsheet.db"}, "traces": {"folder": tmp_path / "runs"}}
    )


async def waits_for(desk: LocalDesk, run_id: str, subtask: str) -> bool:
    """Say whether a run comes to wait for a person there before it ends."""
    while [wait.subtask_id for wait in desk.waits(run_id)] != [subtask]:
        if await desk.engine.wait(run_id, 0.02):
            return False
    return True


async def test_a_plan_that_was_seen_and_approved_runs_to_its_end(here: Settings) -> None:
    async with open_desk(here) as desk:
        known = await desk.known.read(ECHO)
        taken = await actions.start_seen(desk, known, approval="plan", name="page-1")
        assert await desk.engine.wait(taken.run_id, 30)
        assert desk.runs.get(taken.run_id).state is RunState.SUCCEEDED
        again = await actions.start_seen(desk, known, approval="plan", name="page-1")
        assert (again.run_id, again.is_replay) == (taken.run_id, True)


async def test_the_approval_of_a_plan_is_none_of_its_steps_that_always_ask(here: Settings) -> None:
    async with open_desk(here) as desk:
        known = await desk.known.read(ASKS)
        taken = await actions.start_seen(desk, known, approval="plan")
        assert await waits_for(desk, taken.run_id, "a")


async def test_a_run_left_between_its_start_and_its_approval_waits_for_that_approval(here: Settings) -> None:
    async with open_desk(here) as desk:
        known = await desk.known.read(ECHO)
        order = desk.order("echo", inputs={}, plan=known, terms=Terms(approval="plan"))
        run_id = (await desk.take(desk.run_of(order), name=None, fingerprint="")).run_id
        assert await waits_for(desk, run_id, "")
        with pytest.raises(Conflict, match="the decision is about") as caught:
            await actions.decide(desk, run_id, "approve", plan_id="0" * 64)
        assert caught.value.code == "approval.plan_changed"
        await actions.decide(desk, run_id, "approve", plan_id=known.plan.plan_id)
        assert await desk.engine.wait(run_id, 30)
        assert desk.runs.get(run_id).state is RunState.SUCCEEDED
