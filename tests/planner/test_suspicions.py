"""What only a model's plan gets wrong: references and blanks written as text, steps for nothing, too many of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.card import AgentCard
from contracts.effect import Effect
from planner.reading.references import reference_in
from planner.reading.suspicions import MAX_SUBTASKS, suspicions

ANYTHING = {"type": "object"}
CARDS = (
    AgentCard("wasm:echo", "1.0.0", "Echoes.", ANYTHING, {}),
    AgentCard("wasm:post", "1.0.0", "Posts.", ANYTHING, {}, effect=Effect.EFFECTFUL),
)


def step(sid: str, literal: Any = "hello", **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": f"Do {sid}", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
        "bind": {"text": {"literal": literal}}, "output_key": f"{sid}_out",
    } | more  # fmt: skip


def told(*steps: Any, objective: str = "", **more: Any) -> list[tuple[str, str]]:
    found = suspicions({"subtasks": list(steps), **more}, CARDS, objective=objective)
    return [(p.code, p.pointer) for p in found]


def test_a_plain_plan_is_above_suspicion() -> None:
    assert told(step("s1"), step("s2", "other"), result_key="s1_out") == [("plan.unused_step", "/subtasks/1")]
    assert told(step("s1"), step("s2", "other")) == []


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("<node-0>", "<node-0>"),
        ("see <node-12> there", "<node-12>"),
        ("<GENERATED>-3", "<GENERATED>-3"),
        ("$2", "$2"),
        ("${2}", "${2}"),
        ("$3", None),
        ("$100", None),
        ("costs $2 or so", None),
        ("US$2", None),
        ("s1", "s1"),
        ("s9", None),
        ("s1.output", "s1.output"),
        ("s1.output.title", "s1.output.title"),
        ("s1.example", None),
        ("page.result", "page.result"),
        ("page", None),
        ("page.html", None),
        ("{{page}}", "{{page}}"),
        ("{{ steps.s1.title }}", "{{ steps.s1.title }}"),
        ("{{user}}", None),
        ("${HOME}", None),
        ("read ${page.title} now", "${page.title}"),
        ("$page", "$page"),
        ("<<page>>", "<<page>>"),
        ("#E1", "#E1"),
        ("#1 of 3", None),
        ("output of step 1", "output of step 1"),
        ("the result from task 2", "result from task 2"),
        ("[step 2 result]", "[step 2 result]"),
        ("output of the pump", None),
        ("one step at a time", None),
        ("", None),
    ],
)
def test_a_text_is_told_from_a_reference(text: str, meant: str | None) -> None:
    assert reference_in(text, ids={"s1", "s2"}, keys={"page", "s2_out"}, count=2) == meant


def test_a_reference_deep_in_a_literal_is_found() -> None:
    found = told(step("s1"), step("s2", {"a": ["x", {"b": "${s1_out}"}]}))
    assert found == [("plan.literal_reference", "/subtasks/1/bind/text/literal/a/1/b")]


@pytest.mark.parametrize("text", ["$1", "${s1_out}", "<text>", "todo"])
def test_what_the_objective_says_may_be_said(text: str) -> None:
    assert told(step("s1"), step("s2", text), objective=f"Echo {text!r} please") == []


@pytest.mark.parametrize(
    "text",
    ["...", "\u2026", "<url>", "<your url here>", "[INPUT TEXT]", "{query}", "{{image_path}}", "your_api_key", "TODO", "tbd",
     "insert text here", "replace with your value here", "lorem ipsum dolor", "xxx", "one sentence"],
)  # fmt: skip
def test_a_blank_is_told_from_a_text(text: str) -> None:
    assert told(step("s1", text)) == [("plan.placeholder", "/subtasks/0/bind/text/literal")]


@pytest.mark.parametrize(
    "text",
    [
        "<b>",
        "<p>text</p>",
        "url",
        "Replace the links",
        "{}",
        "[]",
        "a...",
        "your own words",
        "x",
        "page 1",
        "<3",
    ],
)
def test_a_text_is_no_blank(text: str) -> None:
    assert told(step("s1", text)) == []


@pytest.mark.parametrize("name", ["wasm:echo", "s1_out", "1", "step 1", "step1", "task_2", 1, "#1"])
def test_a_dependency_is_an_id_and_nothing_else(name: Any) -> None:
    found = told(step("s1"), step("s2", "other", dependencies=[name]))
    assert found == [("plan.dependency_by_name", "/subtasks/1/dependencies/0")]


def test_a_dependency_on_nothing_known_is_for_the_checks() -> None:
    assert told(step("s1", dependencies=["nobody", "s1"])) == []


def test_one_agent_with_the_same_arguments_twice_is_a_duplicate() -> None:
    assert told(step("s1"), step("s2", "other"), step("s3")) == [("plan.duplicate_steps", "/subtasks/2")]


def test_an_act_is_done_for_its_own_sake() -> None:
    act = step("s2", "other", required_agent="wasm:post")
    assert told(step("s1"), act, result_key="s1_out") == []


def test_where_the_caller_gave_the_result_every_step_is_for_nothing() -> None:
    assert told(step("s1"), result_key="given", inputs={"given": 1}) == [("plan.unused_step", "/subtasks/0")]


def test_a_plan_of_too_many_steps_is_told_that_and_no_more() -> None:
    most = [step(f"s{n}", f"text {n}") for n in range(MAX_SUBTASKS)]
    assert told(*most) == []
    assert told(*most, step("x", "...")) == [("plan.too_many_subtasks", "/subtasks")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["s1", "$1", "...", "s1_out", "wasm:echo"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "literal", "t"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
FIELDS = (
    "id",
    "dependencies",
    "input_keys",
    "output_key",
    "bind",
    "foreach",
    "when",
    "required_agent",
    "objective",
)


@given(
    subtasks=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)) | JSON, max_size=4)
    | JSON,
    more=st.fixed_dictionaries({}, optional={"result_key": JSON, "inputs": JSON}),
)
def test_a_document_of_any_shape_is_looked_through(subtasks: Any, more: dict[str, Any]) -> None:
    for problem in suspicions({"subtasks": subtasks, **more}, CARDS):
        assert problem.pointer.startswith("/subtasks")
