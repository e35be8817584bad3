"""What an agent may touch beside its inputs, as its card says; and the hosts a step names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from contracts.hosts import hosts_within

if TYPE_CHECKING:
    from contracts.card import AgentCard

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing where they are sent."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one agent may touch."""

    network: bool = False
    sends: bool = False
    """Whether its requests may change something where they are sent."""
    kv: Literal["", "r", "rw"] = ""
    llm: bool = False
    secrets: tuple[str, ...] = ()
    """By the names the operator gave them."""
    is_unrepeatable: bool = False
    """Whether it asks the machine's clock or chance, so that a replay may differ."""
    hosts: tuple[str, ...] = ()
    """Those its card asks for; a native agent's come from its plan."""

    @property
    def touches(self) -> bool:
        """Whether it touches anything at all."""
        return bool(self.network or self.kv or self.llm or self.secrets)


def reach_of(card: AgentCard) -> Reach:
    """Return what an agent may touch."""
    asked: Mapping[str, Any] = card.extra.get("capabilities") or {}
    http, kv = asked.get("http") or (), asked.get("kv") or ()
    access = {rule.get("access", "r") for rule in kv}
    return Reach(
        network=bool(http) or bool({"requests", "bytes"} & set(card.uses)),
        sends=any(set(rule.get("methods", ("GET",))) - READING for rule in http),
        kv="rw" if "rw" in access else "r" if access else "",
        llm=bool(asked.get("llm")),
        secrets=tuple(rule["name"] for rule in asked.get("secrets") or ()),
        is_unrepeatable=asked.get("clock") == "real" or asked.get("random") == "os",
        hosts=tuple(dict.fromkeys(rule["host"].lower() for rule in http)),
    )


def hosts_of(
    subtask: Mapping[str, Any], reach: Reach, inputs: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Return the hosts a step may reach as far as its plan and its agent's card say, by name.

    Args:
        subtask: Of the plan.
        reach: Of its agent.
        inputs: The caller's keys and the hosts that each of them names.
    """
    if not reach.network:
        return ()
    literals = [s["literal"] for s in subtask.get("bind", {}).values() if "literal" in s]
    named = hosts_within(literals).union(*(inputs.get(key, frozenset()) for key in keys_read(subtask)))
    return tuple(sorted({*named, *reach.hosts}))


def keys_read(subtask: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every context key that a step reads, in the order it names them."""
    bound = (source["key"] for source in subtask.get("bind", {}).values() if "key" in source)
    parts = (subtask[field]["key"] for field in ("foreach", "when") if field in subtask)
    return tuple(dict.fromkeys((*subtask["input_keys"], *bound, *parts)))
