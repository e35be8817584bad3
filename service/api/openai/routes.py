"""`/v1`: what an unmodified OpenAI client asks of a model, asked of this service."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from contracts.clock import unix_ms
from service.api.answers import JsonAnswer
from service.api.bodies import body_schema, read_body
from service.api.common import DeskOf
from service.api.openai.answer import Spelling
from service.api.openai.completing import Completing
from service.api.openai.fields import ChatRequest, ToolRequest
from service.api.openai.refusals import openai_refusals
from service.api.openai.request import read_wanted
from service.api.speaking import speaking, unless_closing
from service.chat.ending import Begun
from service.chat.objective_talk import fenced
from service.chat.offered import found_model, offered, ready, tools_of
from service.chat.one_step import Caller, arguments_of, as_answer, call_agent, is_done

router = APIRouter(prefix="/v1", tags=["openai"])


class ModelAnswer(BaseModel):
    """One who may be talked to."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = "callsheet"


class ModelsAnswer(BaseModel):
    """Everyone who may be talked to."""

    object: str = "list"
    data: list[ModelAnswer]


class ToolsAnswer(BaseModel):
    """The agents as tools."""

    object: str = "list"
    data: list[dict[str, JsonValue]]
    """Each as it goes into the `tools` of a chat completion."""
    agents: dict[str, str]
    """Tool -> the agent behind it."""


class CalledAnswer(BaseModel):
    """What became of a tool call."""

    run_id: str
    state: str
    output: JsonValue = None
    error: dict[str, JsonValue] | None = None
    content: str
    """The same as text, for the message that answers the call."""


@router.get("/models", response_model=ModelsAnswer, responses=openai_refusals(), summary="List the models")
def list_models(desk: DeskOf) -> JsonAnswer:
    """Return `callsheet`, each configured model, and each with the agents."""
    return JsonAnswer(ModelsAnswer(data=[ModelAnswer(id=name) for name in offered(desk)]).model_dump())


@router.get(
    "/models/{model}", response_model=ModelAnswer, responses=openai_refusals(404), summary="Show one model"
)
def show_model(desk: DeskOf, model: Annotated[str, Path(max_length=200)]) -> JsonAnswer:
    """Return one that may be talked to."""
    return JsonAnswer(ModelAnswer(id=found_model(desk, model)).model_dump())


@router.post(
    "/chat/completions",
    response_model=dict[str, Any],
    responses={
        200: {
            "description": "OpenAI's chat completion, with `callsheet.runs` where runs were made.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **openai_refusals(404, 502, 503, 504, body=True),
    },
    openapi_extra=body_schema(ChatRequest),
    summary="Complete a chat",
)
async def complete_chat(request: Request, desk: DeskOf) -> Response:
    """Answer a conversation: by running its last message as an objective, or by a configured model."""
    wanted = await read_wanted(request, settings=desk.settings.chat)
    spelling = Spelling(
        id=f"chatcmpl-{desk.ids.new()}",
        created=unix_ms(desk.clock.now()) // 1000,
        model=wanted.asked.model,
        tells_usage=wanted.tells_usage,
    )
    state = request.app.state
    answering = ready(desk, wanted.asked, state.forcing)
    return speaking(request, desk, Completing(wanted, answering, spelling, hiding=state.hiding))


@router.get("/tools", response_model=ToolsAnswer, responses=openai_refusals(), summary="List the tools")
def list_tools(desk: DeskOf) -> JsonAnswer:
    """Return the agents that a model may call, as tools."""
    tools = tools_of(desk)
    data: list[dict[str, JsonValue]] = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            },
        }
        for tool in tools.all()
    ]
    return JsonAnswer(ToolsAnswer(data=data, agents=tools.names()).model_dump())


@router.post(
    "/tools/{name}",
    response_model=CalledAnswer,
    responses={
        202: {"model": CalledAnswer, "description": "It goes on, or waits for a person."},
        **openai_refusals(404, 503, body=True),
    },
    openapi_extra=body_schema(ToolRequest),
    summary="Run a tool call",
)
async def call_tool(request: Request, desk: DeskOf, name: Annotated[str, Path(max_length=80)]) -> JsonAnswer:
    """Run an agent as a plan of one step and answer what it gave."""
    asked = await read_body(request, ToolRequest)
    card = tools_of(desk).card(name)
    caller = Caller("", (asked.objective,), wait_s=desk.settings.server.wait_s_max)
    arguments = arguments_of(asked.arguments)
    calling = call_agent(Begun(desk), card, arguments=arguments, caller=caller)
    called = await unless_closing(calling, request.app.state.closing)
    answer = as_answer(called)
    content = fenced(called.output) if is_done(called) else fenced(answer)
    status = 200 if called.is_final else 202
    return JsonAnswer(answer | {"content": content}, status_code=status)
