"""The grammars of sketches and plans: what can be written under them is sound, sampled by a generator of its own."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from contracts.card import AgentCard
from contracts.structure import plan_problems, seal
from planner.full_shape import MAX_WRITTEN, full_shape
from planner.reading.plan import read_plan
from planner.reading.repairs import Repairs
from planner.sketch.sketch import MAX_STEPS, grammar_of, read_sketch, shape_of

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{\d+,\d+\}|[A-Za-z][A-Za-z0-9]*|[()|?*]')
_LETTERS: Final = 'a0/n1_ "'


@dataclass
class Sampler:
    """Writes texts that a grammar allows, at random."""

    rules: Mapping[str, list[str]]
    rng: random.Random
    depth: int = 0
    names: int = 0

    @classmethod
    def of(cls, grammar: str, seed: int) -> Sampler:
        lines = (line.split(" ::= ", 1) for line in grammar.splitlines())
        return cls({name: _TOKEN.findall(body) for name, body in lines}, random.Random(seed))

    def write(self, name: str = "root") -> str:
        if (
            name == "named"
        ):  # a name is the model's to choose; two that are the same are no business of a grammar
            self.names += 1
            return f"x{self.names}"
        self.depth += 1
        text, rest = self._choice(self.rules[name], 0)
        self.depth -= 1
        assert rest == len(self.rules[name])
        return text

    def _choice(self, tokens: list[str], at: int) -> tuple[str, int]:
        starts, end = [at], at
        while True:
            end = self._skip(tokens, end)
            if end >= len(tokens) or tokens[end] != "|":
                break
            end += 1
            starts.append(end)
        chosen = self.rng.choice(starts[2:] or starts) if self.depth > 8 else self.rng.choice(starts)
        return self._sequence(tokens, chosen), end

    def _skip(self, tokens: list[str], at: int) -> int:
        deep = 0
        while at < len(tokens) and (deep or tokens[at] not in {"|", ")"}):
            deep += {"(": 1, ")": -1}.get(tokens[at], 0)
            at += 1
        return at

    def _close(self, tokens: list[str], at: int) -> int:
        end = self._skip(tokens, at + 1)
        while tokens[end] == "|":
            end = self._skip(tokens, end + 1)
        return end + 1

    def _sequence(self, tokens: list[str], at: int) -> str:
        found, end = "", self._skip(tokens, at)
        while at < end:
            stop = self._close(tokens, at) if tokens[at] == "(" else at + 1
            times, after = self._times(tokens, stop)
            found += "".join(self._one(tokens, at) for _ in range(times))
            at = after
        return found

    def _times(self, tokens: list[str], at: int) -> tuple[int, int]:
        mark = tokens[at] if at < len(tokens) else ""
        if mark in {"?", "*"}:
            return (self.rng.randint(0, 1) if mark == "?" else 0), at + 1
        if mark.startswith("{"):
            least, most = map(int, mark.strip("{}").split(","))
            return self.rng.randint(least, min(most, least + 2)), at + 1
        return 1, at

    def _one(self, tokens: list[str], at: int) -> str:
        token = tokens[at]
        if token == "(":
            return self._choice(tokens, at + 1)[0]
        if token.startswith('"'):
            return str(json.loads(token))
        if token.startswith("["):
            return self.rng.choice([c for c in _LETTERS if re.fullmatch(token, c)])
        return self.write(token)


@pytest.mark.parametrize("seed", range(200))
def test_every_sketch_the_grammar_allows_is_read_without_mending(seed: int) -> None:
    names = ["scrape", "wasm:echo", "time"]
    repairs = Repairs()
    steps = read_sketch(Sampler.of(grammar_of(names), seed).write(), names, repairs)
    assert len(steps) <= MAX_STEPS
    assert all(n < number for number, step in enumerate(steps, 1) for n in step.after)
    assert repairs.as_json() == []


def test_a_schema_lists_each_agent_with_what_it_may_read() -> None:
    choices: list[str] = shape_of(["scrape", "time"]).schema["properties"]["steps"]["items"]["enum"]
    assert {"scrape", "time 1", "time 1 2"} <= set(choices)
    assert len(choices) == len(set(choices))


@pytest.mark.parametrize("seed", range(60))
def test_every_plan_the_grammar_allows_is_sound_in_structure(seed: int, cards: tuple[AgentCard, ...]) -> None:
    inputs = {"rows": [], "page": "http://x.test/"}
    grammar = full_shape(cards, inputs).grammar
    assert grammar is not None
    reply = read_plan(Sampler.of(grammar, seed).write(), inputs=inputs)
    document: dict[str, Any] = {**reply.document, "objective": "x", "inputs": inputs}
    assert len(document["subtasks"]) <= MAX_WRITTEN
    found = {p.code for p in plan_problems(seal(document))}
    assert found <= {"plan.unknown_result", "plan.result_missing"}, found


def test_a_plan_of_this_catalogue_keeps_to_the_schema(cards: tuple[AgentCard, ...]) -> None:
    schema = full_shape(cards).schema
    step = schema["properties"]["subtasks"]["items"]["properties"]
    assert step["required_agent"]["enum"] == [card.name for card in cards]
    assert step["id"]["enum"][:2] == ["s1", "s2"]


def test_an_input_with_an_odd_name_stays_out_of_the_grammar(cards: tuple[AgentCard, ...]) -> None:
    grammar = full_shape(cards, ['x" | root', "rows"]).grammar or ""
    assert "rows" in grammar
    assert "x\\" not in grammar
