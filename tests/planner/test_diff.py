"""What changed between two plans, and what the new one may do that the old one might not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from inline_snapshot import snapshot

from contracts.card import AgentCard, read_card
from contracts.effect import Effect
from contracts.structure import seal
from planner.diff import MOST_LINES, PlanDiff, diff_plans


def step(sid: str, agent: str = "scrape", *reads: str, bind: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": f"do {sid}", "required_agent": agent, "dependencies": list(reads),
        "input_keys": [f"k_{r}" for r in reads], "bind": bind or {}, "output_key": f"k_{sid}",
    } | more  # fmt: skip


def plan(*subtasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return seal({"objective": "x", "subtasks": list(subtasks), **more})


def url(host: str) -> dict[str, Any]:
    return {"url": {"literal": f"https://{host}/"}}


def of(key: str) -> dict[str, Any]:
    return {"text": {"key": key}}


def diff(old: dict[str, Any], new: dict[str, Any], **more: Any) -> PlanDiff:
    return diff_plans(old, new, **more)


BASE = (step("a", bind=url("x.test")), step("b", "time", "a", bind=of("k_a")))


def test_the_same_plan_has_not_changed() -> None:
    found = diff(plan(*BASE), plan(*BASE))
    assert (found.is_same, found.lines(), found.widens) == (True, ["nothing changed"], ())


def test_the_order_subtasks_are_written_in_is_no_change() -> None:
    assert diff(plan(*BASE), plan(*BASE[::-1])).is_same


def test_steps_that_came_and_went_are_told() -> None:
    found = diff(plan(*BASE), plan(BASE[0], step("c", "data", "a")))
    assert [s.id for s in found.added] == ["c"]
    assert [s.id for s in found.removed] == ["b"]
    assert found.changed == ()


def test_a_step_that_was_only_renamed_is_one_change_and_its_readers_are_none() -> None:
    renamed = {**BASE[0], "id": "first", "output_key": "k_first"}
    reader = {**BASE[1], "dependencies": ["first"], "input_keys": ["k_first"], "bind": of("k_first")}
    found = diff(plan(*BASE), plan(renamed, reader))
    assert [c.as_json() for c in found.changed] == snapshot(
        [
            {
                "id": "first",
                "was": "a",
                "changes": [{"field": "output_key", "before": "k_a", "after": "k_first"}],
            }
        ]
    )
    assert found.widens == ()


def test_a_step_put_in_front_moves_no_other() -> None:
    def numbered(*hosts: str) -> dict[str, Any]:
        pages = [step(f"s{n}", bind=url(host)) for n, host in enumerate(hosts)]
        ends = [step(f"s{n + len(hosts)}", "time", f"s{n}", bind=of(f"k_s{n}")) for n in range(len(hosts))]
        return plan(*pages, *ends)

    found = diff(numbered("b.test", "c.test"), numbered("a.test", "b.test", "c.test"))
    assert {s.id for s in found.added} == {"s0", "s3"}
    assert found.removed == ()
    assert {(c.was, c.id) for c in found.changed} == {("s0", "s1"), ("s1", "s2"), ("s2", "s4"), ("s3", "s5")}
    assert {change.field for c in found.changed for change in c.changes} == {"objective", "output_key"}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"bind": url("x.test") | {"max_pages": {"literal": 2}}}, 'bind.max_pages: nothing -> {"literal":2}'),
        ({"bind": {}}, "bind.url: "),
        ({"required_agent": "vision"}, 'required_agent: "scrape" -> "vision"'),
        ({"retries": 3}, "retries: nothing -> 3"),
        ({"objective": "other words"}, 'objective: "do a" -> "other words"'),
        ({"on_failure": "fail"}, 'on_failure: nothing -> "fail"'),
        (
            {"when": {"key": "g", "op": "exists"}, "input_keys": ["g"]},
            'when: nothing -> {"key":"g","op":"exists"}',
        ),
        ({"budget": {"requests": 4}}, 'budget: nothing -> {"requests":4}'),
        ({"output_schema": {"type": "object"}}, "output_schema: nothing -> "),
    ],
)
def test_each_field_of_a_step_that_changed_is_told(fields: Any, line: str) -> None:
    inputs = {"inputs": {"g": 1}}
    found = diff(plan(*BASE, **inputs), plan({**BASE[0], **fields}, BASE[1], **inputs))
    assert [c.id for c in found.changed][:1] == ["a"]
    assert any(line in told for told in found.lines())


def test_true_is_not_one_and_two_is_not_two_point_nought() -> None:
    def given(value: Any) -> dict[str, Any]:
        return plan(step("a", bind={"x": {"literal": value}}))

    assert not diff(given(True), given(1)).is_same
    assert not diff(given(2), given(2.0)).is_same


def test_what_is_said_of_the_whole_plan_is_compared_too() -> None:
    old = plan(*BASE, inputs={"n": 1, "gone": 2}, result_key="k_a", budget={"requests": 5})
    new = plan(*BASE, inputs={"n": 3, "new": 4}, result_key="k_b")
    assert {c.field for c in diff(old, new).plan} == {
        "inputs.n",
        "inputs.gone",
        "inputs.new",
        "result_key",
        "budget",
    }


def test_a_result_whose_key_was_renamed_is_still_the_result() -> None:
    new = plan(
        {**BASE[0], "output_key": "k_z"},
        {**BASE[1], "input_keys": ["k_z"], "bind": of("k_z")},
        result_key="k_z",
    )
    assert [c.field for c in diff(plan(*BASE, result_key="k_a"), new).plan] == []


def mailer(effect: Effect) -> AgentCard:
    document = {"name": "wasm:mail", "version": "1.0.0", "description": "d", "takes": {}, "gives": {}}
    return replace(read_card(document, where="mail"), effect=effect)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            {},
            {"required_agent": "wasm:mail"},
            "uses the agent wasm:mail, which is effectful; it did not before",
        ),
        ({}, {"fallback_agent": "wasm:mail", "on_failure": "fallback"}, "uses the agent wasm:mail"),
        ({}, {"bind": url("evil.test")}, "reaches for the host evil.test; it did not before"),
        ({}, {"effect": "effectful"}, "has effects outside; it had none before"),
        ({"budget": {"requests": 5}}, {"budget": {"requests": 9}}, "'a' may use 9 requests; it had 5"),
        ({"budget": {"requests": 5}}, {}, "'a' has no budget of requests; it had 5"),
        ({"retries": 1}, {"retries": 4}, "'a' has retries 4; it had 1"),
        ({}, {"retries": 4}, "'a' has retries 4; it had 0"),
        ({"timeout_s": 5}, {"timeout_s": 50}, "'a' has timeout_s 50; it had 5"),
        ({}, {"timeout_s": 3600}, "'a' has timeout_s 3600; it had 60"),
        ({"timeout_s": 5}, {}, "'a' has timeout_s 60; it had 5"),
        ({"effect": "effectful"}, {}, "'a' counts as pure; it counted as effectful"),
        ({"approval": "always"}, {"approval": "never"}, "'a' asks for approval never; it asked always"),
        ({"when": {"key": "g", "op": "exists"}}, {}, "'a' runs in any case; it had a condition"),
        ({}, {"foreach": {"key": "g", "max_items": 50}}, "'a' runs up to 50 times; it ran up to 1"),
    ],
)
def test_whatever_goes_further_is_said_in_words(old: Any, new: Any, words: str) -> None:
    base = step("a", bind=url("x.test"), input_keys=["g"])
    found = diff(
        plan({**base, **old}, inputs={"g": []}),
        plan({**base, **new}, inputs={"g": []}),
        cards=(mailer(Effect.EFFECTFUL),),
    )
    assert any(words in told for told in found.widens)
    assert found.lines()[0].startswith("! ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"budget": {"requests": 9}}, {"budget": {"requests": 5}}),
        ({}, {"budget": {"requests": 5}}),
        ({"approval": "never"}, {"approval": "always"}),
        ({"retries": 3}, {"retries": 0}),
        ({}, {"bind": url("x.test") | {"render": {"literal": "never"}}}),
        ({}, {"objective": "see https://x.test/ again"}),
    ],
)
def test_what_goes_no_further_widens_nothing(old: Any, new: Any) -> None:
    base = step("a", bind=url("x.test"))
    assert diff(plan({**base, **old}), plan({**base, **new})).widens == ()


def test_a_wider_budget_of_the_whole_plan_is_told() -> None:
    found = diff(plan(*BASE, budget={"requests": 5, "wall_s": 60}), plan(*BASE, budget={"requests": 50}))
    assert found.widens == (
        "the plan may use 50 requests; it had 5",
        "the plan has no budget of wall_s; it had 60",
    )


def test_more_calls_of_an_effectful_agent_are_told() -> None:
    cards = (mailer(Effect.EFFECTFUL),)
    sends = [step(f"m{n}", "wasm:mail", bind={"to": {"literal": n}}) for n in range(3)]
    found = diff(plan(*sends[:1]), plan(*sends), cards=cards)
    assert found.widens == (
        "calls wasm:mail, which is effectful, in 3 steps; it did in 1 before",
        "'m1' is new and effectful",
        "'m2' is new and effectful",
    )


def test_a_step_put_in_anothers_place_tells_how_bold_it_is() -> None:
    old = step("m", "wasm:mail", bind={"to": {"literal": 1}}, approval="always")
    bold = {"approval": "never", "foreach": {"key": "g", "max_items": 7}, "retries": 5, "timeout_s": 90}
    new = step("n", "wasm:mail", bind={"to": {"literal": 2}}, input_keys=["g"], **bold)
    found = diff(plan(old, inputs={"g": []}), plan(new, inputs={"g": []}), cards=(mailer(Effect.EFFECTFUL),))
    assert found.widens == (
        "'n' is new and asks nobody for approval",
        "'n' is new and effectful",
        "'n' is new and runs up to 7 times",
        "'n' is new and has retries 5; its agent has 0",
        "'n' is new and has timeout_s 90; its agent has 60",
    )


def test_long_values_are_shown_from_where_they_begin_to_differ() -> None:
    long = "x" * 300
    found = diff(
        plan(step("a", bind={"t": {"literal": long + "old"}})),
        plan(step("a", bind={"t": {"literal": long + "new"}})),
    )
    (line,) = [line for line in found.lines() if "bind.t" in line]
    assert "old" in line.partition(" -> ")[0]
    assert "new" in line.partition(" -> ")[2]


def test_no_line_drives_a_terminal_or_turns_the_text_around() -> None:
    hostile = "\x1b[2J\u202e\r\u2066"
    old = plan(step("a"), inputs={"g": hostile})
    new = plan(step("a", hostile), step("b", f"x{hostile}"), objective=hostile, inputs={"g": hostile + "!"})
    assert all(line.isprintable() for line in diff(old, new).lines())


def test_the_whole_is_json_and_names_both_plans() -> None:
    old, new = plan(*BASE), plan(BASE[0])
    found = diff(old, new).as_json()
    assert json.loads(json.dumps(found)) == found
    assert (found["old"], found["new"], found["same"]) == (old["plan_id"], new["plan_id"], False)


def test_a_plan_of_ten_thousand_steps_that_all_changed_is_told_in_part() -> None:
    def chain(word: str) -> dict[str, Any]:
        steps = [step("s0", bind=url("x.test"))]
        steps += [step(f"s{n}", "time", f"s{n - 1}", bind=of(f"k_s{n - 1}")) for n in range(1, 10_000)]
        return plan(*({**s, "objective": word} for s in steps))

    found = diff(chain("one"), chain("other"))
    assert len(found.changed) == 10_000
    assert len(found.lines()) == MOST_LINES + 1
