"""Suites of objectives and foreign catalogues: what is read, what is refused, and ours in the repository."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from eval.planning.cards import read_cards
from eval.planning.suite import half_of, read_suite
from service.cards import load_cards, read_card_file

SUITE = Path(__file__).parents[2] / "benchmarks" / "planner" / "suite"
LINE: dict[str, Any] = {"objective": "sort 3, 1", "agents": ["data"]}


def line(**fields: Any) -> bytes:
    return json.dumps(LINE | fields).encode()


def test_a_line_needs_only_its_objective_and_agents() -> None:
    (found,) = read_suite([b"", line(licence="any")])
    assert (found.objective, found.agents, found.optional, found.order) == (
        "sort 3, 1",
        frozenset({"data"}),
        frozenset(),
        (),
    )
    assert found.is_supported


def test_a_line_may_say_much_more() -> None:
    fields = {"order": [["data", "scrape"]], "inputs": {"rows": []}, "kind": "de", "needs": "data"}
    (found,) = read_suite([line(optional=["scrape"], binds={"a": {"literal": 1}}, **fields)])
    assert (found.order, found.inputs, found.kind) == ((("data", "scrape"),), {"rows": []}, "de")
    assert found.binds == {"a": {"literal": 1}}


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b'{"objective": "x"}',
        b'{"agents": []}',
        line(agents="data"),
        line(order=[["data"]]),
        line(objective=""),
        line(binds={"a": {}}),
        b'{"objective": "x", "objective": "y", "agents": []}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_bad_line_is_refused_with_its_number(bad: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"^line 2: ") as raised:
        read_suite([line(), bad])
    assert (raised.value.code, raised.value.where) == ("eval.bad_suite", "line 2")


def test_an_empty_suite_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no objectives"):
        read_suite([b"", b"  "])


@given(st.text())
def test_an_objective_belongs_to_one_half_by_its_hash(objective: str) -> None:
    objective = objective.encode("utf-8", "replace").decode()
    is_even = hashlib.sha256(objective.encode()).hexdigest()[0] in "02468ace"
    assert half_of(objective) == ("seen" if is_even else "unseen")


CARD = {"name": "wasm:geocode", "description": "Finds an address."}
SCHEMA = {"type": "object", "required": ["address"], "properties": {"address": {"type": "string"}}}


@pytest.mark.parametrize(
    "document", [[CARD], {"agents": [CARD]}, {"cards": [CARD]}, [CARD | {"cost": 3, "effect": None}]]
)
def test_a_card_needs_only_a_name_and_a_description(document: Any) -> None:
    (found,) = read_cards(document)
    assert (found.name, found.effect, dict(found.takes)) == ("wasm:geocode", "pure", {"type": "object"})


@pytest.mark.parametrize("name", ["takes", "input_schema", "inputSchema", "parameters"])
def test_the_schema_of_a_cards_inputs_may_have_any_common_name(name: str) -> None:
    (found,) = read_cards([CARD | {name: SCHEMA}])
    assert found.takes == SCHEMA


def test_examples_may_be_texts_or_objects() -> None:
    (found,) = read_cards([CARD | {"examples": ["where is Bern?", {"objective": "y", "more": 1}]}])
    assert [dict(e) for e in found.examples] == [{"objective": "where is Bern?"}, {"objective": "y"}]


def test_a_guests_manifest_gets_the_name_its_plan_knows() -> None:
    (found,) = read_cards([{"name": "table", "description": "Reads CSV.", "abi": "agent/1"}])
    assert found.name == "wasm:table"


def test_the_catalogue_at_hand_reads_back_as_it_was() -> None:
    cards = load_cards()
    found = read_cards(json.loads(json.dumps([card.as_json() for card in cards])))
    assert [card.as_json() for card in found] == [card.as_json() for card in cards]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        "x",
        [1],
        [CARD, CARD],
        [{"name": "x"}],
        [CARD | {"name": "No Name"}],
        [CARD | {"takes": []}],
        [CARD | {"effect": "deadly"}],
        [CARD | {"examples": [3]}],
    ],
)
def test_a_bad_catalogue_is_refused_with_what_is_wrong(document: Any) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_cards(document)
    assert raised.value.code == "eval.bad_catalogue"


def test_our_suite_names_only_agents_at_hand_and_is_large_enough() -> None:
    names = {card.name for card in load_cards()}
    cases = [
        case
        for name in ("objectives.jsonl", "later.jsonl", "fresh.jsonl")
        for case in read_suite((SUITE / name).read_bytes().splitlines())
    ]
    assert len(cases) == len({case.objective for case in cases}) >= 240
    assert {name for case in cases for name in case.agents | case.optional} == names
    assert all(set(pair) <= case.agents | case.optional for case in cases for pair in case.order)
    assert 0.08 <= sum(not case.is_supported for case in cases) / len(cases) <= 0.15
    assert 0.4 <= sum(case.half == "unseen" for case in cases) / len(cases) <= 0.6


@pytest.mark.parametrize(("name", "least"), [("novel", 32), ("novel_later", 20), ("novel_fresh", 40)])
def test_every_novel_objective_needs_an_agent_that_is_known_by_its_card_only(name: str, least: int) -> None:
    novel = {c.name: c for c in map(read_card_file, sorted((SUITE / f"{name}_cards").glob("*.json")))}
    cases = read_suite((SUITE / f"{name}.jsonl").read_bytes().splitlines())
    assert len(cases) >= least
    assert len({case.needs for case in cases}) == len(novel) >= 4
    for case in cases:
        assert case.needs in case.agents
        assert set(novel[case.needs].takes["required"]) == set(case.binds)
