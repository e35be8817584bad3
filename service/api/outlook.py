"""What a plan may do, take and cost, before it runs; nothing is run or kept."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from contracts.errors import InvalidInput
from contracts.plan import Plan
from planner.objective import check_inputs, check_objective
from planner.outlook.shape import Outlook
from service.api.answers import JsonAnswer, refusals
from service.api.bodies import Json, body_schema, read_body
from service.api.common import DeskOf, shown_plan
from service.api.objectives import RunId, plan_of_run
from service.desk_protocol import Desk
from service.outlook import desk_outlook

router = APIRouter()


class OutlookRequest(BaseModel):
    """An objective to plan, or a plan, to say what is ahead of it."""

    model_config = ConfigDict(extra="forbid")

    objective: str | None = None
    """What is wanted, in words."""
    inputs: dict[str, Json] = Field(default_factory=dict)
    """Context keys the plan of an objective may read."""
    plan: dict[str, Json] | None = None
    """A `plan/1` document, in place of an objective."""


class PlanAndOutlook(BaseModel):
    """A plan, and what is expected of it."""

    plan: Plan
    outlook: Outlook


@router.post(
    "/plans/outlook",
    response_model=PlanAndOutlook,
    responses=refusals(503, body=True),
    openapi_extra=body_schema(OutlookRequest),
    tags=["plans"],
    summary="Say what a plan may do, take and cost",
)
async def look_ahead(request: Request, desk: DeskOf) -> JsonAnswer:
    """Return a checked plan, of an objective or as it was sent, with its outlook; nothing is run or kept."""
    plan = shown_plan(request, await _plan(desk, await read_body(request, OutlookRequest)))
    found = await asyncio.to_thread(desk_outlook, desk, plan)
    return JsonAnswer({"plan": plan.as_json(), "outlook": found.as_json()})


@router.get(
    "/objectives/{run_id}/outlook",
    response_model=Outlook,
    responses=refusals(404, 422, 503),
    tags=["objectives"],
    summary="Say what an objective's plan may do, take and cost",
)
def outlook_of_run(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Return the outlook of a run's plan; its `ETag` names the plan, as approving asks for it."""
    plan = plan_of_run(desk, run_id)
    return JsonAnswer(desk_outlook(desk, plan).as_json(), headers={"ETag": f'"{plan.plan_id}"'})


async def _plan(desk: Desk, asked: OutlookRequest) -> Plan:
    if (asked.objective is None) == (asked.plan is None) or (asked.plan is not None and asked.inputs):
        raise InvalidInput(
            "request.invalid",
            "give either an objective, with inputs where it has any, or a plan",
            where="/objective",
            hint="A plan carries its own inputs.",
        )
    if asked.plan is not None:
        return await desk.read_plan(asked.plan)
    check_inputs(asked.inputs)
    return await desk.plan(check_objective(asked.objective or ""), asked.inputs)
