"""What whoever asked for a plan allows it: hosts, effects, capabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HARMLESS: Final = frozenset({"pure", "idempotent"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan may reach and do; a check that is told nothing of one of these does not judge it."""

    hosts: frozenset[str] | None = None
    """Lower case: those the objective, the inputs and the operator name; None: any."""
    effects: frozenset[str] | None = None
    """Of agents: `pure`, `idempotent`, `effectful`; None: any."""
    agents: frozenset[str] = frozenset()
    """Agents the objective calls by name: their effects were asked for."""
    capabilities: frozenset[str] | None = None
    """What the operator grants guests: `http:api.example.com`, `http:*.example.com`, `kv:notes`, `llm:default`,
    `secrets:token`, or a kind's every one, `kv:*`; None: unknown."""
    is_model: bool = False
    """Whether a model wrote the plan."""
