"""Whatever stands in a plan and whatever cards say: checking collects problems and raises nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.card import AgentCard, read_card
from contracts.plan import load_plan, plan_of
from contracts.plan_shape import MAX_POINTER
from contracts.structure import seal
from planner.checks.asked import HARMLESS, Asked
from planner.diff import diff_plans
from planner.validation import check

WORDS = """
    type properties required items oneOf anyOf allOf $ref enum const a b additionalProperties prefixItems minItems
    maxLength minimum patternProperties $defs not
"""
NAMES = st.sampled_from(WORDS.split())
SCALARS = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        1.5,
        2.0,
        "",
        "a",
        "string",
        "array",
        "object",
        "#",
        "#/$defs/a",
        "http://x.test/",
    ]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, JUNK, max_size=4)
KEYS = st.sampled_from(["k0", "k1", "given"])
POINTERS = st.sampled_from(["", "/a", "/b/0", "/0", "x", "/~1", "/a" * 60])
SOURCES = st.one_of(
    st.builds(lambda value: {"literal": value}, JUNK),
    st.builds(lambda key, pointer: {"key": key, "pointer": pointer}, KEYS, POINTERS),
)
PARAMETERS = st.sampled_from(["a", "b", "a.b", "a.b.0", "", "x" * 400])
MORE = st.fixed_dictionaries(
    {},
    optional={
        "foreach": st.builds(lambda key, pointer: {"key": key, "pointer": pointer}, KEYS, POINTERS),
        "output_schema": OBJECTS,
        "budget": st.dictionaries(
            st.sampled_from(["requests", "bytes", "fuel"]), st.sampled_from([0, 1, 1.0]), max_size=1
        ),
        "fallback_agent": st.sampled_from(["one", "nobody"]),
        "effect": st.sampled_from(["pure", "effectful"]),
        "retries": SCALARS,
    },
)


def step(draw: st.DrawFn, number: int) -> dict[str, Any]:
    whole = {
        "id": f"s{number}",
        "objective": "o",
        "required_agent": draw(st.sampled_from(["one", "other", "nobody"])),
        "dependencies": [f"s{n}" for n in range(number)],
        "input_keys": draw(st.lists(KEYS, unique=True, max_size=3)),
        "bind": draw(st.dictionaries(PARAMETERS, SOURCES, max_size=3)),
        "output_key": f"k{number}",
    }
    return whole | draw(MORE)


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    steps: list[Any] = [step(draw, number) for number in range(draw(st.integers(1, 3)))]
    return seal({"objective": "x", "subtasks": steps, "inputs": {"given": draw(JUNK)}})


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[AgentCard, ...]:
    def agent(name: str) -> AgentCard:
        document = {
            "name": name,
            "version": "1.0.0",
            "description": "d",
            "takes": draw(OBJECTS),
            "gives": draw(OBJECTS),
            "uses": ["requests"],
        }
        return read_card(document, where=name)

    return agent("one"), agent("other")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), catalogues(), st.sampled_from([None, Asked(frozenset(), HARMLESS, capabilities=frozenset())]))
def test_checking_collects_problems_and_raises_nothing(
    document: Any, cards: Any, asked: Asked | None
) -> None:
    found = check(document, cards, asked=asked)
    for problem in found:
        assert problem.code.startswith("plan.")
        assert problem.message
        assert problem.hint
        assert len(problem.pointer) <= MAX_POINTER
    if not found:
        plan = plan_of(document)
        assert load_plan(plan.as_json()).plan_id == document["plan_id"]
    if not any(problem.code == "plan.shape" for problem in found):
        assert diff_plans(document, document, cards=cards).is_same


@pytest.mark.parametrize("wrong", [float("nan"), "\ud800", {1, 2}, object()])
def test_a_document_that_is_no_json_is_a_problem_and_no_crash(wrong: Any) -> None:
    subtask: dict[str, Any] = {
        "id": "a", "objective": "o", "required_agent": "one", "dependencies": [], "input_keys": [], "output_key": "k",
    }  # fmt: skip
    document = seal({"objective": "x", "subtasks": [subtask]})
    assert check({**document, "inputs": {"a": wrong}}, ())[0].code == "plan.shape"
