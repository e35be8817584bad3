"""CSV and rows in the text: reckoned whatever they are called, without repeats, and fed on to the next step."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import InvalidInput
from planner.rules.plan import plan_by_rules
from service.cards import cards_at_hand

MARKS = "name;note\nIda;12\nBen;15"
TWICE = '[{"id":1,"city":"Oslo"},{"id":1,"city":"Oslo"}]'


def planned(objective: str) -> list[Any]:
    subtasks = plan_by_rules(objective, inputs={}, cards=cards_at_hand())["subtasks"]
    assert isinstance(subtasks, list)
    return subtasks


@pytest.mark.parametrize(
    ("objective", "last"),
    [
        (f"Rechne den Notenschnitt aus:\n{MARKS}", {"aggregate"}),
        (f"Wie viel macht das im Schnitt?\n{MARKS}", {"aggregate"}),
        (f"saca la media:\n{MARKS}", {"aggregate"}),
        (f"Fais le total par name :\n{MARKS}", {"group"}),
        (f"Who has the most?\n{MARKS}", {"sort", "limit"}),
        (f"¿Quién tiene menos puntos?\n{MARKS}", {"sort", "limit"}),
        (f"Nur die Zeilen über 12, bitte:\n{MARKS}", {"filter"}),
    ],
)
def test_csv_is_read_before_it_is_reckoned_with(objective: str, last: set[str]) -> None:
    table, data = planned(objective)
    assert (table["required_agent"], data["required_agent"]) == ("wasm:table", "data")
    assert data["bind"]["tables.rows"] == {"key": table["output_key"], "pointer": "/rows"}
    assert {step["op"] for step in data["bind"]["steps"]["literal"]} == {"from"} | last


@pytest.mark.parametrize(
    ("objective", "distinct"),
    [
        (f"Write these rows as CSV once you have dropped the repeats: {TWICE}", {"op": "distinct"}),
        (f"Nachdem du die Dubletten entfernt hast, sortiere nach id: {TWICE}", {"op": "distinct"}),
        (f"Quita los repetidos de {TWICE}", {"op": "distinct"}),
        (f"Supprime les doublons puis compte les lignes : {TWICE}", {"op": "distinct"}),
        (f"How many distinct cities are in {TWICE}?", {"op": "distinct", "by": ["city"]}),
        (f"Deduplicate by city: {TWICE}", {"op": "distinct", "by": ["city"]}),
    ],
)
def test_repeats_are_dropped_before_the_rest(objective: str, distinct: dict[str, Any]) -> None:
    data = planned(objective)[0]
    assert data["bind"]["steps"]["literal"][1] == distinct


@pytest.mark.parametrize(
    "objective", ["Supprime les doublons de mon agenda", "Remove duplicate photos from my phone"]
)
def test_repeats_of_what_is_not_there_are_refused(objective: str) -> None:
    with pytest.raises(InvalidInput):
        planned(objective)


@pytest.mark.parametrize(
    ("objective", "column"),
    [
        ("Read this CSV and convert the miles column to km\nname,miles\nIda,3", "miles"),
        ("Rechne in dieser CSV die Spalte pfund in kg um\nname;pfund\nIda;3", "pfund"),
        ("Convert the distances in this CSV from miles to km\nstage,distance\n1,12", "distance"),
        ("Take the CSV, keep the rows over 2 and convert the miles to km\nname,miles\nIda,3", "miles"),
    ],
)
def test_a_column_is_converted_row_by_row(objective: str, column: str) -> None:
    *_, before, convert = planned(objective)
    assert convert["bind"]["value"] == {"key": before["output_key"], "pointer": f"/{column}"}
    assert convert["foreach"] == {"key": before["output_key"], "pointer": "/rows"}


def test_a_schema_before_csv_is_no_row_of_it() -> None:
    said = (
        'Passen die Zeilen dieser CSV zum Schema {"type":"array","items":{"required":["id"]}}?\nid,preis\n1,3'
    )
    table, check = planned(said)
    assert table["bind"]["csv"] == {"literal": "id,preis\n1,3\n"}
    assert check["bind"]["value"] == {"key": table["output_key"], "pointer": "/rows"}


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ('Devuélveme tal cual, con echo, el objeto {"a":1}', "wasm:echo"),
        ('Renvoie tel quel par echo {"a":1}', "wasm:echo"),
        ('Mit Echo bitte unverändert zurück: {"a":1}', "wasm:echo"),
        ("Suma [1,2,3] y devuelve el resultado con echo", "data wasm:echo"),
        ("Before echoing it, convert 5 km to miles", "wasm:convert wasm:echo"),
        ("Before you count its words, fill 'Dear {{name}}' with name Bo.", "wasm:template wasm:text_stats"),
        ("Combien de mots compte « a b a », et quels sont les cinq plus fréquents ?", "wasm:text_stats"),
        ("Which has more words, 'a b c' or 'd e'?", "wasm:text_stats wasm:text_stats"),
        ("Show lots with echo, cheapest first, on https://x.test/a", "scrape scrape data"),
        ("Show me headphones with echo cancellation on https://x.test/a", "scrape scrape data"),
    ],
)
def test_steps_in_any_order_of_words(objective: str, agents: str) -> None:
    assert [s["required_agent"] for s in planned(objective)] == agents.split()
