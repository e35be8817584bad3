"""`/metrics`: what this process has done, for a monitor; behind the API key like the rest."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from service.api.answers import refusals
from service.api.common import DeskOf
from service.metrics import TYPE

router = APIRouter(tags=["health"])

_EXAMPLE: Final = {"text/plain": {"schema": {"type": "string"}}}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": _EXAMPLE, "description": "Prometheus's text format."}, **refusals()},
    summary="Tell a monitor what was done",
)
async def metrics(desk: DeskOf) -> PlainTextResponse:
    """Answer from memory alone."""
    return PlainTextResponse(desk.metrics.text(desk.figures()), media_type=TYPE)
