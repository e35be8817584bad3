"""The form of whole plans for one catalogue: agents by name, fixed ids, no reading of what is not there yet.

The grammar says more than the schema can: the third step is `s3` and writes
`r3`, it waits for `s1` and `s2` at most, and reads what those give.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, Final

from contracts.card import AgentCard
from planner.chaining.schemas import properties_of, types_of
from planner.per_cards import PerCards
from providers.chat import Shape

MAX_STEPS: Final = 40
"""By the schema."""
MAX_WRITTEN: Final = 8
"""By the grammar."""
MAX_READ: Final = 3
MAX_INPUTS: Final = 20
MAX_NAMED: Final = 12
"""Parameters of one agent."""
MAX_FREE: Final = 3
"""Parameters whose names are the model's to choose: the parts of an object."""
KEPT: Final = 8
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")

_VALUE: Final = r"""
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" (string ":" value ("," string ":" value)*)? "}"
array ::= "[" (value ("," value)*)? "]"
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4,4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})?
said ::= "\"" [^"\\\x00-\x1f]{3,160} "\""
pointer ::= "\"" ("/" [^"\\\x00-\x1f/]{1,60}){0,6} "\""
named ::= [A-Za-z_] [A-Za-z0-9_-]{0,40}
""".strip()
QUOTE: Final = json.dumps('"')
KEY: Final = '{"key":'
POINTER: Final = '"pointer":'
LITERAL: Final = '{"literal":'
AGENT: Final = ',"required_agent":'
BIND: Final = ',"bind":{'
RESULT: Final = '"result_key":'
EACH: Final = ',"foreach":{"key":'
_Compiled = tuple[dict[str, Any], list[str], tuple[AgentCard, ...]]


def full_shape(cards: Sequence[AgentCard], inputs: Iterable[str] = ()) -> Shape:
    """Return the form of plans over these agents.

    Args:
        cards: The agents a model is shown.
        inputs: Keys the caller gives.
    """
    schema, of_agents, _ = _compiled.of(cards)
    given = [name for name in inputs if _PLAIN.fullmatch(name)][:MAX_INPUTS]
    begins = _rule("root", _text('{"subtasks":['), "t1 n1")
    rules = (begins, *_given_rules(given), *of_agents, _VALUE)
    return Shape("plan", schema, grammar="\n".join(rules), described=True, is_ours=True)


def _compile(cards: Sequence[AgentCard]) -> _Compiled:
    rules = [
        _rule(f"t{number}", *_step(number, [f"c{number}x{n}" for n in range(len(cards))]))
        for number in range(1, MAX_WRITTEN + 1)
    ]
    rules += [
        _rule(f"c{number}x{n}", *_call(number, card))
        for number in range(1, MAX_WRITTEN + 1)
        for n, card in enumerate(cards)
    ]
    return _schema(cards), rules, tuple(cards)


_compiled: Final = PerCards(_compile, most=KEPT)


def _given_rules(given: Sequence[str]) -> Iterator[str]:
    """Yield the rules that the caller's inputs have a part in: what may be read, and how a plan goes on and ends."""
    for number in range(1, MAX_WRITTEN + 1):
        keys = [*(f"r{n}" for n in range(1, number)), *given]
        read = f"{_text(KEY)} {_any(map(_quoted, keys))} ({_text(',' + POINTER)} pointer)? {_text('}')}"
        literal = f"{_text(LITERAL)} value {_text('}')}"
        yield _rule(f"v{number}", f"{read} | {literal}" if keys else literal)
        each = f"{_text(EACH)} {_any(map(_quoted, keys))} ({_text(',' + POINTER)} pointer)? {_text('}')}"
        yield _rule(f"e{number}", f"({each})?" if keys else _text(""))
        yield _rule(f"w{number}", " | ".join(_waits(number, given)))
        results = _any(_quoted(f"r{n}") for n in range(1, number + 1))
        ends = f"{_text('],' + RESULT)} {results} {_text('}')}"
        more = f' | "," t{number + 1} n{number + 1}' if number < MAX_WRITTEN else ""
        yield _rule(f"n{number}", ends + more)


def _step(number: int, calls: Sequence[str]) -> Iterator[str]:
    yield from (_text(f'{{"id":"s{number}","objective":'), "said", _text(AGENT), _any(calls))
    yield from (_text(f',"output_key":"r{number}"'), f"e{number}", _text("}"))


