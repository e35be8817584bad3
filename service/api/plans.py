"""Plan an objective; run nothing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request

from contracts.plan import Plan
from planner.objective import check_inputs, check_objective
from service.api.answers import JsonAnswer, refusals
from service.api.bodies import PlanRequest, body_schema, read_body
from service.api.common import DeskOf, shown_plan

router = APIRouter(prefix="/plans", tags=["plans"])


@router.post(
    "",
    response_model=Plan,
    responses=refusals(503, body=True),
    openapi_extra=body_schema(PlanRequest),
    summary="Plan an objective",
)
async def make_plan(request: Request, desk: DeskOf) -> JsonAnswer:
    """Return a checked `plan/1` for an objective; nothing is run or kept."""
    asked = await read_body(request, PlanRequest)
    check_inputs(asked.inputs)
    plan = await desk.plan(check_objective(asked.objective), asked.inputs)
    return JsonAnswer(shown_plan(request, plan).as_json())
