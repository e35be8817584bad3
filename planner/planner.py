"""The planner the rest of the house knows: the model where one is set, else the rules; both checked alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import CallsheetError, InvalidPlan, Unavailable
from contracts.plan import Plan, load_plan
from planner.llm import plan_by_model
from planner.objective import check_objective
from planner.rules.plan import plan_by_rules
from providers.chat import ChatProvider

Fallback = Literal["rules", "fail"]


class ObjectivePlanner:
    """Plans by the model, when there is one, or by rules.

    Args:
        provider: The model; None plans by rules alone.
        fallback: When the model's replies cannot be used or it does not answer: the rules' plan,
            which says so in `origin.warnings`, or the failure.
    """

    def __init__(self, provider: ChatProvider | None = None, *, fallback: Fallback = "rules") -> None:
        self._provider = provider
        self._fallback = fallback

    async def plan(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> Plan:
        """Return a plan that passed every check; see `contracts.engine.Planner`."""
        return load_plan(await self.document(objective, inputs=inputs, cards=cards))

    async def document(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        """Return the same as `plan`, as JSON."""
        asked = check_objective(objective)
        if self._provider is None:
            return plan_by_rules(asked, inputs=inputs, cards=cards)
        try:
            return await plan_by_model(self._provider, asked, inputs=inputs, cards=cards)
        except (InvalidPlan, Unavailable) as exc:
            if self._fallback == "fail":
                raise
            return _labelled(exc, plan_by_rules(asked, inputs=inputs, cards=cards))


def _labelled(why: CallsheetError, document: dict[str, Any]) -> dict[str, JsonValue]:
    """Return the rules' plan with a note of why it is not the model's; its name stays, origin is not hashed."""
    note = f"the model's plan was not used ({why.code}: {why.message[:300]}); the rules planned instead"
    origin = dict(document["origin"])
    return document | {"origin": origin | {"warnings": [note, *origin.get("warnings", [])]}}
