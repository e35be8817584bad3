"""The dashboard's pages; what is shown is in the URL."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

from fastapi import APIRouter, FastAPI, Path, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from contracts.errors import InvalidInput
from contracts.journal import Wait
from contracts.planning_call import PLANNER
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from service.api.common import DeskOf
from service.dashboard import acting, login, planning, starting
from service.dashboard.asked import asked_for, is_question, view_of
from service.dashboard.deciding import asked_of, changes_since, plan_asked
from service.dashboard.eventlog import events_of
from service.dashboard.render import Page, page
from service.dashboard.subtasks import graph_of, subtasks_of
from service.desk_protocol import Desk
from traces.store import TraceFilter
from traces.summary import TraceSummary

PAGE = 50
RUN_TRACES = 2_000
"""Of one run, looked at to say how its subtasks stand."""
REFRESH_S = 2
"""Between two loads of a page without a script."""
EVENTS = 100
MOST_WAITS = 20

router = APIRouter(prefix="/ui", include_in_schema=False)

After = Annotated[str, Query(max_length=200)]
Choice = TypeVar("Choice", bound=StrEnum)


def mount(app: FastAPI) -> None:
    """Add the dashboard to an application."""
    app.add_api_route("/", _home, include_in_schema=False)
    app.mount("/ui/static", StaticFiles(packages=[("service.dashboard", "static")]), name="static")
    for each in (router, starting.router, planning.router, acting.router, login.router):
        app.include_router(each)


@router.get("")
def home() -> Response:
    """Lead to the runs."""
    return _home()


@router.get("/runs")
def runs(desk: DeskOf, state: Annotated[str, Query(max_length=40)] = "", after: After = "") -> Page:
    """Show runs, newest first."""
    wanted = _choice(RunState, state, "state")
    found = desk.runs.page(state=wanted, limit=PAGE, after=after or None)
    waiting = desk.runs.page(state=RunState.AWAITING_APPROVAL, limit=PAGE)
    return page(
        "runs.html",
        here="runs",
        found=found,
        state=wanted,
        states=list(RunState),
        after=after,
        waiting=0 if wanted is RunState.AWAITING_APPROVAL else len(waiting.runs),
        has_more_waiting=waiting.next is not None,
    )


@router.get("/runs/{run_id}")
def run(
    request: Request,
    desk: DeskOf,
    run_id: Annotated[str, Path(max_length=128)],
    refresh: Annotated[str, Query(max_length=10)] = "",
) -> Page:
    """Show one run: where it stands, its result, its plan, its traces."""
    last = desk.events.last(run_id)  # asked first: what happens while the rest is read is heard of again
    shown = desk.runs.get(run_id)
    waits = () if shown.state.is_final else sorted(desk.waits(run_id), key=_asked_first)
    traces = run_traces(desk, run_id)
    subtasks = subtasks_of(shown, traces, waits)
    asked = asked_of(desk, shown, waits[:MOST_WAITS])
    return page(
        "run.html",
        here="runs",
        run=shown,
        took=_took(request, shown),
        waits=asked,
        plan_asked=plan_asked(desk, shown, waits),
        changes=changes_since(desk, shown.plan),
        is_asked=any(wait.kind == "approval" for wait in waits),
        more_waits=max(0, len(waits) - MOST_WAITS),
        questions=asked_for(desk, traces),
        subtasks=subtasks,
        done=sum(s.is_over for s in subtasks),
        graph=graph_of(subtasks),
        traces=list(reversed(traces))[:PAGE],
        total=len(traces),
        events=events_of(desk.events.of_run(run_id, after=max(0, last - EVENTS), limit=EVENTS)),
        last_event=last,
        is_refreshed=refresh != "off",
        refresh_s=REFRESH_S,
    )


@router.get("/traces")
def traces(
    desk: DeskOf,
    agent: Annotated[str, Query(max_length=80)] = "",
    status: Annotated[str, Query(max_length=40)] = "",
    run: Annotated[str, Query(max_length=128)] = "",
    after: After = "",
) -> Page:
    """Show the traces that fit, newest first."""
    wanted = _choice(TraceStatus, status, "status")
    asked = TraceFilter(run_id=run.strip() or None, agent=agent or None, status=wanted)
    found = desk.traces.page(asked, limit=PAGE, after=after or None)
    names = sorted({card.name for card in desk.registry.cards()} | {PLANNER} | ({agent} if agent else set()))
    return page(
        "traces.html",
        here="traces",
        found=found,
        asked=asked,
        agents=names,
        statuses=list(TraceStatus),
        after=after,
    )


@router.get("/traces/{trace_id}")
def trace(desk: DeskOf, trace_id: Annotated[str, Path(max_length=64)]) -> Page:
    """Show one trace: what went in, what came out, how it went."""
    shown = desk.traces.get(trace_id)
    is_asked = is_question(shown.agent_type, shown.metadata.subtask_id)
    return page("trace.html", here="traces", trace=shown, question=view_of(shown) if is_asked else None)


@router.get("/agents")
def agents(desk: DeskOf) -> Page:
    """Show the agents at hand."""
    return page("agents.html", here="agents", cards=desk.registry.cards())


def run_traces(desk: Desk, run_id: str) -> list[TraceSummary]:
    """Return a run's newest traces, oldest first, at most `RUN_TRACES`."""
    found: list[TraceSummary] = []
    after: str | None = None
    while len(found) < RUN_TRACES:
        part = desk.traces.page(TraceFilter(run_id=run_id), limit=1_000, after=after)
        found += part.traces
        after = part.next
        if after is None:
            break
    return found[::-1]


def _home() -> Response:
    return RedirectResponse("/ui/runs", status_code=303)


def _choice(kind: type[Choice], value: str, name: str) -> Choice | None:
    if not value:
        return None
    try:
        return kind(value)
    except ValueError as exc:
        known = ", ".join(kind)
        raise InvalidInput("request.invalid", f"{name} is one of {known}, not {value!r}", where=name) from exc


def _asked_first(wait: Wait) -> bool:
    return wait.kind != "approval"


def _took(request: Request, shown: Run) -> float | None:
    if shown.started_ms is None:
        return None
    now: float = request.app.state.clock.now().timestamp() * 1000
    return max(0, (shown.ended_ms or now) - shown.started_ms)
