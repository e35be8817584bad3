"""Taking objectives in: the one route that many may call at once, so it does no more than it must."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Header
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json
from contracts.run import Run
from planner.objective import check_inputs
from service.api.answers import JsonAnswer, RawJson, refusals
from service.api.bodies import ObjectiveRequest, as_model, body_schema, read_json
from service.api.common import desk_of
from service.api.waiting import preferred_wait, wait_for_end
from service.desk_protocol import Desk
from service.idempotency import HEADER, MAX_CHARS, Taken, check_name
from service.orders import Order, Terms
from service.run_json import run_json

KEY_WORDS: Final = "The same request sent again with the same key makes no second run."
_HEADERS: Final = (
    (HEADER, {"type": "string", "minLength": 1, "maxLength": MAX_CHARS}, KEY_WORDS),
    ("Prefer", {"type": "string"}, "`wait=N`: answer at the end, or after N seconds."),
)

Key = Annotated[str | None, Header(alias=HEADER, max_length=MAX_CHARS, description=KEY_WORDS)]


router = APIRouter(prefix="/objectives", tags=["objectives"])


@router.post(
    "",
    status_code=202,
    response_model=Run,
    responses={
        200: {"model": Run, "description": "The run has ended; with `Prefer: wait=N`, or when sent again."},
        202: {"model": Run, "description": "Taken in; `Location` is where to look."},
        **refusals(409, 503, 507, body=True),
    },
    openapi_extra=body_schema(ObjectiveRequest)
    | {
        "parameters": [
            {"name": name, "in": "header", "required": False, "schema": schema, "description": words}
            for name, schema, words in _HEADERS
        ]
    },
    summary="Run an objective",
)
async def start_objective(request: Request) -> Response:
    """Take an objective in; it is durable when this answers, and planned and run afterwards."""
    desk = desk_of(request)
    name = check_name(request.headers.get(HEADER))
    document = await read_json(request)
    asked = as_model(document, ObjectiveRequest)
    plan_text = canonical_json(asked.plan) if asked.plan is not None else ""
    order = await _order(desk, asked, plan_text)
    run = desk.run_of(order)
    taken = await desk.take(run, name=name, fingerprint=_fingerprint(document, plan_text) if name else "")
    wait_s = preferred_wait(request.headers.get("prefer"), most=desk.settings.server.wait_s_max)
    if wait_s is None and not taken.is_replay:
        return RawJson(order.text_of(run), status_code=202, headers=_headers(taken, is_final=False))
    return await answer_taken(request, taken, wait_s=wait_s)


async def answer_taken(request: Request, taken: Taken, *, wait_s: float | None = None) -> Response:
    """Return the answer that tells of a run as it stands, after a wait for its end where one was asked for."""
    desk = desk_of(request)
    applied = {}
    if wait_s is not None:
        applied["Preference-Applied"] = f"wait={wait_s:g}"
        await wait_for_end(desk.engine, taken.run_id, seconds=wait_s, closing=request.app.state.closing)
    run = desk.runs.get(taken.run_id)  # as it is kept: without the secrets its sender gave
    status = 200 if run.state.is_final else 202
    headers = _headers(taken, is_final=run.state.is_final) | applied
    return JsonAnswer(run_json(run), status_code=status, headers=headers)


def _fingerprint(document: JsonValue, plan_text: str) -> str:
    """Return what two spellings of one request share; the plan, by far the most of it, is written out once."""
    rest = {k: v for k, v in document.items() if k != "plan"} if isinstance(document, dict) else document
    return sha256(f"{canonical_json(rest)}\n{plan_text}".encode()).hexdigest()


async def _order(desk: Desk, asked: ObjectiveRequest, plan_text: str) -> Order:
    plan = await desk.known.read(asked.plan, canonical=plan_text) if asked.plan is not None else None
    objective = asked.objective if asked.objective is not None else plan.plan.objective if plan else None
    if objective is None:
        raise InvalidInput(
            "request.invalid",
            "objective or plan must be given",
            where="/objective",
            hint="Say what is wanted.",
        )
    check_inputs(asked.inputs)
    terms = Terms(asked.priority, asked.approval, asked.deadline_s)
    return desk.order(objective, inputs=asked.inputs, plan=plan, terms=terms)


def _headers(taken: Taken, *, is_final: bool) -> dict[str, str]:
    found = {"Location": f"/objectives/{taken.run_id}"}
    if not is_final:
        found["Retry-After"] = "1"
    if taken.is_replay:
        found["Idempotency-Replayed"] = "true"
    return found
