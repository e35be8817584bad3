"""Who may be talked to, by name: the service itself, each configured model, and each with the agents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from contracts.errors import InvalidInput, NotFound
from providers.chat import ChatProvider, Message, Options, Shape
from service.chat.forced import FREE, Forcing, Named
from service.chat.objective_talk import NAME, ObjectiveTalk
from service.chat.one_step import Caller
from service.chat.plain_talk import PlainTalk
from service.chat.talk import Talk
from service.chat.tool_talk import ToolTalk
from service.chat.tools import Tools
from service.desk_protocol import Desk

WITH_AGENTS: Final = "+agents"
ANY_OBJECT: Final = Shape("object", {"type": "object"})
"""Of an answer that is to be a JSON object, whichever."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation, and what is asked of its answer."""

    model: str
    messages: tuple[Message, ...]
    options: Options
    name: str | None = None
    """The request's `Idempotency-Key`."""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """Who answers a conversation, and with which options."""

    talk: Talk
    options: Options


def offered(desk: Desk) -> list[str]:
    """Return every name that may be talked to."""
    models = (model for model in desk.models.names() if model != NAME)
    return [NAME, *(name for model in models for name in (model, f"{model}{WITH_AGENTS}"))]


def found_model(desk: Desk, name: str) -> str:
    """Return a name that may be talked to.

    Raises:
        NotFound: `model.unknown`.
    """
    if name not in offered(desk):
        raise _unknown(desk, name)
    return name


def tools_of(desk: Desk) -> Tools:
    """Return the agents that a model may call."""
    return Tools(desk.registry.cards(), effectful=desk.settings.chat.effectful)


def ready(desk: Desk, asked: Asked, forcing: Forcing) -> Ready:
    """Return who answers.

    Raises:
        NotFound: `model.unknown`, `model.none`.
        InvalidInput: `talk.unsupported`, `tool.not_ours`.
    """
    settings = desk.settings.chat
    if asked.model == NAME:
        _check_heeded(asked.options)
        # sooner than the answer's own end, so that there is one
        wait_s = settings.wait_s - min(2.0, settings.wait_s / 10)
        talk = ObjectiveTalk(desk, wait_s=wait_s, name=asked.name, fingerprint=asked.fingerprint)
        return Ready(talk, asked.options)
    model = asked.model.removesuffix(WITH_AGENTS)
    provider = provider_of(desk, asked.model, model)
    if model == asked.model:
        _check_choice(asked.options)
        return Ready(PlainTalk(Named(model, provider), forcing), asked.options)
    return _with_agents(desk, provider, asked, model, forcing=forcing)


def provider_of(desk: Desk, asked: str, model: str) -> ChatProvider:
    """Return a configured model.

    Raises:
        NotFound: `model.unknown`, `model.none`.
    """
    known = desk.models.names()
    provider = desk.models.get(model) if model in known else None
    if provider is not None:
        return provider
    if not known and model == "default":
        raise NotFound(
            "model.none", "no model is set up here", hint=f"Set model.url, or ask the model {NAME!r}."
        )
    raise _unknown(desk, asked)


def _unknown(desk: Desk, name: str) -> NotFound:
    names = ", ".join(offered(desk)[:20])
    return NotFound(
        "model.unknown", f"no model is called {name[:80]!r}", where="/model", hint=f"There are {names}."
    )


def _with_agents(desk: Desk, provider: ChatProvider, asked: Asked, model: str, *, forcing: Forcing) -> Ready:
    tools, options, settings = tools_of(desk), asked.options, desk.settings.chat
    forced = "" if options.tool_choice in {"auto", "none", "required"} else options.tool_choice
    if forced:
        tools.card(forced)
    chosen = tools.offered([tool.name for tool in options.tools], forced=forced)
    said = tuple(message.content for message in asked.messages if message.role == "user")
    talk = ToolTalk(
        desk=desk,
        model=Named(model, provider),
        forcing=forcing,
        tools=tools,
        caller=Caller(model, said, wait_s=settings.wait_s),
        rounds=settings.rounds,
    )
    return Ready(talk, replace(options, tools=chosen))


def _check_heeded(options: Options) -> None:
    if options.shape is not None and options.shape != ANY_OBJECT:
        raise InvalidInput(
            "talk.unsupported",
            f"{NAME!r} answers with a run's result: it fits no other schema",
            where="/response_format",
            hint="Ask for a json_object, or talk to one of the models.",
        )
    if options.tools or options.tool_choice not in FREE:
        raise InvalidInput(
            "talk.unsupported",
            f"{NAME!r} takes no tools: it calls the agents itself",
            where="/tools",
            hint="Send tools to one of the models.",
        )


def _check_choice(options: Options) -> None:
    choices = FREE | {tool.name for tool in options.tools} | ({"required"} if options.tools else set())
    if options.tool_choice not in choices:
        raise InvalidInput(
            "request.invalid",
            f"tool_choice is {options.tool_choice[:80]!r}, and no such tool was sent",
            where="/tool_choice",
            hint="Send the tool in tools.",
        )
