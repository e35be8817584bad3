"""What is done to a run that is there: stop it, decide on it, tell it something, try it again."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import InvalidInput
from contracts.run import Run
from service import actions
from service.api.answers import JsonAnswer, refusals
from service.api.bodies import (
    DecisionRequest,
    RetryRequest,
    SignalRequest,
    body_schema,
    read_body,
    read_optional_body,
)
from service.api.common import DeskOf
from service.api.objectives import RunId
from service.api.starting import Key, answer_taken
from service.desk_protocol import Desk
from service.idempotency import check_name
from service.refusals import PlanChanged, PreconditionFailed, PreconditionMissing
from service.run_json import run_json

router = APIRouter(prefix="/objectives", tags=["objectives"])

_TAG: Final = re.compile(r'(?:W/)?"?([0-9a-f]{1,200})"?')

IfMatch = Annotated[
    str | None, Header(max_length=300, description='The plan that was looked at: `"PLAN_ID"`.')
]


class SignalAnswer(BaseModel):
    """A signal that is kept."""

    run_id: str
    signal_id: str
    name: str


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    response_model=Run,
    responses=refusals(404, 409, 422, 503, 507),
    summary="Stop an objective",
)
async def cancel_objective(desk: DeskOf, run_id: RunId) -> JsonAnswer:
    """Ask a run to stop; durable when this answers."""
    return JsonAnswer(run_json(await actions.cancel(desk, run_id)), status_code=202)


@router.post(
    "/{run_id}/retry",
    status_code=202,
    response_model=Run,
    responses={
        202: {"model": Run, "description": "The new run; `Location` is where to look."},
        **refusals(404, 409, 503, 507, body=True),
    },
    openapi_extra=body_schema(RetryRequest, required=False),
    summary="Try an objective again",
)
async def retry_objective(
    request: Request, desk: DeskOf, run_id: RunId, idempotency_key: Key = None
) -> Response:
    """Make a new run of one that has ended; it keeps what was finished, and does the rest."""
    asked = await read_optional_body(request, RetryRequest)
    settled = {
        subtask: actions.Settled(found.outcome == "done", found.output)
        for subtask, found in asked.settled.items()
    }
    taken = await actions.retry(desk, run_id, settled=settled, name=check_name(idempotency_key))
    return await answer_taken(request, taken)


_DECIDED: Final = refusals(404, 409, 412, 428, 503, 507, body=True)


@router.post(
    "/{run_id}/approve",
    status_code=202,
    response_model=Run,
    responses=_DECIDED,
    openapi_extra=body_schema(DecisionRequest, required=False),
    summary="Let go on what waits for approval",
)
async def approve(request: Request, desk: DeskOf, run_id: RunId, if_match: IfMatch = None) -> JsonAnswer:
    """Approve the plan that was looked at, or one of its subtasks; durable when this answers."""
    return await _decided(request, desk, run_id, verdict="approve", if_match=if_match)


@router.post(
    "/{run_id}/reject",
    status_code=202,
    response_model=Run,
    responses=_DECIDED,
    openapi_extra=body_schema(DecisionRequest, required=False),
    summary="Refuse what waits for approval",
)
async def reject(request: Request, desk: DeskOf, run_id: RunId, if_match: IfMatch = None) -> JsonAnswer:
    """Refuse the plan that was looked at, or one of its subtasks; durable when this answers."""
    return await _decided(request, desk, run_id, verdict="reject", if_match=if_match)


@router.post(
    "/{run_id}/signals",
    status_code=202,
    response_model=SignalAnswer,
    responses=refusals(404, 409, 503, 507, body=True),
    openapi_extra=body_schema(SignalRequest),
    summary="Tell an objective something",
)
async def send_signal(
    request: Request, desk: DeskOf, run_id: RunId, idempotency_key: Key = None
) -> JsonAnswer:
    """Give a run a signal, once for each id; durable when this answers."""
    asked = await read_body(request, SignalRequest)
    signal_id = asked.signal_id or check_name(idempotency_key)
    signal = await actions.tell(desk, run_id, asked.name, payload=asked.payload, signal_id=signal_id)
    body = SignalAnswer(run_id=run_id, signal_id=signal.signal_id, name=signal.name)
    return JsonAnswer(body.model_dump(), status_code=202)


async def _decided(
    request: Request, desk: Desk, run_id: str, *, verdict: actions.Verdict, if_match: str | None
) -> JsonAnswer:
    asked = await read_optional_body(request, DecisionRequest)
    tag = _tag(if_match, run_id) if if_match or asked.plan_id is None else None
    plan_id = tag or asked.plan_id or ""
    if asked.plan_id not in (None, plan_id):
        raise InvalidInput("request.invalid", "plan_id and If-Match name two plans", where="/plan_id")
    try:
        run = await actions.decide(desk, run_id, verdict, plan_id=plan_id, subtask=asked.subtask)
    except PlanChanged as exc:
        if tag is None:
            raise
        raise PreconditionFailed(
            exc.code, exc.message, where=exc.where, hint=exc.hint, data=exc.data
        ) from exc
    return JsonAnswer(run_json(run), status_code=202)


def _tag(if_match: str | None, run_id: str) -> str:
    found = _TAG.fullmatch((if_match or "").strip())
    if found is None:
        raise PreconditionMissing(
            "request.if_match",
            "the plan that was looked at must be named"
            + (f", If-Match has {if_match!r}" if if_match else ""),
            where="If-Match",
            hint=f"Send its plan_id in the body, or the ETag of GET /objectives/{run_id}/plan as If-Match.",
        )
    return found[1]
