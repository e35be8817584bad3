"""The planner answers from its cache what it planned before, and says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput, InvalidPlan, Unavailable
from planner.plan_cache import PlanCache
from planner.planner import ObjectivePlanner
from providers.chat import PLAIN, Completion, Message, Options
from service.cards import load_cards

MILES = "Convert 5 miles to km"
REPLY = {
    "subtasks": [
        {
            "id": "s1",
            "objective": "convert",
            "required_agent": "wasm:convert",
            "dependencies": [],
            "input_keys": [],
            "bind": {"value": {"literal": 5}, "from": {"literal": "mi"}, "to": {"literal": "km"}},
            "output_key": "found",
        }
    ],
    "result_key": "found",
}


class Model:
    """A model with one reply for every question; it counts them."""

    def __init__(self, text: str | None) -> None:
        self.asked = 0
        self._text = text

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        self.asked += 1
        assert messages
        assert max_tokens
        if self._text is None:
            raise Unavailable("provider.unreachable", "no answer")
        return Completion(self._text, "stop")


async def test_asked_again_the_rules_answer_from_the_cache(house: tuple[AgentCard, ...]) -> None:
    planner = ObjectivePlanner()
    first = await planner.plan(MILES, inputs={}, cards=house)
    again = await planner.plan(MILES, inputs={}, cards=house)
    assert (first.origin.planner, again.origin.planner) == ("rules", "cache")
    assert first.plan_id == again.plan_id


async def test_asked_again_a_model_need_not_answer(house: tuple[AgentCard, ...]) -> None:
    model = Model(json.dumps(REPLY))
    planner = ObjectivePlanner(model)
    await planner.plan(MILES, inputs={}, cards=house)
    again = await planner.document(MILES, inputs={}, cards=house)
    assert model.asked == 1
    assert again["origin"]["first_planner"] == "llm"  # type: ignore[index,call-overload]  # our own JSON


async def test_the_rules_plan_in_place_of_a_models_is_not_kept(house: tuple[AgentCard, ...]) -> None:
    model = Model(None)
    planner = ObjectivePlanner(model)
    for _ in range(2):
        plan = await planner.plan(MILES, inputs={}, cards=house)
        assert plan.origin.planner == "rules"
    assert model.asked == 2


async def test_a_refusal_is_not_kept(house: tuple[AgentCard, ...]) -> None:
    cache = PlanCache()
    planner = ObjectivePlanner(cache=cache)
    with pytest.raises(InvalidInput, match="book"):
        await planner.plan("book me a flight", inputs={}, cards=house)
    assert len(cache) == 0


async def test_inputs_no_plan_could_carry_are_refused_before_the_cache(house: tuple[AgentCard, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await ObjectivePlanner().plan(MILES, inputs={"Bad key": 1}, cards=house)
    assert caught.value.code == "plan.bad_input"


async def test_the_rules_plan_is_held_to_what_guests_are_granted() -> None:
    asks = {"capabilities": {"http": [{"host": "rates.example"}]}}
    asking = tuple(replace(c, extra=asks) if c.name == "wasm:convert" else c for c in load_cards())
    cache = PlanCache()
    unknown = ObjectivePlanner(cache=cache)
    assert await unknown.document(MILES, inputs={}, cards=asking)
    for granted in (
        ObjectivePlanner(capabilities=frozenset()),
        ObjectivePlanner(cache=cache, capabilities=frozenset()),
    ):
        with pytest.raises(InvalidPlan) as caught:
            await granted.document(MILES, inputs={}, cards=asking)
        assert (caught.value.code, "guests.allow_http" in caught.value.hint) == (
            "plan.capability_not_granted",
            True,
        )
    allowed = ObjectivePlanner(capabilities=frozenset({"http:rates.example"}))
    assert await allowed.document(MILES, inputs={}, cards=asking)
