"""Agents known only by their cards are called where their cards say so, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput

Called = Callable[..., list[tuple[str, dict[str, Any]]]]

STRING = {"type": "string"}
NUMBER = {"type": "number"}
EVENT = {"type": "object", "properties": {"title": STRING, "start": STRING}}


def agent(
    name: str,
    description: str,
    *,
    takes: dict[str, Any],
    gives: dict[str, Any],
    words: list[str],
    required: list[str] | None = None,
) -> AgentCard:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": takes,
        "required": list(takes) if required is None else required,
    }
    given = {"type": "object", "properties": gives, "required": list(gives)}
    document = {
        "name": name,
        "version": "1.0.0",
        "description": description,
        "takes": schema,
        "gives": given,
        "words": words,
    }
    return read_card(document, where=name)


NOVEL = (
    agent(
        "wasm:slugify",
        "Turns a title into a slug for a web address: lower case, hyphens for blanks.",
        takes={"title": STRING},
        gives={"slug": STRING},
        words=["slug"],
    ),
    agent(
        "wasm:sentiment",
        "Says whether a text is positive, negative or neutral, with a score.",
        takes={"text": STRING},
        gives={"label": STRING, "score": NUMBER},
        words=["sentiment", "mood", "stimmung"],
    ),
    agent(
        "wasm:parse_ics",
        "Reads iCalendar text and gives its events: title and start.",
        takes={"ics": {"type": "string", "description": "the calendar file's text, or its path"}},
        gives={"events": {"type": "array", "items": EVENT}},
        words=["icalendar", "calendar"],
    ),
    agent(
        "wasm:hash_text",
        "Computes the checksum of a text with MD5 or SHA-256.",
        takes={"text": STRING, "algorithm": {"enum": ["md5", "sha256"]}},
        gives={"digest": STRING},
        words=["hash", "checksum", "sha256", "md5"],
        required=["text"],
    ),
    agent(
        "wasm:read_barcode",
        "Finds the barcode in an image and gives what it says.",
        takes={"image": {"type": "string", "description": "path or address of the picture"}},
        gives={"value": STRING},
        words=["barcode", "strichcode"],
    ),
    agent(
        "weather",
        "Gives the weather forecast of a city: temperature, rain and wind.",
        takes={"city": STRING},
        gives={"days": {"type": "array", "items": {"type": "object", "properties": {"high": NUMBER}}}},
        words=["weather", "wetter"],
    ),
    agent(
        "wasm:check_iban",
        "Says whether a bank account number (IBAN) is well formed.",
        takes={"iban": {"type": "string", "minLength": 15, "maxLength": 34}},
        gives={"valid": {"type": "boolean"}},
        words=["iban"],
    ),
    agent(
        "translate",
        "Translates a text from one language into another.",
        takes={"text": STRING, "to": {"type": "string", "description": "the language wanted"}},
        gives={"text": STRING},
        words=["translate", "translation", "übersetze"],
    ),
)


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ("Make a slug of 'The Big Red Truck'", ["wasm:slugify"]),
        ("Slugify the title of http://x.test/post/1", ["scrape", "wasm:slugify"]),
        ("Is 'I love this truck' positive or negative?", ["wasm:sentiment"]),
        ("Welche Stimmung hat der Text 'Das war toll'?", ["wasm:sentiment"]),
        ("Read http://x.test/review/3 and tell me its sentiment", ["scrape", "wasm:sentiment"]),
        ("Read team.ics and sort the calendar events by start", ["wasm:parse_ics", "data"]),
        ("How many events are in the calendar file work.ics?", ["wasm:parse_ics", "data"]),
        ("Compute the sha256 hash of the text of http://x.test/terms", ["scrape", "wasm:hash_text"]),
        ("Lies den Strichcode auf paket.jpg", ["wasm:read_barcode"]),
        ("Wie wird das Wetter in Hamburg?", ["weather"]),
        ("Get the weather forecast for Oslo and give the highest temperature", ["weather", "data"]),
        ("IBAN GB82WEST12345698765432 ok?", ["wasm:check_iban"]),
        ("Translate 'good morning' to Spanish", ["translate"]),
        ("Translate the page http://x.test/about into German", ["scrape", "translate"]),
        (
            "Translate 'good morning' to French and count the words of the result",
            ["translate", "wasm:text_stats"],
        ),
    ],
)
def test_an_agent_is_called_by_what_its_card_says(called: Called, objective: str, agents: list[str]) -> None:
    assert [name for name, _ in called(objective, *NOVEL)] == agents


@pytest.mark.parametrize(
    "objective",
    [
        "Find hash browns under $5 on http://x.test/food",
        "Cheapest mood lamp on http://x.test/lamps",
        "Weather stations below 100 euros on http://x.test/stations",
        "Wall calendar prices on http://x.test/calendars: which is the cheapest?",
        "Find barcode scanners under 80 on http://x.test/scanners",
        "Count the words of 'the weather in Berlin is nice'",
        "Sort the calendar table I supplied by owner",
        "What colour is car.jpg?",
        "Convert 'Fri 6pm ET' to UTC",
    ],
)
def test_words_that_only_look_like_an_agents_call_none(called: Called, objective: str) -> None:
    names = {card.name for card in NOVEL}
    assert not names & {name for name, _ in called(objective, *NOVEL)}


@pytest.mark.parametrize(
    "objective",
    ["Translate 'good morning' to Spanish", "What is the weather in Berlin?", "IBAN GB82WEST12345698765432?"],
)
def test_without_the_agent_the_same_is_refused(called: Called, objective: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        called(objective)
    assert caught.value.code == "plan.unsupported_objective"


def test_what_a_card_says_it_does_not_do_speaks_not_for_it(called: Called) -> None:
    quiet = agent(
        "wasm:plain",
        "Gives a text without its markup. Unlike others, which summarise novels, it invents nothing.",
        takes={"text": STRING},
        gives={"text": STRING},
        words=[],
    )
    with pytest.raises(InvalidInput):
        called("summarise novels: 'abc'", quiet)


def test_a_name_with_guest_beside_it_calls_whatever_the_card_says(called: Called) -> None:
    odd = agent("wasm:zorp", "Does a thing.", takes={"text": STRING}, gives={}, words=[])
    assert called("run the zorp module on 'abc'", odd) == [("wasm:zorp", {"text": {"literal": "abc"}})]


def test_a_total_that_an_agent_gives_is_no_sum(called: Called) -> None:
    invoice = agent(
        "wasm:read_invoice",
        "Reads an invoice that is a PDF file and gives its number, total and line items.",
        takes={"file": {"type": "string", "description": "path of the PDF file"}},
        gives={"total": NUMBER, "lines": {"type": "array", "items": EVENT}},
        words=["invoice"],
    )
    assert [n for n, _ in called("Read the invoice a.pdf and give me its total", invoice)] == [
        "wasm:read_invoice"
    ]
    assert [n for n, _ in called("Sum the lines of invoice a.pdf per title", invoice)] == [
        "wasm:read_invoice",
        "data",
    ]


@pytest.mark.parametrize(
    ("objective", "agents"),
    [
        ('slug for "Hello World"?', ["wasm:slugify"]),
        ("Is 'I love this truck' positive or negative?", ["wasm:sentiment"]),
        ("Give me the md5 checksum of 'hello'", ["wasm:hash_text"]),
        ("What does the barcode in box.jpg say?", ["wasm:read_barcode"]),
        ("What is the weather in Berlin?", ["weather"]),
        ("Is the IBAN DE89370400440532013000 valid?", ["wasm:check_iban"]),
        ("Translate the page http://x.test/about into German", ["scrape", "translate"]),
    ],
)
def test_a_card_that_lists_no_words_speaks_by_its_description(
    called: Called, objective: str, agents: list[str]
) -> None:
    silent = [replace(card, words=()) for card in NOVEL]
    assert [name for name, _ in called(objective, *silent)] == agents
