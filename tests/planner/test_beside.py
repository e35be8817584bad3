"""What runs once for each row of a page becomes a column, and the rows are chosen and ordered by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from agents.data.bounds import Budget
from agents.data.inputs import read_inputs
from agents.data.pipeline import run_steps
from contracts.card import AgentCard, read_card
from planner.rules.plan import plan_by_rules

TEXT = {"type": "string"}
LABEL = {"enum": ["positive", "negative", "neutral"]}


def guest(name: str, description: str, takes: str, gives: dict[str, Any]) -> AgentCard:
    card = {
        "name": f"wasm:{name}",
        "version": "1.0.0",
        "description": description,
        "takes": {"type": "object", "required": [takes], "properties": {takes: TEXT}},
        "gives": {"type": "object", "properties": gives},
        "words": [name.partition("_")[0]],
    }
    return read_card(card, where=name)


GUESTS = (
    guest(
        "sentiment",
        "Says whether a text is positive or negative, and how strongly.",
        "text",
        {"label": LABEL, "score": {"type": "number"}},
    ),
    guest(
        "vin_check",
        "Checks a vehicle identification number (VIN).",
        "vin",
        {"valid": {"type": "boolean"}, "make": TEXT},
    ),
)


def planned(objective: str, cards: Sequence[AgentCard]) -> dict[str, dict[str, Any]]:
    """Return the subtasks by the key each writes."""
    document: Any = plan_by_rules(objective, inputs={}, cards=cards)
    return {s["output_key"]: s for s in document["subtasks"]}


def reported(steps: dict[str, dict[str, Any]], part: str, given: Sequence[Any]) -> list[dict[str, Any]]:
    """Run the report over three rows, named a, b and c, and what an agent gave for each."""
    lots = [{"url": u, "title": u, "price": p} for u, p in (("a", 900), ("b", 400), ("c", 600))]
    bind = steps["report"]["bind"]
    tables = {"lot": lots, "detail": [{}, {}, {}], part: list(given)}
    used = {name: rows for name, rows in tables.items() if f"tables.{name}" in bind}
    inputs = read_inputs({"tables": used, "steps": bind["steps"]["literal"]})
    return run_steps(inputs.steps, inputs.tables, Budget())


def amounts(steps: dict[str, dict[str, Any]], details: list[Any]) -> list[Any]:
    """Return what is taken out of three pages to be converted."""
    tables = {"lot": [{"url": u} for u in "abc"], "detail": details}
    inputs = read_inputs({"tables": tables, "steps": steps["amounts"]["bind"]["steps"]["literal"]})
    return [row["value"] for row in run_steps(inputs.steps, inputs.tables, Budget())]


FACTS = [
    ("Convert every odometer reading on http://x.test/l from kilometres to miles and keep those below 100 miles.",
     "Odometer", ("km", "mi"), "bc"),
    (("Collect the vans on http://x.test/l, turn their mileage from miles into kilometres, and list the two that have "
     "run the fewest."), "Mileage", ("mi", "km"), "cb"),
    (("Get the flats at http://x.test/l, turn the sizes from square feet into square metres, then give me the two with "
     "the lowest rent per square metre."), "Size", ("ft2", "m2"), "ba"),
    ("http://x.test/l -> lengths ft to m -> longest first", "Length", ("ft", "m"), "abc"),
    ("http://x.test/l: power from hp to kW, drop whatever is below 80 kW", "Power", ("hp", "kW"), "ab"),
    ("Which speedboats on http://x.test/l do at least 80 km/h? They list the top speed in knots.",
     "Top speed", ("kn", "km/h"), "ab"),
    ("Rechne auf http://x.test/l die Laufleistung von Meilen in Kilometer um und behalte nur die unter 100 km.",
     "Laufleistung", ("mi", "km"), "bc"),
    (("Convierte el kilometraje de los coches de http://x.test/l de millas a kilómetros y quédate con los de menos de "
     "100 km."), "Kilometraje", ("mi", "km"), "bc"),
    (("Prends les bateaux de http://x.test/l, convertis leur longueur de pieds en mètres et garde ceux de plus de "
     "80 mètres."), "Longueur", ("ft", "m"), "ab"),
]  # fmt: skip


@pytest.mark.parametrize(("objective", "fact", "units", "kept"), FACTS)
def test_rows_are_chosen_by_a_fact_that_is_converted_for_each(
    house: tuple[AgentCard, ...], objective: str, fact: str, units: tuple[str, str], kept: str
) -> None:
    steps = planned(objective, house)
    call = steps["convert"]
    assert amounts(steps, [{"facts": {fact: "1,200 and more"}}, {"facts": {}}, None]) == [1200, None, None]
    assert call["foreach"] == {"key": "amounts", "pointer": "/rows"}
    assert call["bind"]["value"] == {"key": "amounts", "pointer": "/value"}
    assert (call["bind"]["from"]["literal"], call["bind"]["to"]["literal"]) == units
    rows = reported(steps, "converted", [{"value": 120}, {"value": 90}, {"value": 50}])
    assert [r["url"] for r in rows] == list(kept)


@pytest.mark.parametrize(
    "objective",
    [
        "Turn the prices on http://x.test/l from dollars into euros, 0.92 euro per dollar, and keep those under 500 euros",
        "prices at http://x.test/l are in USD; which are below 500 EUR? 1 USD = 0.92 EUR",
        "Die Preise auf http://x.test/l sind in Dollar, ein Dollar kostet 0,92 Euro: zeig alle unter 500 Euro",
        "Quels lots de http://x.test/l coûtent moins de 500 euros ? Les prix sont en dollars, 0,92 euro pour un dollar",
    ],
)
def test_a_bound_in_the_other_currency_is_on_what_was_converted(
    house: tuple[AgentCard, ...], objective: str
) -> None:
    steps = planned(objective, house)
    call = steps["convert"]
    assert call["bind"]["value"] == {"key": "lots", "pointer": "/price"}
    assert call["bind"]["base"] == {"literal": "USD"}
    assert call["bind"]["rates"] == {"literal": {"EUR": 0.92}}
    rows = reported(steps, "converted", [{"value": 828}, {"value": 368}, None])
    assert [(r["url"], r["price_eur"]) for r in rows] == [("b", 368)]


def test_rows_that_are_chosen_by_price_alone_are_chosen_first(house: tuple[AgentCard, ...]) -> None:
    steps = planned(
        "Take the two cheapest cars on http://x.test/l, convert their prices from USD to EUR at 0.92", house
    )
    assert {"op": "limit", "count": 2} in steps["lots"]["bind"]["steps"]["literal"]
    assert steps["convert"]["foreach"] == {"key": "lots", "pointer": "/rows"}


@pytest.mark.parametrize(
    ("objective", "part", "pointer", "kept"),
    [
        ("For each truck on http://x.test/l run the sentiment of its description and keep the positive ones",
         "sentiment", "/description", "a"),
        ("Get the reviews on http://x.test/l, tell the sentiment of each and drop the negative ones",
         "sentiment", "/text", "ac"),
        ("Tell the sentiment of each review on http://x.test/l and sort them by score, highest first",
         "sentiment", "/text", "acb"),
        ("Check the VIN of every car on http://x.test/l and list those with an invalid one",
         "vin_check", "/facts/VIN", "b"),
        ("For each lot on http://x.test/l count the words of its text and list the two with the most words",
         "text_stats", "/text", "ac"),
        ("Cheapest two trucks on http://x.test/l, then tell the sentiment of each", "sentiment", "/text", "bc"),
    ],
)  # fmt: skip
def test_rows_are_chosen_by_what_an_agent_says_of_each(
    house: tuple[AgentCard, ...], objective: str, part: str, pointer: str, kept: str
) -> None:
    steps = planned(objective, (*house, *GUESTS))
    assert steps[part]["foreach"] == {"key": "details"}
    assert {"key": "details", "pointer": pointer} in steps[part]["bind"].values()
    said = [
        {"label": "positive", "score": 0.9, "valid": True, "words": 30},
        {"label": "negative", "score": 0.1, "valid": False, "words": 5},
        {"label": "neutral", "score": 0.5, "valid": None, "words": 20},
    ]
    assert [r["url"] for r in reported(steps, part, said)] == list(kept)


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        (
            "Convert the prices on http://x.test/l from USD to EUR at a rate of 0.9",
            {"scrape", "wasm:convert"},
        ),
        (
            "Give the engine power on http://x.test/1 in kW; the page says hp.",
            {"scrape", "data", "wasm:convert"},
        ),
        ("boats on http://x.test/l from 5 metres to 10 metres", {"scrape", "data"}),
        ("trucks within 50 km of Berlin on http://x.test/l, under 9000 euros", {"scrape", "data"}),
        ("flights on http://x.test/l from Pound Ridge to Stone Mountain, cheapest first", {"scrape", "data"}),
        ("average price per square metre on http://x.test/l", {"scrape", "data"}),
        ("Is http://x.test/1 positive or negative in sentiment?", {"scrape", "wasm:sentiment"}),
    ],
)
def test_what_only_resembles_it_puts_nothing_beside_rows(
    house: tuple[AgentCard, ...], objective: str, agents: set[str]
) -> None:
    steps = planned(objective, (*house, *GUESTS))
    assert {s["required_agent"] for s in steps.values()} == agents
    assert "amounts" not in steps


@pytest.mark.parametrize(
    ("objective", "columns"),
    [
        ("Set http://x.test/1 and http://x.test/2 side by side: price, year and operating hours of each.",
         {"price": "/prices/0/amount", "year": "/facts/Year", "operating_hours": "/facts/Operating hours"}),
        ("Put http://x.test/1 next to http://x.test/2: make, model, price.",
         {"make": "/facts/Make", "model": "/facts/Model", "price": "/prices/0/amount"}),
        ("Vergleiche Preis und Gewicht von http://x.test/1 und http://x.test/2.",
         {"price": "/prices/0/amount", "gewicht": "/facts/Gewicht"}),
        ("Compara http://x.test/1 con http://x.test/2: precio y año", {"price": "/prices/0/amount", "ano": "/facts/Año"}),
        ("Mets http://x.test/1 et http://x.test/2 côte à côte : prix et kilométrage",
         {"price": "/prices/0/amount", "kilometrage": "/facts/Kilométrage"}),
    ],
)  # fmt: skip
def test_pages_are_held_against_each_other_by_their_fields(
    house: tuple[AgentCard, ...], objective: str, columns: dict[str, str]
) -> None:
    steps = planned(objective, house)
    assert list(steps) == ["details", "report"]
    chosen = steps["report"]["bind"]["steps"]["literal"][1]["columns"]
    assert {n: p for n, p in chosen.items() if n not in {"url", "title"}} == {
        n: f"/detail{p}" for n, p in columns.items()
    }


@pytest.mark.parametrize(
    ("objective", "keys"),
    [
        ("Read http://x.test/1 and http://x.test/2.", ["details"]),
        ("Which of http://x.test/1 and http://x.test/2 ends first?", ["details", "deadlines", "report"]),
        ("Compare the photos of http://x.test/1 and http://x.test/2", ["details", "photos", "report"]),
    ],
)
def test_pages_without_fields_are_read_as_before(
    house: tuple[AgentCard, ...], objective: str, keys: list[str]
) -> None:
    assert list(planned(objective, house)) == keys


def test_rows_are_kept_whose_pages_fact_is_within_a_limit_or_unknown(house: tuple[AgentCard, ...]) -> None:
    steps = planned("Find tractors with less than 2000 hours on http://x.test/l", house)
    lots = [{"url": u, "title": u, "price": 1} for u in "abc"]
    details = [{"facts": {"Hours": "1,800 h"}}, {"facts": {"Hours": "2,400 h"}}, {"facts": {}}]
    inputs = read_inputs(
        {
            "tables": {"lot": lots, "detail": details},
            "steps": steps["report"]["bind"]["steps"]["literal"],
        }
    )
    rows = run_steps(inputs.steps, inputs.tables, Budget())
    assert [(r["url"], r["hours"]) for r in rows] == [("a", "1,800 h"), ("c", None)]
