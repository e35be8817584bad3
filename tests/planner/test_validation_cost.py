"""What checking a plan costs: little for a large one, and not much more for the worst one that is read at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.structure import seal
from planner.validation import MAX_PROBLEMS, check
from service.cards import load_cards

STEPS = {"literal": [{"op": "from", "table": "t"}, {"op": "limit", "count": 5}]}
MANY = 10_000
BUDGET_S = 0.25
SLACK = 4
"""How much slower a machine that tests may be than one that measures."""


@pytest.fixture(scope="module")
def catalogue() -> tuple[AgentCard, ...]:
    return load_cards()


def plan(subtasks: Any, **more: Any) -> dict[str, Any]:
    return seal({"objective": "x", "subtasks": subtasks, **more})


def step(number: int, agent: str, *reads: int, bind: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": f"s{number}", "objective": "do it", "required_agent": agent, "dependencies": [f"s{r}" for r in reads],
        "input_keys": [f"k{r}" for r in reads], "bind": bind, "output_key": f"k{number}",
    } | more  # fmt: skip


def page(number: int) -> dict[str, Any]:
    return step(number, "scrape", bind={"url": {"literal": f"https://x.test/{number}"}})


def table(number: int, *reads: int, pointer: str = "/rows") -> dict[str, Any]:
    tables = {f"tables.t{r}": {"key": f"k{r}", "pointer": pointer} for r in reads}
    return step(number, "data", *reads, bind={**tables, "steps": STEPS})


def chain(count: int) -> list[dict[str, Any]]:
    return [page(0), table(1, 0, pointer="/listings"), *(table(n, n - 1) for n in range(2, count))]


def fan(count: int) -> list[dict[str, Any]]:
    ends = {"text": {"key": "k0", "pointer": "/ends_text"}}
    return [page(0), *(step(n, "time", 0, bind=ends) for n in range(1, count))]


def diamonds(count: int) -> list[dict[str, Any]]:
    found = [page(0), table(1, 0, pointer="/listings")]
    for n in range(2, count - 2, 3):
        found += [table(n, n - 1), table(n + 1, n - 1), table(n + 2, n, n + 1)]
    return found


def seconds(call: Callable[[], Any]) -> float:
    """Return the processor time of the quickest of three calls."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        call()
        found.append(time.process_time() - begun)
    return min(found)


@pytest.mark.parametrize("shape", [chain, fan, diamonds])
def test_ten_thousand_subtasks_are_checked_in_a_quarter_of_a_second(catalogue: Any, shape: Any) -> None:
    document = plan(shape(MANY))
    assert check(document, catalogue) == []
    assert seconds(lambda: check(document, catalogue)) < BUDGET_S * SLACK


@pytest.mark.parametrize("shape", [chain, diamonds])
def test_twice_the_subtasks_take_about_twice_the_time(catalogue: Any, shape: Any) -> None:
    small, large = (plan(shape(n)) for n in (2_000, 8_000))
    once = seconds(lambda: check(small, catalogue))
    assert seconds(lambda: check(large, catalogue)) < once * 4 * 2.5


def many_binds(count: int) -> list[dict[str, Any]]:
    binds = {f"p{n}": {"literal": n} for n in range(50)}
    return [step(n, "wasm:echo", bind=binds) for n in range(count)]


def many_pointers(count: int) -> list[dict[str, Any]]:
    def binds(n: int) -> dict[str, Any]:
        return {f"tables.a{m}": {"key": "k0", "pointer": f"/x{n}/{m}"} for m in range(20)}

    return [page(0), *(step(n, "data", 0, bind={**binds(n), "steps": STEPS}) for n in range(1, count))]


