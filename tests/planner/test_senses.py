"""The house's guests are called for by what is asked of them, not only by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import InvalidInput

Called = Callable[..., list[tuple[str, dict[str, Any]]]]


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ("Wie viele Wörter hat der Satz 'Der Hund schläft'?", ["wasm:text_stats"]),
        ("What are the most common words in 'a b a'?", ["wasm:text_stats"]),
        ("Count the sentences of http://x.test/story", ["scrape", "wasm:text_stats"]),
        ("Read this CSV into rows: name,age\nAda,36\nGrace,45", ["wasm:table"]),
        ("Which row has the highest price in this CSV? lot,price\nA,10\nB,25", ["wasm:table", "data"]),
        ('[{"lot":"Ford","price":1}] as csv please', ["wasm:table"]),
        ("sort people.csv by age", ["wasm:table", "data"]),
        ('Sort [{"a":2},{"a":1}] by a and write them as CSV', ["data", "wasm:table"]),
        ("Cheapest 10 lots from http://x.test/l as CSV", ["scrape", "scrape", "data", "wasm:table"]),
        ("Fill 'Hi {{ name }}' with name = Bob", ["wasm:template"]),
        ("Work out the UTC time of 'Tue 6pm CT' and put it into 'Ends {{ utc }}'", ["time", "wasm:template"]),
        ('Does {"a": 1} conform to {"type": "object"}?', ["wasm:schema_check"]),
        ('Entspricht {"a": 1} dem Schema {"type": "object"}?', ["wasm:schema_check"]),
        ("Echo 'testing'", ["wasm:echo"]),
        ("Add 12, 30 and 8 miles together and give the total in kilometres.", ["data", "wasm:convert"]),
    ],
)
def test_a_guest_is_called_for_what_it_does(called: Called, objective: str, agents: list[str]) -> None:
    assert [name for name, _ in called(objective)] == agents


@pytest.mark.parametrize(
    "objective",
    [
        "Find a dining table under 200 euros on http://x.test/furniture",
        "What is the average price of an Echo Dot on http://x.test/speakers ?",
        "Convert-A-Car kits on http://x.test/kits: which one is the cheapest?",
        "Top 5 template packs by price on http://x.test/templates",
        "Cheapest word processor on http://x.test/software",
        "Which schema books on http://x.test/books cost under 30?",
        "Group the letters I supplied by sender and count how many each one sent.",
        "On http://x.test/paper find the cheapest pack of photo paper",
    ],
)
def test_everyday_words_call_for_no_guest_and_no_photo(called: Called, objective: str) -> None:
    assert {name for name, _ in called(objective)} <= {"scrape", "data"}


@pytest.mark.parametrize(
    ("objective", "agent", "bind"),
    [
        ("CSV to rows: x|y\n1|2\n", "wasm:table", {"csv": "x|y\n1|2\n", "delimiter": "|"}),
        ('Write [{"n": 1}] as tab separated values', "wasm:table", {"rows": [{"n": 1}], "delimiter": "\t"}),
        ("Convert 5 miles to km", "wasm:convert", {"value": 5, "from": "mi", "to": "km"}),
        (
            "100 USD in EUR at a rate of 0.92",
            "wasm:convert",
            {"value": 100, "from": "USD", "to": "EUR", "base": "USD", "rates": {"EUR": 0.92}},
        ),
        ("Fill 'Hi {{ first }}' with first name Bob", "wasm:template", {"template": "Hi {{ first }}", "values": {"first": "Bob"}}),
        ('validate [1] against {"type": "array"}', "wasm:schema_check", {"value": [1], "schema": {"type": "array"}}),
    ],
)  # fmt: skip
def test_what_is_said_becomes_its_arguments(
    called: Called, objective: str, agent: str, bind: dict[str, Any]
) -> None:
    steps = dict(called(objective))
    assert {name: source["literal"] for name, source in steps[agent].items()} == bind


def test_amounts_on_a_page_are_converted_one_by_one(called: Called) -> None:
    steps = dict(called("Convert the prices on http://x.test/l from USD to EUR at a rate of 0.9"))
    assert steps["wasm:convert"]["value"]["pointer"] in {"/amount", "/price"}


def test_a_currency_without_rates_is_not_guessed(called: Called) -> None:
    with pytest.raises(InvalidInput):
        called("Convert 100 dollars to euros")


def test_material_spoken_of_becomes_an_input(called: Called) -> None:
    steps = dict(called("Validate the JSON I supplied against the schema I supplied."))
    assert steps["wasm:schema_check"] == {"value": {"key": "value"}, "schema": {"key": "schema"}}
