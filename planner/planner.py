"""The planner the rest of the house knows: the model where one is set, else the rules; both checked alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import CallsheetError, InvalidPlan, Unavailable
from contracts.plan import Plan, load_plan
from contracts.replanning import Failed
from planner.checks.asked import Asked
from planner.llm import plan_by_model
from planner.objective import check_inputs, check_objective
from planner.plan_cache import PlanCache
from planner.replanning import replan
from planner.rules.plan import plan_by_rules
from planner.validation import check
from providers.chat import ChatProvider

Fallback = Literal["rules", "fail"]


class ObjectivePlanner:
    """Plans by the model, when there is one, or by rules.

    Args:
        provider: The model; None plans by rules alone.
        cache: Plans made before; a cache of its own when absent.
        fallback: When the model's replies cannot be used or it does not answer: the rules' plan,
            which says so in `origin.warnings`, or the failure.
        capabilities: What the operator grants guests, as in `Asked`; every plan is held to it. None: unknown.
    """

    def __init__(
        self,
        provider: ChatProvider | None = None,
        *,
        fallback: Fallback = "rules",
        cache: PlanCache | None = None,
        capabilities: frozenset[str] | None = None,
    ) -> None:
        self._provider = provider
        self._capabilities = capabilities
        self._cache = PlanCache() if cache is None else cache
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
        check_inputs(inputs)
        by = "rules" if self._provider is None else "model"
        found = self._cache.find(asked, inputs=inputs, cards=cards, by=by)
        if found is not None:
            return self._granted(found, cards)
        try:
            document = (
                self._by_rules(asked, inputs, cards)
                if self._provider is None
                else await plan_by_model(
                    self._provider, asked, inputs=inputs, cards=cards, capabilities=self._capabilities
                )
            )
        except (InvalidPlan, Unavailable) as exc:
            if self._provider is None or self._fallback == "fail":
                raise
            # not kept: asked again, the model may do better
            return _labelled(exc, self._by_rules(asked, inputs, cards))
        self._cache.keep(document, inputs=inputs, cards=cards, by=by)
        return document

    def _by_rules(
        self, objective: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        return self._granted(plan_by_rules(objective, inputs=inputs, cards=cards), cards)

    def _granted(self, document: dict[str, JsonValue], cards: Sequence[AgentCard]) -> dict[str, JsonValue]:
        """Return a plan whose guests are granted what they cannot do without.

        Raises:
            InvalidPlan: `plan.capability_not_granted`.
        """
        asked = Asked(capabilities=self._capabilities)
        if self._capabilities is not None and (found := check(document, cards, is_ours=True, asked=asked)):
            raise InvalidPlan(found)
        return document

    async def replan(self, failed: Failed) -> Plan:
        """Return a plan that goes on after a failed step; see `contracts.engine.Planner`."""
        return await replan(failed, self._provider, falls_back=self._fallback == "rules")


def _labelled(why: CallsheetError, document: dict[str, Any]) -> dict[str, JsonValue]:
    """Return the rules' plan with a note of why it is not the model's; its name stays, origin is not hashed."""
    note = f"the model's plan was not used ({why.code}: {why.message[:300]}); the rules planned instead"
    origin = dict(document["origin"])
    return document | {"origin": origin | {"warnings": [note, *origin.get("warnings", [])]}}
