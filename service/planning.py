"""The planner that settings ask for."""

from __future__ import annotations

import os

from egress.fetch_door import Fetcher
from planner.planner import ObjectivePlanner
from providers.openai_compatible import OpenAICompatible
from service.granted import granted_capabilities
from service.settings import Settings


def planner_of(settings: Settings, egress: Fetcher) -> ObjectivePlanner:
    """Return a planner that asks the configured model, where there is one."""
    model = settings.model
    provider = None
    if model.url is not None:
        provider = OpenAICompatible(
            egress, url=model.url, model=model.name or "default", api_key=model.api_key
        )
    granted = granted_capabilities(settings.guests, os.environ)
    return ObjectivePlanner(provider, fallback=model.fallback, capabilities=granted)
