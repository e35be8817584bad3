"""Deeds nobody here does are told from nouns, quotes and questions, in four languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import InvalidInput
from planner.rules.deeds import deeds_in
from planner.rules.text import read_text

Called = Callable[..., list[tuple[str, dict[str, Any]]]]


@pytest.mark.parametrize(
    ("objective", "verb"),
    [
        ("book me a flight", "book"),
        ("Please buy the cheapest truck", "buy"),
        ("Could you kindly send the list to Bob", "send"),
        ("find trucks, then send them to Bob", "send"),
        ("find trucks and email me", "email"),
        ("kaufe den LKW", "kaufe"),
        ("Kannst du mir einen Flug buchen?", "buchen"),
        ("Ruf bitte den Klempner an", "ruf"),
        ("Reserva una mesa para dos", "reserva"),
        ("Envoie un mail à Paul", "envoie"),
        ("Joue-moi du piano", "joue-moi"),
        ("Post 'we are open' on our account", "post"),
        ("Turn off the lights", "turn"),
        ("order two pizzas", "order"),
        ("Log in to http://x.test/", "log"),
        ("Biete für mich 4.500 € auf Los 12", "biete"),
        ("puja por mí 300 euros", "puja"),
        ("Resérvame una mesa", "reserva"),
        ("mándaselo a Ana", "manda"),
        ("rotate IMG_2031.jpg by 90 degrees", "rotate"),
        ("Dreh bild.jpg um 90 Grad", "dreh"),
        ("place a bid of 500 on it", "place a bid"),
        ("Gib ein Gebot von 200 € ab", "gib ein gebot von 200 € ab"),
    ],
)
def test_a_deed_is_heard_where_a_request_begins(objective: str, verb: str) -> None:
    assert [deed.verb for deed in deeds_in(read_text(objective))] in ([verb], [verb.partition("-")[0]])


@pytest.mark.parametrize(
    "objective",
    [
        "list all books and orders",
        "the current bid in order",
        "find the post date",
        "Book prices on http://x.test/ under $5",
        "order the rows by price",
        "Turn this CSV into rows",
        "tell me which end",
        "count the words of 'send me the money'",
        "find trucks I can buy on http://x.test/",
        "the prices are in dollars, I pay in euros",
        "das höchste Gebot auf http://x.test/",
        "bid history of http://x.test/",
        "reserve prices of the lots on http://x.test/",
        "post offices on http://x.test/",
        "reservas por menos de 50 € en http://x.test/",
        "¿La reserva de http://x.test/ está cumplida?",
        "fill in the form 'Dear {{ name }}' with name Bob",
    ],
)
def test_a_noun_or_a_quoted_verb_is_no_deed(objective: str) -> None:
    assert list(deeds_in(read_text(objective))) == []


@pytest.mark.parametrize(
    "objective",
    [
        "Find trucks on http://x.test/ and email them to bob@x.test",
        "List the lots on http://x.test/l and buy the cheapest one",
        "Translate the page http://x.test/1 into German",
        "Summarise http://x.test/1 in three sentences",
        "Upload photo.jpg to http://x.test/",
        "Crop photo.jpg to a square",
        "Count the words of 'a b' and then send them to Max",
        "Schick die Liste von http://x.test/l an Max",
        "Generate an image of a dragon",
        "Convert 100 dollars to euros",
        "add http://x.test/mug to my basket",
        "leg http://x.test/mug in den Warenkorb",
        "set an alarm for when http://x.test/1 ends",
        "Sag mir Bescheid, sobald http://x.test/1 im Preis fällt",
        "rellena el formulario de http://x.test/1 y envíalo",
        "Peux-tu enchérir 90 € sur http://x.test/1 ?",
        "email titles from http://x.test/1 to Ann",
    ],
)
def test_an_objective_of_which_a_part_is_not_served_is_refused(called: Called, objective: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        called(objective)
    assert caught.value.code == "plan.unsupported_objective"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("objective", "agent"),
    [
        ('Send {"x": 1} through wasm:echo', "wasm:echo"),
        ('Write [{"n": 1}] as CSV', "wasm:table"),
        ("translate 'closes Friday noon ET' into an ISO timestamp", "time"),
        ("Make a list of the lots on http://x.test/", "scrape"),
    ],
)
def test_a_verb_that_only_words_what_an_agent_does_is_served(
    called: Called, objective: str, agent: str
) -> None:
    assert agent in {name for name, _ in called(objective)}


def test_the_refusal_names_the_part_the_nearest_agents_and_the_next_step(called: Called) -> None:
    with pytest.raises(InvalidInput, match="no agent at hand can book") as caught:
        called("Find trucks on http://x.test/ and book a viewing")
    assert caught.value.data["nearest"]
    with pytest.raises(InvalidInput) as caught:
        called("list the lots on auction.example/lots")
    assert "'auction.example/lots' with its http://" in caught.value.hint
