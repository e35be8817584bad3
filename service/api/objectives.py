"""Objectives: take one in, look at it, stop it. An objective is its run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, JsonValue
from starlette.requests import Request

from contracts.errors import Conflict, InvalidInput
from contracts.run import Run, RunState
from planner.objective import check_inputs, check_objective
from service.api.answers import JsonAnswer, next_link, refusals
from service.api.bodies import ObjectiveRequest, body_schema, read_body
from service.api.common import After, DeskOf, Limit
from service.api.traces import TraceLine, trace_lines
from service.api.waiting import preferred_wait, wait_for_end
from service.desk_protocol import Desk
from traces.store import TraceFilter

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


class RunAnswer(Run):
    """A run with its traces in short."""

    traces: RunTraces


@router.post(
    "",
    status_code=202,
    response_model=Run,
    responses={
        200: {"model": Run, "description": "The run ended within the time asked for by `Prefer: wait=N`."},
        202: {"model": Run, "description": "Taken in; `Location` is where to look."},
        **refusals(409, 503, body=True),
    },
    openapi_extra=body_schema(ObjectiveRequest),
    summary="Run an objective",
)
async def start_objective(
    request: Request, desk: DeskOf, prefer: Annotated[str | None, Header(max_length=200)] = None
) -> JsonAnswer:
    """Take an objective in; it is durable when this answers, and planned and run afterwards."""
    asked = await read_body(request, ObjectiveRequest)
    run = await _start(desk, asked)
    headers = {"Location": f"/objectives/{run.run_id}"}
    seconds = preferred_wait(prefer, most=desk.settings.server.wait_s_max)
    if seconds is not None:
        headers["Preference-Applied"] = f"wait={seconds:g}"
        await wait_for_end(desk.engine, run.run_id, seconds=seconds, closing=request.app.state.closing)
    run = desk.runs.get(run.run_id)  # as it is kept: without the secrets its sender gave
    if run.state.is_final:
        return JsonAnswer(run_json(run), status_code=200, headers=headers)
    return JsonAnswer(run_json(run), status_code=202, headers={**headers, "Retry-After": "1"})


@router.get("", response_model=RunLines, responses=refusals(422), summary="List objectives")
def list_objectives(
    desk: DeskOf, state: RunState | None = None, limit: Limit = 50, after: After = None
) -> JsonAnswer:
    """Return a page, newest first."""
    page = desk.runs.page(state=state, limit=limit, after=after)
    body = {"objectives": [asdict(run) for run in page.runs], "next": page.next}
    return JsonAnswer(body, headers=next_link("/objectives", {"state": state, "limit": limit}, page.next))


@router.get("/{run_id}", response_model=RunAnswer, responses=refusals(404, 422), summary="Show an objective")
def show_objective(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Return the run and the newest of its traces."""
    run = desk.runs.get(run_id)
    page = desk.traces.page(TraceFilter(run_id=run_id), limit=50)
    return JsonAnswer(run_json(run) | {"traces": {"traces": trace_lines(page), "next": page.next}})


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    response_model=Run,
    responses=refusals(404, 409, 422),
    summary="Stop an objective",
)
async def cancel_objective(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Ask a run to stop."""
    return JsonAnswer(run_json(await cancel(desk, run_id)), status_code=202)


async def cancel(desk: Desk, run_id: str) -> Run:
    """Ask a run to stop and return it.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`.
    """
    run = desk.runs.get(run_id)
    if run.state.is_final or not await desk.engine.cancel(run_id, "asked for over HTTP"):
        raise Conflict("run.ended", f"run {run_id!r} has already ended", where=f"/objectives/{run_id}")
    return desk.runs.get(run_id)


def run_json(run: Run) -> dict[str, Any]:
    """Return a run as JSON, its plan as it was written."""
    whole: dict[str, JsonValue] = run.model_dump(mode="json", exclude={"plan"})
    return whole | {"plan": run.plan.as_json() if run.plan is not None else None}


async def _start(desk: Desk, asked: ObjectiveRequest) -> Run:
    plan = await desk.read_plan(asked.plan) if asked.plan is not None else None
    if asked.objective is None and plan is None:
        raise InvalidInput(
            "request.invalid",
            "objective or plan must be given",
            where="/objective",
            hint="Say what is wanted.",
        )
    objective = asked.objective if asked.objective is not None else plan.objective if plan else ""
    check_inputs(asked.inputs)
    return await desk.start(check_objective(objective), inputs=asked.inputs, plan=plan)
