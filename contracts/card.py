"""The agent's card: what the planner knows of it, read without importing it (or pydantic)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from contracts.effect import Effect
from contracts.errors import InvalidInput
from contracts.schemas import Checker

if TYPE_CHECKING:
    from pydantic import JsonValue

GUEST: Final = "wasm:"
"""How a guest's name begins."""
AGENT_NAME: Final = r"^(wasm:)?[a-z][a-z0-9_]{0,62}$"

CARD_SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "agent-card/1",
    "title": "AgentCard",
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "version", "description", "takes", "gives"],
    "properties": {
        "name": {"type": "string", "pattern": AGENT_NAME},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
        "description": {"type": "string", "minLength": 1, "maxLength": 2000},
        "effect": {"enum": [e.value for e in Effect]},
        "takes": {"type": "object", "description": "JSON Schema of the inputs"},
        "gives": {"type": "object", "description": "JSON Schema of the output"},
        "words": {
            "type": "array",
            "items": {"type": "string"},
            "description": "lower-case words in an objective that call for this agent",
        },
        "examples": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["objective"],
                "properties": {"objective": {"type": "string"}, "inputs": {"type": "object"}},
            },
        },
        "uses": {
            "type": "array",
            "items": {"enum": ["fuel", "requests", "bytes", "tokens", "usd"]},
            "uniqueItems": True,
            "description": "what of a run's budgets an attempt draws on",
        },
        "untrusted_output": {
            "type": "boolean",
            "description": "whether strangers write what it gives, as they do a page; a guest's always counts as such",
        },
        "timeout_s": {"type": "number", "exclusiveMinimum": 0},
        "retries": {"type": "integer", "minimum": 0, "maximum": 5},
        "entry": {"type": "string", "description": "package.module:function that makes a native agent"},
        "module": {"type": "string", "description": "file name of a guest's module, beside its manifest"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "of the module's bytes"},
    },
}


@dataclass(frozen=True, slots=True)
class AgentCard:
    """What an agent takes and gives, and when to call for it; the fields are `CARD_SCHEMA`'s."""

    name: str
    version: str
    description: str
    takes: Mapping[str, Any]
    gives: Mapping[str, Any]
    effect: Effect = Effect.PURE
    words: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    uses: tuple[str, ...] = ()
    """What of a run's budgets an attempt draws on: `fuel`, `requests`, `bytes`, `tokens`, `usd`."""
    untrusted_output: bool = False
    """Whether strangers write what it gives, as they do a page; of a guest it is always true."""
    timeout_s: float = 60.0
    """For one attempt, unless the plan says otherwise."""
    retries: int = 0
    """Attempts after the first for retryable failures, unless the plan says otherwise."""
    entry: str = ""
    module: str = ""
    sha256: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """More of a guest's manifest, for the host alone: its limits."""

    def __post_init__(self) -> None:
        """Trust no guest, whoever made its card."""
        if self.name.startswith(GUEST):
            object.__setattr__(self, "untrusted_output", True)

    def may_take(self, name: str) -> bool:
        """Say whether the agent may take a parameter of that name; one whose schema is open takes any."""
        named = self.takes.get("properties")
        is_closed = self.takes.get("additionalProperties", True) is False
        return (
            not is_closed
            or "patternProperties" in self.takes
            or (isinstance(named, Mapping) and name in named)
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return the card as people and models may see it."""
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "effect": self.effect.value,
            "takes": dict(self.takes),
            "gives": dict(self.gives),
            "words": list(self.words),
            "examples": [dict(e) for e in self.examples],
            "untrusted_output": self.untrusted_output,
            "timeout_s": self.timeout_s,
            "retries": self.retries,
            "sha256": self.sha256,
        }


@cache
def _checker() -> Checker:
    return Checker(CARD_SCHEMA)


def read_card(
    document: Mapping[str, Any], *, where: str, extra: Mapping[str, Any] | None = None
) -> AgentCard:
    """Return the card a document spells.

    Args:
        document: The card's JSON.
        where: The file it came from, for the error.
        extra: Kept on the card as it is.

    Raises:
        InvalidInput: `agent.bad_card`, with the field.
    """
    wrong = _checker().first(dict(document))
    if wrong is not None:
        raise InvalidInput("agent.bad_card", f"{where}: {wrong[1]}", where=f"{where}#{wrong[0]}")
    lists = {k: tuple(document[k]) for k in ("words", "examples", "uses") if k in document}
    effect = Effect(document.get("effect", "pure"))
    return AgentCard(**{**document, **lists, "effect": effect, "extra": dict(extra or {})})
