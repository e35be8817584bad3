"""Objectives as they stand: lists, one whole, its plan. An objective is its run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from contracts.errors import NotFound
from contracts.plan import Plan
from contracts.run import Run, RunState
from service.api.answers import JsonAnswer, next_link, refusals
from service.api.common import After, DeskOf, Limit
from service.api.traces import TraceLine
from service.desk_protocol import Desk
from service.run_json import page_body, run_body

router = APIRouter(prefix="/objectives", tags=["objectives"])

RunId = Annotated[str, Path(max_length=128, description="The run's id.")]


class RunLine(BaseModel):
    """One run in a list."""

    run_id: str
    objective: str
    state: RunState
    created_ms: int
    started_ms: int | None
    ended_ms: int | None


class RunLines(BaseModel):
    """A page of runs, newest first."""

    objectives: list[RunLine]
    next: str | None
    """Give it as `after` for the page behind this one."""


class RunTraces(BaseModel):
    """The newest of a run's traces."""

    traces: list[TraceLine]
    next: str | None


class WaitLine(BaseModel):
    """What a run waits for."""

    subtask_id: str
    """Empty: the whole plan."""
    item_index: int | None
    kind: str
    """`approval`, `signal` or `timer`."""
    name: str
    """Of the signal; for an approval the plan's id."""
    until_ms: int | None
    since_ms: int
    why: str
    """Why a person is asked whatever the run's terms say; empty where they do say so."""


class RunAnswer(Run):
    """A run with its traces in short, and what it waits for."""

    traces: RunTraces
    waits: list[WaitLine]


@router.get("", response_model=RunLines, responses=refusals(422), summary="List objectives")
def list_objectives(
    desk: DeskOf, state: RunState | None = None, limit: Limit = 50, after: After = None
) -> JsonAnswer:
    """Return a page, newest first."""
    body = page_body(desk.runs, state=state, limit=limit, after=after)
    return JsonAnswer(body, headers=next_link("/objectives", {"state": state, "limit": limit}, body["next"]))


@router.get("/{run_id}", response_model=RunAnswer, responses=refusals(404, 422), summary="Show an objective")
def show_objective(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Return the run, the newest of its traces, and what it waits for."""
    return JsonAnswer(run_body(desk.runs, desk.traces, desk.waits, run_id))


@router.get(
    "/{run_id}/plan",
    response_model=Plan,
    responses=refusals(404, 422),
    summary="Show an objective's plan",
)
def show_plan(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Return the plan; its `ETag` is what approving asks for as `If-Match`."""
    plan = plan_of_run(desk, run_id)
    return JsonAnswer(plan.as_json(), headers={"ETag": f'"{plan.plan_id}"'})


def plan_of_run(desk: Desk, run_id: str) -> Plan:
    """Return the plan of a run.

    Raises:
        NotFound: `run.unknown`, `run.not_planned`.
    """
    plan = desk.runs.get(run_id).plan
    if plan is None:
        raise NotFound(
            "run.not_planned",
            f"run {run_id!r} has no plan yet",
            where=f"/objectives/{run_id}",
            hint=f"GET /objectives/{run_id}/events says when it has.",
        )
    return plan
