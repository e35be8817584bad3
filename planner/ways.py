"""Who plans where a model is set: the model, the rules, or one where the other does not; and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from contracts.card import AgentCard
from contracts.errors import CallsheetError, InvalidInput
from contracts.planning_call import OnPlanningCall
from planner.llm import plan_by_model, plan_by_source
from planner.rules.refusal import unsupported
from planner.sketch.planning import plan_by_sketch
from providers.chat import ChatProvider, ReplySource

if TYPE_CHECKING:
    from pydantic import JsonValue

Style = Literal["full", "sketch"]
"""What a model writes: whole plans, or sketches that are filled in here."""
Planning = Literal["auto", "model", "rules", "both"]
"""Who plans: whoever is best at it; the model first; the rules alone; whoever is best, with what the other would do."""
MAX_SAID: Final = 300
SURE: Final = frozenset({"deed", "agent"})
"""What the data of a refusal names when no model could know better: a deed nobody at hand does, an absent agent."""


@dataclass(frozen=True, slots=True)
class ModelWay:
    """A model or a planner elsewhere, and how it is asked for plans."""

    provider: ChatProvider | None
    source: ReplySource | None
    style: Style
    capabilities: frozenset[str] | None
    on_call: OnPlanningCall | None
    timeout_s: float | None = None
    """For all rounds."""

    async def plan(
        self, objective: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> dict[str, JsonValue]:
        """Return the plan; raises as `plan_by_model` and `plan_by_sketch`."""
        if not cards:
            raise unsupported(objective, cards, "no agent is at hand")
        asked: dict[str, Any] = {
            "inputs": inputs,
            "cards": cards,
            "capabilities": self.capabilities,
            "on_call": self.on_call,
        }
        if self.source is not None:
            return await plan_by_source(self.source, objective, **asked)
        if self.provider is None:
            raise ValueError("neither a model nor a planner elsewhere")
        if self.style == "sketch":
            return await plan_by_sketch(self.provider, objective, **asked)
        return await plan_by_model(self.provider, objective, timeout_s=self.timeout_s, **asked)


def is_sure(refusal: CallsheetError) -> bool:
    """Say whether the rules' refusal stands whatever a model says."""
    return refusal.code != "plan.unsupported_objective" or not SURE.isdisjoint(refusal.data)


def labelled(document: Mapping[str, Any], note: str) -> dict[str, JsonValue]:
    """Return a plan with a note first among its warnings; its name stays, origin is not hashed."""
    origin = dict(document["origin"])
    return {**document, "origin": origin | {"warnings": [note, *origin.get("warnings", [])]}}


def instead(why: CallsheetError) -> str:
    """Return the note on a plan of the rules that should have been the model's."""
    said = f"the model's plan was not used ({why.code}: {why.message[:MAX_SAID]}); the rules planned instead"
    # What mends an endpoint is the operator's to know; of a plan the problems say enough.
    return f"{said}. {why.hint}" if why.hint and why.code.startswith("provider.") else said


def neither(refusal: InvalidInput, why: CallsheetError) -> InvalidInput:
    """Return the rules' refusal, and say with it where the model could not so much as be asked."""
    if why.code.startswith("provider."):
        said = f"The model could not be used either ({why.code}: {why.message[:MAX_SAID]})."
        refusal.hint = " ".join(part for part in (said, why.hint, refusal.hint) if part)
    return refusal


def compared(
    document: Mapping[str, Any], other: Mapping[str, Any] | CallsheetError, *, who: str
) -> dict[str, Any]:
    """Return a plan with a note where another planner would do otherwise."""
    if isinstance(other, CallsheetError):
        return labelled(document, f"{who} cannot plan this ({other.code}: {other.message[:MAX_SAID]})")
    theirs = _agents(other)
    if theirs == _agents(document):
        return dict(document)
    return labelled(document, f"{who} would use other agents: {', '.join(sorted(theirs))}"[:MAX_SAID])


def _agents(document: Mapping[str, Any]) -> set[str]:
    return {str(s["required_agent"]) for s in document["subtasks"]}
