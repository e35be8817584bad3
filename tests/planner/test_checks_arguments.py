"""Arguments held against all of what an agent takes, as far as they are known."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.structure import seal
from planner.validation import check
from service.cards import load_cards

CODE = "plan.bad_arguments"
UNITS = {"from": {"literal": "km"}, "to": {"literal": "mi"}}
GIVEN = {"key": "given"}


@pytest.fixture(scope="module")
def catalogue() -> tuple[AgentCard, ...]:
    return load_cards()


def one_of(takes: dict[str, Any]) -> tuple[AgentCard, ...]:
    document = {"name": "one", "version": "1.0.0", "description": "d", "takes": takes, "gives": {}}
    return (read_card(document, where="one"),)


def found(cards: Any, agent: str, bind: dict[str, Any], **inputs: Any) -> list[tuple[str, str]]:
    subtask: dict[str, Any] = {
        "id": "a", "objective": "o", "required_agent": agent, "dependencies": [], "input_keys": list(inputs),
        "bind": bind, "output_key": "k",
    }  # fmt: skip
    document: dict[str, Any] = {"objective": "x", "subtasks": [subtask]} | (
        {"inputs": inputs} if inputs else {}
    )
    return [(p.code, p.message) for p in check(seal(document), cards)]


def test_one_of_several_ways_is_given(catalogue: Any) -> None:
    assert found(catalogue, "wasm:convert", {**UNITS, "value": {"literal": 3}}) == []
    assert found(catalogue, "wasm:convert", {**UNITS, "values": {"literal": [1, None]}}) == []
    assert found(catalogue, "wasm:convert", {**UNITS, "value": GIVEN}, given=3) == []


@pytest.mark.parametrize("values", [{"literal": [1]}, GIVEN])
def test_two_ways_that_exclude_each_other_are_refused(catalogue: Any, values: Any) -> None:
    inputs = {"given": [1]} if values is GIVEN else {}
    bind = {**UNITS, "value": {"literal": 3}, "values": values}
    ((code, message),) = found(catalogue, "wasm:convert", bind, **inputs)
    assert (code, message) == (
        CODE,
        "'a': wasm:convert cannot take these together: 'value' and 'values' exclude each other",
    )


def test_none_of_the_ways_is_refused_with_all_of_them(catalogue: Any) -> None:
    subtask: dict[str, Any] = {
        "id": "a", "objective": "o", "required_agent": "wasm:convert", "dependencies": [], "input_keys": [],
        "bind": UNITS, "output_key": "k",
    }  # fmt: skip
    (problem,) = check(seal({"objective": "x", "subtasks": [subtask]}), catalogue)
    assert (problem.code, problem.hint) == (CODE, "Give exactly one of: value; values.")


def test_a_null_stands_for_nothing_given(catalogue: Any) -> None:
    bind = {**UNITS, "value": {"literal": 3}, "values": {"literal": None}}
    assert found(catalogue, "wasm:convert", bind) == []


BRANCHES = {
    "type": "object",
    "properties": {"op": {"enum": ["add", "send"]}, "to": {"type": "string"}, "n": {}},
    "oneOf": [
        {"properties": {"op": {"const": "add"}}, "required": ["n"]},
        {"properties": {"op": {"const": "send"}}, "required": ["to"]},
    ],
}


@pytest.mark.parametrize(
    ("bind", "is_refused"),
    [
        ({"op": {"literal": "add"}, "n": {"literal": 1}}, False),
        ({"op": {"literal": "send"}, "n": {"literal": 1}}, True),
        ({"op": {"literal": "send"}, "to": GIVEN}, False),
        ({"op": {"literal": "add"}, "to": GIVEN}, True),
        ({"op": GIVEN, "to": {"literal": "x"}}, False),
        ({"op": GIVEN}, True),
    ],
)
def test_branches_are_judged_by_what_is_known(bind: Any, *, is_refused: bool) -> None:
    inputs = {"given": "send"} if GIVEN in bind.values() else {}
    codes = [code for code, _ in found(one_of(BRANCHES), "one", bind, **inputs)]
    assert codes == ([CODE] if is_refused else [])


@pytest.mark.parametrize(
    ("takes", "bind", "is_refused"),
    [
        ({"minProperties": 2}, {"a": {"literal": 1}}, True),
        ({"minProperties": 2}, {"a": {"literal": 1}, "b": GIVEN}, False),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": GIVEN}, False),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"c": GIVEN}, True),
        ({"not": {"required": ["a"]}}, {"a": {"literal": 1}}, True),
        ({"not": {"required": ["a"]}}, {"a": GIVEN}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": {"literal": 1}}, True),
        ({"propertyNames": {"maxLength": 2}}, {"long": {"literal": 1}}, True),
    ],
)
def test_words_about_several_parameters_are_heeded(takes: Any, bind: Any, *, is_refused: bool) -> None:
    inputs = {"given": 1} if GIVEN in bind.values() else {}
    codes = [code for code, _ in found(one_of({"type": "object", **takes}), "one", bind, **inputs)]
    assert codes == ([CODE] if is_refused else [])


def test_literal_parts_of_a_parameter_are_held_against_its_schema() -> None:
    takes = {
        "type": "object",
        "properties": {
            "rows": {"type": "object", "additionalProperties": {"type": "array"}},
            "n": {"type": "integer"},
        },
    }
    assert found(one_of(takes), "one", {"rows.a": {"literal": []}, "rows.b": {"literal": [1]}}) == []
    ((_, message),) = found(one_of(takes), "one", {"rows.a": {"literal": []}, "rows.b": {"literal": 1}})
    assert "cannot take this rows.b" in message
    ((_, message),) = found(one_of(takes), "one", {"n.b": {"literal": 1}})
    assert message == "'a' gives one 'n.b', a part of what has none"


def test_parts_assembled_are_judged_with_the_rest() -> None:
    takes = {
        "type": "object",
        "properties": {"t": {"type": "object"}},
        "anyOf": [{"properties": {"t": {"required": ["x", "y"]}}, "required": ["t"]}],
    }
    assert found(one_of(takes), "one", {"t.x": {"literal": 1}, "t.y": {"literal": 2}}) == []
    assert [c for c, _ in found(one_of(takes), "one", {"t.x": {"literal": 1}})] == [CODE]
    assert found(one_of(takes), "one", {"t.x": GIVEN}, given=1) == []  # not all of it is known


T = {"type": "string"}


@pytest.mark.parametrize(
    ("takes", "arguments"),
    [
        ({"properties": {"a": T, "b": {"$ref": "#/properties/a"}}}, {"b": "x"}),
        ({"properties": {"a/b %": {"$ref": "#/$defs/T"}}, "$defs": {"T": T}}, {"a/b %": "x"}),
        ({"properties": {"b": {"$ref": "#t"}}, "$defs": {"t": {"$anchor": "t", **T}}}, {"b": "x"}),
        (
            {
                "$id": "https://x.test/card",
                "properties": {"b": {"$ref": "https://x.test/card#/$defs/T"}},
                "$defs": {"T": T},
            },
            {"b": "x"},
        ),
        ({"$dynamicAnchor": "n", "properties": {"c": {"items": {"$dynamicRef": "#n"}}}}, {"c": [{"c": []}]}),
        ({"properties": {"c": {"$ref": "#"}}}, {"c": {"c": {}}}),
        ({"patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": False}, {"x_a": 3}),
        ({"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}, {"a": None}),
        ({"properties": {"a": {"anyOf": [T, {"type": "null"}]}}, "required": ["a"]}, {"a": None}),
        ({"properties": {"p": {"const": {"a": 1}}}}, {"p.a": 1}),
        ({"properties": {"p": {"type": "string", "pattern": "^(?=.*1)"}}}, {"p": "a1"}),
        ({"properties": {"p": {"items": [T]}}}, {"p": ["x"]}),
    ],
)
def test_what_real_schemas_say_of_arguments_is_understood_or_lets_pass(
    takes: dict[str, Any], arguments: dict[str, Any]
) -> None:
    bind = {name: {"literal": value} for name, value in arguments.items()}
    assert found(one_of({"type": "object", **takes}), "one", bind) == []


def test_a_reference_to_another_parameter_binds_as_much_as_one_to_a_definition() -> None:
    takes = {"type": "object", "properties": {"a": T, "b": {"$ref": "#/properties/a"}}}
    assert [code for code, _ in found(one_of(takes), "one", {"b": {"literal": 3}})] == [CODE]


def test_null_is_nothing_given_where_an_agent_does_not_name_it() -> None:
    takes = {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    assert [code for code, _ in found(one_of(takes), "one", {"a": {"literal": None}})] == [CODE]
