"""The buttons of a run's page: stop it, decide on what waits, try it again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service import actions
from service.api.common import DeskOf
from service.dashboard.forms import read_form

router = APIRouter(prefix="/ui/runs/{run_id}", include_in_schema=False)

RunId = Annotated[str, Path(max_length=128)]


@router.post("/cancel")
async def stop(desk: DeskOf, run_id: RunId) -> Response:
    """Ask a run to stop, and go back to it."""
    await actions.cancel(desk, run_id, reason="asked for on the dashboard")
    return _page_of(run_id)


@router.post("/retry")
async def retry(desk: DeskOf, run_id: RunId) -> Response:
    """Try a run again, and go to the new one."""
    taken = await actions.retry(desk, run_id)
    return _page_of(taken.run_id)


@router.post("/{verdict}")
async def decide(
    request: Request, desk: DeskOf, run_id: RunId, verdict: Literal["approve", "reject"]
) -> Response:
    """Decide on what waits, as its page showed it, and go back to it."""
    fields = await read_form(request)
    await actions.decide(
        desk, run_id, verdict, plan_id=fields.get("plan_id", ""), subtask=fields.get("subtask")
    )
    return _page_of(run_id)


def _page_of(run_id: str) -> Response:
    return RedirectResponse(f"/ui/runs/{run_id}", status_code=303)
