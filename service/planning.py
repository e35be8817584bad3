"""The planner that settings ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.plan import Plan
from contracts.planning_call import OnPlanningCall, tell
from contracts.replanning import Failed
from planner.planner import ObjectivePlanner
from service.granted import granted_capabilities
from service.models import Models
from service.settings import Settings
from service.settings_models import DEFAULT, ModelSettings

SMALL: Final = frozenset({"embedded"})
"""Kinds of models that write sketches unless told otherwise."""


class PlannerInForce:
    """The planner for the default model as it is set now: when another answers to its name, it is asked its own way.

    Args:
        settings: Of the process.
        models: Those it has.
        on_call: Told of every question to the model.
    """

    def __init__(self, settings: Settings, models: Models, on_call: OnPlanningCall | None) -> None:
        self._models = models
        self._without = settings.model
        self._capabilities = granted_capabilities(settings.guests, os.environ)
        self._on_call = on_call
        self._seen, self._planner = self._set(), self._made()

    async def plan(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> Plan:
        """Return a plan that passed every check; see `contracts.engine.Planner`."""
        return await self._now().plan(objective, inputs=inputs, cards=cards)

    async def document(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        """Return the same as `plan`, as JSON."""
        return await self._now().document(objective, inputs=inputs, cards=cards)

    async def replan(self, failed: Failed) -> Plan:
        """Return a plan that goes on after a failed step; see `contracts.engine.Planner`."""
        return await self._now().replan(failed)

    def _now(self) -> ObjectivePlanner:
        found = self._set()
        if found is not self._seen:
            self._seen, self._planner = found, self._made()
        return self._planner

    def _set(self) -> ModelSettings:
        return self._models.settings() if DEFAULT in self._models.names() else self._without

    def _made(self) -> ObjectivePlanner:
        model, source = self._set(), self._models.replies()
        return ObjectivePlanner(
            self._models.get() if source is None else None,
            source=source,
            style=style_of(model),
            planning=model.planning,
            fallback=model.fallback,
            capabilities=self._capabilities,
            on_call=self._on_call,
            timeout_s=model.timeout_s,
        )


def planner_of(
    settings: Settings, models: Models, *, on_call: OnPlanningCall | None = tell
) -> PlannerInForce:
    """Return a planner that asks the configured model, where there is one, and tells of it to whose run it is."""
    return PlannerInForce(settings, models, on_call)


def style_of(model: ModelSettings) -> Literal["full", "sketch"]:
    """Return whether a model writes whole plans, or sketches that are filled in here."""
    if model.plans != "auto":
        return model.plans
    return "sketch" if model.kind in SMALL else "full"
