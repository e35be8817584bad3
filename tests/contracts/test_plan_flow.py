"""Who reads what after whom: every broken flow of keys is found, told once, and told where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.errors import InvalidPlan, Problem
from contracts.plan import load_plan
from contracts.structure import plan_problems, seal

NAMES = ["a", "b", "c", "d", "e"]


def step(sid: str, *dependencies: str, reads: Any = (), writes: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": sid,
        "objective": "o",
        "required_agent": "data",
        "dependencies": list(dependencies),
        "input_keys": list(reads),
        "output_key": writes or f"k_{sid}",
    } | more


def problems(*subtasks: Any, **more: Any) -> list[Problem]:
    return plan_problems(seal({"objective": "x", "subtasks": list(subtasks), **more}), is_ours=True)


def found(*subtasks: Any, **more: Any) -> list[tuple[str, str]]:
    return [(p.code, p.pointer) for p in problems(*subtasks, **more)]


@st.composite
def flows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw subtasks that each wait for some before them and read any keys, written or not."""
    keys = [*(f"k_{name}" for name in NAMES), "given", "nobody"]
    return [
        step(
            name,
            *draw(st.sets(st.sampled_from(NAMES[:i]), max_size=2)) if i else (),
            reads=draw(st.lists(st.sampled_from(keys), unique=True, max_size=3)),
        )
        for i, name in enumerate(NAMES)
    ]


def ancestors(subtasks: list[dict[str, Any]], sid: str) -> set[str]:
    direct = {s["id"]: set(s["dependencies"]) for s in subtasks}
    above: set[str] = set()
    waiting = set(direct[sid])
    while waiting:
        above |= waiting
        waiting = set().union(*(direct[w] for w in waiting)) - above
    return above


@settings(max_examples=40)
@given(flows())
def test_a_key_is_read_only_where_it_was_written_before_or_given(subtasks: list[dict[str, Any]]) -> None:
    expected = set()
    for n, s in enumerate(subtasks):
        for i, key in enumerate(s["input_keys"]):
            at = f"/subtasks/{n}/input_keys/{i}"
            if key == "nobody":
                expected.add(("plan.unknown_key", at))
            elif key != "given" and key[2:] not in ancestors(subtasks, s["id"]):
                expected.add(("plan.producer_not_ancestor", at))
    told = found(*subtasks, inputs={"given": 1})
    assert len(told) == len(set(told))
    assert set(told) == expected


@settings(max_examples=40)
@given(flows(), st.randoms(use_true_random=False))
def test_the_order_subtasks_are_written_in_changes_no_verdict(subtasks: list[Any], rng: Any) -> None:
    def by_name(written: list[Any]) -> set[tuple[str, str, str]]:
        told = found(*written, inputs={"given": 1})
        return {(code, written[int(at.split("/")[2])]["id"], at.split("/", 3)[3]) for code, at in told}

    assert by_name(subtasks) == by_name(rng.sample(subtasks, len(subtasks)))


@settings(max_examples=40)
@given(flows())
def test_waiting_for_what_the_hint_says_mends_the_flow(subtasks: list[dict[str, Any]]) -> None:
    for problem in problems(*subtasks, inputs={"given": 1, "nobody": 1}):
        at, name = int(problem.pointer.split("/")[2]), problem.hint.split("'")[1]
        assert problem.hint == f"Add {name!r} to its dependencies."
        if NAMES.index(name) < at:  # one that stands later would make a ring
            subtasks[at]["dependencies"] = sorted({*subtasks[at]["dependencies"], name})
    later = {
        (n, i)
        for n, s in enumerate(subtasks)
        for i, key in enumerate(s["input_keys"])
        if key.startswith("k_") and NAMES.index(key[2:]) >= n
    }
    told = found(*subtasks, inputs={"given": 1, "nobody": 1})
    assert set(told) == {("plan.producer_not_ancestor", f"/subtasks/{n}/input_keys/{i}") for n, i in later}


@pytest.mark.parametrize(
    ("field", "source", "place"),
    [
        ("bind", {"p": {"key": "k_a"}}, "/bind/p"),
        ("bind", {"a/b~c": {"key": "k_a"}}, "/bind/a~1b~0c"),
        ("bind", {"": {"key": "k_a"}}, "/bind/"),
        ("foreach", {"key": "k_a"}, "/foreach"),
        ("when", {"key": "k_a", "op": "exists"}, "/when"),
    ],
)
def test_each_reader_of_a_key_has_to_list_it(field: str, source: Any, place: str) -> None:
    reader = step("b", "a", **{field: source})
    assert found(step("a"), reader) == [("plan.bind_not_input", f"/subtasks/1{place}")]
    assert found(step("a"), reader | {"input_keys": ["k_a"]}) == []


@pytest.mark.parametrize(
    ("field", "source", "place"),
    [
        ("bind", {"p": {"key": "g", "pointer": "x"}}, "/bind/p/pointer"),
        ("bind", {"a/b": {"key": "g", "pointer": "#/x"}}, "/bind/a~1b/pointer"),
        ("foreach", {"key": "g", "pointer": " /x"}, "/foreach/pointer"),
        ("when", {"key": "g", "pointer": "~1x", "op": "exists"}, "/when/pointer"),
    ],
)
def test_each_pointer_is_empty_or_begins_at_the_root(field: str, source: Any, place: str) -> None:
    reader = step("a", reads=["g"], **{field: source})
    assert found(reader, inputs={"g": 1}) == [("plan.bad_pointer", f"/subtasks/0{place}")]


