"""Values by the form, the count and the code that a parameter speaks of."""

from __future__ import annotations

from typing import Any

import pytest

from planner.chaining.codes import coded
from planner.chaining.counts import counted_in
from planner.chaining.forms import formed_tokens
from planner.chaining.literals import literal_for
from planner.rules.text import read_text

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("name", "described", "said", "value"),
    [
        ("vin", "17 characters", "the one with 1FTFW1ET5DFC10312, please", "1FTFW1ET5DFC10312"),
        ("isbn", "10 or 13 digits", "Which book is 9780262033848?", "9780262033848"),
        ("isbn", "10 or 13 digits", "ISBN 0-306-40615-X", "0-306-40615-X"),
        ("domain", "", "Where does shop.example.org point?", "shop.example.org"),
        ("recipient", "e-mail address", "write to bob@shop.example now", "bob@shop.example"),
        ("ip", "", "Where is 192.0.2.7?", "192.0.2.7"),
        ("tracking_number", "", "Where is 1Z999AA10123456784?", "1Z999AA10123456784"),
        ("tracking_number", "", "Where is my parcel?", None),
        ("code", "3 letters", "from ABC", "ABC"),
        ("title", "", "The year 1984", None),
    ],
)
def test_a_token_is_taken_by_the_form_that_is_described(
    name: str, described: str, said: str, value: str | None
) -> None:
    found = list(formed_tokens(name, {**STRING, "description": described}, said))
    assert (found[0][0] if found else None) == value


@pytest.mark.parametrize(
    ("name", "described", "said", "value"),
    [
        ("days", "", "forecast for Madrid, next 5 days", 5),
        ("sentences", "", "in two sentences", 2),
        ("limit", "how many keywords", "the 5 most important keywords", 5),
        ("annual_rate", "interest in percent", "at 4.1% a year", None),
        ("days", "", "the 3 trucks and the days", None),
        ("days", "", "a day", None),
        ("limit", "", "5 keywords", None),
    ],
)
def test_a_number_is_counted_beside_its_noun(name: str, described: str, said: str, value: int | None) -> None:
    found = counted_in(name, {**INTEGER, "description": described}, read_text(said))
    assert (found.value if found else None) == value


def test_a_percent_sign_is_the_noun_of_a_number_with_a_fraction() -> None:
    schema = {"type": "number", "description": "interest in percent"}
    found = counted_in("rate", schema, read_text("a loan at 4.1% over 25 years"))
    assert found is not None
    assert found.value == 4.1


@pytest.mark.parametrize(
    ("name", "schema", "said", "codes"),
    [
        ("country", {"description": "ISO country code"}, "holidays in germany", ["DE"]),
        ("country", {"description": "its name"}, "holidays in germany", []),
        ("language", {"enum": ["en", "de"]}, "into german", ["de"]),
        ("language", {"enum": ["en", "fr"]}, "into german", []),
        ("to", {"pattern": "^[A-Z]{3}$", "description": "currency"}, "in euros", ["EUR"]),
        ("lang", {"pattern": "^[a-z]{2}$"}, "ins englische", ["en"]),
    ],
)
def test_what_is_named_is_given_as_its_code(
    name: str, schema: dict[str, Any], said: str, codes: list[str]
) -> None:
    assert [code for code, _ in coded(name, schema, said)] == codes


@pytest.mark.parametrize(
    ("name", "schema", "said", "value"),
    [
        ("place", STRING, "Will it rain in London this weekend?", "London"),
        ("city", STRING, "forecast for New York, next 5 days", "New York"),
        ("city", STRING, "Berlin weather", None),
        ("location", STRING, "what about Lisbon", "Lisbon"),
        ("from", STRING, "distance between Paris and Lyon", "Paris"),
        ("to", STRING, "distance between Paris and Lyon", "Lyon"),
        ("origin", STRING, "Madrid to Seville by car", "Madrid"),
        ("destination", STRING, "Wie weit von Hamburg nach Köln?", "Köln"),
        ("query", STRING, "Find news about electric trucks", "electric trucks"),
        ("address", {**STRING, "format": "email"}, "send it to Max", None),
    ],
)
def test_a_name_is_taken_by_the_small_word_that_leads_it(
    name: str, schema: dict[str, Any], said: str, value: str | None
) -> None:
    found = literal_for(name, schema, read_text(said), taken=set())
    assert (found.value if found else None) == value


def test_a_code_beside_its_small_word_goes_to_that_side() -> None:
    code = {"type": "string", "pattern": "^[A-Z]{3}$"}
    text = read_text("How much is 100 USD in EUR?")
    assert [getattr(literal_for(n, code, text, taken=set()), "value", None) for n in ("from", "to")] == [
        "USD",
        "EUR",
    ]


def test_a_value_that_another_parameter_has_is_the_last_choice() -> None:
    code = {"type": "string", "pattern": "^[A-Z]{3}$"}
    text = read_text("Take USD, then EUR")
    assert getattr(literal_for("second", code, text, taken=set(), used=["USD"]), "value", None) == "EUR"
