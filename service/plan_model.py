"""Planning with the configured model, for the `plan` command; imported only when there is one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from egress.fetch import Egress
from planner.planner import ObjectivePlanner
from providers.openai_compatible import OpenAICompatible
from service.granted import granted_capabilities
from service.settings import ModelSettings, load_settings


def plan_with_model(
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
) -> dict[str, JsonValue]:
    """Return the plan document of the model in force, or the rules' plan as its settings say.

    Args:
        objective: What is asked.
        inputs: The caller's context keys.
        cards: The catalogue.
    """
    settings = load_settings()
    granted = granted_capabilities(settings.guests, os.environ)
    return asyncio.run(_plan(settings.model, objective, inputs, cards, granted))


async def _plan(
    model: ModelSettings,
    objective: str,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    granted: frozenset[str],
) -> dict[str, JsonValue]:
    if model.url is None:
        raise InvalidInput("settings.invalid", "the model has no url", hint="Set CALLSHEET_MODEL__URL.")
    async with Egress() as egress:
        provider = OpenAICompatible(
            egress, url=model.url, model=model.name or "default", api_key=model.api_key
        )
        planner = ObjectivePlanner(provider, fallback=model.fallback, capabilities=granted)
        return await planner.document(objective, inputs=inputs, cards=cards)
