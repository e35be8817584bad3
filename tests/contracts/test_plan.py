from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.ancestry import Ancestry
from contracts.errors import InvalidInput, InvalidPlan
from contracts.plan import Plan, load_plan
from contracts.structure import plan_id_of, plan_problems, plan_schema, read_document, seal

ROOT = Path(__file__).parents[2]


def step(sid: str, *dependencies: str, **more: Any) -> Any:
    return {
        "id": sid,
        "objective": "o",
        "required_agent": "data",
        "dependencies": list(dependencies),
        "input_keys": [f"k_{d}" for d in dependencies],
        "output_key": f"k_{sid}",
    } | more


def document(*subtasks: Any, **more: Any) -> Any:
    return {"objective": "x", "subtasks": list(subtasks), **more}


def codes(*subtasks: Any, **more: Any) -> Any:
    return [(p.code, p.pointer) for p in plan_problems(seal(document(*subtasks, **more)))]


def test_a_sound_plan_has_no_problems() -> None:
    assert codes(step("a"), step("b", "a"), step("c", "a", "b")) == []


@pytest.mark.parametrize(
    ("subtasks", "more", "expected"),
    [
        ([step("a", "c"), step("b", "a"), step("c", "b")], {}, ("plan.cycle", "/subtasks")),
        ([step("a", "a")], {}, ("plan.self_dependency", "/subtasks/0/dependencies/0")),
        ([step("a", "ghost", input_keys=[])], {}, ("plan.dangling_dependency", "/subtasks/0/dependencies/0")),
        ([step("a"), step("a", output_key="z")], {}, ("plan.duplicate_id", "/subtasks/0/id")),
        ([step("a"), step("b", output_key="k_a")], {}, ("plan.two_writers", "/subtasks/1/output_key")),
        ([step("a")], {"inputs": {"k_a": 1}}, ("plan.overwrites_input", "/subtasks/0/output_key")),
        ([step("a", input_keys=["zz"])], {}, ("plan.unknown_key", "/subtasks/0/input_keys/0")),
        (
            [step("a"), step("b", input_keys=["k_a"])],
            {},
            ("plan.producer_not_ancestor", "/subtasks/1/input_keys/0"),
        ),
        ([step("a")], {"result_key": "zz"}, ("plan.unknown_key", "/result_key")),
        ([step("a", bind={"x": {"key": "zz"}})], {}, ("plan.bind_not_input", "/subtasks/0/bind/x")),
        ([step("a", foreach={"key": "zz"})], {}, ("plan.bind_not_input", "/subtasks/0/foreach")),
        (
            [step("a"), step("b", "a", bind={"x": {"key": "k_a", "pointer": "p"}})],
            {},
            ("plan.bad_pointer", "/subtasks/1/bind/x/pointer"),
        ),
        ([step("a", when={"key": "k", "op": "exists"})], {}, ("plan.bind_not_input", "/subtasks/0/when")),
        (
            [step("a"), step("b", "a", when={"key": "k_a", "pointer": "n", "op": "exists"})],
            {},
            ("plan.bad_pointer", "/subtasks/1/when/pointer"),
        ),
        ([step("a", on_failure="fallback")], {}, ("plan.no_fallback", "/subtasks/0/on_failure")),
        ([step("a", fallback_agent="time")], {}, ("plan.no_fallback", "/subtasks/0/fallback_agent")),
        (
            [step("a", on_failure="fail", fallback_agent="time")],
            {},
            ("plan.no_fallback", "/subtasks/0/fallback_agent"),
        ),
        ([step("a", budget={"memory_mb": 3})], {}, ("plan.unsupported", "/subtasks/0/budget/memory_mb")),
        ([step("a")], {"budget": {"memory_mb": 1}}, ("plan.unsupported", "/budget/memory_mb")),
        ([step("a")], {"budget": {"requests": -1}}, ("plan.shape", "/budget/requests")),
        ([step("a")], {"budget": {"bytes": 1.5}}, ("plan.shape", "/budget/bytes")),
        ([step("a")], {"budget": {"fuel": 0}}, ("plan.shape", "/budget/fuel")),
        ([step("A")], {}, ("plan.shape", "/subtasks/0/id")),
        ([step("a", surprise=1)], {}, ("plan.shape", "/subtasks/0")),
        ([], {}, ("plan.shape", "/subtasks")),
    ],
)
def test_each_defect_is_reported_by_its_code_and_place(subtasks: Any, more: Any, expected: Any) -> None:
    assert expected in codes(*subtasks, **more)


def test_every_problem_is_reported_at_once() -> None:
    found = codes(step("a", "b"), step("b", "a", budget={"memory_mb": 1}), step("c", output_key="k_a"))
    assert {code for code, _ in found} == {"plan.cycle", "plan.two_writers", "plan.unsupported"}


