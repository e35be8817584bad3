"""The form that starts an objective, and the preview of its plan."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import CallsheetError
from contracts.plan import Plan
from contracts.run import Run, RunState
from planner.objective import MAX_OBJECTIVE
from service.api.common import DeskOf, shown_plan
from service.dashboard.forms import ObjectiveForm, objective_form, read_form
from service.dashboard.render import Page, page
from service.dashboard.subtasks import graph_of, subtasks_of
from service.desk_protocol import Desk
from service.orders import Terms

router = APIRouter(prefix="/ui", include_in_schema=False)


@router.get("/new")
def new(desk: DeskOf) -> Page:
    """Show the empty form."""
    return _form_page(desk, ObjectiveForm())


@router.post("/objectives")
async def start(request: Request, desk: DeskOf) -> Response:
    """Start what the form asks for, or show what is wrong with it."""
    form = objective_form(await read_form(request))
    if form.errors:
        return _form_page(desk, form, status=422)
    try:
        if form.action == "preview":
            plan = await desk.plan(form.objective, form.values())
            return _form_page(desk, form, plan=shown_plan(request, plan))
        run = await desk.start(form.objective, inputs=form.values(), terms=Terms(approval=form.approval))
    except CallsheetError as exc:
        text = f"{exc.message} {exc.hint}".strip()
        return _form_page(desk, replace(form, errors={"form": text}), status=exc.http_status)
    return RedirectResponse(f"/ui/runs/{run.run_id}", status_code=303)


def _form_page(desk: Desk, form: ObjectiveForm, *, status: int = 200, plan: Plan | None = None) -> Page:
    subtasks = subtasks_of(_imagined(plan), ()) if plan is not None else ()
    return page(
        "new.html",
        status=status,
        here="new",
        form=form,
        grants=desk.grants,
        cards=desk.registry.cards(),
        longest=MAX_OBJECTIVE,
        plan=plan,
        subtasks=subtasks,
        graph=graph_of(subtasks),
    )


def _imagined(plan: Plan) -> Run:
    return Run(run_id="preview", objective=plan.objective, state=RunState.QUEUED, plan=plan)
