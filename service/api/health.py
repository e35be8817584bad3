"""Whether the process lives (no I/O), and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from service.api.answers import JsonAnswer, refusals
from service.api.common import DeskOf

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether objectives can be taken in, part by part."""

    status: str
    parts: dict[str, str]
    """`ok`, or what is wrong."""


@router.get("/healthz", responses=refusals(), summary="Say that the process lives")
async def healthz() -> Health:
    """Answer without touching anything."""
    return Health()


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready; `parts` says why."}, **refusals()},
    summary="Say whether objectives can be taken in",
)
def readyz(desk: DeskOf) -> JsonAnswer:
    """Look at every part."""
    parts = desk.readiness()
    is_ready = all(word == "ok" for word in parts.values())
    body = Readiness(status="ok" if is_ready else "unavailable", parts=parts)
    headers = {} if is_ready else {"Retry-After": "5"}
    return JsonAnswer(body.model_dump(), status_code=200 if is_ready else 503, headers=headers)
