"""What a new plan may not let go of: limits, schemas, conditions, people to ask, the order before an effect."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.bounds import bounds_problems
from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.plan import Plan, load_plan
from contracts.replanning import Failed, marked, rounds_of, signature
from contracts.trace import TraceStatus

OUT = "plan.replan_bounds"


def card(name: str, effect: str = "pure", **more: Any) -> AgentCard:
    return AgentCard(name, "1.0.0", name, takes={}, gives={}, effect=Effect(effect), **more)


CARDS = (
    card("read", uses=("requests",), untrusted_output=True),
    card("photo", untrusted_output=True),
    card("work"),
    card("twin"),
    card("send", "effectful"),
)


def step(sid: str, *after: str, agent: str = "work", **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": sid, "required_agent": agent, "dependencies": list(after),
        "input_keys": [f"k_{d}" for d in after], "output_key": f"k_{sid}",
    } | more  # fmt: skip


def given(**values: Any) -> dict[str, Any]:
    return {"bind": {name: {"literal": value} for name, value in values.items()}}


def plan(*steps: dict[str, Any], **more: Any) -> Plan:
    return load_plan({"objective": "x", "subtasks": list(steps), **more})


def judged(
    old: list[dict[str, Any]],
    new: list[dict[str, Any]],
    *,
    ended: dict[str, TraceStatus] | None = None,
    **frame: Any,
) -> list[tuple[str, str]]:
    """Return what is wrong with a new plan after the step `f` of the old one failed."""
    before = plan(*old, **frame)
    status = {"f": TraceStatus.FAILURE} | (ended or {})
    failed = Failed("x", before.inputs, before, CARDS, status, "f", "work.no", 1)
    after = plan(*new, **frame).model_copy(update={"parent": before.plan_id})
    return [(p.code, p.pointer) for p in bounds_problems(failed, after)]


def other(**more: Any) -> dict[str, Any]:
    """Return what takes the failed step's place."""
    return step("f2", output_key="k_f", **given(n=2)) | more


F = step("f", **given(n=1))


def test_what_takes_the_failed_steps_place_with_other_arguments_may_run() -> None:
    assert judged([F, step("z")], [other(), step("z")]) == []


@pytest.mark.parametrize("value", [True, 1.0])
def test_a_frozen_step_is_compared_to_the_letter_and_not_as_python_does(value: Any) -> None:
    old, new = [F, step("z", **given(n=1))], [other(), step("z", **given(n=value))]
    assert (OUT, "/subtasks/1") in judged(old, new)


def test_inputs_that_are_the_same_to_python_alone_are_other_inputs() -> None:
    before = plan(F, inputs={"a": 1})
    failed = Failed("x", before.inputs, before, CARDS, {"f": TraceStatus.FAILURE}, "f", "work.no", 1)
    after = plan(other(), inputs={"a": True}).model_copy(update={"parent": before.plan_id})
    assert [p.pointer for p in bounds_problems(failed, after)] == ["/inputs"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ({"timeout_s": 5}, {"timeout_s": 6}, "timeout_s"),
        ({"timeout_s": 5}, {}, "timeout_s"),
        ({}, {"timeout_s": 61}, "timeout_s"),
        ({}, {"retries": 1}, "retries"),
        ({"budget": {"requests": 1}}, {"budget": {"requests": 2}}, "budget/requests"),
        ({"budget": {"requests": 1}}, {}, "budget/requests"),
        ({"budget": {"requests": 1}}, {"budget": {"bytes": 2}}, "budget/requests"),
        ({"output_schema": {"type": "object"}}, {}, "output_schema"),
        ({"output_schema": {"type": "object"}}, {"output_schema": {}}, "output_schema"),
    ],
)
def test_a_step_in_the_failed_ones_place_may_no_more_than_it_might(
    old: dict[str, Any], new: dict[str, Any], field: str
) -> None:
    assert judged([F | old], [other(**new)]) == [(OUT, f"/subtasks/0/{field}")]
    assert judged([F | old], [other(**old)]) == []


