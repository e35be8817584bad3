"""A plan document in the making: stages are added, their dependencies follow from the keys they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from contracts.card import AgentCard

if TYPE_CHECKING:
    from pydantic import JsonValue

Bind = dict[str, Any]


def key(name: str, pointer: str = "") -> Bind:
    """Return a source that reads a context key."""
    return {"key": name, "pointer": pointer} if pointer else {"key": name}


def literal(value: Any) -> Bind:
    """Return a source that is the value itself."""
    return {"literal": value}


class Draft:
    """Subtasks so far, over the agents at hand."""

    def __init__(
        self, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard], *, objective: str = ""
    ) -> None:
        self.objective = objective
        self.cards = {card.name: card for card in cards}
        self.inputs: dict[str, JsonValue] = dict(inputs)
        self.subtasks: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self._writers: dict[str, str] = {}

    def __contains__(self, agent: str) -> bool:
        return agent in self.cards

    def add(
        self, agent: str, objective: str, bind: Mapping[str, Bind], *, gives: str, foreach: Bind | None = None
    ) -> str:
        """Add a subtask and return the key it writes: `gives`, numbered where that is taken."""
        output_key = self.free_key(gives)
        bind = self._taken(agent, bind)
        read = [b["key"] for b in (*([foreach] if foreach else []), *bind.values()) if "key" in b]
        keys = list(dict.fromkeys(read))
        subtask: dict[str, Any] = {
            "id": f"s{len(self.subtasks) + 1}",
            "objective": objective[:1000],
            "required_agent": agent,
            "dependencies": list(dict.fromkeys(self._writers[k] for k in keys if k in self._writers)),
            "input_keys": keys,
            "bind": dict(bind),
            "output_key": output_key,
        }
        if foreach is not None:
            subtask["foreach"] = foreach
        self.subtasks.append(subtask)
        self._writers[output_key] = subtask["id"]
        return output_key

    def _taken(self, agent: str, bind: Mapping[str, Bind]) -> Mapping[str, Bind]:
        """Return what the agent's card takes: another version of an agent may take less."""
        takes = self.cards[agent].takes if agent in self.cards else {}
        known = takes.get("properties")
        if takes.get("additionalProperties", True) is not False or not isinstance(known, Mapping):
            return bind
        return {name: source for name, source in bind.items() if name.partition(".")[0] in known}

    def give(self, name: str, value: JsonValue) -> str:
        """Add a value to the plan's inputs and return its key."""
        found = self.free_key(name)
        self.inputs[found] = value
        return found

    def warn(self, text: str) -> None:
        """Note something the reader of the plan should know."""
        if text not in self.warnings:
            self.warnings.append(text)

    def free_key(self, name: str) -> str:
        """Return `name`, numbered where an input or a subtask has it."""
        taken = self.inputs.keys() | self._writers.keys()
        return name if name not in taken else next(k for n in count(2) if (k := f"{name}_{n}") not in taken)
