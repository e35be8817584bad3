"""How long a step takes and what it costs: from its own past, else its agent's, else a guess that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Final

from contracts.effect import Effect
from contracts.errors import CallsheetError
from contracts.jsonvalue import resolve_pointer
from contracts.priors import Past, Prior
from planner.outlook.shape import Basis, Elements, Span

if TYPE_CHECKING:
    from contracts.card import AgentCard
    from planner.outlook.reach import Reach

GUESSED_ELEMENTS: Final = 10
MAX_ITEMS: Final = 1000
"""Of a list, where the plan names no bound."""
RETRY_WAIT_S: Final = 10.0
"""Before one more attempt, at most."""
QUICK: Final = Prior(attempts=0, p50_ms=50, p95_ms=1_000, mean_ms=200)
"""Of an agent nobody has seen run, that only computes."""
SLOW: Final = Prior(attempts=0, p50_ms=1_500, p95_ms=10_000, mean_ms=3_000)
"""Likewise, of one that asks a network or a model."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What one step is expected to take."""

    seconds: Span
    basis: Basis
    elements: Elements | None
    attempts_most: int
    lanes: int
    """Attempts of its own at once."""
    alone_s: float
    """Seconds, one attempt after the other."""
    tokens: int | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class Width:
    """How many attempts go at once."""

    whole: int = 8
    per_agent: Mapping[str, int] | None = None

    def of(self, agent: str) -> int:
        """Return how many attempts of one agent go at once."""
        own = (self.per_agent or {}).get(agent, self.whole)
        return max(1, min(self.whole, own))


def timing_of(
    subtask: Mapping[str, Any],
    card: AgentCard,
    *,
    effect: Effect,
    reach: Reach,
    inputs: Mapping[str, Any],
    past: Past,
    width: Width,
) -> Timing:
    """Return what a step is expected to take.

    Args:
        subtask: Of the plan.
        card: Of its agent.
        effect: The stronger of what the plan and the card say.
        reach: What the agent may touch.
        inputs: What the caller gives, to count lists in.
        past: What is known from before.
        width: How many attempts go at once.
    """
    prior, basis = _prior(subtask, card, reach, past)
    elements = _elements(subtask, inputs, prior)
    count, most_elements = (elements.expected, elements.most) if elements else (1, 1)
    lanes = min(width.of(card.name), max(count, 1))
    attempts = _attempts(subtask, card, effect)
    timeout = float(min(subtask.get("timeout_s") or card.timeout_s, _wall_s(subtask)))
    waits = RETRY_WAIT_S * (attempts - 1)
    most = ceil(most_elements / width.of(card.name)) * (timeout * attempts + waits)
    p50, p95 = _spread(prior, ceil(count / lanes), count, attempts)
    return Timing(
        seconds=Span(min(p50, most), min(max(p50, p95), most), most),
        basis=basis,
        elements=elements,
        attempts_most=attempts,
        lanes=lanes,
        alone_s=count * (prior.p50_ms if count == 1 else max(prior.mean_ms, prior.p50_ms)) / 1000,
        tokens=_cost(prior.tokens, count, is_free=not reach.llm),
        usd=_usd(prior.usd, count, is_free=not (reach.llm or reach.secrets or reach.hosts)),
    )


def _prior(subtask: Mapping[str, Any], card: AgentCard, reach: Reach, past: Past) -> tuple[Prior, Basis]:
    own, agent = past.steps.get(subtask["id"]), past.agents.get(card.name)
    if own is not None and own.attempts:
        return own, Basis("step", own.attempts, own.failures)
    if agent is not None and agent.attempts:
        return agent, Basis("agent", agent.attempts, agent.failures)
    return (SLOW if reach.network or reach.llm else QUICK), Basis("default")


def _elements(subtask: Mapping[str, Any], inputs: Mapping[str, Any], prior: Prior) -> Elements | None:
    source = subtask.get("foreach")
    if source is None:
        return None
    most = int(source.get("max_items", MAX_ITEMS))
    if source["key"] in inputs:
        counted = _count(inputs[source["key"]], source.get("pointer", ""))
        if counted is not None:
            return Elements(min(counted, most), min(counted, most), "inputs")
    if prior.elements is not None:
        return Elements(min(prior.elements, most), most, "past")
    return Elements(min(GUESSED_ELEMENTS, most), most, "guess")


def _count(value: Any, pointer: str) -> int | None:
    try:
        found = resolve_pointer(value, pointer)
    except CallsheetError:
        return None
    return len(found) if isinstance(found, list) else None


def _attempts(subtask: Mapping[str, Any], card: AgentCard, effect: Effect) -> int:
    """Return how many attempts an element has at most; an effectful agent has one, a stand-in has its own."""
    own = 1 if effect is Effect.EFFECTFUL else 1 + int(subtask.get("retries", card.retries))
    return own + (1 if "fallback_agent" in subtask else 0)


def _wall_s(subtask: Mapping[str, Any]) -> float:
    return float((subtask.get("budget") or {}).get("wall_s") or float("inf"))


def _spread(prior: Prior, waves: int, count: int, attempts: int) -> tuple[float, float]:
    """Return the p50 and p95 in seconds of so many elements, so many of them one after the other."""
    # few attempts seen tell little of the slow ones
    widest = (
        max(prior.p95_ms, prior.p50_ms * (1 + 1 / sqrt(prior.attempts))) if prior.attempts else prior.p95_ms
    )
    tail = widest * _tries(prior.failures, attempts)
    if count <= 1:
        return count * prior.p50_ms / 1000, count * tail / 1000
    mean = max(prior.mean_ms, prior.p50_ms)
    return waves * mean / 1000, (waves * mean + max(tail - mean, 0) * sqrt(waves)) / 1000


def _tries(failures: float, most: int) -> int:
    """Return how many attempts are enough in 19 cases of 20."""
    tries, left = 1, failures
    while left > 0.05 and tries < most:
        tries, left = tries + 1, left * failures
    return tries


def _cost(mean: float | None, count: int, *, is_free: bool) -> int | None:
    if mean is None:
        return 0 if is_free else None
    return round(mean * count)


def _usd(mean: float | None, count: int, *, is_free: bool) -> float | None:
    if mean is None:
        return 0.0 if is_free else None
    return round(mean * count, 6)