def test_a_list_may_not_be_run_over_further_than_before() -> None:
    def over(most: int, **more: Any) -> dict[str, Any]:
        return step("f", "rows", foreach={"key": "k_rows", "max_items": most}) | more

    changed = {"id": "f2", "output_key": "k_f", "bind": {"n": {"literal": 2}, "row": {"key": "k_rows"}}}
    assert judged([step("rows"), over(5)], [step("rows"), over(5, **changed)]) == []
    assert judged([step("rows"), over(5)], [step("rows"), over(6, **changed)]) == [
        (OUT, "/subtasks/1/foreach/max_items")
    ]


SAID = {"effect": "effectful"}


@pytest.mark.parametrize(
    "last",
    [
        step("z", "f"),
        step("z2", "f", output_key="k_z"),
        step("z", "f", effect="pure"),
    ],
)
def test_an_effect_that_the_plan_alone_speaks_of_is_not_taken_back(last: dict[str, Any]) -> None:
    last = {**last, "dependencies": ["f2"]}
    assert (OUT, "/subtasks/1") in judged([F, step("z", "f", **SAID)], [other(), last])
    kept = step("z", "f", dependencies=["f2"], **SAID)
    assert (
        judged([F | {"required_agent": "twin"}, step("z", "f", **SAID)], [other(required_agent="twin"), kept])
        == []
    )


@pytest.mark.parametrize("agent", ["work", "twin"])
def test_a_person_who_was_to_be_asked_is_asked_whoever_does_it_now(agent: str) -> None:
    old = [F | {"approval": "always"}, step("t", agent="twin")]
    assert judged(old, [other(required_agent=agent), old[1]]) == [(OUT, "/subtasks/0/approval")]
    assert judged(old, [other(required_agent=agent, approval="always"), old[1]]) == []


MAIL = step("mail", "f", agent="send", **given(to="me"))
"""Waits for what fails, and in each case for something else too."""


def mail(*after: str, **more: Any) -> dict[str, Any]:
    return {**MAIL, "dependencies": list(after), **more}


@pytest.mark.parametrize(
    ("between", "now"),
    [
        (step("gate", approval="always"), step("gate", approval="always")),
        (step("backup"), step("backup")),
        (step("gate", "f", approval="always"), None),
        (step("gate", "f", when={"key": "k_f", "op": "exists"}), None),
        (step("gate", "f", when={"key": "k_f", "op": "exists"}), step("gate", "f", dependencies=["f2"])),
    ],
)
def test_an_effect_still_waits_for_all_that_stood_before_it(
    between: dict[str, Any], now: dict[str, Any] | None
) -> None:
    left = [now] if now is not None else []
    waits_for = ("f2", "gate") if now is not None and "when" in between else ("f2",)
    found = judged([F, between, mail("f", between["id"])], [other(), *left, mail(*waits_for)])
    assert (OUT, f"/subtasks/{len(left) + 1}/dependencies") in found
    kept = {**between, "dependencies": ["f2" if n == "f" else n for n in between["dependencies"]]}
    new = [other(), kept, mail("f2", between["id"])]
    assert judged([F, between, mail("f", between["id"])], new) == []


def test_an_effect_that_only_waited_for_a_check_does_not_happen_without_one() -> None:
    alone = mail("f", input_keys=[])
    assert judged([F, step("z"), alone], [step("z"), {**alone, "dependencies": ["z"]}]) == [
        (OUT, "/subtasks/1/dependencies")
    ]
    assert judged([F, alone], [other(), {**alone, "dependencies": ["f2"]}]) == []


def test_an_effect_that_was_skipped_is_not_brought_back_under_another_name() -> None:
    old = [F, step("g"), mail("f", "g")]
    new = [other(), step("g"), mail("f2", id="mail2")]
    skipped = {"g": TraceStatus.FAILURE, "mail": TraceStatus.SKIPPED}
    assert (OUT, "/subtasks/2") in judged(old, new, ended=skipped)