@pytest.mark.parametrize("pointer", ["", "/", "/a//b", "/~0~1", "/0", "/é/ /\n"])
def test_a_pointer_that_begins_with_a_slash_is_left_to_the_value(pointer: str) -> None:
    assert found(step("a", reads=["g"], foreach={"key": "g", "pointer": pointer}), inputs={"g": 1}) == []


def test_a_literal_reads_no_key_whatever_it_says() -> None:
    assert found(step("a", bind={"p": {"literal": {"key": "nobody", "pointer": "x"}}})) == []


def test_two_things_wrong_with_one_source_are_both_told() -> None:
    told = found(step("a", bind={"p": {"key": "g", "pointer": "x"}}), inputs={"g": 1})
    assert told == [
        ("plan.bind_not_input", "/subtasks/0/bind/p"),
        ("plan.bad_pointer", "/subtasks/0/bind/p/pointer"),
    ]


def test_a_subtask_cannot_read_what_it_writes_itself() -> None:
    assert found(step("a", reads=["k_a"])) == [("plan.producer_not_ancestor", "/subtasks/0/input_keys/0")]


def test_every_later_writer_of_a_key_is_told_with_the_first() -> None:
    told = problems(step("a", writes="k"), step("b", writes="k"), step("c", writes="k"))
    assert [(p.pointer, p.message) for p in told] == snapshot(
        [
            ("/subtasks/1/output_key", "'a' and 'b' both write 'k'"),
            ("/subtasks/2/output_key", "'a' and 'c' both write 'k'"),
        ]
    )


def test_a_key_both_given_and_written_twice_is_told_as_each() -> None:
    told = found(step("a", writes="g"), step("b", writes="g"), inputs={"g": 1})
    assert told == snapshot(
        [
            ("plan.overwrites_input", "/subtasks/0/output_key"),
            ("plan.overwrites_input", "/subtasks/1/output_key"),
            ("plan.two_writers", "/subtasks/1/output_key"),
        ]
    )


@pytest.mark.parametrize(("result", "is_known"), [("k_a", True), ("g", True), ("k_b", False), ("", False)])
def test_a_result_is_something_written_or_given(result: str, *, is_known: bool) -> None:
    told = found(step("a"), inputs={"g": 1}, result_key=result)
    assert told == ([] if is_known else [("plan.unknown_key", "/result_key")])


def test_a_key_given_as_null_is_given() -> None:
    assert found(step("a", reads=["g"]), inputs={"g": None}, result_key="g") == []


def test_every_one_of_several_namesakes_is_told_with_their_number() -> None:
    told = problems(step("a"), step("b"), step("a", writes="z"), step("a", writes="y"))
    assert [(p.pointer, p.message) for p in told] == snapshot(
        [
            ("/subtasks/0/id", "3 subtasks are called 'a'"),
            ("/subtasks/2/id", "3 subtasks are called 'a'"),
            ("/subtasks/3/id", "3 subtasks are called 'a'"),
        ]
    )


def test_a_graph_that_is_broken_is_not_asked_about_its_flow() -> None:
    told = found(step("a", "ghost", reads=["k_b"]), step("b", "b", reads=["nobody"]))
    assert told == snapshot(
        [
            ("plan.dangling_dependency", "/subtasks/0/dependencies/0"),
            ("plan.self_dependency", "/subtasks/1/dependencies/0"),
        ]
    )


def test_a_long_ring_is_told_in_part() -> None:
    ring = [step(f"s{i}", f"s{(i - 1) % 500}") for i in range(500)]
    (problem,) = problems(*ring)
    assert (problem.code, problem.message.count(" -> ")) == ("plan.cycle", 19)


def test_a_plan_of_many_wrongs_says_the_first_and_counts_the_rest() -> None:
    with pytest.raises(InvalidPlan) as caught:
        load_plan({"objective": "x", "subtasks": [step("a", reads=["p", "q", "r"])]})
    assert caught.value.message == "'a' reads 'p', which nothing writes (and 2 more)"
    assert len(caught.value.data["problems"]) == len(caught.value.problems) == 3


@pytest.mark.parametrize("name", ["$ref", "$dynamicRef", "$recursiveRef"])
def test_a_reference_hidden_anywhere_in_an_output_schema_is_found_once(name: str) -> None:
    hidden = {"allOf": [{"properties": {"p": {"not": {name: "#"}}}}, {"items": {name: "#"}}]}
    told = found(step("a", output_schema=hidden), step("b", output_schema={"type": "object"}))
    assert told == [("plan.output_schema", "/subtasks/0/output_schema")]


@pytest.mark.parametrize(("parts", "is_taken"), [(1997, True), (1998, False)])
def test_an_output_schema_has_at_most_two_thousand_parts(parts: int, *, is_taken: bool) -> None:
    # the schema itself, its list, the list's name's value: three more than the elements, less one
    told = found(step("a", output_schema={"enum": list(range(parts + 1))}))
    assert (told == []) == is_taken


def test_each_budget_nobody_counts_is_told_with_its_field() -> None:
    told = problems(step("a", budget={"usd": 1, "memory_mb": 1, "tokens": 0}), budget={"memory_mb": 1})
    assert [(p.pointer, p.hint) for p in told] == snapshot(
        [
            ("/budget/memory_mb", "Leave budget.memory_mb out."),
            ("/subtasks/0/budget/memory_mb", "Leave budget.memory_mb out."),
        ]
    )
