"""A sketch: which agents, in which order, and which earlier steps each reads. Nothing in it can be a value.

As JSON it is `{"steps": ["scrape", "time 1", "data 1 2"]}`: a step is an
agent's name and the numbers of the steps whose results it reads. No steps: no
agent at hand does what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from typing_extensions import override

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from planner.reading.repairs import Repairs, excerpt
from providers.chat import Shape

MAX_STEPS: Final = 8
MAX_READ: Final = 3
"""Earlier steps that one reads."""
_FAR: Final = 5
"""The last step that a JSON Schema lets another read; a grammar knows better."""
_SCHEMA_READ: Final = 2
MAX_REPLY: Final = 4000


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    agent: str
    after: tuple[int, ...] = ()
    """Numbers of earlier steps, from 1, in order."""

    @override
    def __str__(self) -> str:
        """Return it as a model writes it."""
        return " ".join((self.agent, *map(str, self.after)))


def written(steps: Sequence[Step]) -> str:
    """Return a sketch as a model writes it."""
    inner = ",".join(f'"{step}"' for step in steps)
    return f'{{"steps":[{inner}]}}'


def shape_of(names: Sequence[str]) -> Shape:
    """Return the form of sketches that name these agents and no other."""
    each = [f"{name}{tail}" for name in names for tail in _tails(range(1, _FAR + 1), _SCHEMA_READ)]
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["steps"],
        "properties": {"steps": {"type": "array", "items": {"type": "string", "enum": each}}},
    }
    return Shape("sketch", schema, grammar=grammar_of(names), described=True, is_ours=True)


def grammar_of(names: Sequence[str]) -> str:
    """Return a grammar (GBNF) in which a step reads earlier ones only."""
    agents = " | ".join(f'"{name}"' for name in names)
    rest = ""
    rules = [f"agent ::= {agents}"]
    for number in range(MAX_STEPS, 0, -1):
        tails = " | ".join(f'"{tail}"' for tail in _tails(range(1, number), MAX_READ))
        rules.append(f's{number} ::= "\\"" agent ({tails}) "\\""')
        rest = f's{number} ("," {rest})?' if rest else f"s{number}"
    return "\n".join((f'root ::= "{{\\"steps\\":[" ({rest})? "]}}"', *rules))


def _tails(numbers: Sequence[int], most: int) -> list[str]:
    return [
        "".join(f" {n}" for n in chosen)
        for size in range(min(most, len(numbers)) + 1)
        for chosen in combinations(numbers, size)
    ]


def read_sketch(text: str, names: Sequence[str], repairs: Repairs) -> list[Step]:
    """Return the sketch a reply holds; what a server that holds no replies to a form lets through is mended.

    Raises:
        InvalidInput: `plan.reply_malformed`, `plan.reply_too_large`, it is no sketch; `plan.unknown_agent`.
    """
    if len(text) > MAX_REPLY:
        raise InvalidInput("plan.reply_too_large", f"a sketch of {len(text)} characters")
    found = parse_json(_inner(text, repairs))
    lines = found.get("steps") if isinstance(found, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise InvalidInput("plan.reply_malformed", f"the reply is no sketch: {text[:80]!r}")
    if len(lines) > MAX_STEPS:
        raise InvalidInput("plan.reply_too_large", f"a sketch of {len(lines)} steps, over {MAX_STEPS}")
    return [_step(str(line), at, names, repairs) for at, line in enumerate(lines)]


def _inner(text: str, repairs: Repairs) -> str:
    """Return the object in a reply that says more."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise InvalidInput("plan.reply_malformed", f"the reply is no sketch: {text[:80]!r}")
    if text[:start].strip() or text[end + 1 :].strip():
        repairs.add("sketch.prose_dropped", before=text[:start] + text[end + 1 :])
    return text[start : end + 1]


def _step(line: str, at: int, names: Sequence[str], repairs: Repairs) -> Step:
    agent, *rest = line.split() or [""]
    if agent not in names:
        raise InvalidInput("plan.unknown_agent", f"the sketch names {agent[:80]!r}, which is not at hand")
    said = [int(n) for n in rest if n.isascii() and n.isdigit() and len(n) < 4]
    after = tuple(sorted({n for n in said if 1 <= n <= at}))
    if len(after) != len(rest):
        repairs.add("sketch.reference_dropped", f"/steps/{at}", before=excerpt(line))
    return Step(agent, after)
