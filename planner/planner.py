"""The planner the rest of the house knows: the rules, a model where one is set, or both; every plan checked alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import CallsheetError, InvalidInput, InvalidPlan, Unavailable
from contracts.plan import Plan, load_plan
from contracts.planning_call import OnPlanningCall
from contracts.replanning import Failed
from planner.checks.asked import Asked
from planner.objective import check_inputs, check_objective
from planner.plan_cache import PlanCache
from planner.replanning import replan
from planner.rules.plan import plan_by_rules
from planner.validation import check
from planner.ways import ModelWay, Planning, Style, compared, instead, is_sure, labelled, neither
from providers.chat import ChatProvider, ReplySource

Fallback = Literal["rules", "fail"]


class ObjectivePlanner:
    """Plans by the model, when there is one, by rules, or by whichever of the two is better at it.

    Args:
        provider: The model; with no source either, the rules plan alone.
        source: A planner elsewhere, asked in place of a model.
        style: What the model writes. One that writes sketches is asked where the rules refuse, and never replans.
        planning: Who plans where a model is set.
        cache: Plans made before; a cache of its own when absent.
        fallback: When the model's replies cannot be used or it does not answer: the rules' plan,
            which says so in `origin.warnings`, or the failure.
        capabilities: What the operator grants guests, as in `Asked`; every plan is held to it. None: unknown.
        on_call: Told of every question to the model, when it was answered or not.
        timeout_s: For all that a model is asked for one plan; None: as long as each question may take.
    """

    def __init__(
        self,
        provider: ChatProvider | None = None,
        *,
        source: ReplySource | None = None,
        style: Style = "full",
        planning: Planning = "auto",
        fallback: Fallback = "rules",
        cache: PlanCache | None = None,
        capabilities: frozenset[str] | None = None,
        on_call: OnPlanningCall | None = None,
        timeout_s: float | None = None,
    ) -> None:
        has_model = planning != "rules" and (provider is not None or source is not None)
        way = ModelWay(provider, source, style, capabilities, on_call, timeout_s)
        self._way = way if has_model else None
        self._replans = provider if has_model and style == "full" else None
        self._rules_first = source is None and style == "sketch" and planning != "model"
        self._compares = planning == "both"
        self._on_call = on_call
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
        if self._way is None:
            return self._by_rules(asked, inputs, cards)
        if self._rules_first:
            return await self._rules_then_model(self._way, asked, inputs, cards)
        return await self._model_then_rules(self._way, asked, inputs, cards)

    async def _rules_then_model(
        self, way: ModelWay, asked: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        try:
            document = self._by_rules(asked, inputs, cards)
        except InvalidInput as refusal:
            if is_sure(refusal):
                raise
            try:
                found = await self._by_model(way, asked, inputs, cards)
            except CallsheetError as exc:
                if self._fallback == "fail" and not isinstance(exc, InvalidInput):
                    raise
                raise neither(refusal, exc) from exc
            return labelled(found, "the rules know no plan for this; it is the model's")
        if not self._compares:
            return document
        try:
            return compared(document, await self._by_model(way, asked, inputs, cards), who="the model")
        except CallsheetError as exc:
            return compared(document, exc, who="the model")

    async def _model_then_rules(
        self, way: ModelWay, asked: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        try:
            document = await self._by_model(way, asked, inputs, cards)
        except (InvalidPlan, Unavailable) as exc:
            if self._fallback == "fail":
                raise
            # not kept as the model's: asked again, it may do better
            try:
                document = self._made_by_rules(asked, inputs, cards)
            except InvalidInput as refusal:
                raise neither(refusal, exc) from exc
            return labelled(document, instead(exc))
        if not self._compares:
            return document
        try:
            return compared(document, self._by_rules(asked, inputs, cards), who="the rules")
        except CallsheetError as exc:
            return compared(document, exc, who="the rules")

    def _by_rules(
        self, asked: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        found = self._cache.find(asked, inputs=inputs, cards=cards, by="rules")
        if found is not None:
            return self._granted(found, cards)
        document = self._made_by_rules(asked, inputs, cards)
        self._cache.keep(document, inputs=inputs, cards=cards, by="rules")
        return document

    async def _by_model(
        self, way: ModelWay, asked: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        found = self._cache.find(asked, inputs=inputs, cards=cards, by="model")
        if found is not None:
            return self._granted(found, cards)
        document = await way.plan(asked, inputs, cards)
        self._cache.keep(document, inputs=inputs, cards=cards, by="model")
        return document

    def _made_by_rules(
        self, asked: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        return self._granted(plan_by_rules(asked, inputs=inputs, cards=cards), cards)

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
        return await replan(
            failed, self._replans, falls_back=self._fallback == "rules", on_call=self._on_call
        )
