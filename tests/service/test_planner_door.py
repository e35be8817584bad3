from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from contracts.plan import Plan, load_plan
from contracts.replanning import Failed
from contracts.trace import TraceStatus
from service.planner_door import PlannerDoor
from tests.service.desk_at_hand import PLAN


class Scripted:
    """A planner with one plan; it refuses an empty objective."""

    async def plan(self, objective: str, *, inputs: Mapping[str, Any], cards: Sequence[AgentCard]) -> Plan:
        if not objective:
            raise InvalidInput("plan.empty_objective", "the objective is empty")
        return load_plan({**PLAN, "objective": objective, "inputs": dict(inputs)})

    async def replan(self, failed: Failed) -> Plan:
        return failed.plan


def test_the_way_to_the_planner_does_not_lead_through_its_rules() -> None:
    code = (
        "import sys, service.compose; sys.exit(any(m.startswith(('planner.rules', 'planner.llm'))"
        " for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_those_who_ask_at_once_share_one_planner() -> None:
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted())
        return made[-1]

    door = PlannerDoor(make)
    assert made == []
    plans = await asyncio.gather(*(door.plan(f"o{n}", inputs={"n": n}, cards=()) for n in range(3)))
    assert [(p.objective, p.inputs) for p in plans] == [(f"o{n}", {"n": n}) for n in range(3)]
    assert len(made) == 1


async def test_a_failure_goes_through_the_door_too() -> None:
    plan = load_plan(PLAN)
    failed = Failed("x", {}, plan, (), {"list_pages": TraceStatus.FAILURE}, "list_pages", "scrape.no", 1)
    assert await PlannerDoor(Scripted).replan(failed) == plan


async def test_what_the_planner_refuses_the_door_refuses() -> None:
    door = PlannerDoor(Scripted)
    with pytest.raises(InvalidInput, match="empty"):
        await door.plan("", inputs={}, cards=())
    assert (await door.plan("x", inputs={}, cards=())).objective == "x"
