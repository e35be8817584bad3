"""What an agent takes is found in the objective, among the inputs, or in what others give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules
from tests.planner.test_chaining_calling import NUMBER, STRING, agent

Called = Callable[..., list[tuple[str, dict[str, Any]]]]


def gauge(takes: dict[str, Any], *, gives: dict[str, Any] | None = None) -> AgentCard:
    return agent(
        "wasm:gauge", "Gauges a thing.", takes=takes, gives=gives or {"text": STRING}, words=["gauge"]
    )


@pytest.mark.parametrize(
    ("objective", "takes", "bind"),
    [
        ("gauge 'abc' 3 times", {"times": {"type": "integer"}, "text": STRING}, {"text": "abc", "times": 3}),
        ("gauge with width 300 and height 20.5", {"width": NUMBER, "height": NUMBER}, {"width": 300, "height": 20.5}),
        ("gauge [1, 2]", {"values": {"type": "array", "items": NUMBER}}, {"values": [1, 2]}),
        ('gauge {"a": 1}', {"thing": {"type": "object"}}, {"thing": {"a": 1}}),
        ('gauge {"low": 1, "high": 2}', {"low": NUMBER, "high": NUMBER}, {"low": 1, "high": 2}),
        ("gauge notes.pdf", {"file": STRING}, {"file": "notes.pdf"}),
        ("gauge the address http://x.test/a.pdf", {"file": STRING, "url": {"type": "string", "format": "uri"}}, None),
        ("gauge base EUR", {"base": {"type": "string", "pattern": "^[A-Z]{3}$"}}, {"base": "EUR"}),
        ("gauge the serial AB12CD34 please", {"serial": {"type": "string", "minLength": 8, "maxLength": 8}}, {"serial": "AB12CD34"}),
        ("gauge a.jpg", {"picture": STRING}, {"picture": "a.jpg"}),
        ("gauge a.jpg", {"images": {"type": "array", "items": STRING}}, {"images": ["a.jpg"]}),
        ("gauge from Berlin to Paris", {"from": STRING, "to": STRING}, {"from": "Berlin", "to": "Paris"}),
        ("gauge it fine: 'abc'", {"text": STRING, "mode": {"enum": ["fine", "rough"]}}, {"text": "abc", "mode": "fine"}),
        ("gauge: some words without quotes", {"text": STRING}, {"text": "some words without quotes"}),
    ],
)  # fmt: skip
def test_each_parameter_gets_what_its_name_and_schema_ask_for(
    called: Called, objective: str, takes: dict[str, Any], bind: dict[str, Any] | None
) -> None:
    if bind is None:
        with pytest.raises(InvalidInput):
            called(objective, gauge(takes))
        return
    ((_, found),) = [step for step in called(objective, gauge(takes)) if step[0] == "wasm:gauge"]
    assert {name: source["literal"] for name, source in found.items()} == bind


@pytest.mark.parametrize(
    ("takes", "source"),
    [
        ({"text": STRING}, {"key": "page", "pointer": "/text"}),
        ({"html": STRING}, {"key": "page", "pointer": "/text"}),
        ({"title": STRING}, {"key": "page", "pointer": "/title"}),
        ({"vin": STRING}, {"key": "page", "pointer": "/facts/VIN"}),
        ({"engine_power": STRING}, {"key": "page", "pointer": "/facts/Engine power"}),
        ({"thing": {"type": "object"}}, {"key": "page"}),
    ],
)
def test_a_page_gives_what_the_parameter_is_called(
    called: Called, takes: dict[str, Any], source: dict[str, Any]
) -> None:
    steps = dict(called("gauge http://x.test/1", gauge(takes)))
    assert list(steps["wasm:gauge"].values()) == [source]


def test_of_several_pages_each_is_taken_alone(house: tuple[AgentCard, ...]) -> None:
    document: Any = plan_by_rules(
        "gauge http://x.test/1 and http://x.test/2", inputs={}, cards=[*house, gauge({"text": STRING})]
    )
    last = document["subtasks"][-1]
    assert (last["foreach"], last["bind"]) == (
        {"key": "details"},
        {"text": {"key": "details", "pointer": "/text"}},
    )


def test_each_thing_a_page_lists_is_taken_alone_when_asked(house: tuple[AgentCard, ...]) -> None:
    document: Any = plan_by_rules(
        "gauge each review on http://x.test/reviews", inputs={}, cards=[*house, gauge({"text": STRING})]
    )
    assert document["subtasks"][-1]["foreach"]["pointer"] == "/listings"


def test_an_input_of_the_parameters_name_comes_first(called: Called) -> None:
    ((_, bind),) = called("gauge 'abc'", gauge({"text": STRING}), inputs={"text": "given"})
    assert bind == {"text": {"key": "text"}}


def test_what_is_spoken_of_and_not_given_is_asked_for(house: tuple[AgentCard, ...]) -> None:
    document: Any = plan_by_rules(
        "gauge the text I supplied", inputs={}, cards=[*house, gauge({"text": STRING})]
    )
    assert document["inputs"] == {"text": ""}
    assert "--input text=" in document["origin"]["warnings"][0]


def test_what_is_nowhere_is_refused_with_the_way_to_give_it(called: Called) -> None:
    with pytest.raises(InvalidInput, match="'text'") as caught:
        called("run wasm:gauge", gauge({"text": STRING}))
    assert "--input text=" in caught.value.hint


def test_one_agent_feeds_another_by_the_name_of_what_it_gives(called: Called) -> None:
    rates = agent(
        "wasm:fetch_rates",
        "Fetches today's exchange rates of a base currency.",
        takes={"base": {"type": "string", "pattern": "^[A-Z]{3}$"}},
        gives={"base": STRING, "rates": {"type": "object", "additionalProperties": NUMBER}},
        words=["rates", "currency"],
    )
    steps = dict(called("Convert 250 USD to EUR with the current currency rates, base EUR", rates))
    assert list(steps) == ["wasm:fetch_rates", "wasm:convert"]
    assert steps["wasm:convert"]["rates"] == {"key": "fetch_rates", "pointer": "/rates"}
    assert steps["wasm:convert"]["base"] == {"key": "fetch_rates", "pointer": "/base"}


def test_rows_an_agent_gives_are_worked_on_by_their_columns(called: Called) -> None:
    rows = {"type": "array", "items": {"type": "object", "properties": {"name": STRING, "size": NUMBER}}}
    steps = dict(called("gauge 'abc' and sort by size", gauge({"text": STRING}, gives={"found": rows})))
    assert steps["data"]["tables.rows"] == {"key": "gauge", "pointer": "/found"}
    assert steps["data"]["steps"]["literal"][1] == {"op": "sort", "by": [{"column": "size"}]}


def test_an_agent_of_another_version_is_given_only_what_it_takes(house: tuple[AgentCard, ...]) -> None:
    plain = agent("scrape", "Reads web pages.", takes={"url": STRING}, gives={"text": STRING}, words=["page"])
    cards = [plain, *(card for card in house if card.name != "scrape")]
    document: Any = plan_by_rules("list all lots on http://x.test/", inputs={}, cards=cards)
    assert {name for s in document["subtasks"] if s["required_agent"] == "scrape" for name in s["bind"]} == {
        "url"
    }