@pytest.mark.parametrize(
    "fields",
    [
        {"on_failure": "skip", "approval": "auto", "budget": {"wall_s": 3}, "retries": 0},
        {"when": {"key": "k_a", "pointer": "/n/0", "op": "gt", "value": 3}},
        {"when": {"key": "k_a", "op": "exists"}},
        {"on_failure": "fail"},
        {"on_failure": "replan"},
        {"on_failure": "fallback", "fallback_agent": "time"},
        {"approval": "always"},
        {"approval": "never"},
        {"budget": {"wall_s": 0.5, "fuel": 1, "requests": 0, "bytes": 0}},
    ],
)
def test_what_is_executed_may_be_asked_for(fields: Any) -> None:
    assert codes(step("a"), step("b", "a", **fields)) == []


def test_a_whole_plan_may_have_its_counted_budgets() -> None:
    assert codes(step("a"), budget={"wall_s": 3, "fuel": 10, "requests": 5, "bytes": 1_000}) == []
    assert codes(step("a"), budget={"tokens": 0, "usd": 0.25}) == []


@pytest.mark.parametrize("budget", [{"memory_mb": 1}, {"memory_mb": 9, "tokens": 1}])
def test_a_budget_nobody_counts_is_refused_and_never_ignored(budget: Any) -> None:
    assert codes(step("a"), budget=budget) == [("plan.unsupported", "/budget/memory_mb")]


def test_a_condition_on_what_is_read_late_is_refused_like_any_other_input() -> None:
    late = step("b", input_keys=["k_a"], when={"key": "k_a", "op": "exists"})
    assert codes(step("a"), late) == [("plan.producer_not_ancestor", "/subtasks/1/input_keys/0")]


def test_a_plan_without_its_name_is_given_one() -> None:
    plan = load_plan(document(step("a")))
    assert plan.plan_id == plan_id_of(plan.as_json())
    assert plan.origin.planner == "human"


def test_a_plan_printed_and_read_again_keeps_its_name() -> None:
    plan = load_plan(document(step("a", timeout_s=30), budget={"wall_s": 1.5}, inputs={"z": None}))
    assert load_plan(json.dumps(plan.as_json())) == plan


def test_who_planned_it_does_not_change_a_plans_name() -> None:
    one = load_plan(document(step("a"), origin={"planner": "rules"}))
    other = load_plan(document(step("a"), origin={"planner": "llm", "model": "m"}, parent="f" * 64))
    assert one.plan_id == other.plan_id


