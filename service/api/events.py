"""What happened in a run: as a stream while it happens, or a page at a time."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from contracts.errors import InvalidInput
from service.api.answers import JsonAnswer, refusals
from service.api.common import DeskOf
from service.api.objectives import RunId
from service.api.streams import EventStream
from service.events import line_json

router = APIRouter(prefix="/objectives", tags=["objectives"])

MOST: Final = 1000
_DIGITS: Final = 15

AfterEvent = Annotated[int | None, Query(ge=0, lt=10**_DIGITS, description="The last event you have.")]
EventLimit = Annotated[int, Query(ge=1, le=MOST, description="How many, at most; of a page.")]
LastId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)]
Accept = Annotated[str, Header(max_length=400)]


class EventAnswer(BaseModel):
    """Something that happened; the `data` of a stream's event."""

    event_id: int
    """Counts from 1 in its run, without gaps."""
    kind: str
    at_ms: int
    body: dict[str, JsonValue]


class EventLines(BaseModel):
    """A page of a run's events, oldest first."""

    events: list[EventAnswer]
    next: int | None
    """Give it as `after` for the page behind this one."""


@router.get(
    "/{run_id}/events",
    response_model=EventLines,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        204: {"description": "The run has ended, and you have its last event."},
        **refusals(404, 422, 503),
    },
    summary="Watch an objective",
)
async def watch(
    desk: DeskOf,
    run_id: RunId,
    *,
    after: AfterEvent = None,
    limit: EventLimit = 200,
    last_event_id: LastId = None,
    accept: Accept = "",
) -> Response:
    """Stream a run's events until its last; `Accept: application/json` asks for a page of them."""
    begin = _last(last_event_id) if last_event_id else after or 0
    is_over = await run_in_threadpool(desk.is_over, run_id)
    if "application/json" in accept and "text/event-stream" not in accept:
        lines = await run_in_threadpool(desk.events.of_run, run_id, after=begin, limit=limit)
        more = lines[-1].event_id if len(lines) == limit else None
        return JsonAnswer({"events": [line_json(line) for line in lines], "next": more})
    return EventStream(desk.hub, run_id, after=begin, is_over=is_over)


def _last(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InvalidInput(
            "request.last_event_id",
            f"Last-Event-ID is the number of an event, not {text!r}",
            where="Last-Event-ID",
            hint="Send the id of the last event you have, or leave it out.",
        )
    return int(text)