def many_schemas(count: int) -> list[dict[str, Any]]:
    wide = {"anyOf": [{"type": "object", "properties": {f"p{n}": {"type": "string"}}} for n in range(60)]}
    asked = [step(n, "wasm:echo", bind={}, output_schema=wide) for n in range(count // 2)]
    readers = [
        step(count + n, "time", n, bind={"items": {"key": f"k{n}", "pointer": f"/p{n % 60}"}})
        for n in range(count // 2)
    ]
    return asked + readers


def dense(count: int) -> list[dict[str, Any]]:
    return [
        step(n, "wasm:echo", bind={}, dependencies=[f"s{m}" for m in range(max(0, n - 100), n)])
        for n in range(count)
    ]


def nobody(count: int) -> list[dict[str, Any]]:
    return [step(n, f"{'a' * 70}{n}", bind={}) for n in range(count)]


def nothing_written(count: int) -> list[dict[str, Any]]:
    return [step(n, "wasm:echo", bind={}, input_keys=[f"z{m}" for m in range(100)]) for n in range(count)]


def deep_parts(count: int) -> list[dict[str, Any]]:
    return [
        step(n, "data", bind={f"tables.{'a.' * 200}b{n}": {"literal": 1}, "steps": STEPS})
        for n in range(count)
    ]


def gates(count: int) -> list[dict[str, Any]]:
    return [page(0)] + [
        step(n, "wasm:table", 0, bind={"csv": {"key": "k0", "pointer": "/text"}},
             when={"key": "k0", "pointer": f"/listings/{n}", "op": "exists"})
        for n in range(1, count)
    ]  # fmt: skip


def one_large_schema(count: int) -> list[dict[str, Any]]:
    large = {"properties": {f"p{n}": {"type": "string"} for n in range(900)}}
    binds = {f"tables.t{n}": {"key": "k0", "pointer": f"/p{n}"} for n in range(20)}
    writer = step(0, "wasm:echo", bind={}, output_schema=large)
    return [writer, *(step(n, "data", 0, bind={**binds, "steps": STEPS}) for n in range(1, count))]


WORST = [
    many_binds,
    many_pointers,
    many_schemas,
    dense,
    nobody,
    nothing_written,
    deep_parts,
    gates,
    one_large_schema,
]


@pytest.mark.parametrize("shape", WORST)
def test_the_worst_plans_take_seconds_and_not_minutes(catalogue: Any, shape: Any) -> None:
    document = plan(shape(3_000))
    begun = time.process_time()
    found = check(document, catalogue)
    assert time.process_time() - begun < 30
    assert len(found) <= MAX_PROBLEMS


def test_a_large_value_of_the_callers_is_looked_at_in_part(catalogue: Any) -> None:
    words: Any = [[1] * 1000] * 500
    readers = [
        step(n, "time", bind={"text": {"key": "words", "pointer": f"/{n}"}}, input_keys=["words"])
        for n in range(500)
    ]
    document = plan(readers, inputs={"words": words})
    begun = time.process_time()
    assert len(check(document, catalogue)) == MAX_PROBLEMS
    assert time.process_time() - begun < 20


def test_lists_of_the_callers_that_many_steps_run_over_are_looked_at_in_part(catalogue: Any) -> None:
    lists = {f"n{n}": [{"a": m} for m in range(90)] for n in range(2_000)}
    readers = [
        step(n, "time", bind={"text": {"key": "o", "pointer": "/a" if n < 5_000 else "/b"}}, input_keys=["o"],
             foreach={"key": "o", "pointer": f"/n{n % 2_000}"})
        for n in range(6_000)
    ]  # fmt: skip
    document = plan(readers, inputs={"o": lists})
    begun = time.process_time()
    assert len(check(document, catalogue)) == MAX_PROBLEMS
    assert time.process_time() - begun < 20


def test_what_was_found_out_of_cards_serves_the_next_plan(catalogue: Any) -> None:
    document = plan(diamonds(300))
    for _ in range(2):
        assert check(document, catalogue) == []
    other = plan([page(0), table(1, 0, pointer="/title/x")])
    codes = [[p.code for p in check(other, cards)] for cards in (catalogue, load_cards(), catalogue)]
    assert codes == [["plan.type_mismatch"]] * 3
