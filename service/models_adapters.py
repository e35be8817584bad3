"""Our side of an endpoint by its kind; what a kind needs is imported when a model of it is set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Final, Literal

from contracts.clock import Clock
from egress.fetch_door import OpenEgress
from providers.chat import Message, StreamingProvider
from providers.forms import Offers, Order
from providers.sdk import Sdk, load
from service.models_replies import PlannerTurns
from service.models_slot import Close
from service.settings_embedded import EmbeddedSettings
from service.settings_models import DEFAULT, Kind, ModelSettings

URLS: Final[dict[Kind, str]] = {
    "ollama": "http://127.0.0.1:11434",
    "anthropic": "https://api.anthropic.com",
}
"""Where an endpoint is that has one well-known place."""
OLLAMA_CTX: Final = 16_384
"""Ollama's own, 4,096, cuts the question for a plan off without a word."""
Where = Literal["apart", "here"]


@dataclass(frozen=True, slots=True)
class Around:
    """What adapters are given."""

    door: OpenEgress
    clock: Clock
    embedded: EmbeddedSettings
    where: Where = "apart"
    """Where an embedded model runs: in a process of its own, or in this one."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """Our side of an endpoint."""

    provider: StreamingProvider
    endpoint: str
    """What it shares with other models of the same place; holds no secret."""
    model: str
    """Its name there."""
    close: Close | None = None
    offers: Offers | None = None
    """Asks what the endpoint has."""
    order: Order | None = None
    """In which its forms are tried; None: it takes no shapes."""
    ready: Callable[[], Awaitable[object]] | None = None
    """Imports what asking needs; takes no time where that is done."""
    warm: Callable[[Sequence[Message]], Awaitable[object]] | None = None
    """Has it read ahead what calls begin with; None: nothing is kept of what it reads."""


Opened = Callable[[ModelSettings, Around], Adapter]
"""Gives the adapter of a model; nothing is asked or started yet."""


def open_adapter(settings: ModelSettings, around: Around) -> Adapter:
    """Return the adapter of a model; nothing is asked or started yet.

    Raises:
        InvalidInput: `provider.bad_url`.
        CallsheetError: What is set cannot be had here.
    """
    return _OPENERS[settings.kind](settings, around)


def url_of(settings: ModelSettings) -> str | None:
    """Return where a model's endpoint is; None for one that runs here."""
    return settings.url or URLS.get(settings.kind)


def context_of(settings: ModelSettings) -> int | None:
    """Return how many tokens of context are asked for; None: the endpoint decides."""
    return settings.num_ctx or (OLLAMA_CTX if settings.kind == "ollama" else None)


def _by_url(sdk: Sdk, module: str, name: str, *, order: Order) -> Opened:
    def opened(settings: ModelSettings, around: Around) -> Adapter:
        url, model = url_of(settings) or "", settings.name or DEFAULT
        made: Any = getattr(import_module(f"providers.{module}"), name)
        provider: Any = made(
            around.door,
            url=url,
            model=model,
            api_key=settings.api_key,
            timeout_s=settings.timeout_s,
            clock=around.clock,
        )
        return Adapter(
            provider,
            _endpoint(settings.kind, url),
            model,
            offers=provider.models,
            order=order,
            ready=partial(load, sdk),
        )

    return opened


def _planner(settings: ModelSettings, around: Around) -> Adapter:
    service = import_module("providers.planner_service").PlannerService(
        around.door,
        url=settings.url or "",
        api_key=settings.api_key,
        timeout_s=settings.timeout_s,
        clock=around.clock,
    )
    return Adapter(
        PlannerTurns(service), _endpoint(settings.kind, settings.url or ""), settings.name or settings.kind
    )


def _endpoint(kind: Kind, url: str) -> str:
    return f"{kind} {url.rstrip('/')}"


def _embedded(settings: ModelSettings, around: Around) -> Adapter:
    provider: Any = import_module("service.embedded").embedded_model(
        settings, around.embedded, door=around.door, clock=around.clock, where=around.where
    )
    model = str(provider.model)
    return Adapter(
        provider, f"embedded {model}", model, provider.aclose, order="grammar_first", warm=provider.warm
    )


_OPENERS: Final[dict[Kind, Opened]] = {
    "openai": _by_url("openai", "openai_compatible", "OpenAICompatible", order="ask"),
    "ollama": _by_url("ollama", "ollama", "Ollama", order="schema_first"),
    "anthropic": _by_url("anthropic", "anthropic_messages", "AnthropicMessages", order="schema_first"),
    "planner": _planner,
    "embedded": _embedded,
}
