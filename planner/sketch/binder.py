"""A sketch to a plan: the rules' recipes held to the sketch's agents; what they do not serve is fed step by step.

What the sketch cannot mean is mended first, and said: no page is read without
an address, and an address nobody reads is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from contracts.card import AgentCard
from contracts.errors import InvalidInput, InvalidPlan, Problem
from planner.reading.repairs import Repairs
from planner.rules.compose import plan_heard
from planner.rules.draft import Draft
from planner.rules.known import Known, known_of
from planner.rules.plan import composed, without_smuggled
from planner.rules.text import Text, read_text
from planner.sketch.feeding import add_step
from planner.sketch.guided import heard_with, takes_address
from planner.sketch.lint import reasons_in
from planner.sketch.sketch import Step

if TYPE_CHECKING:
    from pydantic import JsonValue

_ADDRESS: Final = re.compile(r"https?://\S+$", re.IGNORECASE)


class _Held(Draft):
    """A draft in which only some of the agents are at hand."""

    def __init__(
        self,
        inputs: Mapping[str, JsonValue],
        cards: Sequence[AgentCard],
        *,
        objective: str,
        agents: frozenset[str],
    ) -> None:
        super().__init__(inputs, cards, objective=objective)
        self._agents = agents

    @override
    def __contains__(self, agent: str) -> bool:
        return agent in self._agents


@dataclass(frozen=True)
class _Ask:
    objective: str
    inputs: Mapping[str, JsonValue]
    known: Known
    text: Text

    def draft(self, agents: Sequence[str]) -> Draft:
        """Return an empty draft that knows these agents only."""
        return _Held(self.inputs, self.known.cards, objective=self.objective, agents=frozenset(agents))

    def has_pages(self) -> bool:
        """Say whether anything names a page."""
        return bool(self.text.urls) or any(
            isinstance(v, str) and _ADDRESS.match(v) for v in self.inputs.values()
        )


def bind_sketch(
    steps: Sequence[Step],
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    repairs: Repairs,
) -> dict[str, Any]:
    """Return the plan of a sketch: its objective, inputs, subtasks, warnings and result; not sealed, not checked.

    Raises:
        InvalidPlan: `plan.sketch_unbound`, something a step must have is nowhere.
    """
    known = known_of(cards)
    ask = _Ask(objective, inputs, known, read_text(objective, known.speller))
    steps = _mended(steps, ask, repairs)
    agents = list(dict.fromkeys(step.agent for step in steps))
    draft, result = _by_recipes(ask, agents) or _guided(ask, steps, agents, repairs)
    found: dict[str, Any] = {"objective": objective, "subtasks": draft.subtasks}
    if draft.inputs:
        found["inputs"] = draft.inputs
    if result is not None:
        found["result_key"] = result
    return found | {"origin": {"warnings": draft.warnings} if draft.warnings else {}}


def _mended(steps: Sequence[Step], ask: _Ask, repairs: Repairs) -> Sequence[Step]:
    """Return the steps; a page is read where one is named, and none where none is."""
    names = {step.agent for step in steps}
    at_hand = {card.name: card for card in ask.known.cards}
    if "scrape" in names and len(names) > 1 and not ask.has_pages():
        at = next(n for n, step in enumerate(steps) if step.agent == "scrape")
        repairs.add("sketch.no_address", f"/steps/{at}", before="scrape")
        steps = _without(steps, "scrape")
    is_read = any(takes_address(at_hand[name]) for name in names)
    if ask.text.urls and "scrape" in at_hand and not is_read:
        repairs.add("sketch.address_unread", "/steps/0", after="scrape")
        later = (Step(s.agent, tuple(n + 1 for n in s.after) or (1,)) for s in steps)
        steps = [Step("scrape"), *later]
    return _called_for(steps, ask, repairs)


def _called_for(steps: Sequence[Step], ask: _Ask, repairs: Repairs) -> Sequence[Step]:
    """Return the steps without those the objective gives no reason for.

    Raises:
        InvalidPlan: `plan.sketch_unbound`, it gives none for any.
    """
    reasons = reasons_in(without_smuggled(ask.text), ask.known)
    meant = reasons.agents
    if not any(step.agent in meant for step in steps):
        raise _unbound(0, f"nothing in the objective calls for {steps[0].agent}")
    for agent in sorted({step.agent for step in steps} - meant):
        at = next(n for n, step in enumerate(steps) if step.agent == agent)
        repairs.add("sketch.not_called_for", f"/steps/{at}", before=agent)
        steps = _without(steps, agent)
    names = {step.agent for step in steps}
    if reasons.reckons and names == {"scrape"} and any(c.name == "data" for c in ask.known.cards):
        repairs.add("sketch.rows_unworked", f"/steps/{len(steps)}", after="data")
        return [*steps, Step("data", tuple(range(1, len(steps) + 1)))]
    return steps


def _without(steps: Sequence[Step], agent: str) -> list[Step]:
    kept = [n for n, step in enumerate(steps, 1) if step.agent != agent]
    place = {old: new for new, old in enumerate(kept, 1)}
    return [Step(steps[n - 1].agent, tuple(place[a] for a in steps[n - 1].after if a in place)) for n in kept]


def _by_recipes(ask: _Ask, agents: Sequence[str]) -> tuple[Draft, str | None] | None:
    """Return what the rules plan when these are the only agents; None when they do without one of them."""
    draft = ask.draft(agents)
    profiles = [p for p in ask.known.profiles if p.card.name in agents]
    try:
        result = composed(draft, ask.text, profiles)
    except InvalidInput:
        return None
    return (draft, result) if _agents_of(draft) == set(agents) else None


def _guided(
    ask: _Ask, steps: Sequence[Step], agents: Sequence[str], repairs: Repairs
) -> tuple[Draft, str | None]:
    """Return what the recipes make of the objective when it is read as one for these agents, and the rest fed."""
    draft = ask.draft(agents)
    heard = heard_with(without_smuggled(ask.text), draft, ask.known.profiles, agents)
    try:
        plan_heard(draft, heard)
    except InvalidInput:
        draft = ask.draft(agents)
    if not _agents_of(draft) <= set(agents):
        draft = ask.draft(agents)
    for at, step in enumerate(steps):
        if step.agent in _agents_of(draft):
            continue
        read = [steps[n - 1].agent for n in step.after]
        if not add_step(draft, step.agent, heard, read):
            raise _unbound(at, f"{step.agent} must have something that the objective does not give")
        repairs.add("sketch.step_fed", f"/steps/{at}", after=step.agent)
    ends = _ends(draft)
    return draft, ends[0] if len(ends) == 1 else None


def _agents_of(draft: Draft) -> set[str]:
    return {str(s["required_agent"]) for s in draft.subtasks}


def _ends(draft: Draft) -> list[str]:
    read = {k for s in draft.subtasks for k in s["input_keys"]}
    return [s["output_key"] for s in draft.subtasks if s["output_key"] not in read]


def _unbound(at: int, why: str) -> InvalidPlan:
    hint = "Say it in other words, or plan with --no-model."
    return InvalidPlan([Problem("plan.sketch_unbound", f"/steps/{at}", why, hint)])
