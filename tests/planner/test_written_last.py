"""What is written at the end, from what the steps before it give: converted lists, CSV, a line for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules

Steps = list[tuple[str, dict[str, Any]]]
House = Callable[[str], Steps]
PAGE = "http://x.test/lots"
SMALL = '{"type":"array","items":{"type":"number","maximum":50}}'
ROWS = '[{"id":1,"city":"Oslo"},{"id":1,"city":"Oslo"}]'


@pytest.fixture
def steps(house: tuple[AgentCard, ...]) -> House:
    """Return each subtask's agent and bind, but for the reading of pages."""

    def found(objective: str) -> Steps:
        plan: Any = plan_by_rules(objective, inputs={}, cards=house)
        return [(s["required_agent"], s["bind"]) for s in plan["subtasks"] if s["required_agent"] != "scrape"]

    return found


@pytest.mark.parametrize(
    "objective",
    [
        f"Does [70, 82.5, 120] keep to the schema {SMALL} once it has been converted from pounds to kilograms?",
        f"Convert [70, 82.5, 120] from pounds to kilograms and check the result against the schema {SMALL}",
        f"Do 70 lb and 82.5 lb, converted to kg, meet the schema {SMALL}?",
        f"Pasa los precios [120, 80] de dólares a euros, a 0,92 euros por dólar, y comprueba si cumplen el esquema {SMALL}",
    ],
)
def test_a_converted_list_is_what_is_checked(steps: House, objective: str) -> None:
    (first, _), (second, bind) = steps(objective)
    assert (first, second) == ("wasm:convert", "wasm:schema_check")
    assert bind["value"] == {"key": "convert", "pointer": "/values"}


def test_a_list_is_checked_as_it_stands_before_it_is_converted(steps: House) -> None:
    (first, bind), (second, _) = steps(
        f"Check [10, 20] against the schema {SMALL}, then convert it from miles to km"
    )
    assert (first, second) == ("wasm:schema_check", "wasm:convert")
    assert bind["value"] == {"literal": [10, 20]}


def test_what_is_reckoned_after_a_conversion_is_of_its_values(steps: House) -> None:
    (_, convert), (_, data) = steps("Convert [7, 8] from pounds to kilograms and add them up")
    assert convert.keys() == {"from", "to", "values"}
    assert data["tables.rows"] == {"key": "convert", "pointer": "/values"}


@pytest.mark.parametrize(
    ("said", "template"),
    [
        ("12, 45 and 80 miles to km and print '{{number}}: {{km}} km' for each", "{{#each values}}\n{{ @number }}: {{ this }} km\n{{/each}}\n"),
        ("12 miles to km and print 'It is {{km}} km'", "It is {{ value }} km"),
        ("12 miles to km and print '{{city}}: {{km}} km'", "{{city}}: {{km}} km"),
    ],
)  # fmt: skip
def test_a_template_names_what_was_converted(steps: House, said: str, template: str) -> None:
    assert steps(f"Convert {said}")[-1][1]["template"] == {"literal": template}


def test_a_median_is_of_converted_prices(steps: House) -> None:
    found = steps(f"Median price of the cameras on {PAGE}, in euros at 0.92 euros to the dollar")
    assert [name for name, _ in found] == ["data", "wasm:convert", "data"]
    assert found[-1][1]["steps"]["literal"][-1]["aggregates"] == {
        "median_price_eur": {"fn": "median", "column": "price_eur"}
    }


@pytest.mark.parametrize(
    "objective",
    [
        f"CSV of the ten cheapest lenses on {PAGE}",
        f"A TSV with the five dearest boats from {PAGE}",
        f"I need a semicolon-separated list of the flats under 900 euros on {PAGE}",
        f"Une liste CSV des dix guitares les moins chères de {PAGE}",
        f"Un CSV de los cinco relojes más baratos de {PAGE}",
        f"Save {PAGE} as CSV, one line per job",
        f"CSV of these rows without the repeats: {ROWS}",
        f"Gib diese Zeilen als CSV aus, nachdem du die doppelten entfernt hast: {ROWS}",
    ],
)
def test_csv_is_written_of_what_data_gives(steps: House, objective: str) -> None:
    (first, _), (second, bind) = steps(objective)
    assert (first, second) == ("data", "wasm:table")
    assert bind["rows"]["pointer"] == "/rows"


@pytest.mark.parametrize(
    "objective",
    [
        f"Is there a CSV of prices on {PAGE}?",
        f"Cheapest lenses on {PAGE}, with a CSV reader in the box",
        f"From a CSV of lenses at {PAGE} give me the cheapest",
    ],
)
def test_csv_that_is_spoken_of_is_not_written(steps: House, objective: str) -> None:
    assert "wasm:table" not in dict(steps(objective))


def test_repeats_are_dropped_before_rows_are_counted(steps: House) -> None:
    bind = steps(f"How many rows are there in {ROWS} without the repeats?")[0][1]
    assert [step["op"] for step in bind["steps"]["literal"]] == ["from", "distinct", "aggregate"]


@pytest.mark.parametrize(
    ("objective", "line"),
    [
        (f"From the jobs on {PAGE} make a newsletter text, one line per job: title, school, link.", "title, school, url"),
        (f"Write a message with one line for each boat on {PAGE}: name, price and link", "title, price, url"),
        (f"Draft an e-mail from {PAGE}: for each flat a line with title and rent", "title, rent"),
        (f"Schreib aus {PAGE} einen Rundbrief, eine Zeile je Wohnung: Titel, Preis", "title, price"),
        (f"À partir de {PAGE}, rédige un message avec une ligne par offre : titre, ville, lien", "title, ville, url"),
        (f"Redacta un boletín con una línea por moto (título, precio) de {PAGE}", "title, price"),
    ],
)  # fmt: skip
def test_a_line_for_each_row_is_printed_by_a_template(steps: House, objective: str, line: str) -> None:
    (_, data), (name, bind) = steps(objective)
    places = ", ".join(f"{{{{ {place} }}}}" for place in line.split(", "))
    assert name == "wasm:template"
    assert places in bind["template"]["literal"].splitlines()
    assert bind["values"] == {"key": "lots"}
    assert {*line.split(", ")} <= data["steps"]["literal"][-1]["columns"].keys()


def test_rows_in_the_text_are_printed_as_they_stand(steps: House) -> None:
    ((name, bind),) = steps(f"Write a note, one line per guest: city, id. {ROWS}")
    assert name == "wasm:template"
    assert len(bind["values"]["literal"]["rows"]) == 2


@pytest.mark.parametrize(
    "objective",
    [
        f"List the jobs on {PAGE}, one line per job: title, school, link",
        f"One sentence per boat on {PAGE}: is the photo blurred?",
        "Write me a poem about the sea, one line per wave: foam, salt",
        f"E-mail me one line per boat on {PAGE}: title, price",
    ],
)
def test_no_template_is_made_where_no_text_of_rows_is_asked_for(steps: House, objective: str) -> None:
    try:
        found = dict(steps(objective))
    except InvalidInput:
        return
    assert "wasm:template" not in found
