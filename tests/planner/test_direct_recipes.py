"""Objectives that bring their own material, and agents no recipe knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules

Plan = Callable[..., dict[str, Any]]
StepsOf = Callable[[dict[str, Any], str], list[dict[str, Any]]]


def guest(name: str, properties: dict[str, Any], *, words: list[str] | None = None) -> AgentCard:
    takes = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }
    document = {
        "name": name,
        "version": "1.0.0",
        "description": f"{name} things.",
        "takes": takes,
        "gives": {},
    }
    return read_card({**document, "words": words or []}, where=name)


@pytest.mark.parametrize(
    ("objective", "agent", "bind"),
    [
        (
            "Echo back the message 'hello world' using the wasm echo module.",
            "wasm:echo",
            {"message": "hello world"},
        ),
        ('Run the echo wasm module on the JSON {"a": 1}.', "wasm:echo", {"a": 1}),
        ("wasm:echo [1, 2]", "wasm:echo", {"value": [1, 2]}),
        ("Count the words in 'foo bar'", "wasm:text_stats", {"text": "foo bar"}),
        ("Convert 'closing Tue 5 Mar 6:30 PM CT' to UTC.", "time", {"text": "closing Tue 5 Mar 6:30 PM CT"}),
        (
            "Wie lang hab ich noch, wenn da steht: „Rückgabe bis spätestens 31.07.2026, 12:00 Uhr“?",
            "time",
            {"text": "Rückgabe bis spätestens 31.07.2026, 12:00 Uhr"},
        ),
        ("How much longer: \u201abis 3. Mai 2026, 18 Uhr\u2018", "time", {"text": "bis 3. Mai 2026, 18 Uhr"}),
        (
            "cuánto me queda si pone «antes del 5/05/2026 a las 14:00»",
            "time",
            {"text": "antes del 5/05/2026 a las 14:00"},
        ),
        (
            "How many hours remain until 5 March 2026 18:30 Central Time?",
            "time",
            {"text": "5 March 2026 18:30 Central Time"},
        ),
        ("Convert 3 PM EST to UTC", "time", {"text": "3 PM EST"}),
        ("Read the text printed on the sign in photo1.jpg.", "vision", {"images": ["photo1.jpg"]}),
        ("does 'red truck' match a.jpg", "vision", {"images": ["a.jpg"], "text": "red truck"}),
        ("Which of a.jpg, b.png is blurry?", "vision", {"images": ["a.jpg", "b.png"]}),
    ],
)
def test_one_call_with_what_the_objective_gives(
    plan: Plan, objective: str, agent: str, bind: dict[str, Any]
) -> None:
    (subtask,) = plan(objective)["subtasks"]
    assert subtask["required_agent"] == agent
    assert {name: source["literal"] for name, source in subtask["bind"].items()} == bind


def test_numbers_are_sorted_and_their_median_stands_beside_them(plan: Plan, steps_of: StepsOf) -> None:
    document = plan("Sort these prices [5, 2, 9, 4] from low to high and give the median.")
    steps = steps_of(document, "report")
    assert document["subtasks"][0]["bind"]["tables.values"] == {"literal": [5, 2, 9, 4]}
    assert steps[1] == {"op": "sort", "by": [{"column": "value"}]}
    assert steps[-1]["fn"] == "median"


def test_numbers_alone_are_reckoned_into_one_row(plan: Plan, steps_of: StepsOf) -> None:
    steps = steps_of(plan("What is the average and the sum of 5, 2, 9 and 4?"), "report")
    assert steps[-1]["aggregates"].keys() == {"mean", "sum"}


def test_a_table_given_is_summed_by_its_own_columns(plan: Plan, steps_of: StepsOf) -> None:
    rows = [{"Seller": "A", "Bid": 3}]
    document = plan("sum the bids per seller and flag those above the mean", bids=rows)
    steps = steps_of(document, "report")
    assert steps[1] == {
        "op": "group",
        "by": ["Seller"],
        "aggregates": {"sum": {"fn": "sum", "column": "Bid"}},
    }
    assert steps[-1]["value"] == {"when": {"column": "sum", "test": "gt", "other": "mean_of_all"}}


def test_a_table_spoken_of_and_not_given_is_asked_for(plan: Plan) -> None:
    document = plan("Given the bids table I supplied, sum the bids per seller.")
    assert document["inputs"] == {"bids": []}
    assert "--input bids=" in document["origin"]["warnings"][0]


def test_duplicates_among_image_files_are_sought_across_them(plan: Plan) -> None:
    document = plan("find duplicate photos among a.jpg, b.jpg and c.jpg")
    assert document["inputs"] == {"pictures": [["a.jpg"], ["b.jpg"], ["c.jpg"]]}
    assert [s["output_key"] for s in document["subtasks"]] == ["photos", "reuse"]


def test_several_times_are_read_and_sorted(plan: Plan) -> None:
    document = plan('sort the deadlines ["5 March 18:00", "4 March"] earliest first')
    assert "time" in [s["required_agent"] for s in document["subtasks"]]


def test_guests_named_one_after_the_other_are_chained(plan: Plan) -> None:
    subtasks = plan("Run wasm:text_stats on 'a b' and then wasm:echo")["subtasks"]
    assert [s["required_agent"] for s in subtasks] == ["wasm:text_stats", "wasm:echo"]
    assert subtasks[1]["bind"] == {"result": {"key": "text_stats"}}


def test_a_guest_of_the_users_own_is_called_by_its_cards_words(cards: tuple[AgentCard, ...]) -> None:
    mine = guest("wasm:mirror", {"text": {"type": "string"}}, words=["reverse", "backwards"])
    document: Any = plan_by_rules("reverse 'abc'", inputs={}, cards=[*cards, mine])
    assert document["subtasks"][0]["required_agent"] == "wasm:mirror"


def test_parameters_are_filled_by_the_type_they_take(cards: tuple[AgentCard, ...]) -> None:
    mine = guest("wasm:repeat", {"times": {"type": "integer"}, "text": {"type": "string"}})
    document: Any = plan_by_rules(
        "use the wasm repeat module on 'ab' 3 times", inputs={}, cards=[*cards, mine]
    )
    assert document["subtasks"][0]["bind"] == {"text": {"literal": "ab"}, "times": {"literal": 3}}


def test_an_input_fills_the_parameter_of_its_name(plan: Plan) -> None:
    (subtask,) = plan("run wasm:text_stats", text="a b c")["subtasks"]
    assert subtask["bind"] == {"text": {"key": "text"}}


@pytest.mark.parametrize(
    ("objective", "hint"),
    [
        ("run wasm:text_stats", "--input text="),
        ("run wasm:unknown on 'a'", "wasm:echo"),
        ("book me a flight", "Agents at hand"),
        ("buy the listings and their prices on http://x.test/", "Nearest agents: scrape"),
        ("find trucks on x.test/trucks", "http://"),
        ("when does the auction end?", "Agents at hand"),
        ("hello", "Agents at hand"),
        ("???", "Agents at hand"),
    ],
)
def test_what_no_agent_can_do_is_refused_with_the_next_step(plan: Plan, objective: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan(objective)
    assert caught.value.code == "plan.unsupported_objective"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ('Sort this table by price: [{"price": 3}, {"price": 1}]', ["data"]),
        ('Use wasm:table on "a,b"', ["wasm:table"]),
        ('Use the table guest on "a,b"', ["wasm:table"]),
    ],
)
def test_a_guest_named_by_an_everyday_word_is_called_by_its_full_name(
    cards: tuple[AgentCard, ...], objective: str, agents: list[str]
) -> None:
    worded = [replace(card, words=("table", "sort")) if card.name == "data" else card for card in cards]
    table = guest("wasm:table", {"csv": {"type": "string"}})
    subtasks = plan_by_rules(objective, inputs={}, cards=[*worded, table])["subtasks"]
    assert isinstance(subtasks, list)
    assert [s["required_agent"] for s in subtasks if isinstance(s, dict)] == agents


@pytest.mark.parametrize(
    ("objective", "step"),
    [
        (
            'Keep only rows with hours < 2000: [{"id": 1, "hours": 1500}]',
            {"op": "filter", "where": {"column": "hours", "test": "lt", "value": 2000}},
        ),
        ('sort [{"price": 2, "age": 1}] by age', {"op": "sort", "by": [{"column": "age"}]}),
        ("Sort this CSV by age: name,age\nAda,36\nGrace,25", {"op": "sort", "by": [{"column": "age"}]}),
        (
            "Which row has the highest price in this CSV? lot,price\nA,10\nB,25",
            {"op": "sort", "by": [{"column": "price", "descending": True}]},
        ),
    ],
)
def test_the_column_worked_on_is_the_one_spoken_of(
    house: tuple[AgentCard, ...], steps_of: StepsOf, objective: str, step: dict[str, Any]
) -> None:
    assert step in steps_of(plan_by_rules(objective, inputs={}, cards=house), "report")
