"""Plan an objective, check a plan, compare two; run nothing."""

from __future__ import annotations

import asyncio
import os

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, JsonValue
from starlette.requests import Request

from contracts.plan import Plan
from planner.diff import diff_plans
from planner.objective import check_inputs, check_objective
from service.api.answers import JsonAnswer, refusals
from service.api.bodies import Json, PlanRequest, body_schema, read_body
from service.api.common import DeskOf, shown_plan
from service.granted import granted_capabilities
from service.plan_desk import Document, checked_document, facts_of, readable_document
from traces.cleaning import Cleaner
from traces.plan_cleaning import clean_plan

router = APIRouter(prefix="/plans", tags=["plans"])


class CheckRequest(BaseModel):
    """A plan to check."""

    model_config = ConfigDict(extra="forbid")

    plan: dict[str, Json]
    """A `plan/1` document."""


class CheckAnswer(BaseModel):
    """A plan that may run."""

    plan_id: str
    subtasks: int
    agents: list[str]
    sound: bool


class DiffRequest(BaseModel):
    """Two plans to compare."""

    model_config = ConfigDict(extra="forbid")

    old: dict[str, Json]
    """A `plan/1` document."""
    new: dict[str, Json]


class DiffStep(BaseModel):
    """A step that only one of the plans has."""

    id: str
    agent: str
    objective: str


class DiffChange(BaseModel):
    """One field that is another now; `before` or `after` is left out where there was or is nothing."""

    field: str
    before: JsonValue = None
    after: JsonValue = None


class DiffStepChange(BaseModel):
    """A step that both plans have."""

    id: str
    was: str
    """Its id before."""
    changes: list[DiffChange]


class DiffAnswer(BaseModel):
    """What changed."""

    old: str
    new: str
    same: bool
    added: list[DiffStep]
    removed: list[DiffStep]
    changed: list[DiffStepChange]
    plan: list[DiffChange]
    """Of the plan as a whole."""
    widens: list[str]
    """What the new plan may do that the old one might not, in words."""
    lines: list[str]
    """All of it for people."""


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


@router.post(
    "/check",
    response_model=CheckAnswer,
    responses=refusals(body=True),
    openapi_extra=body_schema(CheckRequest),
    summary="Check a plan",
)
async def check_plan(request: Request, desk: DeskOf) -> JsonAnswer:
    """Say that a plan may run; of one that may not, `errors` has every reason, each with the next step."""
    asked = await read_body(request, CheckRequest)
    granted = granted_capabilities(desk.settings.guests, os.environ)
    cards = desk.registry.cards()
    document = await asyncio.to_thread(checked_document, asked.plan, cards, capabilities=granted)
    return JsonAnswer(facts_of(document))


@router.post(
    "/diff",
    response_model=DiffAnswer,
    responses=refusals(body=True),
    openapi_extra=body_schema(DiffRequest),
    summary="Compare two plans",
)
async def diff(request: Request, desk: DeskOf) -> JsonAnswer:
    """Say what changed from one plan to another, and what the new one may do that the old one might not."""
    asked = await read_body(request, DiffRequest)
    cleaner: Cleaner = request.app.state.cleaner
    cards = desk.registry.cards()

    def compared() -> dict[str, JsonValue]:
        old, new = (
            _shown(plan, where, cleaner) for plan, where in ((asked.old, "/old"), (asked.new, "/new"))
        )
        found = diff_plans(old, new, cards=cards)
        return {**found.as_json(), "lines": list(found.lines())}

    return JsonAnswer(await asyncio.to_thread(compared))


def _shown(plan: dict[str, Json], where: str, cleaner: Cleaner) -> Document:
    """Return a plan without configured keys; whoever sent one may know it, whoever reads the answer need not."""
    return clean_plan(readable_document(plan, where=where), cleaner)
