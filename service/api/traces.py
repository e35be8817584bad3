"""Traces: the receipts of attempts, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from contracts.trace import ExecutionTrace, TraceStatus
from service.api.answers import JsonAnswer, next_link, refusals
from service.api.common import After, DeskOf, Limit
from service.run_json import trace_lines
from traces.store import TraceFilter

router = APIRouter(prefix="/traces", tags=["traces"])

AgentName = Annotated[str | None, Query(max_length=80, description="Only this agent's.")]
OfRun = Annotated[str | None, Query(max_length=128, description="Only this run's.")]


class TraceLine(BaseModel):
    """One trace in a list."""

    trace_id: str
    run_id: str
    subtask_id: str
    attempt: int
    item_index: int | None
    agent_type: str
    status: TraceStatus
    started_ms: int
    duration_ms: float
    preview: str
    """The output or the error, shortened."""
    error_code: str | None


class TraceLines(BaseModel):
    """A page of traces, newest first."""

    traces: list[TraceLine]
    next: str | None
    """Give it as `after` for the page behind this one."""


@router.get("", response_model=TraceLines, responses=refusals(422), summary="List traces")
def list_traces(
    desk: DeskOf,
    *,
    agent: AgentName = None,
    status: TraceStatus | None = None,
    run: OfRun = None,
    limit: Limit = 50,
    after: After = None,
) -> JsonAnswer:
    """Return a page of the traces that fit."""
    page = desk.traces.page(TraceFilter(run_id=run, agent=agent, status=status), limit=limit, after=after)
    asked = {"agent": agent, "status": status, "run": run, "limit": limit}
    return JsonAnswer(
        {"traces": trace_lines(page), "next": page.next}, headers=next_link("/traces", asked, page.next)
    )


@router.get(
    "/{trace_id}", response_model=ExecutionTrace, responses=refusals(404, 422), summary="Show one trace"
)
def show_trace(desk: DeskOf, trace_id: Annotated[str, Path(max_length=64)]) -> JsonAnswer:
    """Return the trace, whole."""
    return JsonAnswer(desk.traces.get(trace_id).as_json())