SITE: dict[str, Any] = {
    "inputs": {"site": "https://shop.example/", "note": "https://evil.example/", "both": {"a": 1}}
}


def read(sid: str, key: str, pointer: str = "", **more: Any) -> dict[str, Any]:
    own = {"dependencies": [], "input_keys": [key], "bind": {"url": {"key": key, "pointer": pointer}}}
    return step(sid, agent="read") | own | more


@pytest.mark.parametrize(("key", "pointer"), [("note", ""), ("both", "/a"), ("both", "/b")])
def test_a_network_agent_is_not_steered_by_another_value_of_the_inputs(key: str, pointer: str) -> None:
    found = judged([read("f", "site")], [read("f2", key, pointer, output_key="k_f")], **SITE)
    assert (OUT, "/subtasks/0/bind/url") in found


def test_another_stranger_does_not_say_where_a_page_is_read() -> None:
    old = [
        step("page", agent="read"),
        step("pic", agent="photo"),
        step("f", "page"),
        read("z", "k_f", dependencies=["f"]),
    ]
    kept = read("z", "k_f", dependencies=["f2"])
    by_page = step("f2", "page", output_key="k_f", **given(n=2)) | {"input_keys": ["k_page"]}
    assert judged(old, [*old[:2], by_page, kept]) == []
    by_photo = {**by_page, "dependencies": ["pic"], "input_keys": ["k_pic"]}
    assert (OUT, "/subtasks/3/bind/url") in judged(old, [*old[:2], by_photo, kept])


@pytest.mark.parametrize(
    "url", ["//evil.example/x", "ftp://evil.example", "WSS:\\\\evil.example/x", "see //evil.example"]
)
def test_a_host_behind_another_scheme_or_none_is_a_host_too(url: str) -> None:
    assert judged([F], [other(**given(n=url))]) == [(OUT, "/subtasks/0")]


@pytest.mark.parametrize(
    ("one", "other_one"),
    [
        (given(q="a  b"), given(q=" a b\n")),
        (given(q=2), given(q=2.0)),
        (given(q={"b": 1, "a": "x"}), given(q={"a": "x ", "b": 1})),
        (given(q={"a": 1}), {"bind": {"q.a": {"literal": 1}}}),
        ({"bind": {"q": {"key": "k", "pointer": ""}}}, {"bind": {"q": {"key": "k"}}}),
        ({}, {"when": {"key": "k", "op": "exists"}}),
        ({}, {"timeout_s": 9, "objective": "again"}),
    ],
)
def test_what_does_the_same_has_one_signature_however_it_is_spelled(
    one: dict[str, Any], other_one: dict[str, Any]
) -> None:
    cards = {c.name: c for c in CARDS}
    keys = {"input_keys": ["k"]}
    assert signature(step("a") | keys | one, cards) == signature(step("b") | keys | other_one, cards)


def test_a_plan_says_how_often_its_run_was_replanned_and_after_what() -> None:
    old = plan(F)
    failed = Failed("x", {}, old, CARDS, {"f": TraceStatus.FAILURE}, "f", "work.no", 2)
    new = marked(plan(other()), failed, ["s1", "s2"])
    assert (rounds_of(new), rounds_of(old)) == ((2, ("s1", "s2")), (0, ()))
    assert load_plan(new.as_json()).plan_id == plan(other()).plan_id


def test_effects_behind_effects_of_a_long_plan_are_judged_quickly() -> None:
    rows = [step(f"s{n}", f"s{n - 1}" if n else "f", agent="send", **given(n=n)) for n in range(2000)]
    new = [{**rows[0], "dependencies": ["f2"]}, *rows[1:]]
    assert judged([F, *rows], [other(), *new]) == []
