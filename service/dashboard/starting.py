"""The form that starts an objective."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.errors import CallsheetError, InvalidInput
from planner.objective import MAX_OBJECTIVE
from service.api.common import DeskOf
from service.dashboard.forms import ObjectiveForm, objective_form, read_form
from service.dashboard.render import Page, page
from service.desk_protocol import Desk
from service.orders import Terms

router = APIRouter(prefix="/ui", include_in_schema=False)


@router.get("/new")
def new(desk: DeskOf) -> Page:
    """Show the empty form."""
    return form_page(desk, ObjectiveForm())


@router.post("/objectives")
async def start(request: Request, desk: DeskOf) -> Response:
    """Start what the form asks for, or show what is wrong with it."""
    fields = await read_form(request)
    if fields.get("action", "run") != "run":
        raise InvalidInput("request.invalid", "this address runs an objective", hint="Plan it at /ui/plans.")
    form = objective_form(fields)
    if form.errors:
        return form_page(desk, form, status=422)
    try:
        run = await desk.start(form.objective, inputs=form.values(), terms=Terms(approval=form.approval))
    except CallsheetError as exc:
        text = f"{exc.message} {exc.hint}".strip()
        return form_page(desk, replace(form, errors={"form": text}), status=exc.http_status)
    return RedirectResponse(f"/ui/runs/{run.run_id}", status_code=303)


def form_page(desk: Desk, form: ObjectiveForm, *, status: int = 200) -> Page:
    """Return the form's page, with what is wrong with it."""
    return page(
        "new.html",
        status=status,
        here="new",
        form=form,
        grants=desk.grants,
        cards=desk.registry.cards(),
        longest=MAX_OBJECTIVE,
    )
