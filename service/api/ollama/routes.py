"""`/api/chat`, `/api/tags`, `/api/version`: what Ollama's clients chat by."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import CallsheetError
from service.api.answers import JsonAnswer
from service.api.bodies import body_schema
from service.api.common import DeskOf
from service.api.ollama.answering import Answering, error_body
from service.api.ollama.fields import ChatRequest
from service.api.ollama.request import read_wanted
from service.api.openai.problems import openai_problem
from service.api.openai.refusals import refusals_as
from service.api.speaking import speaking
from service.chat.offered import offered, ready

PREFIX: Final = "/api/"

router = APIRouter(prefix="/api", tags=["ollama"])


class Tag(BaseModel):
    """One who may be talked to; of files there is nothing to tell."""

    name: str
    model: str
    modified_at: str = datetime.fromtimestamp(0, UTC).isoformat()
    size: int = 0
    digest: str = ""
    details: dict[str, str] = {
        "format": "",
        "family": "callsheet",
        "parameter_size": "",
        "quantization_level": "",
    }


class Tags(BaseModel):
    """Everyone who may be talked to."""

    models: list[Tag]


class Version(BaseModel):
    """Whose version it is, and which."""

    version: str
    """This service's: it is not Ollama."""


class OllamaError(BaseModel):
    """An error as Ollama's clients read it."""

    error: str
    code: str
    """Stable, `room.what`."""


def ollama_problem(error: CallsheetError) -> JsonAnswer:
    """Return the answer that tells a client of Ollama's what went wrong."""
    told = openai_problem(error)
    headers = {name: value for name, value in told.headers.items() if not name.startswith("content-")}
    return JsonAnswer(error_body(error), status_code=told.status_code, headers=headers)


@router.get("/version", responses=refusals_as(OllamaError), summary="Say the version")
async def version(request: Request) -> Version:
    """Return this service's version."""
    return Version(version=request.app.version)


@router.get(
    "/tags",
    response_model=Tags,
    responses=refusals_as(OllamaError),
    summary="List the models, as Ollama does",
)
def list_tags(desk: DeskOf) -> JsonAnswer:
    """Return `callsheet`, each configured model, and each with the agents."""
    return JsonAnswer(Tags(models=[Tag(name=name, model=name) for name in offered(desk)]).model_dump())


@router.post(
    "/chat",
    response_model=dict[str, Any],
    responses={
        200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        **refusals_as(OllamaError, 404, 502, 503, 504, body=True),
    },
    openapi_extra=body_schema(ChatRequest),
    summary="Answer a chat, as Ollama does",
)
async def chat(request: Request, desk: DeskOf) -> Response:
    """Answer a conversation; as a stream unless `stream` is false."""
    wanted = await read_wanted(request, settings=desk.settings.chat)
    state = request.app.state
    answering = ready(desk, wanted.asked, state.forcing)
    created_at = desk.clock.now().isoformat()
    return speaking(request, desk, Answering(wanted, answering, created_at, hiding=state.hiding))
