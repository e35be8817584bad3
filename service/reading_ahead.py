"""What planning prompts begin with, read by an embedded model when a service starts, before anybody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol

import structlog

from contracts.agent import Registry
from contracts.card import AgentCard
from contracts.errors import CallsheetError
from providers.chat import Message
from service.models import Models
from service.settings import Settings

_LOG: Final = structlog.get_logger("callsheet.embedded")


class Asked(Protocol):
    """What is looked at of a desk."""

    @property
    def settings(self) -> Settings:
        """What the operator decided."""
        ...

    @property
    def registry(self) -> Registry:
        """The agents at hand."""
        ...

    @property
    def models(self) -> object:
        """The language models at hand."""
        ...


async def read_ahead(desk: Asked) -> None:
    """Have the embedded model hold what its planning prompts will begin with; without one, do nothing.

    It only saves time, so what goes wrong is logged: whoever asks the model is told.
    """
    model, models = desk.settings.model, desk.models
    if model.kind != "embedded" or model.planning == "rules" or not isinstance(models, Models):
        return
    prefix = await asyncio.to_thread(_prefix, desk.registry.cards())
    if not prefix:
        return
    try:
        await models.warm(prefix)
    except CallsheetError as exc:
        _LOG.warning("model_not_read_ahead", code=exc.code)


def _prefix(cards: Sequence[AgentCard]) -> tuple[Message, ...]:
    # the planner comes with it, which a service without a model imports for its first objective
    found: tuple[Message, ...] = import_module("planner.sketch.compiled").prefix_of(cards)
    return found
