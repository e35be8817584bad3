"""Suites: objectives as people write them, each with the agents its plan needs and the order they need."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from contracts.schemas import Checker

Half = Literal["seen", "unseen"]

MAX_LINES: Final = 100_000
_NAMES: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}
_PAIR: Final[dict[str, Any]] = {**_NAMES, "minItems": 2, "maxItems": 2}
_SOURCE: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {"literal": {}, "input": {"type": "string"}, "agent": {"type": "string"}},
}
LINE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["objective", "agents"],
    "properties": {
        "objective": {"type": "string", "minLength": 1},
        "agents": _NAMES,
        "optional": _NAMES,
        "order": {"type": "array", "items": _PAIR},
        "inputs": {"type": "object"},
        "kind": {"type": "string"},
        "needs": {"type": "string"},
        "binds": {"type": "object", "additionalProperties": _SOURCE},
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    """One objective and what a good plan of it looks like."""

    objective: str
    agents: frozenset[str]
    """What the plan must have; empty: nothing at hand can do it."""
    optional: frozenset[str] = frozenset()
    """What it may have or not."""
    order: tuple[tuple[str, str], ...] = ()
    """(later, earlier): a step of the later agent waits for one of the earlier."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What the caller gives with it."""
    kind: str = ""
    """A word for reports."""
    needs: str = ""
    """An agent the planner was not made for."""
    binds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Parameter of `needs` -> where its value must come from: `literal`, `input` or `agent`."""

    @property
    def half(self) -> Half:
        """Return the half of the suite it belongs to."""
        return half_of(self.objective)

    @property
    def expected(self) -> frozenset[str]:
        """Return every agent it speaks of."""
        named = {name for pair in self.order for name in pair} | ({self.needs} if self.needs else set())
        return self.agents | self.optional | named

    @property
    def is_supported(self) -> bool:
        """Say whether anything at hand can do it."""
        return bool(self.agents)


def half_of(objective: str) -> Half:
    """Return `seen` where the first hex digit of the objective's SHA-256 is even, else `unseen`."""
    first = hashlib.sha256(objective.encode()).hexdigest()[0]
    return "unseen" if int(first, 16) % 2 else "seen"


def read_suite(lines: Iterable[str | bytes]) -> list[Case]:
    """Return the cases of a JSON Lines file; fields it does not know are passed over.

    Raises:
        InvalidInput: `eval.bad_suite`, with the line.
    """
    found: list[Case] = []
    for number, line in enumerate(lines, 1):
        if number > MAX_LINES:
            raise _bad(number, f"more than {MAX_LINES} lines")
        if line.strip():
            found.append(_case(number, line))
    if not found:
        raise InvalidInput("eval.bad_suite", "the suite has no objectives", hint="One JSON object a line.")
    return found


@cache
def _checker() -> Checker:
    return Checker(LINE_SCHEMA)


def _case(number: int, line: str | bytes) -> Case:
    try:
        document: Any = parse_json(line)
    except InvalidInput as exc:
        raise _bad(number, exc.message) from exc
    wrong = _checker().first(document)
    if wrong is not None:
        raise _bad(number, f"{wrong[0] or '/'}: {wrong[1]}")
    return Case(
        objective=document["objective"],
        agents=frozenset(document["agents"]),
        optional=frozenset(document.get("optional", ())),
        order=tuple((later, earlier) for later, earlier in document.get("order", ())),
        inputs=document.get("inputs", {}),
        kind=document.get("kind", ""),
        needs=document.get("needs", ""),
        binds=document.get("binds", {}),
    )


def _bad(number: int, why: str) -> InvalidInput:
    return InvalidInput(
        "eval.bad_suite",
        f"line {number}: {why[:300]}",
        where=f"line {number}",
        hint='A line is {"objective": "…", "agents": ["…"], "optional": [], "order": [["later", "earlier"]]}.',
    )
