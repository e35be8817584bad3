"""What a plan is called: the same content has the same name everywhere, and any other content another."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.errors import InvalidInput, InvalidPlan
from contracts.plan import load_plan
from contracts.structure import UNHASHED, plan_id_of, plan_problems, read_document, seal

PLAN: dict[str, Any] = {
    "objective": "Größe der 🚚 messen",
    "inputs": {"b": 1, "a": [1.5, None, "ü"]},
    "subtasks": [
        {
            "id": "s",
            "objective": "o",
            "required_agent": "data",
            "dependencies": [],
            "input_keys": [],
            "output_key": "the_result_of_s",
        }
    ],
}
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
INPUTS = st.dictionaries(KEYS, VALUES, max_size=4)


def independent_name(document: dict[str, Any]) -> str:
    """Hash as the reference says, with the standard library alone."""
    hashed = {k: v for k, v in document.items() if k not in {"plan_id", "parent", "origin"}}
    text = json.dumps(hashed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


SPELLED = (
    '{"inputs":{"a":[1.5,null,"ü"],"b":1},"objective":"Größe der 🚚 messen","schema":"plan/1","subtasks":[{'
    '"dependencies":[],"id":"s","input_keys":[],"objective":"o","output_key":"the_result_of_s","required_agent":"data"}]}'
)


def test_the_name_of_a_known_plan_never_changes() -> None:
    assert seal(PLAN)["plan_id"] == hashlib.sha256(SPELLED.encode("utf-8")).hexdigest()


@settings(max_examples=25)
@given(INPUTS)
def test_a_name_can_be_computed_by_anybody_from_the_reference_alone(inputs: dict[str, Any]) -> None:
    whole = seal(PLAN | {"inputs": inputs})
    assert whole["plan_id"] == independent_name(whole)


@settings(max_examples=25)
@given(INPUTS, st.randoms(use_true_random=False))
def test_the_order_of_fields_and_the_spaces_between_do_not_change_a_name(inputs: Any, rng: Any) -> None:
    one = PLAN | {"inputs": inputs}
    other = dict(rng.sample(sorted(one.items()), len(one)))
    spaced, plain = json.dumps(other, indent=3), json.dumps(one, ensure_ascii=False, separators=(",", ":"))
    assert load_plan(spaced).plan_id == load_plan(plain.encode()).plan_id == load_plan(one).plan_id


@settings(max_examples=25)
@given(INPUTS, INPUTS)
def test_two_contents_share_a_name_only_if_they_are_one(one: Any, other: Any) -> None:
    names = [plan_id_of(seal(PLAN | {"inputs": inputs})) for inputs in (one, other)]
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (names[0] == names[1]) == same


@settings(max_examples=25)
@given(INPUTS)
def test_a_plan_that_was_printed_any_number_of_times_is_still_the_same_plan(inputs: Any) -> None:
    first = load_plan(PLAN | {"inputs": inputs})
    again = load_plan(json.dumps(first.as_json()))
    assert load_plan(json.dumps(again.as_json(), ensure_ascii=False).encode()) == first


@pytest.mark.parametrize(
    "change",
    [
        {"objective": "other"},
        {"inputs": {"b": 1, "a": [1.5, None, "u"]}},
        {"inputs": {"b": True, "a": [1.5, None, "ü"]}},
        {"inputs": {"b": 1.0, "a": [1.5, None, "ü"]}},
        {"result_key": "the_result_of_s"},
        {"budget": {}},
        {"estimate": {"risk": 1}},
        {"subtasks": [PLAN["subtasks"][0] | {"input_keys": ["b"]}]},
        {"subtasks": [PLAN["subtasks"][0] | {"retries": 0}]},
        {"subtasks": [PLAN["subtasks"][0] | {"on_failure": "skip"}]},
    ],
)
def test_whatever_a_run_could_notice_is_part_of_the_name(change: dict[str, Any]) -> None:
    assert seal(PLAN | change)["plan_id"] != seal(PLAN)["plan_id"]


@pytest.mark.parametrize("field", sorted(UNHASHED))
def test_where_a_plan_came_from_is_no_part_of_its_name(field: str) -> None:
    whole = seal(PLAN)
    assert plan_id_of(whole | {field: {"planner": "rules", "model": "x"}}) == whole["plan_id"]
    assert plan_id_of({k: v for k, v in whole.items() if k != field}) == whole["plan_id"]


def test_sealing_twice_changes_nothing_and_leaves_the_document_alone() -> None:
    document = json.loads(json.dumps(PLAN))
    once = seal(document)
    assert seal(once) == once
    assert document == PLAN
    assert set(once) - set(PLAN) == {"schema", "origin", "plan_id"}


def test_sealing_computes_a_name_again_where_one_was_given() -> None:
    assert seal(PLAN | {"plan_id": "f" * 64})["plan_id"] == seal(PLAN)["plan_id"]


def test_who_planned_is_kept_when_it_is_said() -> None:
    said = {"planner": "rules", "catalogue_sha256": "c" * 64}
    assert seal(PLAN | {"origin": said})["origin"] == said
    assert seal(PLAN)["origin"] == {"planner": "human"}


@pytest.mark.parametrize("text", [json.dumps(PLAN), json.dumps(PLAN).encode(), PLAN, MappingProxyType(PLAN)])
def test_a_plan_may_come_as_text_bytes_or_a_mapping(text: Any) -> None:
    assert read_document(text).document == seal(PLAN)


def test_a_plan_with_another_plans_name_is_told_both_names_in_short() -> None:
    wrong = seal(PLAN) | {"plan_id": "0" * 64}
    (problem,) = plan_problems(wrong)
    assert problem.as_json() == snapshot(
        {
            "code": "plan.hash_mismatch",
            "pointer": "/plan_id",
            "message": "the plan was edited: its content is 187a6faf74ee…, it says 000000000000…",
            "hint": "Leave plan_id out to have it computed.",
        }
    )


def test_a_wrong_name_does_not_hide_what_else_is_wrong() -> None:
    wrong = seal(PLAN) | {"plan_id": "0" * 64, "result_key": "nobody"}
    assert [p.code for p in plan_problems(wrong)] == ["plan.hash_mismatch", "plan.unknown_key"]


def test_a_name_in_capitals_is_no_name() -> None:
    whole = seal(PLAN)
    assert [p.pointer for p in plan_problems(whole | {"plan_id": str(whole["plan_id"]).upper()})] == [
        "/plan_id"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "a plan is an object, this is a list"),
        ('"plan"', "a plan is an object, this is a string"),
        ("3", "a plan is an object, this is a number"),
        ("null", "a plan is an object, this is null"),
    ],
)
def test_what_is_json_but_no_object_is_told_what_it_is(text: str, message: str) -> None:
    with pytest.raises(InvalidPlan, match=message) as caught:
        load_plan(text)
    assert [(p.code, p.pointer) for p in caught.value.problems] == [("plan.shape", "")]


def test_a_field_written_twice_is_refused_before_anything_is_hashed() -> None:
    twice = json.dumps(PLAN)[:-1] + ', "objective": "another"}'
    with pytest.raises(InvalidInput, match="the key 'objective' stands twice"):
        load_plan(twice)
