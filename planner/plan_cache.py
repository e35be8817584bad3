"""Plans made before, for the same objective over inputs of the same shape and the same catalogue.

A plan is kept without the caller's inputs: whoever is given it again puts in
inputs of their own, and it is checked again with them. A plan into which a
value of the inputs found its way is not kept at all.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.jsonvalue import canonical_json, sha256_of
from contracts.structure import seal
from planner.rules.known import known_of
from planner.validation import check

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_PLANS: Final = 256
MAX_PLAN_BYTES: Final = 256 * 1024
MAX_NAMES: Final = 64
MAX_DEPTH: Final = 4
LEAST_TELLING: Final = 3
"""Characters of a text that, found in a plan, shows where it came from."""
_LITERAL: Final = re.compile(
    "[\"'`{\\[\\n\N{LEFT DOUBLE QUOTATION MARK}\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}]"
)
_URL: Final = re.compile(r"https?://\S+$", re.IGNORECASE)
_ORDER: Final = ("schema", "plan_id", "objective", "inputs", "origin", "subtasks", "result_key")


class PlanCache:
    """The plans made last, in memory.

    Args:
        most: How many; the one used least recently goes first.
    """

    def __init__(self, most: int = MAX_PLANS) -> None:
        self._most = most
        self._lock = Lock()  # guards _plans
        self._plans: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def __len__(self) -> int:
        with self._lock:
            return len(self._plans)

    def find(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard], by: str
    ) -> dict[str, JsonValue] | None:
        """Return a plan made before, with these inputs put in and checked anew; None when there is none.

        Args:
            objective: What is asked.
            inputs: The caller's.
            cards: The agents at hand.
            by: Who would plan it: a plan of another planner is not found.
        """
        name = _name(objective, inputs, cards, by)
        if name is None:
            return None
        with self._lock:
            kept = self._plans.get(name)
            if kept is None:
                return None
            self._plans.move_to_end(name)
        document = _with_inputs(kept, objective, inputs)
        return None if check(document, cards) else document

    def keep(
        self,
        document: Mapping[str, JsonValue],
        *,
        inputs: Mapping[str, JsonValue],
        cards: Sequence[AgentCard],
        by: str,
    ) -> bool:
        """Keep a plan made for these inputs; say whether it could be."""
        name = _name(str(document["objective"]), inputs, cards, by)
        added: Any = document.get("inputs", {})
        own = {k: v for k, v in added.items() if k not in inputs}
        kept: dict[str, Any] = {**document, "inputs": own}
        text = canonical_json({"subtasks": document["subtasks"], "inputs": own})
        if name is None or len(text) > MAX_PLAN_BYTES or _tells(text, inputs):
            return False
        with self._lock:
            self._plans[name] = kept
            self._plans.move_to_end(name)
            while len(self._plans) > self._most:
                self._plans.popitem(last=False)
        return True


def normalised(objective: str) -> str:
    """Return the objective with its blanks made one, but not where they may be part of a literal."""
    return objective.strip() if _LITERAL.search(objective) else " ".join(objective.split())


def shape_of(value: JsonValue, depth: int = 0) -> JsonValue:
    """Return what of a value a plan may depend on: its type, its names, whether a text is an address.

    Raises:
        ValueError: It is too deep or has too many names to tell.
    """
    if isinstance(value, str):
        return "url" if _URL.match(value) else "text" if value else "no text"
    if isinstance(value, list):
        return ["list", shape_of(value[0], depth + 1) if value else "empty"]
    if isinstance(value, dict):
        if depth >= MAX_DEPTH or len(value) > MAX_NAMES:
            raise ValueError("too deep or too wide")
        return {k: shape_of(v, depth + 1) for k, v in value.items()}
    return type(value).__name__


def _name(objective: str, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard], by: str) -> str | None:
    try:
        shapes = {k: shape_of(v) for k, v in inputs.items()}
    except ValueError:
        return None
    return sha256_of([by, normalised(objective), shapes, known_of(cards).sha256])


def _with_inputs(
    kept: Mapping[str, Any], objective: str, inputs: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    first = kept["origin"]
    origin = {**first, "planner": "cache", "first_planner": first.get("first_planner", first["planner"])}
    document = {k: v for k, v in kept.items() if k not in {"plan_id", "inputs"}}
    whole = {**kept["inputs"], **inputs}
    document |= {"objective": objective, "origin": origin, **({"inputs": whole} if whole else {})}
    sealed = seal(document)
    return {n: sealed[n] for n in (*_ORDER, *sealed) if n in sealed}


def _tells(text: str, inputs: Mapping[str, JsonValue]) -> bool:
    """Say whether a plan's text holds a value of the inputs."""
    return any(canonical_json(v)[1:-1] in text for value in inputs.values() for v in _telling(value))


def _telling(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= LEAST_TELLING:
            yield value
    elif isinstance(value, list):
        for inner in value[:MAX_NAMES]:
            yield from _telling(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _telling(inner)
