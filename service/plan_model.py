"""Planning with the configured model, for the `plan` command; imported only when there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import click
from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.clock import SystemClock
from contracts.errors import InvalidInput
from egress.fetch import Egress
from providers.chain import PassedOver
from service.console import printable
from service.models_of import models_of
from service.planning import planner_of
from service.settings import Settings, load_settings
from service.slow_model import told_if_slow


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
    return asyncio.run(_plan(load_settings(), objective, inputs, cards))


async def _plan(
    settings: Settings, objective: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
) -> dict[str, JsonValue]:
    if not settings.model.is_set:
        raise InvalidInput(
            "settings.invalid", "no model is set", hint="Set CALLSHEET_MODEL__URL, or plan with --no-model."
        )
    clock = SystemClock()
    async with Egress(clock) as egress:
        models = models_of(settings, egress, clock=clock, where="here", on_passed_over=_told)
        with told_if_slow(settings, _say):
            async with aclosing(models):
                return await planner_of(settings, models).document(objective, inputs=inputs, cards=cards)


def _say(text: str) -> None:
    click.echo(f"{text}: plan --no-model", err=True)


def _told(passed: PassedOver) -> None:
    text = f"model {passed.name!r}: {passed.error.message}; {passed.after!r} is asked instead"
    click.echo(printable(text), err=True)