def _call(number: int, card: AgentCard) -> Iterator[str]:
    """Yield an agent's name, what it waits for and its arguments: each parameter once, in the card's order."""
    yield from (_quoted(card.name), f"w{number}", _text(BIND))
    pairs = [f'{name} ":" v{number}' for name in _parameters(card)]
    free = [f'{name} ":" v{number}' for name in _free(card)]
    tails = [f'("," {pair})?' for pair in pairs]
    last = f'("," {_any(free)}){{0,{MAX_FREE - 1}}}' if free else ""
    firsts = [" ".join((pair, *tails[at + 1 :], last)) for at, pair in enumerate(pairs)]
    firsts += [f"{_any(free)} {last}"] if free else []
    yield f"{_any(firsts)}?" if firsts else ""
    yield _text("}")


def _waits(number: int, given: Sequence[str]) -> Iterator[str]:
    """Yield each choice of earlier steps, with the keys these write; inputs of the caller's may follow."""
    more = "".join(f" ({_text(f',{json.dumps(name)}')})?" for name in given)
    for size in range(min(MAX_READ, number - 1) + 1):
        for chosen in combinations(range(1, number), size):
            ids, keys = (",".join(f'"{mark}{n}"' for n in chosen) for mark in "sr")
            begins = _text(f',"dependencies":[{ids}],"input_keys":[{keys}')
            yield f"{begins}{more if chosen else _firsts(given)} {_text(']')}"


def _firsts(given: Sequence[str]) -> str:
    """Return the rule for a list of inputs that nothing stands before."""
    each = [
        "".join((_quoted(name), *(f" ({_text(f',{json.dumps(m)}')})?" for m in given[at + 1 :])))
        for at, name in enumerate(given)
    ]
    return f" {_any(each)}?" if each else ""


def _parameters(card: AgentCard) -> list[str]:
    """Return how each parameter of an agent is written."""
    return [_quoted(name) for name in properties_of(card.takes) if _PLAIN.fullmatch(name)][:MAX_NAMED]


def _free(card: AgentCard) -> list[str]:
    """Return how the parameters are written that a card does not name: parts of objects, and any of an open card."""
    properties = properties_of(card.takes)
    objects = [n for n, s in properties.items() if _PLAIN.fullmatch(n) and types_of(s) == {"object"}]
    parts = [" ".join((_text(f'"{name}.'), "named", QUOTE)) for name in objects]
    is_open = not properties or card.takes.get("additionalProperties", True) is not False
    return [*parts, *([f"{QUOTE} named {QUOTE}"] if is_open else [])]


def _schema(cards: Sequence[AgentCard]) -> dict[str, Any]:
    """Return the form as a schema: what a server can be asked to hold a reply to that knows no grammar."""
    ids, keys = ([f"{mark}{n}" for n in range(1, MAX_STEPS + 1)] for mark in "sr")
    text: dict[str, Any] = {"type": "string"}
    reads: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["key"],
        "properties": {"key": text, "pointer": text},
    }
    fixed: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["literal"],
        "properties": {"literal": {}},
    }
    step: dict[str, Any] = {
        "id": {"type": "string", "enum": ids},
        "objective": text,
        "required_agent": {"type": "string", "enum": [card.name for card in cards]},
        "dependencies": {"type": "array", "items": {"type": "string", "enum": ids}},
        "input_keys": {"type": "array", "items": text},
        "bind": {"type": "object", "additionalProperties": {"anyOf": [reads, fixed]}},
        "output_key": {"type": "string", "enum": keys},
    }
    items = {
        "type": "object",
        "additionalProperties": False,
        "required": list(step),
        "properties": step | {"foreach": reads},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["subtasks", "result_key"],
        "properties": {"subtasks": {"type": "array", "items": items}, "result_key": text},
    }


def _rule(name: str, *parts: str) -> str:
    return f"{name} ::= {' '.join(part for part in parts if part)}"


def _any(choices: Iterable[str]) -> str:
    return f"({' | '.join(choices)})"


def _quoted(name: str) -> str:
    """Return how a grammar spells a name in JSON."""
    return _text(json.dumps(name))


def _text(text: str) -> str:
    """Return a text as a grammar spells it."""
    return json.dumps(text)