def test_an_edited_plan_is_refused_by_its_name() -> None:
    edited = load_plan(document(step("a"))).as_json() | {"objective": "y"}
    with pytest.raises(InvalidPlan) as caught:
        load_plan(edited)
    assert caught.value.code == "plan.hash_mismatch"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "json.malformed"),
        ("[]", "plan.shape"),
        ("null", "plan.shape"),
        ('{"a": NaN}', "json.malformed"),
        ('{"a": 1, "a": 2}', "json.malformed"),
        (b"\xff\xfe{}", "json.encoding"),
        ("[" * 100_000, "json.too_deep"),
        ('{"a": ' + "1" * 5000 + "}", "json.too_large"),
        ('"\\ud800"', "json.encoding"),
    ],
)
def test_text_that_is_no_plan_is_refused_by_code(text: Any, code: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        load_plan(text)
    assert caught.value.code == code


def test_a_problem_does_not_repeat_a_megabyte_of_what_was_sent() -> None:
    with pytest.raises(InvalidPlan) as caught:
        load_plan(document(step("a"), objective="x" * 1_000_000))
    assert len(json.dumps(caught.value.as_json())) < 2000


def test_the_error_says_what_where_and_how_many() -> None:
    with pytest.raises(InvalidPlan) as caught:
        load_plan(document(step("a", "zz", input_keys=[]), step("b", output_key="k_a")))
    assert caught.value.as_json() == snapshot(
        {
            "code": "plan.dangling_dependency",
            "message": "'a' waits for 'zz', which no subtask is called (and 1 more)",
            "where": "/subtasks/0/dependencies/0",
            "hint": "Name one of a, b, or add 'zz'.",
            "data": {
                "problems": [
                    {
                        "code": "plan.dangling_dependency",
                        "pointer": "/subtasks/0/dependencies/0",
                        "message": "'a' waits for 'zz', which no subtask is called",
                        "hint": "Name one of a, b, or add 'zz'.",
                    },
                    {
                        "code": "plan.two_writers",
                        "pointer": "/subtasks/1/output_key",
                        "message": "'a' and 'b' both write 'k_a'",
                        "hint": "Give 'b' another output_key.",
                    },
                ]
            },
        }
    )


@st.composite
def graphs(draw: st.DrawFn) -> Any:
    count = draw(st.integers(1, 12))
    edges = [draw(st.sets(st.integers(0, count - 1), max_size=3)) for _ in range(count)]
    return [step(f"s{i}", *(f"s{j}" for j in sorted(e))) for i, e in enumerate(edges)]


def has_cycle(subtasks: Any) -> bool:
    left = {s["id"]: set(s["dependencies"]) for s in subtasks}
    while free := {sid for sid, above in left.items() if not above}:
        left = {sid: above - free for sid, above in left.items() if sid not in free}
    return bool(left)


@given(graphs())
def test_a_plan_is_sound_exactly_when_its_graph_has_no_cycle(subtasks: Any) -> None:
    assert (codes(*subtasks) == []) == (not has_cycle(subtasks))


@given(graphs())
def test_what_is_accepted_also_passes_an_independent_validator(subtasks: Any) -> None:
    whole = seal(document(*subtasks))
    if not plan_problems(whole):
        jsonschema.validate(Plan.model_validate(whole).as_json(), plan_schema())


@given(graphs().filter(lambda s: not has_cycle(s)), st.randoms(use_true_random=False))
def test_the_order_subtasks_are_written_in_changes_nobodys_ancestry(subtasks: Any, rng: Any) -> None:
    turned = rng.sample(subtasks, len(subtasks))
    written, other = Ancestry(subtasks), Ancestry(turned)
    ids = [s["id"] for s in subtasks]
    assert all(written.waits_for(a, b) == other.waits_for(a, b) for a in ids for b in ids)


@pytest.mark.parametrize("turn", [1, -1], ids=["in order", "turned round"])
def test_a_ring_is_named_in_the_order_it_goes(turn: int) -> None:
    ring = [step("a", "c"), step("b", "a"), step("c", "b"), step("d", "a")][::turn]
    (found,) = [p for p in plan_problems(seal(document(*ring))) if p.code == "plan.cycle"]
    names = found.message.partition(": ")[2].split(" -> ")
    assert (names[0], set(names)) == (names[-1], {"a", "b", "c"})


def test_a_name_we_computed_is_not_computed_again_but_a_given_one_is() -> None:
    ours = read_document(document(step("a")))
    given = read_document(ours.document | {"objective": "y"})
    assert (ours.is_ours, given.is_ours) == (True, False)
    assert plan_problems(ours.document, is_ours=True) == []
    assert [p.code for p in plan_problems(given.document)] == ["plan.hash_mismatch"]


@given(graphs().filter(lambda s: not has_cycle(s)))
def test_who_waits_for_a_subtask_waits_for_what_it_waits_for(subtasks: Any) -> None:
    ancestry, ids = Ancestry(subtasks), [s["id"] for s in subtasks]
    for s in subtasks:
        assert not ancestry.waits_for(s["id"], s["id"])
        for above in s["dependencies"]:
            assert ancestry.waits_for(s["id"], above)
            assert all(ancestry.waits_for(s["id"], i) for i in ids if ancestry.waits_for(above, i))


def test_a_chain_of_ten_thousand_is_checked_in_little_memory() -> None:
    chain = [step("s0"), *(step(f"s{i}", f"s{i - 1}") for i in range(1, 10_000))]
    whole = seal(document(*chain))
    plan_problems(seal(document(step("a"))))  # the schema is compiled once
    tracemalloc.start()
    assert plan_problems(whole) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


def test_a_subtask_with_many_inputs_is_checked_in_linear_time() -> None:
    keys = [f"k{i}" for i in range(20_000)]
    many = step("a", input_keys=keys, bind={k: {"key": k} for k in keys})
    whole = seal(document(many, inputs=dict.fromkeys(keys, 1)))
    began = time.process_time()
    assert plan_problems(whole) == []
    assert time.process_time() - began < 10, "a quadratic check takes minutes"


@pytest.mark.parametrize("name", ["$ref", "$dynamicRef", "$recursiveRef"])
def test_an_output_schema_that_refers_elsewhere_is_refused(name: str) -> None:
    schema = {"properties": {"x": [{"anyOf": [{name: "#/$defs/a"}]}]}}
    assert ("plan.output_schema", "/subtasks/0/output_schema") in codes(step("a", output_schema=schema))


def test_an_output_schema_of_endless_parts_is_refused() -> None:
    schema = {"anyOf": [{"const": i} for i in range(5000)]}
    assert ("plan.output_schema", "/subtasks/0/output_schema") in codes(step("a", output_schema=schema))


def test_the_published_plan_schema_is_the_one_in_force() -> None:
    assert json.loads((ROOT / "docs/schemas/plan.schema.json").read_text()) == plan_schema()


def test_the_model_knows_every_field_of_the_schema() -> None:
    spelled = set(plan_schema()["properties"])
    assert {f.alias or name for name, f in Plan.model_fields.items()} == spelled
    subtask = plan_schema()["$defs"]["subtask"]["properties"]
    from_model = Plan.model_json_schema()["$defs"]["Subtask"]["properties"]
    assert set(subtask) == set(from_model)
